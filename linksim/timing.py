"""When the parts of a stream exist: captured, and ready to be sent.

::

    capture ──────────── look-ahead, framing ───────────▶ ready ── queue, air ──▶ arrival ≤ playout
    of the first sample or picture that a unit is needed for      playout = capture + delay budget

A unit is what is lost or late together: a packet, or a run of latents. All times are in seconds
from the start of the clip. Sample n of a sound exists from (n + 1) / rate on, as a converter gives
it, and picture i from i / fps on, the instant at which it is taken.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Times:
    """Times of the units of one stream.

    Parameters
    ----------
    captured_s : tuple of float
        When the first sample or picture that a unit is needed for was captured. It is played a
        delay budget later, so that a unit that comes after that is late.
    ready_s : tuple of float
        When the sender has everything that the unit depends on: the whole frame, look-ahead,
        gate, group of pictures and rate control included.

    Raises
    ------
    ValueError
        If the two differ in length, a unit is ready before it is captured, or one is before the
        one in front of it.
    """

    captured_s: tuple[float, ...]
    ready_s: tuple[float, ...]

    def __post_init__(self) -> None:
        captured, ready = (np.array(t, float) for t in (self.captured_s, self.ready_s))
        if captured.shape != ready.shape or (ready < captured).any():
            raise ValueError(
                "a unit needs a time of capture, and one not before it when it is ready"
            )
        if (np.diff(ready) < 0).any():
            raise ValueError("units must stand in the order in which they are ready")

    def __len__(self) -> int:
        return len(self.captured_s)

    @property
    def algorithmic_s(self) -> np.ndarray:
        """float64, [units]; algorithmic delay: framing and look-ahead of each unit, in s."""
        return np.array(self.ready_s, float) - np.array(self.captured_s, float)

    @classmethod
    def of_sound(
        cls, starts: Iterable[int], ends: Iterable[int], sample_rate: int, end: int
    ) -> "Times":
        """Return the times of units that carry samples from `starts` on and depend on some more.

        Parameters
        ----------
        starts : iterable of int
            First sample that each unit is needed for; those before the clip count as its first.
        ends : iterable of int
            Sample after the last that each unit depends on.
        sample_rate : int
            Samples per second in Hz.
        end : int
            Samples of the clip; what lies behind it is known when it ends.
        """
        captured = [min(max(start, 0), end) / sample_rate for start in starts]
        ready = [min(max(stop, 0), end) / sample_rate for stop in ends]
        return cls(tuple(captured), tuple(map(max, captured, ready)))

    @classmethod
    def of_pictures(cls, shown: Iterable[int], needed: Iterable[int], fps: float) -> "Times":
        """Return the times of units that are shown from picture `shown` on and wait for `needed`.

        Parameters
        ----------
        shown, needed : iterable of int
            First picture that each unit is needed for, and last that it depends on.
        fps : float
            Pictures per second.
        """
        return cls(tuple(i / float(fps) for i in shown), tuple(i / float(fps) for i in needed))

    @classmethod
    def at_end(cls, units: int, duration_s: float) -> "Times":
        """Return the times of units of an encoder that waits for the whole clip."""
        return cls((0.0,) * units, (duration_s,) * units)


@dataclass(frozen=True)
class Computing:
    """Time that computing took, the compilation of what ran for the first time included.

    Parameters
    ----------
    encode_s, transmit_s, decode_s : float
        Seconds of encoder, link and decoder.
    media_s : float
        Duration of the clip in s; 0 of a picture or text.
    """

    encode_s: float
    transmit_s: float
    decode_s: float
    media_s: float

    def per_second(self) -> dict[str, float]:
        """Return the seconds that each part took per second of media; nothing where it has none."""
        if not self.media_s:
            return {}
        parts = {"encode": self.encode_s, "link": self.transmit_s, "decode": self.decode_s}
        return {name: round(seconds / self.media_s, 3) for name, seconds in parts.items()}
