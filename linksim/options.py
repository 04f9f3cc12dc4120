"""Options of channels and endpoints: the fields of a dataclass, filled from text or YAML.

A part's constructor is its schema. Each option is a dataclass field whose metadata
give ``help`` and ``unit``; `option` writes such a field and `build` fills one in.
"""

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from linksim.errors import LinksimError, unknown
from linksim.registry import Registry

T = TypeVar("T")


def check_positive(values: object, names: Iterable[str]) -> None:
    """Raise `LinksimError` unless each of these attributes is above 0."""
    for name in names:
        if not getattr(values, name) > 0:
            raise LinksimError(f"{name} must be positive, not {getattr(values, name)}")


def option(
    default: Any,
    help: str,  # noqa: A002
    unit: str = "",
    *,
    within: tuple[float, float] | None = None,
    choices: Collection[Any] | None = None,
    flag: str = "",
    recorded_as: str = "",
    file: bool = False,
    later: bool = False,
) -> Any:
    """Return a dataclass field with what commands and documentation tell of it.

    Parameters
    ----------
    default, help, unit :
        Default value, a line of help, and the unit of a number.
    within : tuple of float or None
        Least and greatest value that a command takes.
    choices : collection or None
        Values that it may have; None takes any, a `Registry` dotted paths of parts as well.
    flag : str
        Name of a command's flag without its dashes, where it is not that of the field.
    recorded_as : str
        Name that records know it by, where it once had another.
    file : bool
        Whether it names a file, by whose content results are told apart.
    later : bool
        Whether it came later than records that are without it: they leave it out while it has its
        default.
    """
    told: dict[str, Any] = {"help": help, "unit": unit, "within": within, "choices": choices}
    told |= {"flag": flag, "recorded_as": recorded_as, "file": file, "later": later}
    return dataclasses.field(default=default, metadata=told)


def recorded(values: Any) -> dict[str, Any]:
    """Return the options of a dataclass by the names that records know them by."""
    whole = dataclasses.asdict(values)
    return {
        field.metadata.get("recorded_as") or field.name: whole[field.name]
        for field in dataclasses.fields(values)
        if not (field.metadata.get("later") and whole[field.name] == field.default)
    }


def files_of(values: Any) -> dict[str, Path]:
    """Return the files that options of a dataclass name, by the names of the options."""
    marked = [field.name for field in dataclasses.fields(values) if field.metadata.get("file")]
    return {name: Path(getattr(values, name)) for name in marked if getattr(values, name)}


def check_choices(values: Any) -> None:
    """Raise `LinksimError` where an option of a dataclass has none of its choices."""
    for field in dataclasses.fields(values):
        choices, value = field.metadata.get("choices"), getattr(values, field.name)
        if isinstance(choices, Registry):
            choices[value]
        elif choices is not None and value not in choices:
            raise unknown(field.name, value, map(str, choices))


def convert_options(values: Any, *, but: Collection[str] = ()) -> None:
    """Give the options of a frozen dataclass the types that they are declared with.

    Text is read as `build` reads it, and numbers of NumPy become Python's.

    Parameters
    ----------
    values : dataclass
        An instance, in its ``__post_init__``.
    but : collection of str
        Fields that are left alone.

    Raises
    ------
    LinksimError
        For a value that cannot be had as its type; the message names the option.
    """
    hints = typing.get_type_hints(type(values))
    for field in dataclasses.fields(values):
        if field.name not in but:
            value = _convert(getattr(values, field.name), hints[field.name], field.name)
            object.__setattr__(values, field.name, value)


def by_name(what: str) -> Callable[[type[T]], type[T]]:
    """Let the constructor of a dataclass name the nearest option where one is unknown.

    Parameters
    ----------
    what : str
        Name of the dataclass in messages, e.g. ``"a link"``.
    """

    def decorate(cls: type[T]) -> type[T]:
        construct = cls.__init__
        known = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]

        @functools.wraps(construct)
        def checked(self: T, *args: object, **options: Any) -> None:
            if args:
                raise LinksimError(f"give the options of {what} by their names, not {args[0]!r}")
            for name in options:
                if name not in known:
                    raise unknown(f"option of {what}", name, known)
            construct(self, **options)

        cls.__init__ = checked  # type: ignore[method-assign,assignment]
        return cls

    return decorate


def build(cls: type[T], values: Mapping[str, Any], what: str) -> T:
    """Construct `cls` from named values, text or already typed.

    Raises
    ------
    LinksimError
        For an option that `cls` does not have, or a value of the wrong type.
    """
    hints = typing.get_type_hints(cls)
    known = [f.name for f in dataclasses.fields(cls) if f.init]  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            if not known:
                raise LinksimError(f"{what} has no options, but '{name}' was given")
            raise unknown(f"option of {what}", name, known)
    return cls(**{n: _convert(v, hints[n], f"{what}: option '{n}'") for n, v in values.items()})


def _convert(value: Any, hint: Any, where: str) -> Any:
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    members = typing.get_args(hint) if union else (hint,)
    if types.NoneType in members and value in (None, "none", "null"):
        return None
    members = tuple(m for m in members if m is not types.NoneType)
    for member in members:
        try:
            return _CONVERTERS[member](value)
        except (TypeError, ValueError, KeyError, OverflowError):
            continue
    if not all(member in _NOUNS for member in members):
        raise LinksimError(f"{where} has a type that no text is read as; use {', '.join(_TYPES)}")
    nouns = " or ".join(_NOUNS[m] for m in members)
    raise LinksimError(f"{where} must be {nouns}, not '{value}'")


def _as_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}[str(value).lower()]


def _as_int(value: Any) -> int:
    number = _as_float(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _as_float(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError
    return number


def _as_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


_CONVERTERS = {bool: _as_bool, int: _as_int, float: _as_float, str: _as_text}
_NOUNS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
_TYPES = [type_.__name__ for type_ in _NOUNS]


def check_range(what: str, value: float, low: float, high: float) -> None:
    """Raise `LinksimError` unless ``low <= value <= high``; `what` names the option."""
    if not low <= value <= high:
        shown = f"{value:g}" if abs(value) < 1e300 or isinstance(value, float) else "a huge number"
        raise LinksimError(f"{what} must be between {low:g} and {high:g}, not {shown}")


def split_spec(spec: str, what: str) -> tuple[str, dict[str, str]]:
    """Split ``"name:key=value,key=value"`` into its name and its options.

    Raises
    ------
    LinksimError
        If an option is not of the form ``key=value`` or is given twice.
    """
    name, _, rest = spec.strip().partition(":")
    options: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in rest.split(","))):
        key, equals, value = item.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise LinksimError(f"{what} '{spec}': option '{item}' is not of the form key=value")
        if key.strip() in options:
            raise LinksimError(f"{what} '{spec}': option '{key.strip()}' is given twice")
        options[key.strip()] = value.strip()
    return name.strip(), options
