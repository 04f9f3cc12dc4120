"""The schema of a study's YAML file, which `studies.spec.load` reads and checks."""

from functools import cached_property
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from linksim.endpoint import ENDPOINTS
from linksim.media.sources import BUILTIN
from linksim.phy.channels import canonical
from linksim.plugins import is_withheld
from studies.spec import axes
from studies.spec.figure import BLER, STORED, Figure, Name, known_metric, unique
from studies.spec.scheme import (
    BOUND_CHANNEL,
    LINK_ALONE,
    STRICT,
    Bound,
    Line,
    Scheme,
    SweptScheme,
    Text,
)
from studies.spec.snr import parse_snr


def _channel(spec: str, info: ValidationInfo) -> str:
    return spec if info.context == STORED else canonical(spec)


Channels = Annotated[list[Annotated[Line, AfterValidator(_channel)]], AfterValidator(unique)]
MetricName = Annotated[str, AfterValidator(known_metric)]


class Study(BaseModel):
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
        Figures to draw; empty draws every metric and the block error rate.
    """

    model_config = STRICT
    name: Name
    title: Line = ""
    clips: list[Text] = [BUILTIN]
    music: list[Text] = []
    channels: Annotated[Channels, Field(min_length=1)]
    snr_db: list[float]
    trials: Annotated[int, Field(ge=1)] = 1
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    metrics: Annotated[list[MetricName], AfterValidator(unique)] = ["pesq", "psnr", "ms_ssim"]
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
    def drawn(self) -> list[Figure]:
        """The figures of the study: those that it names, or one for every metric."""
        return self.figures or [
            Figure.model_validate({"metric": metric}, context=STORED)
            for metric in (*self.metrics, BLER)
        ]

    @property
    def curves(self) -> list[tuple[str, str]]:
        """Channel and label of every curve, in the order of the results."""
        simulated = [(c, s.label) for c in self.channels for s in self.swept]
        return simulated + [(BOUND_CHANNEL, b.label) for b in self.bounds]

    def left_out(self) -> dict[str, str]:
        """Return the label of each scheme that cannot run here, and what it lacks."""
        schemes = {s.label: s.scheme for s in self.swept if not is_withheld(s.scheme)}
        reasons = {label: ENDPOINTS[name].missing() for label, name in schemes.items()}
        return {label: reason for label, reason in reasons.items() if reason}


def _is_link_alone(scheme: Any) -> bool:
    return isinstance(scheme, dict) and scheme.get("scheme") == LINK_ALONE
