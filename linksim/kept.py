"""Results that are kept until what they were made of has changed."""

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def kept(
    maxsize: int, state: Callable[..., Hashable]
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a function be computed once for the same arguments and the same state of what they name.

    Parameters
    ----------
    maxsize : int
        Results that are kept.
    state : callable
        Takes the arguments of the function; tells what they name, such as a file, apart from what
        it was before.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @lru_cache(maxsize=maxsize)
        def known(state: Hashable, *args: Any, **named: Any) -> T:
            del state  # by which what has changed is another
            return function(*args, **named)

        @wraps(function)
        def call(*args: P.args, **named: P.kwargs) -> T:
            return known(state(*args, **named), *args, **named)  # type: ignore[arg-type]

        return call

    return decorate
