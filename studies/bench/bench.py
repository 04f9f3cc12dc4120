"""The benches of ``linksim bench``: what one consists of, and the registry of all."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linksim.flags import check_flags
from linksim.options import check_range
from linksim.registry import Registry
from linksim.startup import import_tensorflow

if TYPE_CHECKING:
    from rich.table import Table

    from linksim.media import Clip

Report = Callable[[str], object]
"""Receives, in a few words, what is being measured now."""


@dataclass(frozen=True)
class Bench:
    """A measurement that ``linksim bench`` makes.

    Its module imports nothing heavy; what it measures, `measure` imports.

    Parameters
    ----------
    name : str
        Name on the command line.
    help : str
        One line for ``linksim bench --help``.
    add_flags : callable
        Adds the bench's own arguments to its parser.
    measure : callable
        Called with the arguments and a `Report`; returns the figures, in what JSON can hold.
    table : callable
        Lays the figures out for a terminal.
    """

    name: str
    help: str
    add_flags: Callable[[ArgumentParser], None]
    measure: Callable[[Namespace, Report], dict[str, Any]]
    table: Callable[[dict[str, Any]], "Table"]


BENCHES: Registry[Bench] = Registry("bench", Bench, "studies.bench", "linksim.benches")
"""Every bench, by name."""


def add_seconds(parser: ArgumentParser) -> None:
    """Add the flag that says how long each way is timed."""
    text = "shortest time for which each way is timed, in s (default 6)"
    parser.add_argument("--seconds", type=float, default=6.0, help=text)


def add_batch(parser: ArgumentParser) -> None:
    """Add the flags of benches that compute batches."""
    text = "blocks, each in a slot of its own, of a batch (default 256)"
    parser.add_argument("--batch", type=int, default=256, help=text)
    add_seconds(parser)


def add_snr(parser: ArgumentParser, default: Sequence[float]) -> None:
    """Add the flags of benches of batches at given SNRs."""
    shown = " ".join(f"{snr:g}" for snr in default)
    text = f"Es/N0 per resource element in dB, one or more (default {shown})"
    parser.add_argument("--snr", type=float, nargs="+", metavar="DB", default=default, help=text)
    add_batch(parser)


def add_clip(parser: ArgumentParser, default: str) -> None:
    """Add the flags of benches that code a clip."""
    text = f"media file or built-in clip that is coded (default {default})"
    parser.add_argument("--clip", default=default, help=text)
    add_seconds(parser)


def begin(args: Namespace) -> None:
    """Check the flags above, then load TensorFlow.

    Raises
    ------
    LinksimError
        If a number is out of range.
    """
    ranges = (("batch", 1, 65_536), ("seconds", 0.1, 3600))
    check_flags(args, (each for each in ranges if hasattr(args, each[0])))
    for snr in getattr(args, "snr", ()):
        check_range("--snr", snr, -50, 100)
    import_tensorflow()


def begin_with_clip(args: Namespace, *, audio: bool = True) -> "Clip":
    """Load the clip that ``--clip`` names, then `begin`.

    Raises
    ------
    LinksimError
        If the clip cannot be read, or lacks video, or audio unless that is not used.
    """
    from linksim.media import require
    from linksim.media.sources import load_clip

    clip = load_clip(args.clip)
    require(clip, f"'linksim bench {args.what}'", video=True, audio=audio)
    begin(args)
    return clip
