"""The parser of commands: errors in one line, and sub-commands that are parts of a registry."""

import argparse
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn, Protocol, TypeVar

from linksim.errors import LinksimError, unknown
from linksim.plugins import is_dotted
from linksim.registry import Registry


class Listed(Protocol):
    """A part with a line for the help text."""

    @property
    def name(self) -> str:
        """The name that the command line uses."""

    @property
    def help(self) -> str:
        """One line for the help text."""


P = TypeVar("P", bound=Listed)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with the nearest known name."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)
        # By default `--snr -5:10:5` is taken for an unknown option, though `--snr -5` is not.
        self._negative_number_matcher = re.compile(r"-[.\d]")

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage."""
        raise LinksimError(f"{message}; see '{self.prog} --help'")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            name = action.option_strings[0] if action.option_strings else "command"
            raise unknown(name, value, action.choices)


def add_parts(
    parser: argparse.ArgumentParser,
    registry: Registry[P],
    fill: Callable[[argparse.ArgumentParser, P], None],
    *,
    dest: str,
    metavar: str,
) -> None:
    """Make every part of a registry a sub-command, and others by their dotted path.

    Parameters
    ----------
    parser : ArgumentParser
        The parser that gets the sub-commands.
    registry : Registry
        Parts that have a name and a line of help.
    fill : callable
        Adds the arguments of a part to its parser, once that is asked for.
    dest : str
        Attribute of the arguments that gets the name.
    metavar : str
        Placeholder of the name in the usage.
    """
    action = parser.add_subparsers(action=_Parts, dest=dest, required=True, metavar=metavar)
    assert isinstance(action, _Parts)
    action.offer(registry, fill)


class _Parts(argparse._SubParsersAction):
    """Sub-commands whose parsers are made when they are asked for."""

    def offer(
        self, registry: Registry[P], fill: Callable[[argparse.ArgumentParser, P], None]
    ) -> None:
        def make(name: str) -> Parser:
            part = registry[name]
            made = Parser(prog=f"{self._prog_prefix} {name}", description=part.help)
            fill(made, part)
            return made

        self._registry: Mapping[str, Listed] = registry
        self.choices = self._name_parser_map = _Made(registry, make)  # type: ignore[assignment]

    def _get_subactions(self) -> list[argparse.Action]:
        entry = self._ChoicesPseudoAction
        return [entry(name, [], part.help) for name, part in self._registry.items()]


class _Made(Mapping[str, Parser]):
    """The parser of each name of a registry, or of a dotted path, made once."""

    def __init__(self, registry: Mapping[str, Any], make: Callable[[str], Parser]) -> None:
        self._registry, self._make = registry, make
        self._made: dict[str, Parser] = {}

    def __getitem__(self, name: str) -> Parser:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._registry or is_dotted(str(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._registry)

    def __len__(self) -> int:
        return len(self._registry)
