"""Reading a study: all of it is checked before anything runs."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from linksim.errors import LinksimError, unknown
from linksim.media.sources import BUILTINS, clip_name, is_builtin
from linksim.plugins import import_from
from studies.spec import axes
from studies.spec.checks import check
from studies.spec.figure import Figure
from studies.spec.scheme import LINK_ALONE, Bound, Scheme
from studies.spec.study import Study
from studies.spec.yaml_source import Source, read_source

PACKAGED = Path(__file__).parents[1] / "packaged"


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
        A packaged study or a YAML file; clips in the file are relative to it, and modules of
        dotted paths may lie beside it.
    overrides : iterable of str
        ``dotted.path=value`` assignments.
    clips, music : sequence of str or Path
        Clips to use instead of the study's speech and its music.
    channels : sequence of str
        Channels to use instead of the study's.

    Raises
    ------
    LinksimError
        One line that names file, line, field and remedy.
    """
    path = _find(str(name))
    source = read_source(path)
    if path.parent != PACKAGED:
        import_from(path.parent)
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
    check(study, source)
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
    if all(scheme.links_alone for scheme in study.schemes):
        return _no_clips(study, source)
    if not study.clips and not study.music:
        raise source.error(("clips",), "should have an entry, or 'music' should")
    names: set[str] = set()
    found: dict[str, list[str]] = {"clips": [], "music": []}
    for field, paths in found.items():
        for index, clip in enumerate(getattr(study, field)):
            with source.field(field, index):
                for path in _find_files(clip, folder):
                    paths.append(path)
                    name = clip_name(path)
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


def _find_files(clip: str, folder: Path) -> list[str]:
    """Return a clip's own path, or those of all files in it where it is a folder."""
    if is_builtin(clip):
        if clip not in BUILTINS:
            raise unknown("clip", clip, BUILTINS)
        return [clip]
    path = Path(os.path.abspath(folder / clip))
    if path.is_dir():
        files = sorted(str(p) for p in path.iterdir() if p.is_file() and p.name[0] != ".")
        if not files:
            raise LinksimError(f"folder '{clip}' holds no files")
        return files
    if not path.is_file():
        raise LinksimError(f"'{clip}' is neither a file nor a folder")
    return [str(path)]


_MESSAGES = {
    "too_short": "should have an entry",
    "string_pattern_mismatch": "should be letters, digits, - and _ only",
    "dict_type": "should be 'key: value' pairs",
    "model_type": "should be 'key: value' pairs",
}
"""Messages by kind of error, where pydantic's own says less."""


def _explain(source: Source, error: ValidationError) -> LinksimError:
    # A misspelt key is also a missing one; the former says more.
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    path, kind = first["loc"], first["type"]
    if kind == "extra_forbidden":
        parts: dict[str, type[BaseModel]] = {"schemes": Scheme, "bounds": Bound, "figures": Figure}
        model = parts.get(str(path[0]), Study) if len(path) > 1 else Study
        known = model.model_fields
        return source.error(path, unknown("key", path[-1], known))
    if kind == "missing":
        return source.error(path[:-1], f"'{path[-1]}' is missing")
    if kind == "value_error":
        return source.error(path, first["ctx"]["error"])
    if kind in _MESSAGES:
        return source.error(path, f"{_MESSAGES[kind]}, not '{str(first['input'])[:60]}'")
    message = first["msg"].replace("Input should", "should").replace("String should", "should")
    return source.error(path, f"{message}, not '{str(first['input'])[:60]}'")
