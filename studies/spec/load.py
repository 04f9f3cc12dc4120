"""Reading a study: all of it is checked before anything runs."""

import itertools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from linksim.endpoint import ENDPOINTS
from linksim.errors import LinksimError, unknown
from linksim.media.sources import BUILTINS, clip_name, is_builtin
from studies.spec import axes
from studies.spec.study import (
    BITRATES,
    BLER,
    CHANNEL_USES,
    LINK_ALONE,
    SNR,
    Bound,
    Figure,
    Scheme,
    Study,
)
from studies.spec.yaml_source import Source, read_source

PACKAGED = Path(__file__).parents[1] / "packaged"
MAX_POINTS = 100_000


def study_names() -> list[str]:
    """Return the names of the studies that come with linksim."""
    return sorted(path.stem for path in PACKAGED.glob("*.yaml"))


def load(
    name: str | Path,
    *,
    overrides: Iterable[str] = (),
    clips: Sequence[str | Path] = (),
    music: Sequence[str | Path] = (),
    channels: Sequence[str] = (),
) -> Study:
    """Read and check a study.

    Parameters
    ----------
    name : str or Path
        A packaged study or a YAML file; clips in the file are relative to it.
    overrides : iterable of str
        ``dotted.path=value`` assignments.
    clips, music : sequence of str or Path
        Clips to use instead of the study's speech and its music.
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
    for field, flag, given in (("clips", "--clip", clips), ("music", "--music", music)):
        if given:
            absolute = [str(c) if is_builtin(c) else str(Path(c).absolute()) for c in given]
            _replace(source, field, absolute, [f"{flag} {clip}" for clip in given])
    _spell_channels(source)
    if channels:
        _replace(source, "channels", list(channels), [f"--channel {c}" for c in channels])
    try:
        study = Study.model_validate(source.data)
    except ValidationError as error:
        raise _explain(source, error) from None
    _check_schemes(study, source)
    _check_sweep(study, source)
    _check_size(study, source)
    _check_figures(study, source)
    return study.model_copy(update=_find_clips(study, path.parent, source))


def _replace(source: Source, field: str, values: list[str], places: list[str]) -> None:
    source.data[field] = values
    source.places |= {(field, i): place for i, place in enumerate(places)}
    source.places[field,] = places[0]


def _spell_channels(source: Source) -> None:
    """Put an axis of channels where a study has its channels."""
    sweep = source.data.get("sweep")
    if not isinstance(sweep, dict) or axes.CHANNEL not in sweep:
        return
    here = ("sweep", axes.CHANNEL)
    if "channels" in source.data:
        raise source.error(here, "'channels' gives the same axis; leave one of them out")
    source.data["channels"] = sweep.pop(axes.CHANNEL)
    moved = {path[2:]: place for path, place in source.places.items() if path[:2] == here}
    source.places |= {("channels", *rest): place for rest, place in moved.items()}


def _find(name: str) -> Path:
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return Path(name)
    if name not in study_names():
        raise unknown("study", name, study_names())
    return PACKAGED / f"{name}.yaml"


def _find_clips(study: Study, folder: Path, source: Source) -> dict[str, list[str]]:
    alone = [scheme.scheme == LINK_ALONE for scheme in study.schemes]
    if all(alone):
        return _no_clips(study, source)
    if any(alone):
        message = f"'{LINK_ALONE}' sends no clip; put it in a study of its own"
        raise source.error(("schemes", alone.index(True), "scheme"), message)
    if not study.clips and not study.music:
        raise source.error(("clips",), "should have an entry, or 'music' should")
    names: set[str] = set()
    found: dict[str, list[str]] = {"clips": [], "music": []}
    for field, paths in found.items():
        for index, clip in enumerate(getattr(study, field)):
            with source.field(field, index):
                paths.append(_find_clip(clip, folder))
                name = clip_name(paths[-1])
                if name in names:
                    raise LinksimError(f"two clips are called '{name}'")
                names.add(name)
    return found


def _no_clips(study: Study, source: Source) -> dict[str, list[str]]:
    for field in ("clips", "music", "metrics", "bounds"):
        if getattr(study, field):
            message = f"a study of '{LINK_ALONE}' sends random bits and has none; leave it out"
            raise source.error((field,), message)
    return {}


def _find_clip(clip: str, folder: Path) -> str:
    if is_builtin(clip):
        if clip not in BUILTINS:
            raise unknown("clip", clip, BUILTINS)
        return clip
    path = (folder / clip).resolve()
    if not path.is_file():
        raise LinksimError(f"'{clip}' is not a file")
    return str(path)


def _check_schemes(study: Study, source: Source) -> None:
    labels: set[str] = set()
    for index, scheme in enumerate(study.schemes):
        with source.field("schemes", index, "label"):
            if scheme.label in labels:
                raise LinksimError(f"'{scheme.label}' is given twice; each scheme needs its own")
            labels.add(scheme.label)
        with source.field("schemes", index, "scheme"):
            ENDPOINTS[scheme.scheme]
        with source.field("schemes", index, "options"):
            scheme.endpoint()
        with source.field("schemes", index, "link"):
            scheme.check(study.channels)
    for index, bound in enumerate(study.bounds):
        with source.field("bounds", index, "label"):
            if bound.label in labels:
                raise LinksimError(f"'{bound.label}' is given twice; each curve needs its own")
            labels.add(bound.label)
        with source.field("bounds", index, "scheme"):
            if bound.scheme not in BITRATES:
                raise unknown("scheme of a bound", bound.scheme, BITRATES)
        with source.field("bounds", index, "options"):
            bound.endpoint(BITRATES[bound.scheme][0])


def _check_sweep(study: Study, source: Source) -> None:
    for axis, values in study.sweep.items():
        with source.field("sweep", axis):
            axes.check_axis(axis, values, study.schemes)
    count = sum(
        math.prod(len(v) for axis, v in study.sweep.items() if axes.applies(axis, scheme))
        for scheme in study.schemes
    )
    if count > axes.MAX_SCHEMES:
        raise source.error(("sweep",), f"makes {count} curves; at most {axes.MAX_SCHEMES}")
    for axis, values in study.sweep.items():
        mine = [scheme for scheme in study.schemes if axes.applies(axis, scheme)]
        for (index, value), scheme in itertools.product(enumerate(values), mine):
            with source.field("sweep", axis, index):
                scheme.model_copy(update=axes.place(scheme, {axis: value})).check(study.channels)
    labels = [bound.label for bound in study.bounds]
    for scheme in study.swept if study.sweep else ():
        with source.field("sweep"):
            if scheme.label in labels:
                raise LinksimError(f"two curves would be called '{scheme.label}'")
            labels.append(scheme.label)
            scheme.check(study.channels)


def _check_figures(study: Study, source: Source) -> None:
    labels = dict.fromkeys(label for _, label in study.curves)
    labels |= dict.fromkeys(scheme.label for scheme in study.schemes)  # stand for all they become
    names: set[str] = set()
    for index, figure in enumerate(study.figures):
        if figure.metric not in (*study.metrics, BLER):
            message = f"'{figure.metric}' is not among the study's metrics; add it there"
            raise source.error(("figures", index, "metric"), message)
        for place, label in enumerate(figure.schemes):
            if label not in labels:
                error = unknown("label", label, labels)
                raise source.error(("figures", index, "schemes", place), error)
        with source.field("figures", index, "against"):
            if figure.against not in (SNR, CHANNEL_USES, *study.sweep):
                known = (SNR, CHANNEL_USES, *study.sweep)
                raise unknown("axis", figure.against, known)
        if figure.against == SNR:
            _check_against_snr(figure, index, source)
        elif figure.against == CHANNEL_USES:
            _check_against_uses(study, figure, index, source)
        else:
            _check_against_axis(study, figure, index, source)
        if figure.file_name in names:
            message = f"two figures are called '{figure.file_name}'; set 'name'"
            raise source.error(("figures", index), message)
        names.add(figure.file_name)


def _check_against_snr(figure: Figure, index: int, source: Source) -> None:
    for field in ("snr_db", "curves"):
        if getattr(figure, field) not in (None, {}):
            message = "is read with 'against: channel_uses' only; add that"
            raise source.error(("figures", index, field), message)


def _check_against_axis(study: Study, figure: Figure, index: int, source: Source) -> None:
    if figure.curves:
        message = "is read with 'against: channel_uses' only; use 'schemes'"
        raise source.error(("figures", index, "curves"), message)
    _check_one_snr(study, figure, index, source)


def _check_one_snr(study: Study, figure: Figure, index: int, source: Source) -> None:
    if figure.snr_db is None:
        message = f"'snr_db' is missing, which 'against: {figure.against}' needs"
        raise source.error(("figures", index), message)
    if figure.snr_db not in study.snr_db:
        message = f"{figure.snr_db:g} dB is not among the study's SNR values; add it there"
        raise source.error(("figures", index, "snr_db"), message)


def _check_against_uses(study: Study, figure: Figure, index: int, source: Source) -> None:
    if figure.schemes:
        raise source.error(("figures", index, "schemes"), "is read against SNR only; use 'curves'")
    _check_one_snr(study, figure, index, source)
    if not figure.curves:
        message = "'curves' is missing, which 'against: channel_uses' needs"
        raise source.error(("figures", index), message)
    labels = [scheme.label for scheme in study.swept]
    for curve, points in figure.curves.items():
        for place, label in enumerate(points):
            if label not in labels:
                error = unknown("label", label, labels)
                raise source.error(("figures", index, "curves", curve, place), error)


def _check_size(study: Study, source: Source) -> None:
    clips = max(1, len(study.clips) + len(study.music))
    links = len(study.channels) * len(study.swept) * clips
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
        model = {"schemes": Scheme, "bounds": Bound, "figures": Figure}.get(str(path[0]), Study)
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
