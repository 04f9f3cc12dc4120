"""Write the impulse responses of a channel model as a file that ``cir`` reads."""

from pathlib import Path

import numpy as np

from linksim.errors import LinksimError
from linksim.phy.channels.cir_file import write_cir
from linksim.phy.channels.multipath import Multipath
from linksim.phy.channels.registry import parse_channel
from linksim.phy.pilots import SYMBOLS_PER_SLOT, slot_duration
from linksim.seeding import seed_sionna

BATCH = 64
"""Realisations drawn at once; bounds memory."""


def export_channel(
    spec: str,
    path: Path,
    *,
    realisations: int,
    slots: int,
    subcarrier_spacing: float,
    seed: int,
) -> tuple[int, ...]:
    """Draw from a channel, once an OFDM symbol, and write what was drawn.

    Parameters
    ----------
    spec : str
        The channel, ``"name:key=value,…"``.
    path : Path
        ``.npz``, ``.h5`` or ``.hdf5``.
    realisations, slots : int
        Independent realisations, and the slots that each lasts for.
    subcarrier_spacing : float
        Subcarrier spacing in Hz, which sets the slots' duration.
    seed : int
        Seed of the draws.

    Returns
    -------
    tuple of int
        Realisations, receive antennas, transmit antennas, paths and times.

    Raises
    ------
    LinksimError
        If the channel is not one of paths.
    """
    channel = parse_channel(spec)
    if not isinstance(channel, Multipath):
        raise LinksimError(f"channel '{spec}' has no paths to write; it is flat over frequency")
    seed_sionna(seed)
    rate = SYMBOLS_PER_SLOT / slot_duration(subcarrier_spacing)
    drawn = []
    for start in range(0, realisations, BATCH):
        count = min(BATCH, realisations - start)
        a, tau = channel.paths(count, slots * SYMBOLS_PER_SLOT, rate)
        drawn.append((a.numpy()[:, 0, :, 0], tau.numpy()[:, 0, 0]))
    paths = max(tau.shape[1] for _, tau in drawn)
    a = np.concatenate([_widened(a, 3, paths) for a, _ in drawn])
    tau = np.concatenate([_widened(tau, 1, paths) for _, tau in drawn])
    write_cir(path, a, tau, rate)
    return a.shape


def _widened(values: np.ndarray, axis: int, size: int) -> np.ndarray:
    """Pad an axis with zeros; a model may draw fewer paths in one batch than in another."""
    widths = [(0, 0)] * values.ndim
    widths[axis] = (0, size - values.shape[axis])
    return np.pad(values, widths)
