"""Types of command-line arguments."""

from argparse import ArgumentTypeError
from pathlib import Path


def path(text: str) -> Path:
    """Return a path; an empty one, which an unset shell variable gives, is refused."""
    if not text.strip():
        raise ArgumentTypeError("the path is empty")
    return Path(text)
