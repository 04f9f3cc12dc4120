"""The axes of a sweep: any option of schemes and links, over all values of all others.

::

    sweep: {link.estimator: [ls-linear, lmmse], asc.rate: [low, high]}

    link.FIELD      a field of every scheme's link; link.channel are the study's channels
    feedback.FIELD  the same as link.feedback_FIELD
    options.FIELD   an option of every scheme
    SCHEME.FIELD    an option of the schemes of one kind alone
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from linksim.endpoint import ENDPOINTS
from linksim.errors import LinksimError, unknown
from linksim.link.config import LinkConfig
from studies.spec.scheme import Scheme

CHANNEL = "link.channel"
"""Axis that a study spells ``channels``, which `studies.spec.load` puts it under."""
FEEDBACK = "feedback"
ELSEWHERE = ("channels", "clips", "music", "snr_db", "trials")
"""Axes of every study, which its sweep does not have."""
MAX_SCHEMES = 10_000

Axes = Mapping[str, Sequence[Any]]


def swept(schemes: Sequence[Scheme], axes: Axes) -> Iterator[tuple[Scheme, dict[str, Any]]]:
    """Yield every scheme at every place on the axes that it has, and the place.

    The first axis varies slowest, as it does in nested loops.
    """
    for scheme in schemes:
        mine = {name: values for name, values in axes.items() if applies(name, scheme)}
        for values in itertools.product(*mine.values()):
            yield scheme, dict(zip(mine, values, strict=True))


def applies(axis: str, scheme: Scheme) -> bool:
    """Return whether a scheme has an axis; others are not multiplied by it."""
    part, _ = _target(axis)
    return part in ("link", "options", scheme.scheme)


def place(scheme: Scheme, at: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return ``options`` and ``link`` of a scheme at a place on its axes."""
    changed = {"options": dict(scheme.options), "link": dict(scheme.link)}
    for axis, value in at.items():
        part, field = _target(axis)
        changed["link" if part == "link" else "options"][field] = value
    return changed


def label(base: str, at: Mapping[str, Any]) -> str:
    """Return what a scheme is called at a place, as in ``"PCM, feedback delay slots 4"``."""
    places = (f"{_target(axis)[1].replace('_', ' ')} {text(value)}" for axis, value in at.items())
    return ", ".join([base, *places])


def words(axis: str) -> str:
    """Return an axis in words, with its unit, as in ``"Feedback delay slots (slot)"``."""
    part, field = _target(axis)
    known = fields(LinkConfig) if part == "link" else ()
    unit = next((f.metadata["unit"] for f in known if f.name == field), "")
    name = field.replace("_", " ").capitalize()
    return f"{name} ({unit})" if unit else name


def check_axis(axis: str, values: Sequence[Any], schemes: Sequence[Scheme]) -> None:
    """Check one axis by itself.

    Raises
    ------
    LinksimError
        If no scheme has it, a scheme sets it by itself, or it has no value or one twice.
    """
    if axis in ELSEWHERE:
        raise LinksimError(f"is an axis of every study; give its values as '{axis}'")
    known = list(_known(schemes))
    if axis not in known:
        raise unknown("axis", axis, known)
    if not values:
        raise LinksimError("should have a value")
    shown = [text(value) for value in values]
    for one in shown:
        if shown.count(one) > 1:
            raise LinksimError(f"'{one}' is given twice")
    part, field = _target(axis)
    for scheme in schemes:
        own = scheme.link if part == "link" else scheme.options
        if applies(axis, scheme) and field in own:
            raise LinksimError(f"'{scheme.label}' sets '{field}' as well; leave one of them out")


def _known(schemes: Sequence[Scheme]) -> Iterator[str]:
    for field in fields(LinkConfig):
        yield f"link.{field.name}"
        if field.name.startswith(f"{FEEDBACK}_"):
            yield field.name.replace("_", ".", 1)
    names = dict.fromkeys(scheme.scheme for scheme in schemes)
    options = [[f.name for f in fields(ENDPOINTS[name])] for name in names]  # type: ignore[arg-type]
    for name, own in zip(names, options, strict=True):
        yield from (f"{name}.{field}" for field in own)
    yield from (f"options.{f}" for f in options[0] if all(f in own for own in options))


def _target(axis: str) -> tuple[str, str]:
    part, _, field = axis.rpartition(".")
    return ("link", f"{FEEDBACK}_{field}") if part == FEEDBACK else (part, field)


def numeric(values: Sequence[Any]) -> bool:
    """Return whether values can stand on an axis by their size."""
    return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)


def text(value: Any) -> str:
    """Return a value as a label has it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
