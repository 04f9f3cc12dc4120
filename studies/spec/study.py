"""What a study is: the schema of its YAML file. `studies.spec.load` reads and checks it."""

import unicodedata
from collections.abc import Iterable
from dataclasses import asdict
from functools import cached_property
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from linksim.endpoint import ENDPOINTS, Endpoint, make_endpoint
from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.media.sources import BUILTIN
from linksim.metrics import METRICS
from linksim.options import build
from linksim.phy.channels import CHANNELS, canonical, channel_class, parse_channel
from linksim.plugins import code_digest, file_digest, is_dotted
from studies.spec import axes
from studies.spec.snr import parse_snr

BOUND_CHANNEL = "rayleigh"
BITRATES = {"opus": (6000, 256_000)}
"""Least and greatest bit rate in bit/s of the schemes that a bound can be drawn for."""
BLER = "bler"
SNR, CHANNEL_USES = "snr", "channel_uses"
"""What a figure can be against, apart from the axes of a sweep."""
LINK_ALONE = "link"
"""Name of the scheme that sends random bits and no clip, see `studies.run.link_alone`."""


def _metric(name: str) -> str:
    _ = METRICS[name]  # raises for one that there is not
    return name


def _figure_metric(name: str) -> str:
    return name if name == BLER else _metric(name)


def _line(text: str) -> str:
    """Refuse control characters and lone surrogates, which tables and file names cannot hold."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise LinksimError(f"{text!a} must be one line of text that UTF-8 can hold")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise LinksimError("must not be empty")
    return text


def _unique(values: list[str]) -> list[str]:
    for value in values:
        if values.count(value) > 1:
            raise LinksimError(f"'{value}' is given twice")
    return values


Line = Annotated[str, AfterValidator(_line)]
Text = Annotated[Line, AfterValidator(_not_blank)]
Channels = Annotated[list[Annotated[str, AfterValidator(canonical)]], AfterValidator(_unique)]
Labels = Annotated[list[str], AfterValidator(_unique)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
MetricName = Annotated[str, AfterValidator(_metric)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Scheme(_Model):
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

    label: Text
    scheme: str
    options: dict[str, Any] = {}
    link: dict[str, Any] = {}

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
        self.endpoint()
        for channel in channels:
            link = self.link_config(channel)
            if self.scheme == LINK_ALONE and link.harq > 1:
                raise LinksimError(
                    f"scheme '{LINK_ALONE}' counts each transmission by itself, so harq says "
                    "nothing; use 'linksim adapt', or a scheme that sends clips"
                )

    def inputs(self, channel: str) -> dict[str, Any]:
        """Return all that a transmission depends on, apart from clip, SNR and seed."""
        return {
            "scheme": self.scheme,
            "options": asdict(self.endpoint()),  # type: ignore[call-overload]
            "link": self.link_config(channel).identity(),
            **self._digests(channel),
        }

    def _digests(self, channel: str) -> dict[str, str]:
        """Return digests of what does not come with linksim, whose version says nothing of it."""
        classes: dict[str, type] = {}
        if is_dotted(self.scheme):
            classes[self.scheme] = ENDPOINTS[self.scheme]
        name = channel.partition(":")[0]
        if name.lower() not in CHANNELS:
            classes[name] = channel_class(name)
        digests = {f"code of {name}": code_digest(cls) for name, cls in classes.items()}
        if path := parse_channel(channel).drawn_from:
            digests["impulse responses"] = file_digest(path)
        return digests


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


class Bound(_Model):
    """A dashed curve: a codec without losses at the ergodic capacity of flat Rayleigh fading.

    No code that is interleaved over ever so many fades can carry more, given that the
    transmitter does not know the fades.

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


class Figure(_Model):
    """One figure per channel and kind of clip: a metric against SNR or against channel uses.

    Parameters
    ----------
    metric : str
        A metric of the study, or ``"bler"``.
    schemes : list of str
        Labels of the schemes and bounds to draw; empty draws all. The label of a scheme that is
        swept stands for all its curves. Against channel uses `curves` has them.
    against : str
        What goes along the horizontal axis: ``"snr"``, ``"channel_uses"`` or an axis of the
        study's sweep. Channel uses are those measured, per pixel of the clip and without pilots.
    snr_db : float
        The one SNR of the study to draw, unless against SNR.
    curves : dict of str to list of str
        Against channel uses: what to call each curve, and the labels of the schemes that are its
        points.
    name : str
        What its files are called; by default as the metric.
    """

    metric: Annotated[str, AfterValidator(_figure_metric)]
    schemes: Labels = []
    against: str = SNR
    snr_db: float | None = None
    curves: dict[Text, Annotated[Labels, Field(min_length=1)]] = {}
    name: Name | None = None

    @property
    def file_name(self) -> str:
        """How the names of its files begin."""
        return self.name or self.metric


