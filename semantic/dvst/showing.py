"""How many pictures from the start of a clip may be sent."""

from collections.abc import Callable

from linksim.endpoint import Encoded


def longest(
    count: int, code: Callable[[int], Encoded], fits: Callable[[Encoded], bool]
) -> Encoded | None:
    """Return the encoding of the most frames, of `count` at most, that fits; None if none does."""
    found, low, high = None, 0, count + 1  # known to fit, known not to
    while high - low > 1:
        # All of it first: often it fits.
        tried = high - 1 if high > count else (low + high) // 2
        coded = code(tried)
        if fits(coded):
            found, low = coded, tried
        else:
            high = tried
    return found
