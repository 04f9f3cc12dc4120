"""Audio to train on: any folder of files that can be decoded, cut into random crops."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from linksim.arrays import map_array
from linksim.errors import LinksimError
from semantic.asc.sizes import MAX_RATE, RATES, SAMPLE_RATE, least_rate

SUFFIXES = (
    ".g722",
    ".wav",
    ".flac",
    ".mp3",
    ".ogg",
    ".opus",
    ".m4a",
    ".mp4",
    ".mpg",
    ".mkv",
    ".npy",
)

MIN_RMS = 1e-3
"""Crops below -60 dB of full scale are silence: normalised, they would be noise."""

MUSIC_EVERY = 4
"""Mean distance of crops of music, where there is some: one crop in so many."""

NOISY = 0.3
"""Share of the crops that get the steady noise of a room, which studio recordings lack."""

NOISE_DB = (15.0, 40.0)
"""Range of the level of that noise below the sound, in dB."""

SPEEDS = ((1, 1), (1, 1), (10, 9), (7, 6), (6, 5), (9, 10), (1, 1))
"""Ratios by which crops are stretched, one drawn for each: pitch and formants of other talkers."""

AT_A_NAMED_RATE = 0.7
"""Share of the crops sent at a rate that has a name, less up to a tenth; others at any rate."""


def find_audio(paths: Sequence[str | Path], without: Sequence[str] = ()) -> list[Path]:
    """Return all audio files below some folders, in a fixed order.

    LibriSpeech, with its speakers and chapters as folders, is one such folder.

    Parameters
    ----------
    paths : sequence of str or Path
        Folders or files.
    without : sequence of str
        Files whose path holds one of these texts are left out.

    Raises
    ------
    LinksimError
        If there is none.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        below = sorted(path.rglob("*")) if path.is_dir() else [path]
        # Corpora hold empty files where a recording was never made.
        files += [f for f in below if f.suffix.lower() in SUFFIXES and f.stat().st_size]
    files = [f for f in files if not any(text in str(f) for text in without)]
    if not files:
        raise LinksimError(f"no audio in {', '.join(map(str, paths)) or 'no folder at all'}")
    return files


def load(files: Sequence[Path], min_seconds: float = 0.0) -> np.ndarray:
    """Read files, one after another, into one long recording.

    Parameters
    ----------
    files : sequence of Path
        Whatever `linksim.media.read` takes, or ``.npy`` with int16 samples at 16 kHz.
    min_seconds : float
        Shorter files are left out.

    Returns
    -------
    np.ndarray
        int16, shape [N], at 16 kHz.
    """
    parts = [p for p in map(_samples, files) if len(p) >= min_seconds * SAMPLE_RATE]
    if not parts:
        raise LinksimError("none of the files holds audio that is long enough")
    return np.concatenate(parts)


def _samples(file: Path) -> np.ndarray:
    if file.suffix == ".npy":
        try:
            return map_array(file).astype(np.int16)
        except LinksimError as error:
            raise LinksimError(f"{error}; it is not an array of samples") from None
    # Where recordings were decoded beforehand, training needs no decoder.
    from linksim.media import read

    audio = read(file, sample_rate=SAMPLE_RATE).audio
    return np.round((np.zeros(0) if audio is None else audio) * 32767).astype(np.int16)


class Crops:
    """Random crops at unit power, each a pure function of seed and step.

    Parameters
    ----------
    recording : np.ndarray
        int16, shape [N]; speech.
    music : np.ndarray or None
        int16, shape [N].
    samples, batch : int
        Shape of what a step returns.
    latents : int
        Latents of a frame; how many are sent is drawn for each crop, so that any rate will do.
    rates : sequence of float
        Channel uses per sample that crops are sent at most of the time.
    snr_db : tuple of float
        Range of the SNR, uniform in dB.
    seed : int
        Seed of all crops; with the step, all that one depends on.
    """

    def __init__(
        self,
        recording: np.ndarray,
        music: np.ndarray | None = None,
        *,
        samples: int,
        batch: int,
        latents: int,
        rates: Sequence[float] = tuple(RATES.values()),
        snr_db: tuple[float, float] = (0.0, 20.0),
        seed: int = 0,
    ) -> None:
        for audio in (recording, music):
            if audio is not None and len(audio) <= samples:
                raise LinksimError(
                    f"{len(audio) / SAMPLE_RATE:.1f} s of audio is too little to train on; "
                    f"one crop takes {samples / SAMPLE_RATE:.1f} s"
                )
        self._speech = recording
        self._music = music
        self._shape = (batch, samples)
        self._latents = latents
        self._rates = rates
        self._snr_db = snr_db
        self._seed = seed

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Return the inputs of `AscModel`, and ``speech``, 1 or 0 for music; all float32."""
        rng = np.random.default_rng([self._seed, step])
        batch, _ = self._shape
        speech = rng.integers(MUSIC_EVERY, size=batch) > 0
        if self._music is None:
            speech[:] = True
        music = self._speech if self._music is None else self._music
        audio = np.stack([self._crop(rng, self._speech if s else music) for s in speech])
        kept = np.array([_rate(rng, self._rates) for _ in range(batch)]) / MAX_RATE * self._latents
        return {
            "audio": audio,
            "snr_db": rng.uniform(*self._snr_db, batch).astype(np.float32),
            "kept": np.round(kept).astype(np.float32),
            "speech": speech.astype(np.float32),
            "level": np.exp2(rng.uniform(-1.0, 1.0, batch)).astype(np.float32),
        }

    def _crop(self, rng: np.random.Generator, recording: np.ndarray) -> np.ndarray:
        samples = self._shape[1]
        up, down = SPEEDS[rng.integers(len(SPEEDS))]
        taken = min(-(-samples * down // up), len(recording) - 1)
        for _ in range(100):
            start = rng.integers(0, len(recording) - taken)
            crop = recording[start : start + taken].astype(np.float32) / 32767
            if np.sqrt(np.mean(crop**2)) > MIN_RMS:
                break
        if up != down:
            crop = resample_poly(crop, up, down).astype(np.float32)
        crop = np.pad(crop, (0, max(0, samples - len(crop))))[:samples]
        # A tilt of a few dB an octave, as between one microphone and another.
        crop[1:] += rng.uniform(-0.4, 0.4) * crop[:-1]
        if rng.random() < NOISY:
            hiss = rng.normal(size=samples)
            hiss[1:] += rng.uniform(0.0, 0.9) * hiss[:-1]
            below = 10 ** (-rng.uniform(*NOISE_DB) / 20)
            crop += (hiss * below * np.sqrt(np.mean(crop**2) / np.mean(hiss**2))).astype(np.float32)
        return unit_power(crop)[0]


def _rate(rng: np.random.Generator, rates: Sequence[float]) -> float:
    """Draw a number of channel uses per sample, low ones more often."""
    least = least_rate(rates)
    if rng.random() < AT_A_NAMED_RATE:
        return max(least, rng.choice(list(rates)) * rng.uniform(0.9, 1.0))
    return float(np.exp(rng.uniform(np.log(least), np.log(MAX_RATE))))


def unit_power(audio: np.ndarray) -> tuple[np.ndarray, float]:
    """Return audio at unit mean power and the factor that restores its level; 0 for silence."""
    level = float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))
    if level < 1e-9:
        return np.zeros_like(audio), 0.0
    return (audio / np.float32(level)).astype(np.float32), level
