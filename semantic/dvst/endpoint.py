"""The video codec as an endpoint: pictures as latents over the symbol link, side information over
the digital one, and sound by the audio codec."""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linksim.endpoint import (
    BitStream,
    Csi,
    Encoded,
    Received,
    ReceivedBits,
    ReceivedSymbols,
    SymbolStream,
)
from linksim.errors import unknown
from linksim.link.accounting import channel_uses, frame_uses, stream_uses
from linksim.link.config import link_of_option
from linksim.link.cqi import select_mcs, spectral_efficiency
from linksim.media import Clip, require
from linksim.options import check_range, option
from linksim.streams.conversation import Conversational
from linksim.streams.protection import reported_snr_db, side_stream
from linksim.streams.showing import frames_late
from semantic.asc.endpoint import Asc
from semantic.asc.low_delay import DELAY_S
from semantic.dvst.bitstream.conditions import (
    ETA,
    REFERENCE_SNR,
    adapted_eta,
    adapted_precision,
    trained_snr_db,
)
from semantic.dvst.showing import longest, shown

if TYPE_CHECKING:
    from semantic.dvst.bitstream.codec import Codec
    from semantic.dvst.bitstream.gop import Conditions, FrameCode

VIDEO, SIDE = "video", "side"
PRESETS = ("compact", "paper")
SOUNDS = ("asc", "none")
ABLATIONS = ("rate", "snr")
PRECISION = 0.55
"""Precision of hyper-latents at 10 dB: how finely they are quantised."""

# Frames, fps as a fraction, width, height, SNR in dB, eta, precision, whether sound follows.
_SETUP = struct.Struct("<IIIHHfff?")
SETUP_BYTES = _SETUP.size
"""Size of the set-up of video, which that of sound follows."""


