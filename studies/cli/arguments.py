"""Arguments that commands share: their types, flags, checks and outputs."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

from linksim.errors import LinksimError


def path(text: str) -> Path:
    """Return a path; an empty one, which an unset shell variable gives, is refused."""
    if not text.strip():
        raise ArgumentTypeError("the path is empty")
    return Path(text)


def pairs(flag: str, items: list[str]) -> dict[str, str]:
    """Split what a flag was given, ``key=value`` each time.

    Raises
    ------
    LinksimError
        If one is not of that form, or a key is given twice.
    """
    found: dict[str, str] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise LinksimError(f"{flag} {item}: not of the form key=value")
        if key.strip() in found:
            raise LinksimError(f"{flag} {item}: '{key.strip()}' is given twice")
        found[key.strip()] = value.strip()
    return found


def add_link_flags(parser: Any, *names: str, **settings: Any) -> None:
    """Add flags for fields of `linksim.link.config.LinkConfig`, see `linksim.options.add_flags`."""
    from linksim.flags import add_flags
    from linksim.link.config import LinkConfig

    add_flags(parser, LinkConfig, names, **settings)


def add_snr(parser: ArgumentParser, default: str) -> None:
    """Add the flag of the SNRs of a sweep, which `studies.spec.snr.parse_snr` reads."""
    text = f"Es/N0 per resource element in dB, start:stop:step or a list (default {default})"
    parser.add_argument("--snr", default=default, help=text)


def add_seed(parser: ArgumentParser, what: str = "all that is random") -> None:
    """Add the flag of a seed."""
    parser.add_argument("--seed", type=int, default=1, help=f"seed of {what} (default 1)")


def add_longest(parser: ArgumentParser) -> None:
    """Add the flag of the longest clip that is read."""
    from linksim.media.limits import LONGEST

    text = f"refuse clips that are longer than this in s (default {LONGEST:.0f})"
    parser.add_argument("--longest", type=float, default=LONGEST, metavar="SECONDS", help=text)


def add_json(parser: ArgumentParser) -> None:
    """Add the flag of the file that gets the results, see `write_json`."""
    text = "JSON file to write the results to"
    parser.add_argument("--json", type=path, metavar="FILE", help=text)


def add_plot(parser: ArgumentParser) -> None:
    """Add the flag of the file that gets the figure."""
    text = "figure to draw, a .png, .pdf or .svg file"
    parser.add_argument("--plot", type=path, metavar="FILE", help=text)


def check_outputs(args: Namespace) -> None:
    """Find out before a long computation whether ``--json`` and ``--plot`` can be written.

    Raises
    ------
    LinksimError
        If one cannot, or the figure's suffix names no format.
    """
    from linksim.files import check_writable

    plot = getattr(args, "plot", None)
    if plot and plot.suffix not in (".png", ".pdf", ".svg"):
        raise LinksimError(f"--plot {plot}: the name must end in .png, .pdf or .svg")
    for file in (args.json, plot):
        if file:
            check_writable(file)


def write_json(file: Path, document: Any) -> None:
    """Write results as JSON; the file appears whole or not at all."""
    import json

    from linksim.files import write_text

    write_text(file, json.dumps(document, indent=1) + "\n")
