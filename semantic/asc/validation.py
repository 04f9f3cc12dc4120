"""PESQ of the audio codec on voices that it was not trained on."""

import importlib.util

import numpy as np

from linksim.errors import LinksimError
from semantic.asc.data import unit_power
from semantic.asc.model import AscModel
from semantic.asc.sizes import MAX_RATE, SAMPLE_RATE
from semantic.training.channel import fixed_randomness

SNRS_DB = (0.0, 10.0, 20.0)
COLUMNS = tuple(f"{rate}_{snr_db:g}" for rate in ("low", "high") for snr_db in SNRS_DB)
"""Scores at the rates of `AscModel.scored`."""
CROPS = 8
RANDOM_STATE = (1, 2)
"""State that the channel draws from: the same fading and noise every time."""

LEVEL = 0.05
"""RMS at which PESQ hears the clips, of full scale."""


class Validation:
    """Mean wide-band PESQ over fixed crops through the training channel.

    Parameters
    ----------
    recording : np.ndarray
        int16, [N]; held-out voices at 16 kHz.
    samples : int
        Length of a crop.

    Raises
    ------
    LinksimError
        If the ``pesq`` package is missing.
    """

    def __init__(self, recording: np.ndarray, samples: int) -> None:
        if importlib.util.find_spec("pesq") is None:
            raise LinksimError("validation needs the package pesq; install it or go without")
        rows = []
        for start in np.linspace(0, max(0, len(recording) - samples), CROPS).astype(int):
            crop = recording[start : start + samples].astype(np.float32) / 32767
            rows.append(unit_power(np.pad(crop, (0, samples - len(crop))))[0])
        self._audio = np.stack(rows)

    def __call__(self, model: AscModel) -> dict[str, float]:
        """Return the score of each rate and SNR by `COLUMNS`, and their mean as ``score``."""
        scores = {}
        with fixed_randomness(model.channel, RANDOM_STATE):
            for name, rate in zip(("low", "high"), model.scored, strict=True):
                kept = np.full(CROPS, round(rate / MAX_RATE * model.latents), np.float32)
                for snr_db in SNRS_DB:
                    told = {"snr_db": np.full(CROPS, snr_db, np.float32), "kept": kept}
                    told["level"] = np.ones(CROPS, np.float32)
                    heard = model.predict_on_batch({"audio": self._audio, **told})
                    pairs = zip(self._audio, np.asarray(heard), strict=True)
                    mean = np.mean([_pesq(sent, got) for sent, got in pairs])
                    scores[f"{name}_{snr_db:g}"] = round(float(mean), 3)
        return {**scores, "score": round(float(np.mean(list(scores.values()))), 3)}


def _pesq(sent: np.ndarray, heard: np.ndarray) -> float:
    import pesq as p862

    try:
        return p862.pesq(SAMPLE_RATE, LEVEL * sent, LEVEL * heard, "wb")
    except (p862.PesqError, ValueError):  # silence has no score; count the worst
        return 1.0
