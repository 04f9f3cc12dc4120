"""Types of command-line arguments, and checks that commands share."""

from argparse import ArgumentTypeError, Namespace
from pathlib import Path

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


def check_outputs(args: Namespace) -> None:
    """Find out before a long computation whether ``--json`` and ``--plot`` can be written.

    Raises
    ------
    LinksimError
        If one cannot, or the figure's suffix names no format.
    """
    from linksim.files import check_writable

    if args.plot and args.plot.suffix not in (".png", ".pdf", ".svg"):
        raise LinksimError(f"--plot {args.plot}: the name must end in .png, .pdf or .svg")
    for file in (args.json, args.plot):
        if file:
            check_writable(file)
