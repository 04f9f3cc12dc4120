"""H.265 or AV1 video, and PCM or Opus sound, over the bit link."""

import struct
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

import numpy as np

from baselines.digital import pcm
from baselines.digital.budget import bit_rate, fit
from linksim.endpoint import BitStream, Csi, Encoded, Received, ReceivedBits, SymbolStream
from linksim.errors import BudgetError, LinksimError, unknown
from linksim.link.config import link_of_option
from linksim.link.framing import HEADER_BYTES
from linksim.media import Clip, audio_of, require, video_of
from linksim.options import check_range, option
from linksim.streams import wideband
from linksim.streams.digital.av1 import AV1
from linksim.streams.digital.base import AUTO, MEAN, ROBUST, DigitalEndpoint
from linksim.streams.digital.hevc import HEVC
from linksim.streams.digital.opus import FRAME_MS, Opus
from linksim.streams.digital.sampling import restored, thinned
from linksim.streams.digital.video_codec import Rate, VideoCodec
from linksim.streams.showing import frames_late
from linksim.timing import Times

VIDEO_CODECS = {"h265": HEVC, "av1": AV1}
LEAST_BITRATE, MOST_BITRATE = 1000, 10**9
AUDIO_CODECS = ("pcm", "opus", "none")

# The set-up: codecs of video (from 1, 0 for none) and audio by their place above, then what
# each of them needs: pictures, fps as a fraction, width, height, GOP; samples, sample rate, samples
# per packet, or the set-up of Opus.
_CODECS = struct.Struct("<BB")
_VIDEO = struct.Struct("<IIIHHH")
_PCM = struct.Struct("<IIH")
_WHOLE = struct.Struct("<IHHB")  # pictures, height, width of the clip, and option 'every'
_THINNED = 0x80
"""What the number of the video codec has in addition where `_WHOLE` follows `_VIDEO`."""


