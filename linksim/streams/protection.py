"""Unequal error protection: MCS and interleaver depth at which hardly any of a stream is lost."""

import functools
import math
from itertools import product

from linksim.endpoint import BitStream, Csi
from linksim.link.accounting import stream_uses
from linksim.link.config import LinkConfig
from linksim.link.cqi import spectral_efficiency
from linksim.link.theory import ergodic_limit_db
from linksim.phy.coding.mcs import CQI_TABLE, Mcs
from linksim.phy.estimators import ESTIMATORS

SCHEMES = (Mcs("qpsk", 0.2), *CQI_TABLE)
"""MCSs to choose from. The first has the lowest code rate of 5G LDPC without repetition."""

DEPTHS = range(2, 65)
"""Interleaver depths to choose from, in slots; whole frames of so many are filled up, so any may
fit."""

MARGIN_DB = 2.0
MARGIN_DB_ONE_SLOT = 16.0
"""Dividing the latter by the root of the depth and adding the former gives how far above the
ergodic limit, in dB, less than about 1 % of blocks are lost: over 8, 24 and 48 slots of
Rayleigh fading, QPSK to 64QAM lost that little from 7, 5 and 4 dB above it on."""

SNR_WITHOUT_CSI = 5.0
"""Mean Es/N0 in dB that is assumed where nothing was fed back."""


def reported_snr_db(csi: Csi | None) -> float:
    """Return the mean Es/N0 in dB that the transmitter knows of."""
    return SNR_WITHOUT_CSI if csi is None or math.isnan(csi.snr_db) else csi.snr_db


def side_stream(
    name: str, packets: tuple[bytes, ...], snr_db: float, link: LinkConfig
) -> BitStream:
    """Return packets with the MCS and the depth that take the fewest channel uses.

    Parameters
    ----------
    name : str
        Name of the stream.
    packets : tuple of bytes
        Packets to be sent.
    snr_db : float
        Mean Es/N0 in dB that the transmitter knows of.
    link : LinkConfig
        Link as the transmitter knows it.

    Returns
    -------
    BitStream
        At the most robust MCS where none is robust enough.
    """
    needed = {
        (mcs, depth): needed_snr_db(mcs, depth, link.estimator)
        for mcs, depth in product(SCHEMES, DEPTHS)
    }
    choices = [choice for choice in needed if needed[choice] <= snr_db]
    # The more robust of equals.
    mcs, depth = min(
        choices or product(SCHEMES[:1], DEPTHS),
        key=lambda choice: (stream_uses(BitStream(name, packets, *choice), link), needed[choice]),
    )
    return BitStream(name, packets, mcs, depth)


def prompt_mcs(snr_db: float, link: LinkConfig) -> Mcs:
    """Return the fastest MCS that is robust enough at the link's own depth, or the most robust.

    Parameters are those of `side_stream`. It takes no look at the packets, for a conversation, in
    which those to come are not known.
    """
    depth = link.interleave_slots
    enough = [m for m in SCHEMES if needed_snr_db(m, depth, link.estimator) <= snr_db]
    return max(enough or SCHEMES[:1], key=spectral_efficiency)


def needed_snr_db(mcs: Mcs, depth: int, estimator: str) -> float:
    """Return the mean Es/N0 in dB from which on an MCS is taken to be robust enough."""
    margin = MARGIN_DB + MARGIN_DB_ONE_SLOT / math.sqrt(depth)
    return _limit_db(spectral_efficiency(mcs)) + margin + ESTIMATORS[estimator].loss_db


_limit_db = functools.cache(ergodic_limit_db)
