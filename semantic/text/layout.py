"""Layout of the latents of a text: whole slots, filled with copies that fade independently."""

import numpy as np

from linksim.streams.combining import combine
from linksim.streams.interleaving import interleaver

SLOT_USES = 864
"""Data resource elements of a slot of 72 subcarriers."""


def slots_of(characters: int, uses: float, least: int) -> int:
    """Return the slots of a text.

    Parameters
    ----------
    characters : int
        Length of the text; one of none takes no slot.
    uses : float
        Channel uses of a character, at least: what is left of the last slot is filled as well.
    least : int
        Least number of slots of a text, as each meets a channel of its own.
    """
    return max(least, int(np.ceil(characters * uses / SLOT_USES))) if characters else 0


def kept_of(characters: int, slots: int, latents: int) -> int:
    """Return how many latents of a character are sent, the first ones of so many; even."""
    return min(latents, 2 * (slots * SLOT_USES // characters))


def held_of(pairs: int, slots: int) -> np.ndarray:
    """Return which pair of latents each channel use holds, int64, [slots * 864].

    Every pair is sent equally often, the first ones once more. Copies and neighbours land 0.38
    of the whole apart.
    """
    uses = slots * SLOT_USES
    copies = np.full(pairs, uses // pairs)
    copies[: uses % pairs] += 1
    held = np.empty(uses, np.int64)
    held[interleaver(uses)] = np.repeat(np.arange(pairs), copies)
    return held


def combined(
    latents: np.ndarray, noise_variance: np.ndarray, held: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best linear estimate of each latent from all its copies, and the trust in it.

    As `semantic.text.combining.combine`, for as many copies as there happen to be.

    Parameters
    ----------
    latents, noise_variance : np.ndarray
        float32, [2 * uses]; as received, the latents having been of unit power.
    held : np.ndarray
        int64, [uses], of `held_of`.

    Returns
    -------
    estimate, trust : np.ndarray
        float32, [pairs, 2].
    """
    value = (2 * held[:, None] + np.arange(2)).reshape(-1)
    matched, precision = combine(latents, noise_variance, value)
    estimate, trust = matched / (1.0 + precision), precision / (1.0 + precision)
    return estimate.astype(np.float32).reshape(-1, 2), trust.astype(np.float32).reshape(-1, 2)
