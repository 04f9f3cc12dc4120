"""YAML that remembers where each value was written, so that an error can name the line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from linksim.errors import LinksimError
from linksim.files import read_text

FieldPath = tuple[str | int, ...]
MAX_VALUES = 100_000
"""Aliases of aliases turn a few lines into more values than memory holds."""
MOST_BYTES = 10**6
"""Most bytes of a file: a parser makes a hundred times as much of them."""


YAML = "tag:yaml.org,2002:"
"""Beginning of the tags of YAML."""
PLAIN = ("bool", "null", "int", "float", "str", "seq", "map", "merge")
"""Tags of plain data, without dates and objects, which no field of a study takes."""
SCALARS = (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?[0-9]{1,400}$", "-+0123456789"),
    (
        "float",
        r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$",
        "-+.0123456789",
    ),
    ("merge", r"^<<$", "<"),
)
"""Scalars of YAML 1.2: tag, form and first characters."""


@cache
def _loader() -> type[yaml.SafeLoader]:
    """Return a safe loader with the scalars of YAML 1.2.

    YAML 1.1 reads ``5:30:5`` as a base-60 number, ``no`` as false and ``1e-9`` as text;
    each would quietly turn a study into another one.
    """

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers: dict = {}  # noqa: RUF012  (PyYAML's own interface)

        def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
            tag = node.tag.removeprefix(YAML)
            if tag not in PLAIN:
                shown = node.tag.replace(YAML, "!!")[:40]
                raise _fault(node, f"tag {shown} is not for plain data; leave it out")
            try:
                return super().construct_object(node, deep)
            except (yaml.YAMLError, RecursionError):
                raise
            except Exception:  # PyYAML's own constructors raise anything
                text = str(node.value)[:40] if isinstance(node, yaml.ScalarNode) else "this"
                raise _fault(node, f"'{text}' is no {tag}") from None

    for tag, form, first in SCALARS:
        Loader.add_implicit_resolver(YAML + tag, re.compile(form), list(first))
    Loader.add_constructor(f"{YAML}int", lambda _, node: int(node.value))
    return Loader


def _fault(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(
        problem=" ".join(problem.split()), problem_mark=node.start_mark
    )


@dataclass
class Source:
    """Plain data, and for every path in it the place it came from.

    Parameters
    ----------
    data : dict
        Content of the file.
    places : dict
        Path of keys and indices to ``"file:line"``.
    """

    data: dict[str, Any]
    places: dict[FieldPath, str] = field(default_factory=dict)

    def error(self, path: FieldPath, message: object) -> LinksimError:
        """Return the error that names the place of `path`, its field and the message."""
        near = path
        while near and near not in self.places:
            near = near[:-1]
        name = ".".join(str(part) for part in path)
        return LinksimError(": ".join(filter(None, (self.places[near], name, str(message)))))

    @contextmanager
    def field(self, *path: str | int) -> Iterator[None]:
        """Let errors raised inside name the place of `path`."""
        try:
            yield
        except LinksimError as error:
            raise self.error(path, error) from None

    def override(self, assignment: str) -> None:
        """Apply ``dotted.path=value`` as given to ``--set``.

        Raises
        ------
        LinksimError
            If it is not of that form or leads through something that has no parts.
        """
        place = f"--set {assignment}"
        key, equals, text = assignment.partition("=")
        if not equals or not key.strip():
            raise LinksimError(f"{place}: not of the form key=value")
        path = _path(key.strip())
        try:
            value = yaml.load(text, _loader())
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            problem = getattr(error, "problem", None)
            reason = f": {problem}" if problem else ""
            raise LinksimError(f"{place}: '{text[:60]}' is not valid YAML{reason}") from None
        target: Any = self.data
        for depth, part in enumerate(path):
            _check_step(target, part, f"{place}: {'.'.join(map(str, path[:depth]))}")
            if depth == len(path) - 1:
                target[part] = value
            elif isinstance(target, dict) and part not in target:
                self.places[path[: depth + 1]] = place
                target = target.setdefault(part, {})
            else:
                target = target[part]
        self.places[path] = place


def _path(key: str) -> FieldPath:
    """Split a dotted path, but not the name of an axis, which has a dot of its own."""
    first, _, axis = key.partition(".")
    if first == "sweep" and axis:
        return first, axis
    return tuple(int(p) if re.fullmatch("[0-9]{1,9}", p) else p for p in key.split("."))


def read_source(path: Path) -> Source:
    """Read a YAML file whose top level is a mapping.

    Raises
    ------
    LinksimError
        If the file cannot be read, is not YAML or has a key twice.
    """
    text = read_text(path, MOST_BYTES)
    try:
        loader = _loader()(text)
        node = loader.get_single_node()
        data = loader.construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise LinksimError(f"{path}{line}: not valid YAML: {error.problem}") from None
    except RecursionError:
        raise LinksimError(f"{path}: not valid YAML: nested too deeply") from None
    except (yaml.YAMLError, ValueError):
        raise LinksimError(f"{path}: not valid YAML in UTF-8") from None
    if not isinstance(data, dict):
        raise LinksimError(f"{path}: must hold 'key: value' lines")
    source = Source(data, {(): str(path)})
    assert node is not None  # as there is data
    try:
        _note(node, (), source.places, str(path))
    except RecursionError:
        raise LinksimError(f"{path}: an alias (*) contains itself") from None
    return source


def _note(node: yaml.Node, path: FieldPath, places: dict[FieldPath, str], name: str) -> None:
    if len(places) > MAX_VALUES:
        raise LinksimError(f"{name}: holds more than {MAX_VALUES} values")
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here, place = (*path, key.value), f"{name}:{key.start_mark.line + 1}"
            if key.tag != "tag:yaml.org,2002:str":
                raise LinksimError(f"{place}: key '{key.value}' is not text; write it in quotes")
            if here in places:
                raise LinksimError(f"{place}: key '{key.value}' is given twice")
            places[here] = place
            _note(value, here, places, name)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            places[(*path, index)] = f"{name}:{value.start_mark.line + 1}"
            _note(value, (*path, index), places, name)


def _check_step(target: Any, part: str | int, where: str) -> None:
    if isinstance(target, list):
        if not isinstance(part, int) or part >= len(target):
            raise LinksimError(f"{where} has {len(target)} entries, counted from 0; not '{part}'")
    elif not isinstance(target, dict):
        raise LinksimError(f"{where} is a single value and has no '{part}'")
