"""Sound of any length through the networks, a chunk at a time, as if it were one piece."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from semantic.asc.sizes import CHUNK_SECONDS, SAMPLE_RATE

if TYPE_CHECKING:
    from semantic.asc.model import AscModel

CONTEXT = 8
"""Frames on either side that may change a frame: convolutions, and the overlap of windows."""


def chunk_frames(hop: int) -> int:
    """Return how many frames of `hop` samples make a chunk."""
    return round(CHUNK_SECONDS * SAMPLE_RATE / hop)


def encode(model: "AscModel", audio: np.ndarray, snr_db: float, share: float) -> np.ndarray:
    """Return the latents of a signal.

    Parameters
    ----------
    model : AscModel
        Model whose encoder is used.
    audio : np.ndarray
        float32, [frames * hop], of unit mean power.
    snr_db, share : float
        What the encoder is told: mean Es/N0 in dB, and the share of latents that is sent.

    Returns
    -------
    np.ndarray
        float32, [frames + 1, latents].
    """
    frames = len(audio) // model.hop
    told = [np.array([value], np.float32) for value in (snr_db, share)]
    parts = []
    for first, last, start, stop in _chunks(frames + 1, model.hop):
        piece = audio[None, start * model.hop : stop * model.hop]
        latents = model.encoder([piece, *told], training=False)
        parts.append(np.asarray(latents)[0, first - start : last - start])
    return np.concatenate(parts)


def decode(model: "AscModel", latents: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """Return the signal of received latents.

    Parameters
    ----------
    model : AscModel
        Model whose decoder is used.
    latents, noise : np.ndarray
        float32, [frames + 1, latents]; as received, and the noise variance of each.
    snr_db : float
        SNR that the encoder was told, in dB.

    Returns
    -------
    np.ndarray
        float32, [frames * hop].
    """
    told = np.array([snr_db], np.float32)
    parts = []
    for first, last, start, stop in _chunks(len(latents) - 1, model.hop):
        piece = [x[None, start : stop + 1] for x in (latents, noise)]
        row = np.asarray(model.decoder([*piece, told], training=False))[0]
        parts.append(row[(first - start) * model.hop : (last - start) * model.hop])
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _chunks(frames: int, hop: int) -> Iterator[tuple[int, int, int, int]]:
    """Give first and last frame of each chunk, and of what the network has to see for it."""
    size = chunk_frames(hop)
    for first in range(0, frames, size):
        last = min(first + size, frames)
        yield first, last, max(0, first - CONTEXT), min(last + CONTEXT, frames)