@dataclass(frozen=True, kw_only=True)
class Traditional(DigitalEndpoint):
    """A video call of today: each frame a packet of H.265 or AV1, and sound by PCM or Opus.

    ::

        frames ── x265 or SVT-AV1 ── packet a frame ──▶ "video" ──▶ whole runs from IDR ──▶ frames
        audio ─── 16-bit PCM ─────── packet a block ──▶ "audio" ──▶ repeat and fade ──────▶ audio
              or  Opus ───────────── packet a frame ──▶ "audio" ──▶ its concealment ──────▶ audio

    A clip without video or without audio sends the one stream that it has. With `audio_only` a
    clip's video is not sent, with `audio` "none" its sound. H.265 has no B-frames, but looks
    ahead for its rate control; AV1 looks ahead by more than a second for its structure too.

    With `scale` and `every` pictures are smaller and fewer, see `linksim.streams.digital.sampling`.

    In low-delay form sound comes first, a packet waits for its samples, and a picture for
    nothing: neither quality nor bit rate is set by later ones. A picture that comes too late is
    decoded, for those after it, and not shown. With both `crf` and `bitrate` H.265 has that
    quality as long as it takes less than the bit rate.

    With `uses_per_pixel` the constant rate factor is searched for every clip, and under `mcs`
    "auto" for every state of the channel, so that the channel uses of all streams and the
    set-up, without pilots, come within 5 % of the budget, and below it if possible. A clip that
    is too simple to fill it gets the best quality. The search counts the uses of the link that
    `link` describes, which has to be the one that is used. Low delay allows for no search: the
    budget, without set-up and padding, is a bit rate at the MCS, of which video gets what sound
    leaves.

    Raises
    ------
    LinksimError
        If an option lies outside its range, or two contradict each other.
    """

    name: ClassVar[str] = "traditional"

    video: str = option(
        "h265", "video codec: h265, or av1 for fewer bits and a look-ahead of over a second"
    )
    crf: float | None = option(
        None,
        "constant rate factor: 0 (best) to 51 for h265, none for 28; 1 to 70 for av1, none for 50",
    )
    bitrate: int | None = option(None, "target bit rate of the video, instead of crf", "bit/s")
    uses_per_pixel: float | None = option(None, "budget of channel uses per pixel, instead of crf")
    link: str | None = option(
        None, "options of the link that uses_per_pixel and mcs=robust assume, key=value,…"
    )
    gop: int = option(25, "distance from one IDR picture to the next", "frame")
    scale: float = option(
        1.0, "factor of height and width at which pictures are sent, 0.25 to 1", later=True
    )
    every: int = option(1, "one in so many pictures is sent, and held until the next", later=True)
    preset: str | int | None = option(
        None, "preset: ultrafast to veryslow for h265, none for medium; 0 to 13 for av1, none for 6"
    )
    audio: str = option("pcm", "audio codec: pcm, opus or none")
    samples_per_packet: int = option(100, "size of a packet of PCM, 2 bytes a sample", "sample")
    opus_bitrate: int = option(24_000, "target bit rate of Opus, 6000 to 256000", "bit/s")
    opus_frame_ms: int = option(
        20, "length of an Opus frame, a packet each: 10, 20, 40 or 60", "ms"
    )
    audio_only: bool = option(False, "true to leave out the clip's video")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, known in (("video", VIDEO_CODECS), ("audio", AUDIO_CODECS)):
            if getattr(self, name) not in known:
                raise unknown(f"value of option '{name}'", getattr(self, name), known)
        where = "scheme 'traditional': option"
        for name, low, high in (
            ("crf", *self._codec.crf_range),
            ("bitrate", LEAST_BITRATE, MOST_BITRATE),
            ("uses_per_pixel", 1e-6, 100),
            ("gop", 1, 1000),
            ("scale", 0.25, 1),
            ("every", 1, 25),
            ("samples_per_packet", 1, 32_000),
            ("opus_bitrate", 6000, 256_000),
        ):
            if getattr(self, name) is not None:
                check_range(f"{where} '{name}'", getattr(self, name), low, high)
        if self.opus_frame_ms not in FRAME_MS:
            raise unknown("value of option 'opus_frame_ms'", self.opus_frame_ms, map(str, FRAME_MS))
        if self._preset not in self._codec.presets:
            raise unknown(f"{self._codec.name} preset", self._preset, self._codec.presets)
        self._check_together()

    def _check_together(self) -> None:
        where, budget = "scheme 'traditional':", self.uses_per_pixel is not None
        if budget and (self.crf, self.bitrate) != (None, None):
            raise LinksimError(f"{where} uses_per_pixel sets the rate; leave out crf and bitrate")
        if budget and self.mcs == AUTO:
            raise LinksimError(
                f"{where} uses_per_pixel needs an MCS that is known before anything is sent; have "
                f"mcs={MEAN}, {ROBUST} or link, not {AUTO}"
            )
        if self.low_delay and None not in (self.crf, self.bitrate) and self.video == "av1":
            raise LinksimError(
                f"{where} av1 cannot keep crf below a bit rate; leave out crf or bitrate"
            )
        if self.link is not None and not budget and self.mcs != ROBUST:
            raise LinksimError(
                f"{where} option 'link' is read with uses_per_pixel or mcs=robust only; give one"
            )
        if self.audio_only and (self.audio == "none" or budget):
            other = "uses_per_pixel" if budget else "audio=none"
            raise LinksimError(f"{where} audio_only sends no video; leave it out or {other}")
        link_of_option(self.link)

    @property
    def _codec(self) -> VideoCodec:
        return VIDEO_CODECS[self.video]

    @property
    def _preset(self) -> str:
        return self._codec.preset if self.preset is None else str(self.preset)

    @property
    def _opus(self) -> Opus:
        return Opus(
            bitrate=self.opus_bitrate,
            frame_ms=self.opus_frame_ms,
            mcs=self.mcs,
            link=self.link if self.mcs == ROBUST else None,
            low_delay=self.low_delay,
        )

    @property
    def delay_s(self) -> float:
        """Longest algorithmic delay of the low-delay form, in s: that of sound, at 16 kHz."""
        if self.audio == "opus":
            return self._opus.delay_s
        return self.samples_per_packet / wideband.RATE if self.audio == "pcm" else 0.0

    def encode(self, clip: Clip, csi: Csi | None = None) -> Encoded:
        """Turn a clip into streams ``"video"`` and ``"audio"``, each where the clip has it.

        Raises
        ------
        LinksimError
            If the encoder refuses the pictures, the clip has nothing of what is sent, or the
            budget cannot be met.
        """
        if self.uses_per_pixel is None:
            return self._encode(self._sent(clip), csi)
        frames, fps = video_of(clip, "scheme 'traditional' with uses_per_pixel")
        if self.low_delay:
            return self._at_bit_rate(clip, frames, float(fps), csi)
        budget = self.uses_per_pixel * np.prod(frames.shape[:3], dtype=float)

        def encode(crf: float) -> Encoded:
            link = self.link if self.mcs == ROBUST else None
            return replace(self, crf=crf, uses_per_pixel=None, link=link).encode(clip, csi)

        return fit(encode, self._codec.crf_range, budget, link_of_option(self.link))

    def _at_bit_rate(self, clip: Clip, frames: np.ndarray, fps: float, csi: Csi | None) -> Encoded:
        """Encode with the bit rate that the budget, at the MCS, leaves for video."""
        assert self.uses_per_pixel is not None
        header, sound, link = 8 * HEADER_BYTES, 0.0, link_of_option(self.link)
        if clip.audio is not None and self.audio == "opus":
            sound = self.opus_bitrate + 1000 * header / self.opus_frame_ms
        elif clip.audio is not None and self.audio == "pcm":
            sound = clip.sample_rate * (16 + header / self.samples_per_packet)
        uses = self.uses_per_pixel * np.prod(frames.shape[1:3], dtype=float) * fps
        whole = bit_rate(uses, self.fixed_mcs(csi, self.link), link)
        video = int(min(whole - sound - header * fps / self.every, MOST_BITRATE))
        if video < LEAST_BITRATE:
            raise BudgetError(
                f"a budget of {uses:.0f} channel uses a second carries {whole:.0f} bit/s, of which "
                f"sound takes {sound:.0f}; raise uses_per_pixel, or send less sound"
            )
        known = self.link if self.mcs == ROBUST else None
        form = replace(self, bitrate=video, uses_per_pixel=None, link=known)
        return form.encode(clip, csi)

    def _sent(self, clip: Clip) -> Clip:
        """Return what is sent of a clip."""
        if self.audio_only:
            require(clip, "scheme 'traditional' with audio_only", audio=True)
            return Clip(audio=clip.audio, sample_rate=clip.sample_rate, name=clip.name)
        if clip.frames is None:
            require(clip, "scheme 'traditional' without video", audio=True)
        if self.audio == "none":
            require(clip, "scheme 'traditional' with audio=none", video=True)
            return Clip(clip.frames, clip.fps, name=clip.name)
        return clip

    def _encode(self, clip: Clip, csi: Csi | None) -> Encoded:
        streams: list[BitStream | SymbolStream] = []
        setup, video, audio = b"", 0, "none"
        if clip.frames is not None and clip.fps is not None:
            crf = self._codec.crf if self.crf is None else self.crf
            capped = self.low_delay and None not in (self.crf, self.bitrate)
            rate = Rate(crf, self.bitrate, self.low_delay, capped)
            frames, fps = thinned(clip.frames, clip.fps, self.scale, self.every)
            packets = self._codec.encode(frames, fps, rate=rate, gop=self.gop, preset=self._preset)
            shown = range(0, len(clip.frames), self.every)
            times = Times.of_pictures(shown, shown, float(clip.fps)) if self.low_delay else None
            stream = self.stream("video", packets, csi, self.link, times, keep_late=self.low_delay)
            streams.append(stream)
            count, height, width = frames.shape[:3]
            setup += _VIDEO.pack(count, *fps.as_integer_ratio(), width, height, self.gop)
            video = 1 + list(VIDEO_CODECS).index(self.video)
            if (self.scale, self.every) != (1.0, 1):
                setup += _WHOLE.pack(*clip.frames.shape[:3], self.every)
                video |= _THINNED
        if clip.audio is not None:
            sound = self._encode_sound(clip, csi)
            streams = [*sound.streams, *streams] if self.low_delay else [*streams, *sound.streams]
            setup += sound.setup
            audio = self.audio
        return Encoded(tuple(streams), _CODECS.pack(video, AUDIO_CODECS.index(audio)) + setup)

    def _encode_sound(self, clip: Clip, csi: Csi | None) -> Encoded:
        if self.audio == "opus":
            return self._opus.encode(clip, csi)
        samples = audio_of(clip, "scheme 'traditional' with audio=pcm")
        packets = pcm.packetise(samples, self.samples_per_packet)
        setup = _PCM.pack(len(samples), clip.sample_rate, self.samples_per_packet)
        times = pcm.times(samples, self.samples_per_packet, clip.sample_rate)
        stream = self.stream("audio", packets, csi, self.link, times if self.low_delay else None)
        return Encoded((stream,), setup)

    def decode(self, received: Received) -> Clip:
        """Turn what arrived into a clip of the original length, lost parts concealed."""
        video, audio = _CODECS.unpack_from(received.setup)
        setup = received.setup[_CODECS.size :]
        frames = fps = sound = None
        if video:
            count, num, den, width, height, gop = _VIDEO.unpack_from(setup)
            codec = list(VIDEO_CODECS.values())[(video & ~_THINNED) - 1]
            stream = received.streams.get("video")
            came = stream if isinstance(stream, ReceivedBits) else ReceivedBits("video", {})
            packets, late = {**came.late, **came.packets}, frames_late(came, num / den)
            frames = codec.decode(packets, count, height, width, gop, late)
            fps, setup = Fraction(num, den), setup[_VIDEO.size :]
            if video & _THINNED:
                *shape, every = _WHOLE.unpack_from(setup)
                frames, fps = restored(frames, (*shape,), every), fps * every
                setup = setup[_WHOLE.size :]
        if AUDIO_CODECS[audio] != "none":
            sound = _decode_sound(AUDIO_CODECS[audio], Received(setup, received.streams))
        if sound is None:
            return Clip(frames, fps, name=self.name)
        return Clip(frames, fps, sound.audio, sound.sample_rate, self.name)


def _decode_sound(codec: str, received: Received) -> Clip:
    if codec == "opus":
        return Opus().decode(received)
    samples, sample_rate, per_packet = _PCM.unpack(received.setup)
    stream = received.streams.get("audio")
    packets = dict(stream.packets) if isinstance(stream, ReceivedBits) else {}
    sound = pcm.conceal(packets, samples, per_packet, sample_rate)
    return Clip(audio=sound, sample_rate=sample_rate)
