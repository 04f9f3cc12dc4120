"""H.265 video and PCM audio over the digital pipe."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from baselines import hevc, pcm
from baselines.digital import DigitalEndpoint
from linksim.endpoint import BitStream, Csi, Encoded, Received, ReceivedBits
from linksim.errors import unknown
from linksim.media import Clip, require
from linksim.options import check_range, option

PRESETS = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
)

# Pictures, fps as a fraction, width, height, GOP; samples, sample rate, samples per packet.
_SETUP = struct.Struct("<IIIHHHIIH")


@dataclass(frozen=True, kw_only=True)
class Traditional(DigitalEndpoint):
    """What a video call sends today: each frame a packet of H.265, each 100 samples one of PCM.

    ::

        frames ── x265 ─────── packet a frame ──▶ "video" ──▶ hevc, whole runs from IDR ──▶ frames
        audio ─── 16-bit PCM ─ packet a block ──▶ "audio" ──▶ repeat and fade over gaps ──▶ audio

    A clip without video or without audio sends the one stream that it has. With `audio_only` a
    clip's video is not sent.

    Raises
    ------
    LinksimError
        If an option lies outside its range.
    """

    name: ClassVar[str] = "traditional"

    crf: float = option(28.0, "x265 constant rate factor, 0 (best) to 51")
    bitrate: int | None = option(None, "video bit rate instead of crf", "bit/s")
    gop: int = option(25, "frames from one IDR picture to the next", "frame")
    preset: str = option("medium", "x265 preset, ultrafast to veryslow")
    samples_per_packet: int = option(100, "PCM samples in one packet, 2 bytes each", "sample")
    audio_only: bool = option(False, "true: the clip's video is not sent")

    def __post_init__(self) -> None:
        super().__post_init__()
        where = "scheme 'traditional': option"
        check_range(f"{where} 'crf'", self.crf, 0, 51)
        check_range(f"{where} 'gop'", self.gop, 1, 1000)
        check_range(f"{where} 'samples_per_packet'", self.samples_per_packet, 1, 32_000)
        if self.bitrate is not None:
            check_range(f"{where} 'bitrate'", self.bitrate, 1000, 10**9)
        if self.preset not in PRESETS:
            raise unknown("x265 preset", self.preset, PRESETS)

    def encode(self, clip: Clip, csi: Csi | None = None) -> Encoded:
        """Turn a clip into streams ``"video"`` and ``"audio"``, each where the clip has it.

        Raises
        ------
        LinksimError
            If the encoder refuses the pictures, or with `audio_only` the clip has no sound.
        """
        if self.audio_only:
            require(clip, "scheme 'traditional' with audio_only", audio=True)
            clip = Clip(audio=clip.audio, sample_rate=clip.sample_rate, name=clip.name)
        mcs = self.chosen_mcs(csi)
        streams = []
        if clip.frames is not None:
            rate = hevc.Rate(self.crf, self.bitrate)
            packets = hevc.encode(
                clip.frames, clip.fps, rate=rate, gop=self.gop, preset=self.preset
            )
            streams.append(BitStream("video", packets, mcs))
        if clip.audio is not None:
            packets = pcm.packetise(clip.audio, self.samples_per_packet)
            streams.append(BitStream("audio", packets, mcs))
        return Encoded(tuple(streams), self._setup(clip))

    def _setup(self, clip: Clip) -> bytes:
        count, height, width = (0, 0, 0) if clip.frames is None else clip.frames.shape[:3]
        fps = Fraction(0) if clip.fps is None else clip.fps
        samples = 0 if clip.audio is None else len(clip.audio)
        video = (count, fps.numerator, fps.denominator, width, height, self.gop)
        return _SETUP.pack(*video, samples, clip.sample_rate, self.samples_per_packet)

    def decode(self, received: Received) -> Clip:
        """Turn what arrived into a clip of the original length, lost parts concealed."""
        count, num, den, width, height, gop, samples, sample_rate, per_packet = _SETUP.unpack(
            received.setup
        )
        frames = audio = None
        if count:
            frames = hevc.decode(_packets(received, "video"), count, height, width, gop)
        if samples:
            audio = pcm.conceal(_packets(received, "audio"), samples, per_packet, sample_rate)
        return Clip(frames, Fraction(num, den) if count else None, audio, sample_rate, self.name)


def _packets(received: Received, name: str) -> dict[int, bytes]:
    stream = received.streams.get(name)
    return dict(stream.packets) if isinstance(stream, ReceivedBits) else {}
