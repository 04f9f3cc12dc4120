"""A rate that is met as pictures come: a leaky bucket, by which eta and precision are chosen.

::

    channel uses of a picture ─▶ bucket ─ leaks at the rate ─▶ what is left ─▶ eta of the next
    side information among them ─▶ mean over a second ─▶ too much? ─▶ precision, sparing ─▶
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from semantic.dvst.bitstream.gop import Conditions, FrameCode
from semantic.dvst.bitstream.rate_control import (
    AIM,
    ETAS,
    MIN_PRECISION,
    MOST_SIDE,
    MOST_SPARING,
    symbols_at,
)
from semantic.dvst.networks.sizes import LatentSizes

MOST = 3.0
"""Channel uses of one picture over those of a mean one: more would come late where a link has no
more to give than the rate."""

LEAST = 0.1
"""Channel uses of one picture over those of a mean one that a full bucket leaves it."""

CHANGE = 1.05
"""Factor by which precision changes from picture to picture where side information takes too
much."""


class Bucket:
    """What has been spent beyond a rate, and what the next picture may spend.

    Parameters
    ----------
    uses : float
        Channel uses of a picture in the mean.
    pictures : int
        Pictures of a second, over which the mean is taken.
    efficiency : float
        Bits of side information to a channel use.
    sizes : mapping
        Sizes of each part of a frame.
    """

    def __init__(
        self, uses: float, pictures: int, efficiency: float, sizes: Mapping[str, LatentSizes]
    ) -> None:
        self._uses, self._pictures, self._efficiency = AIM * uses, max(pictures, 1), efficiency
        self._sizes = sizes
        self._over = 0.0  # spent beyond the rate so far
        self._side = 0.0  # of a picture in the mean
        self._last = {True: 0.0, False: 0.0}  # of a picture without reference, and of another
        self._seen = 0

    def limited(self, code: FrameCode, conditions: Conditions) -> Conditions | None:
        """Return conditions of a picture that would take too much under its own; None if it fits.

        Parameters
        ----------
        code : FrameCode
            Picture as it was coded.
        conditions : Conditions
            What it was coded for.
        """
        # Its side information is taken to be that of the last of its kind; of the first, none.
        most = max(MOST * self._uses - self._last[code.intra], LEAST * self._uses)
        if code.symbols.size / 2 <= most or conditions.eta <= ETAS[0]:
            return None
        return self._at(code, conditions, conditions, AIM * most)

    def next(self, code: FrameCode, conditions: Conditions, packet: bytes) -> Conditions:
        """Count a picture with its packet, and return the conditions of the one that follows."""
        side, sent = 8 * len(packet) / self._efficiency, code.symbols.size / 2
        self._last[code.intra] = side
        self._seen += 1
        self._side += (side - self._side) / min(self._seen, self._pictures)
        # Credit is not kept for longer than a second.
        self._over = max(self._over + side + sent - self._uses, -self._pictures * self._uses)
        after = self._with_less_side(conditions)
        if code.intra:
            return after  # of which nothing can be told for pictures with a reference
        wanted = self._uses - self._over / (self._pictures / 2)
        wanted = float(np.clip(wanted, LEAST * self._uses, MOST * self._uses))
        return self._at(code, conditions, after, wanted - self._side)

    def _at(
        self, code: FrameCode, before: Conditions, conditions: Conditions, uses: float
    ) -> Conditions:
        """Return conditions under which the symbols of a picture, coded under those `before`, take
        so many channel uses.
        """
        etas = np.geomspace(*ETAS, 60)
        predicted = [
            symbols_at(self._sizes, [code], replace(conditions, eta=eta)) for eta in etas.tolist()
        ]
        # What prediction and truth differ by where it was coded is taken over.
        here = symbols_at(self._sizes, [code], before)
        factor = code.symbols.size / 2 / here if here and code.symbols.size else 1.0
        eta = float(np.interp(max(uses, 1.0) / factor, predicted, etas))
        return replace(conditions, eta=eta)

    def _with_less_side(self, conditions: Conditions) -> Conditions:
        if self._side <= MOST_SIDE * self._uses:
            return conditions
        if conditions.precision > MIN_PRECISION:
            return replace(conditions, precision=conditions.precision / CHANGE)
        sparing = min(conditions.sparing * CHANGE**2, MOST_SPARING)
        return replace(conditions, sparing=sparing)
