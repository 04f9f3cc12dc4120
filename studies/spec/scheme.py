"""The curves of a study: schemes, which are simulated, and bounds, which are computed."""

import unicodedata
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from linksim.endpoint import Endpoint, make_endpoint
from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.contents import endpoint_contents, link_contents, options_by_content
from linksim.options import build

BOUND_CHANNEL = "rayleigh"
BITRATES = {"opus": (6000, 256_000)}
"""Least and greatest bit rate in bit/s of the schemes that a bound can be drawn for."""
LINK_ALONE = "link"
"""Name of the scheme that sends random bits and no clip, see `studies.run.link_alone`."""


def _line(text: str) -> str:
    """Refuse control characters and lone surrogates, which tables and file names cannot hold."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise LinksimError(f"{text!a} must be one line of text that UTF-8 can hold")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise LinksimError("must not be empty")
    return text


Line = Annotated[str, AfterValidator(_line)]
Text = Annotated[Line, AfterValidator(_not_blank)]
STRICT = ConfigDict(extra="forbid", frozen=True, strict=True)
"""Keys that a part of a study does not have are refused, and no value is converted."""


class Scheme(BaseModel):
    """One curve: an endpoint with its options, and the link it uses.

    Parameters
    ----------
    label : str
        Its name in tables and legends.
    scheme : str
        The endpoint's name, or the dotted path of its class.
    options : dict
        The endpoint's options.
    link : dict
        Fields of `linksim.link.config.LinkConfig`, except ``channel``.
    """

    model_config = STRICT
    label: Text
    scheme: str
    options: dict[str, Any] = {}
    link: dict[str, Any] = {}

    @property
    def links_alone(self) -> bool:
        """Whether it sends random bits and no clips."""
        return self.scheme == LINK_ALONE

    def endpoint(self) -> Endpoint:
        """Construct the endpoint."""
        return make_endpoint(self.scheme, self.options)

    def link_config(self, channel: str) -> LinkConfig:
        """Return the link over one channel."""
        if "channel" in self.link:
            raise LinksimError("the channel is not set here but in the study's 'channels'")
        return build(LinkConfig, {**self.link, "channel": channel}, "link")

    def check(self, channels: Iterable[str]) -> None:
        """Raise `LinksimError` unless the endpoint and its link over each channel can be made."""
        endpoint_contents(self.endpoint())
        for channel in channels:
            link = self.link_config(channel)
            link_contents(link)
            link.form_of(self.endpoint())
            if self.links_alone and link.harq > 1:
                raise LinksimError(
                    f"scheme '{LINK_ALONE}' counts each transmission by itself, so harq says "
                    "nothing; use 'linksim adapt', or a scheme that sends clips"
                )

    def inputs(self, channel: str) -> dict[str, Any]:
        """Return all that a transmission depends on, apart from clip, SNR and seed.

        Files enter by their contents, and so does code that does not come with linksim, whose
        version says nothing of it.
        """
        endpoint, link = self.endpoint(), self.link_config(channel)
        return {
            "scheme": self.scheme,
            "options": options_by_content(endpoint),
            "link": link.identity(),
            **endpoint_contents(endpoint),
            **link_contents(link),
        }


class SweptScheme(Scheme):
    """A scheme at one place on the axes of a sweep: its label, options and link say where.

    Parameters
    ----------
    base : str
        Label of the scheme as the study writes it.
    axes : dict
        Value on each axis that the scheme has.
    """

    base: str
    axes: dict[str, Any]


class Bound(BaseModel):
    """A dashed curve: a codec without losses at the ergodic capacity of flat Rayleigh fading.

    No code has a higher rate, over however many channel realisations it is interleaved, as long
    as the transmitter does not know the channel.

    Parameters
    ----------
    label : str
        Its name in tables and legends.
    scheme : str
        The codec, one of `BITRATES`; its bit rate follows from the SNR.
    uses_per_sample : float
        Channel uses per 16 kHz sample.
    options : dict
        The codec's other options.
    """

    model_config = STRICT
    label: Text
    scheme: str
    uses_per_sample: Annotated[float, Field(gt=0, le=100)]
    options: dict[str, Any] = {}

    def endpoint(self, bitrate: int) -> Endpoint:
        """Construct the codec for a bit rate in bit/s."""
        if "bitrate" in self.options:
            raise LinksimError("the bit rate of a bound is not set; it follows from the SNR")
        return make_endpoint(self.scheme, {**self.options, "bitrate": bitrate})

    def inputs(self, channel: str) -> dict[str, Any]:
        """Return all that the curve depends on, apart from clip and SNR."""
        return self.model_dump(exclude={"label"}) | {"channel": channel}
