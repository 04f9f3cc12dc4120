"""Errors that are answers: one clear line, exit code 2."""

import warnings
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache


class LinksimError(ValueError):
    """Bad input. The message is one line that names the culprit and the remedy."""


class BudgetError(LinksimError):
    """A budget of channel uses that cannot be met, as the channel is known to be."""


class LinksimWarning(UserWarning):
    """What a result leaves out, in one line that says what to do about it."""


def unknown(kind: str, name: object, known: Iterable[str]) -> LinksimError:
    """Return the error for a name that no registry has, with the nearest known one.

    Parameters
    ----------
    kind : str
        What was looked up, e.g. ``"channel"``.
    name : object
        The name that was asked for.
    known : iterable of str
        The names that exist.
    """
    names = sorted(known)
    near = get_close_matches(str(name).lower(), names, n=1, cutoff=0.4)
    remedy = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names)}"
    return LinksimError(f"unknown {kind} '{name}'; {remedy}")


@lru_cache(maxsize=1024)
def warn_once(message: str) -> None:
    """Warn in one line, unless that was done before."""
    warnings.warn(" ".join(message.split()), LinksimWarning, stacklevel=2)
