"""Opus sound over the bit link."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import av
import numpy as np

from linksim.endpoint import Csi, Encoded, Received, ReceivedBits
from linksim.errors import LinksimError, unknown
from linksim.link.config import link_of_option
from linksim.media import Clip, audio_of
from linksim.options import check_range, option
from linksim.streams import wideband
from linksim.streams.digital.base import ROBUST, DigitalEndpoint
from linksim.timing import Times

APPLICATIONS = {"audio": 0.0065, "voip": 0.0065, "lowdelay": 0.0025}
"""Goals of the encoder, and what it looks ahead for each of them in s."""

FRAME_MS = (10, 20, 40, 60)

DECODER_RATE = 48_000
"""Samples per second of libopus' decoder in FFmpeg, whatever the sound, in Hz."""

# Samples, sample rate in Hz, milliseconds a packet, encoder delay in samples at 48 kHz.
_SETUP = struct.Struct("<IIBH")

_FRAMES_IN_PACKET = 0b11  # of the first byte; 0 stands for one frame (RFC 6716, 3.1)
_FULL_SCALE = 32768.0


@dataclass(frozen=True, kw_only=True)
class Opus(DigitalEndpoint):
    """Opus as calls use it, one packet a frame, wide band.

    ::

        audio ─ 16 kHz ─ libopus ─ packet a frame ──▶ "audio" ──▶ libopus, its concealment ──▶ audio

    Variable bit rate around `bitrate`, without in-band error correction (FFmpeg's decoder
    cannot use it). A clip's video is not sent.

    The encoder is causal in any case; in low-delay form its packets have times. A packet waits
    for its frame, and what the encoder looks ahead, 2.5 or 6.5 ms, makes its sound come later.
    Filters that convert the sample rate add 10 samples at the lower rate: at the decoder, which
    runs at 48 kHz, and at the encoder unless the clip is at 16 kHz.

    Raises
    ------
    LinksimError
        If an option lies outside its range.
    """

    name: ClassVar[str] = "opus"

    bitrate: int = option(24_000, "target bit rate, 6000 to 256000", "bit/s")
    frame_ms: int = option(20, "length of the sound in a packet: 10, 20, 40 or 60", "ms")
    application: str = option(
        "audio",
        "goal of the encoder: audio for fidelity, voip for speech, lowdelay for 4 ms less",
    )
    link: str | None = option(None, "options of the link that mcs=robust assumes, key=value,…")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("scheme 'opus': option 'bitrate'", self.bitrate, 6000, 256_000)
        if self.frame_ms not in FRAME_MS:
            raise LinksimError(
                f"scheme 'opus': option 'frame_ms' must be 10, 20, 40 or 60, not {self.frame_ms}"
            )
        if self.link is not None and self.mcs != ROBUST:
            raise LinksimError(
                "scheme 'opus': option 'link' is read with mcs=robust only; give both"
            )
        link_of_option(self.link)
        if self.application not in APPLICATIONS:
            raise unknown("value of option 'application'", self.application, APPLICATIONS)

    def encode(self, clip: Clip, csi: Csi | None = None) -> Encoded:
        """Turn the sound of a clip into one stream, ``"audio"``.

        Raises
        ------
        LinksimError
            If the clip has no sound, or it is not finite.
        """
        sound = audio_of(clip, "scheme 'opus'")
        audio = wideband.to_core(clip, "scheme 'opus'")
        encoder = self._encoder()
        pre_skip = int.from_bytes(encoder.extradata[10:12], "little")  # RFC 7845, 5.1
        frame = wideband.RATE * self.frame_ms // 1000
        count = _packets_for(len(audio), self.frame_ms, pre_skip)
        padded = np.pad(np.clip(audio, -1, 1), (0, count * frame - len(audio)))
        packets = []
        for start in range(0, len(padded), frame):
            packets += encoder.encode(_sound(padded[start : start + frame], start))
        setup = _SETUP.pack(len(sound), clip.sample_rate, self.frame_ms, pre_skip)
        times = self._times(count, pre_skip, len(sound), clip.sample_rate)
        sent = self.stream("audio", tuple(map(bytes, packets)), csi, self.link, times)
        return Encoded((sent,), setup)

    @property
    def delay_s(self) -> float:
        """Longest algorithmic delay of the low-delay form, in s, where sound is at 16 kHz."""
        filtered = -wideband.played_from(0, DECODER_RATE, wideband.RATE) / wideband.RATE
        return self.frame_ms / 1e3 + APPLICATIONS[self.application] + filtered

    def _times(self, count: int, pre_skip: int, samples: int, sample_rate: int) -> Times | None:
        """Return when packets are needed and ready in low-delay form.

        The decoder gives what is in packet n from sample n `frame` - `pre_skip` on, at 48 kHz.
        """
        if not self.low_delay:
            return None
        frame = DECODER_RATE * self.frame_ms // 1000
        heard = (n * frame - pre_skip for n in range(count))
        starts = (wideband.played_from(h, DECODER_RATE, sample_rate) for h in heard)
        core = (n * wideband.RATE * self.frame_ms // 1000 for n in range(1, count + 1))
        ends = (wideband.needed(c, sample_rate) for c in core)
        return Times.of_sound(starts, ends, sample_rate, samples)

    def _encoder(self) -> Any:
        encoder = av.CodecContext.create("libopus", "w")
        encoder.sample_rate, encoder.format, encoder.layout = wideband.RATE, "flt", "mono"
        encoder.bit_rate = self.bitrate
        encoder.options = {"application": self.application, "frame_duration": str(self.frame_ms)}
        encoder.open()
        return encoder

    def decode(self, received: Received) -> Clip:
        """Turn what arrived into a clip of the original length, lost packets concealed."""
        samples, sample_rate, frame_ms, pre_skip = _SETUP.unpack(received.setup)
        stream = received.streams.get("audio")
        packets = stream.packets if isinstance(stream, ReceivedBits) else {}
        core = wideband.length(samples, sample_rate, wideband.RATE)
        count = _packets_for(core, frame_ms, pre_skip)
        audio = _decode(packets, count, DECODER_RATE * frame_ms // 1000)[pre_skip:]
        return wideband.to_clip(audio, DECODER_RATE, samples, sample_rate, self.name)


def _packets_for(samples: int, frame_ms: int, pre_skip: int) -> int:
    """Return how many packets hold the sound and what the encoder's delay pushes out of it."""
    at_decoder = samples * DECODER_RATE // wideband.RATE + pre_skip
    return -(-at_decoder // (DECODER_RATE * frame_ms // 1000))


def _sound(samples: np.ndarray, start: int) -> av.AudioFrame:
    sound = av.AudioFrame.from_ndarray(
        samples[None].astype(np.float32), format="flt", layout="mono"
    )
    sound.sample_rate, sound.pts = wideband.RATE, start
    return sound


def _decode(packets: Mapping[int, bytes], count: int, frame: int) -> np.ndarray:
    """Decode `count` packets of `frame` samples, float32, shape [count * frame], at 48 kHz.

    A frame of no bytes stands for a lost one (RFC 6716, 3.2.1), and libopus conceals it.
    Before the first packet there is silence.
    """
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = DECODER_RATE, "mono"
    audio = np.zeros((count, frame), np.float32)
    last = b""
    for index in range(count):
        packet = packets.get(index, b"")
        sound = _play(decoder, packet)
        if len(sound) == frame:
            last = packet
        elif last:
            empty = bytes([last[0] & ~_FRAMES_IN_PACKET])
            times = frame // _frame_samples(empty)
            sound = np.concatenate([_play(decoder, empty) for _ in range(times)])
        if len(sound) == frame:
            audio[index] = sound
    return audio.reshape(-1)


def _play(decoder: Any, packet: bytes) -> np.ndarray:
    """Return what one packet sounds like, float64, shape [n]; n = 0 if it is none."""
    try:
        sound = [f.to_ndarray() for f in decoder.decode(av.Packet(packet))] if packet else []
    except av.error.FFmpegError:
        sound = []
    return np.concatenate([np.zeros(0), *(s[0] for s in sound)]) / _FULL_SCALE


def _frame_samples(packet: bytes) -> int:
    """Return the length of one frame at 48 kHz (RFC 6716, 3.1, table 2)."""
    config = packet[0] >> 3
    if config < 12:
        return (480, 960, 1920, 2880)[config % 4]
    return (480, 960)[config % 2] if config < 16 else (120, 240, 480, 960)[config % 4]
