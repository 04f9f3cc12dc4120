"""Forms of schemes for conversations, chosen by the delay that there may be."""

from dataclasses import replace
from typing import TypeVar

from linksim.endpoint import Endpoint
from linksim.errors import LinksimError

E = TypeVar("E", bound=Endpoint)


def low_delay_form(scheme: E, needs_s: float, budget_s: float) -> E:
    """Return a scheme with its option ``low_delay``.

    Parameters
    ----------
    scheme : Endpoint
        Scheme that has this option.
    needs_s, budget_s : float
        Seconds that its encoder waits for after a capture, and that there may be to playout.

    Raises
    ------
    LinksimError
        If there is less than it needs.
    """
    if budget_s < needs_s:
        raise LinksimError(
            f"scheme '{scheme.name}' needs {1e3 * needs_s:.0f} ms, more than the delay budget of "
            f"{1e3 * budget_s:g} ms"
        )
    return replace(scheme, low_delay=True)  # type: ignore[type-var]
