"""The envelope of sound as packets, each of which can be decoded by itself.

::

    levels ─ ÷ step ─ round ─ entropy coder ─▶ a packet for each block of 32 frames
"""

from collections.abc import Mapping, Sequence

import numpy as np

from baselines.analog.envelope import BLOCK_FRAMES, Envelope
from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.framing import frames_for
from linksim.phy.coding.codes.ldpc import LDPC
from linksim.phy.coding.mcs import Mcs
from linksim.phy.pilots import PILOT_SYMBOLS, SYMBOLS_PER_SLOT
from linksim.streams import range_coder as entropy

STEP_DB = 20.0
"""Quantiser step of the orthonormal transform in dB, which leaves 3 dB rms in the level of a band
in speech. Finer steps sound worse: what they add is less than the frames that they take."""

MCS = Mcs("qpsk", LDPC.min_rate)
"""MCS of the packets: the most robust one that the link has."""

_LAPLACE = 0.7
"""Mean magnitude of the transform's numbers over their typical size, in speech."""


def quantised(levels: np.ndarray) -> np.ndarray:
    """Return levels, float64, [blocks, kept] in dB, as a receiver of all packets decodes them."""
    return STEP_DB * np.round(levels / STEP_DB)


def to_packets(levels: np.ndarray, envelope: Envelope) -> tuple[bytes, ...]:
    """Return a packet for each block of levels, float64, shape [blocks, kept], in dB."""
    symbols = np.round(levels / STEP_DB).astype(int)
    return tuple(entropy.encode(block, _model(envelope)) for block in symbols)


def from_packets(packets: Mapping[int, bytes], blocks: int, envelope: Envelope) -> np.ndarray:
    """Return the levels of all blocks, those of lost packets guessed.

    A lost block gets the mean spectrum of its neighbours, interpolated between those on both
    sides and held at either end, without what changes within a block. If nothing arrived, all
    bands have the mean power of the sound.

    Parameters
    ----------
    packets : mapping of int to bytes
        What arrived, by the index of its block.
    blocks : int
        How many were sent.
    envelope : Envelope
        The same envelope as at the transmitter.

    Returns
    -------
    np.ndarray
        float64, shape [blocks, kept], in dB.
    """
    arrived = {i: _levels(packets[i], envelope) for i in range(blocks) if i in packets}
    known = {i: levels for i, levels in arrived.items() if levels is not None}
    if not known:
        return envelope.forward(np.ones((blocks * BLOCK_FRAMES, envelope.bins)))
    levels = np.zeros((blocks, len(envelope.scale)))
    for number in np.flatnonzero(envelope.steady):
        column = [block[number] for block in known.values()]
        levels[:, number] = np.interp(np.arange(blocks), list(known), column)
    levels[list(known)] = list(known.values())
    return levels


def frames_of(packets: Sequence[bytes], frame_uses: int, slot_uses: int) -> int:
    """Return how many frames of a link with code blocks of a slot the packets take.

    Parameters
    ----------
    packets : sequence of bytes
        What is sent.
    frame_uses, slot_uses : int
        Data channel uses of a frame and of a slot of the link.
    """
    return frames_for(packets, _link(frame_uses, slot_uses).code_block(MCS))


def check_slot(frame_uses: int, slot_uses: int) -> None:
    """Raise `LinksimError` unless a link has frames and slots of these channel uses."""
    per_subcarrier = SYMBOLS_PER_SLOT - len(PILOT_SYMBOLS)
    if slot_uses < 1 or slot_uses % per_subcarrier or frame_uses % slot_uses:
        raise LinksimError(
            f"scheme 'analog': option 'frame_uses' must be a multiple of option 'slot_uses', and "
            f"that of {per_subcarrier}, not {frame_uses} and {slot_uses}; set both as the link has"
        )
    frames_of([b""], frame_uses, slot_uses)  # raises if no link has such a grid


def _link(frame_uses: int, slot_uses: int) -> LinkConfig:
    return LinkConfig(
        subcarriers=slot_uses // (SYMBOLS_PER_SLOT - len(PILOT_SYMBOLS)),
        interleave_slots=frame_uses // slot_uses,
    )


def _levels(packet: bytes, envelope: Envelope) -> np.ndarray | None:
    """Return one block's levels; None if they cannot be what was sent."""
    try:
        return STEP_DB * entropy.decode(packet, envelope.scale.shape, _model(envelope))
    except LinksimError:
        return None


def _model(envelope: Envelope) -> entropy.Laplace:
    return entropy.Laplace(0.0, _LAPLACE * envelope.scale / STEP_DB)
