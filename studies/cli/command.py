"""The commands of ``linksim``: what one consists of, and the registry of all."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass

from linksim.registry import Registry


@dataclass(frozen=True)
class Command:
    """A command of ``linksim``.

    Its module imports nothing heavy; what it needs to run, `run` imports.

    Parameters
    ----------
    name : str
        Name on the command line.
    help : str
        One line for ``linksim --help``.
    add_flags : callable
        Adds the command's arguments to its parser.
    run : callable
        Called with the arguments; returns the exit code.
    """

    name: str
    help: str
    add_flags: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]


COMMANDS: Registry[Command] = Registry("command", Command, "studies.cli", "linksim.commands")
"""Every command, by name."""
