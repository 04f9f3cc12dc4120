"""16-bit PCM in packets, with lost packets concealed."""

from collections.abc import Mapping

import numpy as np

from linksim.timing import Times

HOLD_SECONDS = 0.010
SILENT_SECONDS = 0.060


def packetise(audio: np.ndarray, samples_per_packet: int) -> tuple[bytes, ...]:
    """Cut audio into packets of little-endian 16-bit PCM; the last may be shorter.

    Parameters
    ----------
    audio : np.ndarray
        float32, shape [N], in [-1, 1].
    samples_per_packet : int
        Samples in one packet, two bytes each.
    """
    pcm = np.clip(np.round(audio * 32768.0), -32768, 32767).astype("<i2")
    starts = range(0, len(pcm), samples_per_packet)
    return tuple(pcm[s : s + samples_per_packet].tobytes() for s in starts)


def times(audio: np.ndarray, samples_per_packet: int, sample_rate: int) -> Times:
    """Return the times of the packets of audio, [N], at a sample rate in Hz: none looks ahead."""
    starts = range(0, len(audio), samples_per_packet)
    ends = (start + samples_per_packet for start in starts)
    return Times.of_sound(starts, ends, sample_rate, len(audio))


def conceal(
    packets: Mapping[int, bytes], samples: int, samples_per_packet: int, sample_rate: int
) -> np.ndarray:
    """Put received packets together and fill the gaps.

    A gap repeats the last packet before it over and over: for 10 ms at full level, then 20 %
    of that less every 10 ms, silence from 60 ms on. That is the envelope of ITU-T G.711
    Appendix I; its pitch search is left out. A gap at the start is silence.

    Parameters
    ----------
    packets : mapping of int to bytes
        What arrived, by index.
    samples, samples_per_packet, sample_rate : int
        Length of the whole, of a packet, and samples per second.

    Returns
    -------
    np.ndarray
        float32, shape [samples], in [-1, 1].
    """
    audio = np.zeros(samples, np.float32)
    last = np.zeros(samples_per_packet, np.float32)
    lost = 0  # samples since the last good packet
    for index, start in enumerate(range(0, samples, samples_per_packet)):
        stretch = audio[start : start + samples_per_packet]
        packet = packets.get(index, b"")
        if len(packet) == 2 * len(stretch):
            stretch[:] = np.frombuffer(packet, "<i2").astype(np.float32) / 32768
            last, lost = stretch, 0
        else:
            ages = lost + np.arange(len(stretch))
            stretch[:] = last[ages % len(last)] * _gain(ages / sample_rate)
            lost += len(stretch)
    return audio


def _gain(age: np.ndarray) -> np.ndarray:
    return np.clip((SILENT_SECONDS - age) / (SILENT_SECONDS - HOLD_SECONDS), 0, 1)
