"""Sound as analogue symbols: a lapped transform, shaped by its envelope, without any bits."""

import struct
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from baselines.analog import mdct
from baselines.analog.envelope import Envelope
from baselines.analog.envelope_packets import (
    MCS,
    check_slot,
    frames_of,
    from_packets,
    quantised,
    to_packets,
)
from baselines.analog.frames import FrameCodec
from baselines.analog.repetition import Repetition
from linksim.endpoint import (
    BitStream,
    Csi,
    Encoded,
    Received,
    ReceivedBits,
    ReceivedSymbols,
    SymbolStream,
)
from linksim.errors import LinksimError, unknown
from linksim.media import Clip, audio_of
from linksim.options import check_range, option
from linksim.streams import wideband
from linksim.streams.conversation import Conversational
from linksim.timing import Times

HOP = 256
"""Samples of a frame: 16 ms."""

BIN_HZ = wideband.RATE / 2 / HOP

FORMS = {"mse": 0.5, "envelope": 1.0}
"""Exponent p of each form: a coefficient of variance v is divided by v^(p/2)."""

SIDE_INFORMATION = ("analog", "digital")

ENVELOPE_SHARE = 0.2
"""Share of the symbols that is spent on the envelope, where it is analogue."""

BANDWIDTH_HZ = 10_000
"""Bandwidth sent at one channel use per sample, and in proportion: 1.25 copies or more of each
coefficient gain more from fading than the coefficients above would add."""

COPIES = 1.25
"""Fewest reals for each coefficient beside a digital envelope, for the same reason."""

LEAST_DIGITAL_USES = 0.05
"""Fewest channel uses per sample with which the packets of a digital envelope, of one band if
need be, stay within the budget."""

# Samples, sample rate in Hz, bins, digital, exponent p, power of the sound and of what is shaped.
_SETUP = struct.Struct("<IIH?fff")
_CALL = struct.Struct("<IIHIf")  # samples, sample rate in Hz, bins, symbols of a frame, exponent p


