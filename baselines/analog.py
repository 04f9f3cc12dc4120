"""Sound as analogue symbols: a lapped transform, shaped by its envelope, without any bits."""

import struct
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from baselines import mdct, wideband
from baselines.envelope import Envelope
from baselines.spreading import Spreading
from linksim.endpoint import Csi, Encoded, Endpoint, Received, ReceivedSymbols, SymbolStream
from linksim.errors import unknown
from linksim.media import Clip
from linksim.options import check_range, option

HOP = 256
"""Samples of a frame: 16 ms."""

BIN_HZ = wideband.RATE / 2 / HOP

FORMS = {"mse": 0.5, "envelope": 1.0}
"""Exponent p of each form: a coefficient of variance v is divided by v^(p/2)."""

ENVELOPE_SHARE = 0.2
"""Share of the symbols that carries the envelope."""

BANDWIDTH_HZ = 10_000
"""Bandwidth sent at one channel use per sample, and in proportion: 1.25 copies or more of each
coefficient gain more from fading than the coefficients above would add."""

# Samples, sample rate in Hz, bins, exponent p, power of the sound and of what is shaped.
_SETUP = struct.Struct("<IIHfff")


@dataclass(frozen=True, kw_only=True)
class Analog(Endpoint):
    """Linear analogue transmission of sound at a given number of channel uses.

    ::

        audio ─ MDCT ─┬─ ÷ envelope^(p/2) ──────────┬─ spread over all fades ──▶ "audio"
                      └─ envelope ─ DCT ─ ÷ size^½ ─┘

        "audio" ─ combine copies ─┬─ MMSE ─ envelope ─────┐
                                  └─ MMSE ─ x env^(p/2) ──┴─ inverse MDCT ──▶ audio

    Form "mse" (p = ½) allots power so that the mean squared error is least (Lee and Petersen,
    "Optimal linear coding for vector channels", IEEE Trans. Commun. 24(12), 1976; SoftCast
    does it for video). With "envelope" (p = 1) all bands and frames get equal power, so that
    the noise takes the shape of the sound.

    Side information is analogue too: digital packets of it fail in a fade, at low SNR most
    of them, and with it all that they describe. What is not sent is what lies above a
    bandwidth that follows from `uses_per_sample`, known from the set-up. The budget is cut to
    whole frames of the link; one is left to the set-up, and at least one is used. The latency
    is that of the whole clip. A clip's video is not sent.

    Raises
    ------
    LinksimError
        If an option lies outside its range.
    """

    name: ClassVar[str] = "analog"

    form: str = option("mse", "mse: least squared error; envelope: noise shaped like the sound")
    uses_per_sample: float = option(1.0, "channel uses per 16 kHz sample, set-up included")
    frame_uses: int = option(864, "data channel uses of a frame of the link, a slot by default")

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise unknown("value of option 'form'", self.form, FORMS)
        for name, low, high in (("uses_per_sample", 0.02, 16), ("frame_uses", 1, 10**7)):
            check_range(f"scheme 'analog': option '{name}'", getattr(self, name), low, high)

    def encode(self, clip: Clip, csi: Csi | None = None) -> Encoded:
        """Turn the sound of a clip into one stream, ``"audio"``.

        Raises
        ------
        LinksimError
            If the clip has no sound, or it is not finite.
        """
        audio = wideband.to_core(clip, "scheme 'analog'")
        power = float(np.mean(audio**2))
        unit = audio / np.sqrt(power) if power else audio
        bins, exponent = self._bins(), FORMS[self.form]
        coefficients = mdct.analyse(unit, HOP)[:, :bins]
        envelope = Envelope(bins, BIN_HZ)
        levels = envelope.forward(coefficients)
        # The receiver has no more than the kept part, so the sender does not use more either.
        variance = envelope.inverse(levels, len(coefficients))
        shaped = coefficients / variance ** (exponent / 2)
        shaped_power = float(np.mean(shaped**2)) or 1.0
        values = np.concatenate(
            [
                _in_turn(levels / _level_scale(envelope)),
                _in_turn(shaped / np.sqrt(shaped_power)),
            ]
        )
        symbols = self._symbols(len(audio))
        latents = _spreading(len(coefficients), envelope, symbols).spread(values)
        setup = _SETUP.pack(len(clip.audio), clip.sample_rate, bins, exponent, power, shaped_power)
        return Encoded((SymbolStream("audio", latents.astype(np.float32)),), setup)

    def decode(self, received: Received) -> Clip:
        """Turn what arrived into a clip of the original length."""
        samples, sample_rate, bins, exponent, power, shaped_power = _SETUP.unpack(received.setup)
        core = wideband.length(samples, sample_rate, wideband.RATE)
        stream = received.streams.get("audio")
        audio = np.zeros(core)
        if isinstance(stream, ReceivedSymbols):
            envelope = Envelope(bins, BIN_HZ)
            frames = mdct.frames(core, HOP)
            spreading = _spreading(frames, envelope, len(stream.latents))
            matched, precision = spreading.combine(stream.latents, stream.noise_variance)
            (count, _), _ = spreading.groups
            prior = np.repeat(
                envelope.spread / envelope.spread.mean(), count // len(envelope.spread)
            )
            levels = _mmse(matched[:count], precision[:count], prior)
            levels = levels.reshape(len(envelope.spread), -1).T * _level_scale(envelope)
            variance = envelope.inverse(levels, frames)
            prior = _in_turn(variance ** (1 - exponent) / shaped_power)
            shaped = _mmse(matched[count:], precision[count:], prior).reshape(bins, frames).T
            coefficients = np.zeros((frames, HOP))
            coefficients[:, :bins] = shaped * variance ** (exponent / 2)
            audio = mdct.synthesise(coefficients, core) * np.sqrt(power * shaped_power)
        return wideband.to_clip(audio, wideband.RATE, samples, sample_rate, self.name)

    def _bins(self) -> int:
        return min(HOP, max(1, round(BANDWIDTH_HZ * self.uses_per_sample / BIN_HZ)))

    def _symbols(self, samples: int) -> int:
        """Return how many reals fill the budget, less the frame that the set-up takes."""
        frames = int(samples * self.uses_per_sample) // self.frame_uses - 1
        return 2 * self.frame_uses * max(frames, 1)


def _spreading(frames: int, envelope: Envelope, symbols: int) -> Spreading:
    """Return how envelope and coefficients share the symbols; low bands come first in both."""
    described = max(1, round(ENVELOPE_SHARE * symbols))
    levels = envelope.blocks(frames) * len(envelope.spread)
    return Spreading(((levels, described), (frames * envelope.bins, symbols - described)))


def _level_scale(envelope: Envelope) -> np.ndarray:
    """Return what levels are divided by, [kept]: optimal power allotment, unit power in all."""
    return np.sqrt(envelope.spread * envelope.spread.mean())


def _in_turn(values: np.ndarray) -> np.ndarray:
    """Order [time, index] so that the first indices of all times come first."""
    return values.T.reshape(-1)


def _mmse(matched: np.ndarray, precision: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return the linear least-squared-error estimate of values of known variance."""
    return prior * matched / (1 + prior * precision)
