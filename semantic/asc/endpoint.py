"""The audio codec as an endpoint: sound as latents over the symbol link."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linksim.endpoint import ABSENT, Csi, Encoded, Received, ReceivedSymbols, SymbolStream
from linksim.errors import LinksimError, unknown
from linksim.media import Clip, require
from linksim.options import check_range, option
from linksim.streams.conversation import Conversational
from linksim.streams.interleaving import interleaver
from semantic.asc import low_delay, stream
from semantic.asc.recipe import LOWEST_DB
from semantic.asc.sizes import (
    LIVE_RATES,
    MAX_RATE,
    MIN_RATE,
    RATES,
    SAMPLE_RATE,
    SNR_WITHOUT_CSI,
    least_rate,
)

if TYPE_CHECKING:
    from semantic.asc.model import AscModel

STREAM = "audio"
PRESETS = ("compact", "paper")

# Samples, level (RMS), latents of each frame that are sent, SNR in dB that the encoder goes by.
_SETUP = struct.Struct("<IfHf")

MIN_LEVEL = 1e-9
"""RMS below which audio is silence."""

_RESERVE = 2 * 864
"""Channel uses kept back for the slot of the set-up and for padding the last one."""


@dataclass(frozen=True, kw_only=True)
class Asc(Conversational):
    """Learned joint source-channel coding of sound, after the ASC codec of the Wav2Vid paper.

    ::

        audio ─÷ level─▶ encoder ─ keep K ─ interleave 2 s ─▶ "audio" ─▶ gather ─▶ decoder ─▶ audio
                  └── length, level, K, SNR: set-up ────────────────────▶┘           × level

    One set of weights serves all rates: the last latents of every frame are left unsent, as
    many as rate, set-up and padding ask for. Clips of less than about two seconds overrun the
    budget, since slots are whole. Latents are interleaved over chunks of two seconds; with what the
    networks see on either side the algorithmic delay is 2.5 s. With `low_delay` other networks,
    which know only what has been, make a unit of each frame of 40 ms: `semantic.asc.low_delay`.
    Silence comes back as silence.

    Raises
    ------
    LinksimError
        If there is no such rate or preset, or a preset is named for the form of low delay.
    """

    name: ClassVar[str] = "asc"
    uses_csi = True

    rate: float | str = option(
        "low", "channel uses per sample: low (0.25), mid (0.5), high (1), or 0.08 to 1"
    )
    preset: str = option("compact", "sizes of the networks: compact or paper")
    weights: str | None = option(
        None, "file of weights to use instead of the shipped ones", file=True
    )

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise unknown("preset of scheme 'asc'", self.preset, PRESETS)
        if self.low_delay and self.preset != "compact":
            raise LinksimError("scheme 'asc': 'low_delay' has networks of its own, and no preset")
        self._budget()

    @property
    def delay_s(self) -> float:
        """Algorithmic delay of the low-delay form in s: that of a frame."""
        return low_delay.DELAY_S

    def _budget(self) -> float:
        """Return the channel uses per sample."""
        if isinstance(self.rate, str):
            if self.rate not in RATES:
                raise unknown("rate of scheme 'asc'", self.rate, RATES)
            return RATES[self.rate]
        check_range("scheme 'asc': option 'rate'", self.rate, self._least(), MAX_RATE)
        return float(self.rate)

    def _least(self) -> float:
        """Return the fewest channel uses per sample that the networks were trained for."""
        return least_rate(LIVE_RATES) if self.low_delay else MIN_RATE

    def encode(self, clip: Clip, csi: Csi | None = None) -> Encoded:
        """Turn the audio of a clip into stream ``"audio"``.

        Raises
        ------
        LinksimError
            If there is no audio at 16 kHz, it holds NaN, or there are no weights.
        """
        require(clip, "scheme 'asc'", audio=True)
        assert clip.audio is not None
        if clip.sample_rate != SAMPLE_RATE:
            raise LinksimError(
                f"scheme 'asc' needs audio at {SAMPLE_RATE} Hz, not {clip.sample_rate} Hz"
            )
        if not np.isfinite(clip.audio).all():
            raise LinksimError(f"{clip.name or 'the clip'}: its audio holds NaN or infinity")
        model = self._model()
        samples = len(clip.audio)
        row = np.zeros(-(-samples // model.hop) * model.hop, np.float32)
        snr = SNR_WITHOUT_CSI if csi is None or np.isnan(csi.snr_db) else csi.snr_db
        least = LOWEST_DB["live" if self.low_delay else self.preset]
        snr_db = float(np.clip(snr, least, 20.0))
        kept = self._kept(samples, len(row) // model.hop + 1, model.latents)
        if self.low_delay:
            row[:samples] = clip.audio
            units, times = low_delay.encode(model, row, snr_db, kept), low_delay.times(samples)
            sizes = (kept,) * len(units)
            sound = SymbolStream(STREAM, units.reshape(-1), sizes, times)
            return Encoded((sound,), _SETUP.pack(samples, 1.0, kept, snr_db))
        level = float(np.sqrt(np.mean(np.square(clip.audio, dtype=np.float64))))
        row[:samples] = clip.audio / level if level > MIN_LEVEL else 0.0
        latents = stream.encode(model, row, snr_db, kept / model.latents)[:, :kept]
        sent = np.empty(latents.size, np.float32)
        sent[_positions(len(latents), kept, model.hop)] = latents.reshape(-1)
        level = level if level > MIN_LEVEL else 0.0
        setup = _SETUP.pack(samples, level, kept, snr_db)
        return Encoded((SymbolStream(STREAM, sent),), setup)

    def decode(self, received: Received) -> Clip:
        """Turn what arrived into audio of the original length; silence if nothing did."""
        samples, level, kept, snr_db = _SETUP.unpack(received.setup)
        arrived = received.streams.get(STREAM)
        audio = np.zeros(samples, np.float32)
        if isinstance(arrived, ReceivedSymbols) and level:
            model = self._model()
            frames = -(-samples // model.hop) + 1
            if self.low_delay:
                units = [x.reshape(frames, kept) for x in (arrived.latents, arrived.noise_variance)]
                row = low_delay.decode(model, units[0], units[1], snr_db)
                audio = np.clip(row[:samples], -1.0, 1.0)
                return Clip(audio=audio, sample_rate=SAMPLE_RATE, name=self.name)
            position = _positions(frames, kept, model.hop)
            latents = np.zeros((frames, model.latents), np.float32)
            noise = np.full_like(latents, ABSENT)
            latents[:, :kept] = arrived.latents[position].reshape(frames, kept)
            noise[:, :kept] = arrived.noise_variance[position].reshape(frames, kept)
            row = stream.decode(model, latents, noise, snr_db)
            audio = np.clip(row[:samples] * np.float32(level), -1.0, 1.0)
        return Clip(audio=audio, sample_rate=SAMPLE_RATE, name=self.name)

    def _kept(self, samples: int, frames: int, latents: int) -> int:
        """Return how many latents of a frame the budget allows, of those that training left."""
        if self.low_delay:  # set-up and padding cost what they cost; a call has no known end
            return round(self._budget() / MAX_RATE * latents)
        uses = self._budget() * samples - _RESERVE
        return int(np.clip(2 * uses // frames, round(MIN_RATE / MAX_RATE * latents), latents))

    def _model(self) -> "AscModel":
        # Keras is loaded when it is needed, not when schemes are listed.
        from semantic.asc.model import AscModel
        from semantic.training.weights import trained

        preset = "live" if self.low_delay else self.preset
        return trained(AscModel, preset, Path(self.weights) if self.weights else None)


def _positions(frames: int, kept: int, hop: int) -> np.ndarray:
    """Return where each latent goes, [frames * kept]: interleaved within chunks, chunk by chunk."""
    size = stream.chunk_frames(hop)
    starts = range(0, frames, size)
    sizes = [min(size, frames - start) * kept for start in starts]
    return np.concatenate([s * kept + interleaver(n) for s, n in zip(starts, sizes, strict=True)])