@dataclass(frozen=True, kw_only=True)
class Dvst(Conversational):
    """Deep video semantic transmission, after the DVST codec of the Wav2Vid paper.

    ::

        frames ─▶ encoder ─┬─ latent symbols ─ interleave a group ─▶ "video" ─▶ decoder ─▶ frames
                           └─ rates, hyper-latents ─ range coder ───▶ "side" ───▶┘
        sound ──▶ ASC at its highest rate ──────────────────────────▶ "audio" ───────────▶ sound

    Eta, the latent reals sent per bit of information, follows the fed-back SNR, and so do the
    precision and the MCS of side information, which goes by the estimator of `link` too. With
    `uses_per_pixel` eta is searched so that video, its side information and the set-up stay
    within a budget; the search counts the uses of the link that `link` describes. A frame whose
    side information is lost repeats the last good one, and so do those after it until the next
    without reference; a scene cut brings one at once. The receiver delays by a group of
    pictures; with `low_delay` each is sent by itself, see `semantic.dvst.bitstream.low_delay`, and
    `uses_per_pixel` is met in the mean over a second, as far as the video can be had for it.

    Raises
    ------
    LinksimError
        If an option lies outside its range, or two contradict each other.
    """

    name: ClassVar[str] = "dvst"
    uses_csi = True

    eta: float = option(ETA, "latent reals sent per bit of information, at 10 dB")
    uses_per_pixel: float | None = option(None, "channel uses of video per pixel, instead of eta")
    link: str | None = option(None, "what is known of the link: its options, key=value,…")
    gop: int = option(38, "frames from one without reference to the next", "frame")
    audio: str = option("asc", "asc, at 1 channel use per sample, or none")
    preset: str = option("compact", "network: compact or paper")
    weights: str | None = option(
        None, "file of weights to use instead of the shipped ones", file=True
    )
    without: str | None = option(None, "part left out, to see what it is worth: rate or snr")

    def __post_init__(self) -> None:
        where = "scheme 'dvst': option"
        ranges = (("eta", 0.005, 8.0), ("uses_per_pixel", 1e-4, 10.0), ("gop", 1, 1000))
        for name, low, high in ranges:
            if (value := getattr(self, name)) is not None:
                check_range(f"{where} '{name}'", value, low, high)
        for name, known in (("audio", SOUNDS), ("preset", PRESETS), ("without", ABLATIONS)):
            if getattr(self, name) not in (None, *known):
                raise unknown(f"value of option '{name}'", getattr(self, name), known)
        link_of_option(self.link)

    @property
    def delay_s(self) -> float:
        """Algorithmic delay of the low-delay form in s: pictures wait for nothing, but sound."""
        return DELAY_S if self.audio == "asc" else 0.0

    def encode(self, clip: Clip, csi: Csi | None = None) -> Encoded:
        """Turn a clip into streams ``"video"`` and ``"side"``, and ``"audio"`` if it has sound.

        Raises
        ------
        LinksimError
            If there is no video, its budget is too small, or there are no weights.
        """
        require(clip, "scheme 'dvst'", video=True)
        sounds = self.audio == "asc" and clip.has_audio
        if self.low_delay:
            assert clip.frames is not None
            coded = self.encode_pictures(clip, np.arange(len(clip.frames)), csi, sounds=sounds)
        else:
            reported = reported_snr_db(csi)
            frames, conditions = self._code(clip, self._start(reported), reported)
            coded = self._encoded(clip, frames, conditions, reported, sounds=sounds)
        if not sounds:
            return coded
        sound = Asc(rate="high", low_delay=self.low_delay).encode(
            Clip(audio=clip.audio, sample_rate=clip.sample_rate, name=clip.name), csi
        )
        parts = (sound, coded) if self.low_delay else (coded, sound)  # the first has priority
        return Encoded(parts[0].streams + parts[1].streams, coded.setup + sound.setup)

    def encode_pictures(
        self, clip: Clip, places: np.ndarray, csi: Csi | None, *, sounds: bool = False
    ) -> Encoded:
        """Turn some pictures of a clip, int [n], into streams, each as it comes, without sound."""
        from semantic.dvst.bitstream.bucket import Bucket
        from semantic.dvst.bitstream.low_delay import coded, streams_of

        assert clip.frames is not None
        assert clip.fps is not None
        start, bucket = self._start(reported_snr_db(csi)), None
        if self.uses_per_pixel is not None:
            uses, sizes = self.uses_per_pixel * clip.frames[0, ..., 0].size, self._codec.model.sizes
            bucket = Bucket(uses, round(clip.fps), spectral_efficiency(select_mcs(csi)), sizes)
        numbers = places.tolist()
        then = [csi.at(number / float(clip.fps)) if csi else None for number in numbers]
        known = [self._start(reported_snr_db(report)) for report in then]
        pictures = list(coded(self._codec, clip.frames[places], known, self.gop, bucket))
        streams = streams_of(pictures, numbers, float(clip.fps), (SIDE, VIDEO))
        return Encoded(streams, self._setup(clip, len(clip.frames), start, sounds=sounds))

    def encode_start(
        self, clip: Clip, csi: Csi | None, fits: Callable[[Encoded], bool]
    ) -> Encoded | None:
        """Turn as many frames from the start of a clip into streams as may be, without sound.

        Parameters
        ----------
        clip : Clip
            Clip with video.
        csi : Csi or None
            What was fed back.
        fits : callable
            Whether an encoding is short enough; of fewer frames it is shorter.

        Returns
        -------
        Encoded or None
            None if not even one frame fits.
        """
        reported = reported_snr_db(csi)
        frames, conditions = self._code(clip, self._start(reported), reported)

        def code(count: int) -> Encoded:
            return self._encoded(clip, frames[:count], conditions, reported, sounds=False)

        return longest(len(frames), code, fits)

    def _start(self, reported: float) -> "Conditions":
        from semantic.dvst.bitstream.gop import Conditions

        snr_db = trained_snr_db(reported)
        # Without rate adaptation rates are as for one SNR; without conditioning the networks are
        # told one.
        rated = REFERENCE_SNR if self.without == "rate" else snr_db
        return Conditions(
            REFERENCE_SNR if self.without == "snr" else snr_db,
            adapted_eta(self.eta, rated),
            adapted_precision(PRECISION, rated),
        )

    def _encoded(
        self,
        clip: Clip,
        frames: "list[FrameCode]",
        conditions: "Conditions",
        reported: float,
        *,
        sounds: bool,
    ) -> Encoded:
        """Return the streams and the set-up of video; the set-up says whether sound follows."""
        setup = self._setup(clip, len(frames), conditions, sounds=sounds)
        return Encoded(self._streams(frames, conditions, reported), setup)

    def _setup(self, clip: Clip, count: int, conditions: "Conditions", *, sounds: bool) -> bytes:
        assert clip.frames is not None
        assert clip.fps is not None
        height, width = clip.frames.shape[1:3]
        told = (conditions.snr_db, conditions.eta, conditions.precision)
        return _SETUP.pack(count, *clip.fps.as_integer_ratio(), width, height, *told, sounds)

    def _code(
        self, clip: Clip, start: "Conditions", snr_db: float
    ) -> "tuple[list[FrameCode], Conditions]":
        from semantic.dvst.bitstream.rate_control import Budget, Spent, fit

        def code(frames: np.ndarray, conditions: "Conditions") -> "list[FrameCode]":
            return list(self._codec.sender(frames, conditions, self.gop))

        assert clip.frames is not None
        if self.uses_per_pixel is None:
            return code(clip.frames, start), start
        link = link_of_option(self.link)

        def cost(codes: "Sequence[FrameCode]", conditions: "Conditions") -> Spent:
            streams = self._streams(codes, conditions, snr_db)
            total = channel_uses(Encoded(streams, bytes(_SETUP.size)), link)
            return Spent(total, stream_uses(streams[0], link))

        uses = self.uses_per_pixel * np.prod(clip.frames.shape[:3], dtype=float)
        budget = Budget(uses, frame_uses(link), code, cost, self._codec.model.sizes)
        return fit(budget, clip.frames, start, probe=self.gop)

    def _streams(
        self, frames: "Sequence[FrameCode]", conditions: "Conditions", snr_db: float
    ) -> tuple[BitStream, SymbolStream]:
        from semantic.dvst.bitstream.stream import check_length, packets_of, symbols_of

        check_length(frames)
        packets = packets_of(self._codec.model, frames, conditions)
        side = side_stream(SIDE, packets, snr_db, link_of_option(self.link))
        return side, SymbolStream(VIDEO, symbols_of(frames))

    def decode(self, received: Received) -> Clip:
        """Turn what arrived into a clip of the original length; mid-grey until there is a frame."""
        count, num, den, width, height, *_, sounds = _SETUP.unpack_from(received.setup)
        late = frames_late(received.streams.get(SIDE), num / den)
        pictures = self.decode_pictures(received)
        frames, origins, warnings = shown(pictures, late, (count, height, width))
        sound = None
        if sounds:
            sound = Asc(rate="high", low_delay=self.low_delay).decode(
                Received(received.setup[_SETUP.size :], received.streams)
            )
        return Clip(
            frames,
            Fraction(num, den),
            sound.audio if sound else None,
            sound.sample_rate if sound else Clip.sample_rate,
            name=self.name,
            origins=origins,
            warnings=warnings,
        )

    def decode_pictures(self, received: Received) -> Iterator[np.ndarray | None]:
        """Give pictures in turn, uint8 [H, W, 3], late ones too; None for lost; last may lack."""
        from semantic.dvst.bitstream import low_delay, stream
        from semantic.dvst.bitstream.gop import Conditions

        count, _, _, width, height, *told, _ = _SETUP.unpack_from(received.setup)
        side, video = received.streams.get(SIDE), received.streams.get(VIDEO)
        if not (isinstance(side, ReceivedBits) and isinstance(video, ReceivedSymbols)):
            return
        codec, conditions = self._codec, Conditions(*told)
        size = (-(-height // 16), -(-width // 16))
        sent = ({**side.packets, **side.late}, video.latents, video.noise_variance)
        if self.low_delay:
            arrived = low_delay.arrived(codec, *sent, size)
        else:
            arrived = stream.frames_of(codec.model, *sent, conditions, count, size)
        yield from codec.receiver(arrived, conditions, (height, width))

    @property
    def _codec(self) -> "Codec":
        # Keras is loaded when it is needed, not when schemes are listed.
        from semantic.dvst.bitstream.codec import codec_of
        from semantic.training.weights import path_of

        path = Path(self.weights) if self.weights else path_of("dvst", self.preset)
        return codec_of(self.preset, path)
