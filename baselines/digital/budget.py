"""Meet a budget of channel uses by the quality of an encoder, without simulating a link."""

from collections.abc import Callable

from linksim.endpoint import BitStream, Encoded
from linksim.errors import BudgetError
from linksim.link.accounting import channel_uses, frame_uses
from linksim.link.config import LinkConfig
from linksim.link.framing import OFFSET_BYTES
from linksim.phy.coding.mcs import Mcs

TOLERANCE = 0.05
"""Relative difference of channel uses up to which two schemes count as equal."""

CRF_STEP = 0.25
"""Finest step of a constant rate factor that SVT-AV1 has; x265 takes any number."""


def fit(
    encode: Callable[[float], Encoded], crf: tuple[float, float], budget: float, link: LinkConfig
) -> Encoded:
    """Return the encoding that comes nearest to a budget from below, by bisection.

    Where there is none within 5 % below, it is one within 5 % above. A clip that does not fill
    the budget even at the best quality is sent at that.

    Parameters
    ----------
    encode : callable
        Encodes at a constant rate factor; a pure function of it.
    crf : tuple of float
        Best and worst constant rate factor, least and greatest.
    budget : float
        Data channel uses, set-up included and pilots not.
    link : LinkConfig
        The link that is used.

    Raises
    ------
    BudgetError
        If no encoding comes within 5 %: the budget is too small for the clip, or the link's
        frames are too long for the budget.
    """
    best = round((crf[1] - crf[0]) / CRF_STEP)
    low, high = -1, best + 1  # greatest step known to fit, least known not to
    below = above = None
    while high - low > 1:
        step = (low + high) // 2
        encoded = encode(crf[1] - step * CRF_STEP)
        uses = channel_uses(encoded, link)
        if uses > budget:
            high, above = step, encoded
            continue
        low, below = step, encoded
        streams = [s for s in encoded.streams if isinstance(s, BitStream)]
        least = min(frame_uses(link.for_stream(s)) for s in streams)
        if budget - uses < min(least, TOLERANCE * budget):
            break  # there is no room for another frame
    if below and (low == best or channel_uses(below, link) >= (1 - TOLERANCE) * budget):
        return below
    if above and channel_uses(above, link) <= (1 + TOLERANCE) * budget:
        return above
    assert above is not None  # or the best quality had fitted
    raise _missed(below, above, budget, link)


def bit_rate(uses: float, mcs: Mcs | None, link: LinkConfig) -> float:
    """Return the bits a second of packets and their headers that channel uses a second carry.

    Parameters
    ----------
    uses : float
        Data channel uses a second.
    mcs : Mcs or None
        Modulation and code rate; None takes the link's.
    link : LinkConfig
        The link that is used.
    """
    block = link.code_block(mcs)
    return uses * 8 * (block.payload_bytes - OFFSET_BYTES) * block.per_frame / frame_uses(link)


def _missed(below: Encoded | None, above: Encoded, budget: float, link: LinkConfig) -> BudgetError:
    needed = f"{channel_uses(above, link)} channel uses"
    if below is None:
        return BudgetError(
            f"a budget of {budget:.0f} channel uses is too small: at the lowest quality it takes "
            f"{needed}; raise uses_per_pixel, or send less sound"
        )
    return BudgetError(
        f"a budget of {budget:.0f} channel uses cannot be met within {TOLERANCE:.0%}: it takes "
        f"{channel_uses(below, link)} or {needed}, and a frame of the link has "
        f"{frame_uses(link)}; raise uses_per_pixel, or interleave over fewer slots"
    )