@dataclass(frozen=True, kw_only=True)
class Analog(Conversational):
    """Linear analogue transmission of sound at a given number of channel uses.

    ::

        audio ─ MDCT ─┬─ ÷ envelope^(p/2) ──────────┬─ repeat, interleave ─────▶ "audio"
                      └─ envelope ─ DCT ─ ÷ size^½ ─┘
                              digital: └─ round ─ entropy coder ─ packets ──▶ "envelope"

        "audio" ─ combine copies ─┬─ MMSE ─ envelope ─────┐
                                  └─ MMSE ─ x env^(p/2) ──┴─ inverse MDCT ──▶ audio

    Form "mse" (p = ½) allots power so that the mean squared error is least (Lee and Petersen,
    "Optimal linear coding for vector channels", IEEE Trans. Commun. 24(12), 1976; SoftCast
    does it for video). With "envelope" (p = 1) all bands and frames get equal power, so that
    the noise takes the shape of the sound.

    Side information is analogue too, by default: digital packets of it are lost in deep fading, at
    low SNR most of them, and with it all that they describe. With "digital" a packet for each half
    second, at QPSK and code rate 1/5, takes frames from the symbols; what a lost one described
    is guessed from the packets around it, or taken to be as loud as the sound in the mean if
    there are none (see `baselines.analog.envelope_packets.from_packets`).

    What is not sent is what lies above a bandwidth that follows from `uses_per_sample`, and
    from what a digital envelope leaves of it, known from the set-up. The budget is cut to whole
    frames of the link; one is left to the set-up, and at least one is used for each stream.
    How many frames packets fill is known for code blocks that fill a slot, which is the link's
    default. The latency is that of the whole clip. A clip's video is not sent.

    In low-delay form each frame of the transform, 32 ms of sound of which 16 are new, is a unit
    with its own envelope, see `baselines.analog.frames.FrameCodec`: its two parts are repeated and
    interleaved within it alone, and its power is its own. All units are of one size, so that
    the budget, here without set-up, is kept all the time and not only in the mean.

    Raises
    ------
    LinksimError
        If an option lies outside its range.
    """

    name: ClassVar[str] = "analog"

    form: str = option(
        "mse",
        "power allotment: mse for the least squared error, envelope for noise shaped as the sound",
    )
    uses_per_sample: float = option(
        1.0, "budget of channel uses per 16 kHz sample, set-up included"
    )
    frame_uses: int = option(
        864, "data channel uses of an interleaver frame of the link, by default one slot"
    )
    side_information: str = option("analog", "transmission of the envelope: analog or digital")
    slot_uses: int = option(864, "data channel uses of a slot of the link, for a digital envelope")

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise unknown("value of option 'form'", self.form, FORMS)
        if self.side_information not in SIDE_INFORMATION:
            raise unknown(
                "value of option 'side_information'", self.side_information, SIDE_INFORMATION
            )
        least = LEAST_DIGITAL_USES if self._digital else 0.02
        for name, low, high in (("uses_per_sample", least, 16), ("frame_uses", 1, 10**7)):
            check_range(f"scheme 'analog': option '{name}'", getattr(self, name), low, high)
        if self._digital and self.low_delay:
            raise LinksimError(
                "scheme 'analog': packets of a digital envelope wait for half a second of sound; "
                "have side_information=analog in a conversation"
            )
        if self._digital:
            check_slot(self.frame_uses, self.slot_uses)

    def encode(self, clip: Clip, csi: Csi | None = None) -> Encoded:
        """Turn the sound of a clip into ``"audio"`` and, if it is digital, ``"envelope"``.

        Raises
        ------
        LinksimError
            If the clip has no sound, or it is not finite.
        """
        sound = audio_of(clip, "scheme 'analog'")
        audio = wideband.to_core(clip, "scheme 'analog'")
        if self.low_delay:
            return self._encode_frames(audio, len(sound), clip.sample_rate)
        power = float(np.mean(audio**2))
        unit = audio / np.sqrt(power) if power else audio
        exponent = FORMS[self.form]
        coefficients = mdct.analyse(unit, HOP)
        budget = max(int(len(audio) * self.uses_per_sample) // self.frame_uses - 1, 1)
        bins, packets, frames = self._share(coefficients, budget)
        coefficients = coefficients[:, :bins]
        envelope = Envelope(bins, BIN_HZ)
        levels = envelope.forward(coefficients)
        if self._digital:
            levels = quantised(levels)
        # The receiver has no more than the kept part, so the sender does not use more either.
        variance = envelope.inverse(levels, len(coefficients))
        shaped = coefficients / variance ** (exponent / 2)
        shaped_power = float(np.mean(shaped**2)) or 1.0
        values = [_in_turn(shaped / np.sqrt(shaped_power))]
        if not self._digital:
            values.insert(0, _in_turn(levels / _level_scale(envelope)))
        symbols = 2 * self.frame_uses * frames
        repetition = _repetition(len(coefficients), envelope, symbols, self._digital)
        latents = repetition.repeat(np.concatenate(values)).astype(np.float32)
        streams: list[BitStream | SymbolStream] = [SymbolStream("audio", latents)]
        if self._digital:
            streams.append(BitStream("envelope", packets, MCS))
        format_ = (len(sound), clip.sample_rate, bins, self._digital)
        return Encoded(tuple(streams), _SETUP.pack(*format_, exponent, power, shaped_power))

    def decode(self, received: Received) -> Clip:
        """Turn what arrived into a clip of the original length."""
        if len(received.setup) == _CALL.size:
            return self._decode_frames(received)
        setup = _SETUP.unpack(received.setup)
        samples, sample_rate, bins, digital, exponent, power, shaped_power = setup
        core = wideband.length(samples, sample_rate, wideband.RATE)
        stream = received.streams.get("audio")
        audio = np.zeros(core)
        if isinstance(stream, ReceivedSymbols):
            envelope = Envelope(bins, BIN_HZ)
            frames = mdct.frames(core, HOP)
            repetition = _repetition(frames, envelope, len(stream.latents), digital)
            matched, precision = repetition.combine(stream.latents, stream.noise_variance)
            count = frames * bins
            if digital:
                packets = received.streams.get("envelope")
                arrived = packets.packets if isinstance(packets, ReceivedBits) else {}
                levels = from_packets(arrived, envelope.blocks(frames), envelope)
            else:
                levels = _levels(matched[:-count], precision[:-count], envelope)
            variance = envelope.inverse(levels, frames)
            prior = _in_turn(variance ** (1 - exponent) / shaped_power)
            shaped = _mmse(matched[-count:], precision[-count:], prior).reshape(bins, frames).T
            coefficients = np.zeros((frames, HOP))
            coefficients[:, :bins] = shaped * variance ** (exponent / 2)
            audio = mdct.synthesise(coefficients, core) * np.sqrt(power * shaped_power)
        return wideband.to_clip(audio, wideband.RATE, samples, sample_rate, self.name)

    @property
    def delay_s(self) -> float:
        """Algorithmic delay of the low-delay form, in s, where sound is at 16 kHz."""
        return 2 * HOP / wideband.RATE

    def _encode_frames(self, audio: np.ndarray, samples: int, sample_rate: int) -> Encoded:
        """Encode sound at 16 kHz, of that many samples before conversion, frame by frame."""
        bins, symbols = self._bins, int(2 * HOP * self.uses_per_sample)
        codec = FrameCodec(bins, BIN_HZ, FORMS[self.form], symbols)
        units = codec.encode(mdct.analyse(audio, HOP)[:, :bins]).astype(np.float32)
        starts = (
            wideband.played_from(HOP * (n - 1), wideband.RATE, sample_rate)
            for n in range(len(units))
        )
        ends = (wideband.needed(HOP * (n + 1), sample_rate) for n in range(len(units)))
        times = Times.of_sound(starts, ends, sample_rate, samples)
        stream = SymbolStream("audio", units.reshape(-1), (symbols,) * len(units), times)
        return Encoded((stream,), _CALL.pack(samples, sample_rate, bins, symbols, codec.exponent))

    def _decode_frames(self, received: Received) -> Clip:
        samples, sample_rate, bins, symbols, exponent = _CALL.unpack(received.setup)
        core = wideband.length(samples, sample_rate, wideband.RATE)
        coefficients = np.zeros((mdct.frames(core, HOP), HOP))
        stream = received.streams.get("audio")
        if isinstance(stream, ReceivedSymbols):
            codec = FrameCodec(bins, BIN_HZ, exponent, symbols)
            units = (run.reshape(-1, symbols) for run in (stream.latents, stream.noise_variance))
            coefficients[:, :bins] = codec.decode(*units)
        audio = mdct.synthesise(coefficients, core)
        return wideband.to_clip(audio, wideband.RATE, samples, sample_rate, self.name)

    @property
    def _bins(self) -> int:
        return min(HOP, max(1, round(BANDWIDTH_HZ * self.uses_per_sample / BIN_HZ)))

    @property
    def _digital(self) -> bool:
        return self.side_information == "digital"

    def _share(self, coefficients: np.ndarray, frames: int) -> tuple[int, tuple[bytes, ...], int]:
        """Return the bins, the packets of a digital envelope and the frames left for symbols."""
        bins = self._bins
        if not self._digital:
            return bins, (), frames
        while True:
            envelope = Envelope(bins, BIN_HZ)
            packets = to_packets(envelope.forward(coefficients[:, :bins]), envelope)
            left = frames - frames_of(packets, self.frame_uses, self.slot_uses)
            if 2 * self.frame_uses * left >= COPIES * bins * len(coefficients) or bins == 1:
                return bins, packets, max(left, 1)
            bins = int(0.97 * bins)


def _repetition(frames: int, envelope: Envelope, symbols: int, digital: bool) -> Repetition:
    """Return how envelope and coefficients share the symbols; low bands come first in both."""
    if digital:
        return Repetition(((frames * envelope.bins, symbols),))
    described = max(1, round(ENVELOPE_SHARE * symbols))
    levels = envelope.blocks(frames) * len(envelope.scale)
    return Repetition(((levels, described), (frames * envelope.bins, symbols - described)))


def _levels(matched: np.ndarray, precision: np.ndarray, envelope: Envelope) -> np.ndarray:
    """Return the levels that analogue symbols told, float64, [blocks, kept]."""
    prior = np.repeat(envelope.scale / envelope.scale.mean(), len(matched) // len(envelope.scale))
    levels = _mmse(matched, precision, prior)
    return levels.reshape(len(envelope.scale), -1).T * _level_scale(envelope)


def _level_scale(envelope: Envelope) -> np.ndarray:
    """Return what levels are divided by, [kept]: optimal power allotment, unit power in all."""
    return np.sqrt(envelope.scale * envelope.scale.mean())


def _in_turn(values: np.ndarray) -> np.ndarray:
    """Order [time, index] so that the first indices of all times come first."""
    return values.T.reshape(-1)


def _mmse(matched: np.ndarray, precision: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return the linear least-squared-error estimate of values of known variance."""
    return prior * matched / (1 + prior * precision)
