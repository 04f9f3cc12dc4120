"""What a study is: the YAML file's schema, all of it checked before anything runs."""

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from linksim.channels import parse_channel
from linksim.endpoint import Endpoint, endpoint_names, make_endpoint
from linksim.errors import LinksimError, unknown
from linksim.link_config import LinkConfig
from linksim.metrics import METRICS
from linksim.options import build
from studies.snr import parse_snr
from studies.source import Source, read_source

BUILTIN = "builtin"
BLER = "bler"
PACKAGED = Path(__file__).parent
MAX_POINTS = 100_000


def _channel(spec: str) -> str:
    parse_channel(spec)
    return spec.strip().lower()


def _metric(name: str) -> str:
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
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
Channels = Annotated[list[Annotated[str, AfterValidator(_channel)]], AfterValidator(_unique)]
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
        The endpoint's name.
    options : dict
        The endpoint's options.
    link : dict
        Fields of `linksim.link_config.LinkConfig`, except ``channel``.
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


class Figure(_Model):
    """One figure per channel: a metric of the study, or ``"bler"``, against SNR."""

    metric: Annotated[str, AfterValidator(_figure_metric)]


class Study(_Model):
    """An SNR study: every scheme over every channel, SNR, clip and trial.

    Parameters
    ----------
    name : str
        Used in tables and as the default output folder.
    title : str
        The report's heading.
    clips : list of str
        ``"builtin"`` or files.
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
    schemes : list of Scheme
        The curves.
    figures : list of Figure
        What is drawn; empty draws every metric and the block error rate.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    title: Line = ""
    clips: Annotated[list[Text], Field(min_length=1)] = [BUILTIN]
    channels: Annotated[Channels, Field(min_length=1)]
    snr_db: list[float]
    trials: Annotated[int, Field(ge=1)] = 1
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    metrics: Annotated[list[MetricName], AfterValidator(_unique)] = ["pesq", "psnr", "ms_ssim"]
    schemes: Annotated[list[Scheme], Field(min_length=1)]
    figures: list[Figure] = []

    @field_validator("snr_db", mode="before")
    @classmethod
    def _parse_snr(cls, value: object) -> list[float]:
        return sorted(parse_snr(value))


def study_names() -> list[str]:
    """Return the names of the studies that come with linksim."""
    return sorted(path.stem for path in PACKAGED.glob("*.yaml"))


def load(
    name: str | Path,
    *,
    overrides: Iterable[str] = (),
    clips: Sequence[str | Path] = (),
    channels: Sequence[str] = (),
) -> Study:
    """Read and check a study.

    Parameters
    ----------
    name : str or Path
        A packaged study or a YAML file; clips in the file are relative to it.
    overrides : iterable of str
        ``dotted.path=value`` assignments.
    clips : sequence of str or Path
        Clips to use instead of the study's.
    channels : sequence of str
        Channels to use instead of the study's.

    Raises
    ------
    LinksimError
        One line that names file, line, field and mend.
    """
    path = _find(str(name))
    source = read_source(path)
    for assignment in overrides:
        source.override(assignment)
    if clips:
        absolute = [c if c == BUILTIN else str(Path(c).absolute()) for c in clips]
        _replace(source, "clips", absolute, [f"--clip {clip}" for clip in clips])
    if channels:
        _replace(source, "channels", list(channels), [f"--channel {c}" for c in channels])
    try:
        study = Study.model_validate(source.data)
    except ValidationError as error:
        raise _explain(source, error) from None
    _check_schemes(study, source)
    _check_figures(study, source)
    _check_size(study, source)
    return study.model_copy(update={"clips": _find_clips(study.clips, path.parent, source)})


def _replace(source: Source, field: str, values: list[str], places: list[str]) -> None:
    source.data[field] = values
    source.places |= {(field, i): place for i, place in enumerate(places)}
    source.places[field,] = places[0]


def _find(name: str) -> Path:
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return Path(name)
    if name not in study_names():
        raise unknown("study", name, study_names())
    return PACKAGED / f"{name}.yaml"


def _find_clips(clips: list[str], folder: Path, source: Source) -> list[str]:
    found: dict[str, str] = {}
    for index, clip in enumerate(clips):
        path = clip if clip == BUILTIN else str((folder / clip).resolve())
        if clip != BUILTIN and not Path(path).is_file():
            raise source.error(("clips", index), f"'{clip}' is not a file")
        if Path(path).stem in found:
            raise source.error(("clips", index), f"two clips are called '{Path(path).stem}'")
        found[Path(path).stem] = path
    return list(found.values())


def _check_schemes(study: Study, source: Source) -> None:
    labels: set[str] = set()
    for index, scheme in enumerate(study.schemes):
        with source.field("schemes", index, "label"):
            if scheme.label in labels:
                raise LinksimError(f"'{scheme.label}' is given twice; each scheme needs its own")
            labels.add(scheme.label)
        with source.field("schemes", index, "scheme"):
            if scheme.scheme not in endpoint_names():
                raise unknown("scheme", scheme.scheme, endpoint_names())
        with source.field("schemes", index, "options"):
            scheme.endpoint()
        for channel in study.channels:
            with source.field("schemes", index, "link"):
                scheme.link_config(channel)


def _check_figures(study: Study, source: Source) -> None:
    for index, figure in enumerate(study.figures):
        if figure.metric not in (*study.metrics, BLER):
            message = f"'{figure.metric}' is not among the study's metrics; add it there"
            raise source.error(("figures", index, "metric"), message)


def _check_size(study: Study, source: Source) -> None:
    links = len(study.channels) * len(study.schemes) * len(study.clips)
    points = links * len(study.snr_db) * study.trials
    if points > MAX_POINTS:
        raise source.error(("trials",), f"the study has {points} points; at most {MAX_POINTS}")


_MESSAGES = {
    "too_short": "should have an entry",
    "string_pattern_mismatch": "should be letters, digits, - and _ only",
    "dict_type": "should be 'key: value' pairs",
    "model_type": "should be 'key: value' pairs",
}
"""Where pydantic's own message, by its kind, says less."""


def _explain(source: Source, error: ValidationError) -> LinksimError:
    # A misspelt key is also a missing one; the former says more.
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    path, kind = first["loc"], first["type"]
    if kind == "extra_forbidden":
        model = {"schemes": Scheme, "figures": Figure}.get(str(path[0]), Study)
        known = (model if len(path) > 1 else Study).model_fields
        return source.error(path, unknown("key", path[-1], known))
    if kind == "missing":
        return source.error(path[:-1], f"'{path[-1]}' is missing")
    if kind == "value_error":
        return source.error(path, first["ctx"]["error"])
    if kind in _MESSAGES:
        return source.error(path, f"{_MESSAGES[kind]}, not '{str(first['input'])[:60]}'")
    message = first["msg"].replace("Input should", "should").replace("String should", "should")
    return source.error(path, f"{message}, not '{str(first['input'])[:60]}'")