class Study(_Model):
    """An SNR study: every scheme over every channel, SNR, clip and trial.

    Parameters
    ----------
    name : str
        Used in tables and as the default output folder.
    title : str
        The report's heading.
    clips : list of str
        Clips of speech, with video or without: names of
        `linksim.media.sources.BUILTINS` or files. A study whose schemes
        are all ``link`` has none, and no metrics.
    music : list of str
        Clips of music, likewise. They have curves of their own, without PESQ and STOI, which
        are defined for speech alone.
    channels : list of str
        Channel models, ``"name:key=value,…"``.
    snr_db : list of float
        Es/N0 per resource element; the YAML file may give a range.
    trials : int
        Transmissions of each clip, each with a seed of its own.
    seed : int
        Seed of the study.
    metrics : list of str
        Media metrics; the block error rate is always counted.
    fid_frames : int
        Frames of each clip, evenly spaced, that FID, KID and their proxies are of; none: all.
    schemes : list of Scheme
        The curves, or what a sweep makes them of.
    sweep : dict of str to list
        Axes, see `studies.spec.axes`: each scheme is run at every value of every axis that it has.
    bounds : list of Bound
        Ceilings to draw beside them.
    figures : list of Figure
        What is drawn; empty draws every metric and the block error rate.
    """

    name: Name
    title: Line = ""
    clips: list[Text] = [BUILTIN]
    music: list[Text] = []
    channels: Annotated[Channels, Field(min_length=1)]
    snr_db: list[float]
    trials: Annotated[int, Field(ge=1)] = 1
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    metrics: Annotated[list[MetricName], AfterValidator(_unique)] = ["pesq", "psnr", "ms_ssim"]
    fid_frames: Annotated[int, Field(ge=2, le=1_000_000)] | None = None
    schemes: Annotated[list[Scheme], Field(min_length=1)]
    sweep: dict[str, list[Any]] = {}
    bounds: list[Bound] = []
    figures: list[Figure] = []

    @field_validator("snr_db", mode="before")
    @classmethod
    def _parse_snr(cls, value: object) -> list[float]:
        return sorted(parse_snr(value))

    @model_validator(mode="before")
    @classmethod
    def _links_have_no_clip(cls, data: Any) -> Any:
        schemes = data.get("schemes") if isinstance(data, dict) else None
        if isinstance(schemes, list) and schemes and all(map(_is_link_alone, schemes)):
            return {"clips": [], "metrics": [], **data}
        return data

    @property
    def links_alone(self) -> bool:
        """Whether it sends random bits and no clips."""
        return not self.clips and not self.music

    @cached_property
    def swept(self) -> list[Scheme]:
        """Every scheme at every place on its axes, in the order of the results."""
        if not self.sweep:
            return self.schemes
        places = axes.swept(self.schemes, self.sweep)
        return [
            SweptScheme(
                label=axes.label(scheme.label, at),
                scheme=scheme.scheme,
                base=scheme.label,
                axes=at,
                **axes.place(scheme, at),
            )
            for scheme, at in places
        ]

    @property
    def curves(self) -> list[tuple[str, str]]:
        """Channel and label of every curve, in the order of the results."""
        simulated = [(c, s.label) for c in self.channels for s in self.swept]
        return simulated + [(BOUND_CHANNEL, b.label) for b in self.bounds]

    def left_out(self) -> dict[str, str]:
        """Return the label of each scheme that cannot run here, and what would mend it."""
        reasons = {s.label: ENDPOINTS[s.scheme].missing() for s in self.swept}
        return {label: reason for label, reason in reasons.items() if reason}


def _is_link_alone(scheme: Any) -> bool:
    return isinstance(scheme, dict) and scheme.get("scheme") == LINK_ALONE
