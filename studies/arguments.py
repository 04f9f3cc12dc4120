"""Types of command-line arguments, and checks that commands share."""

from argparse import ArgumentTypeError, Namespace
from pathlib import Path

from linksim.errors import LinksimError


def path(text: str) -> Path:
    """Return a path; an empty one, which an unset shell variable gives, is refused."""
    if not text.strip():
        raise ArgumentTypeError("the path is empty")
    return Path(text)


def check_outputs(args: Namespace) -> None:
    """Find out before a long computation whether ``--json`` and ``--plot`` can be written.

    Raises
    ------
    LinksimError
        If one cannot, or the figure's suffix names no format.
    """
    from studies.atomic import check_writable

    if args.plot and args.plot.suffix not in (".png", ".pdf", ".svg"):
        raise LinksimError(f"--plot {args.plot}: the name must end in .png, .pdf or .svg")
    for file in (args.json, args.plot):
        if file:
            check_writable(file)
