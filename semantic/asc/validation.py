"""How good the codec is on voices that it was not trained on."""

import importlib.util

import numpy as np

from linksim.errors import LinksimError
from semantic.asc.data import unit_power
from semantic.asc.model import AscModel
from semantic.asc.sizes import SAMPLE_RATE

SNRS_DB = (0.0, 10.0, 20.0)
CROPS = 8
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
    latents : int
        Of a frame; all are sent.

    Raises
    ------
    LinksimError
        If the ``pesq`` package is missing.
    """

    def __init__(self, recording: np.ndarray, samples: int, latents: int) -> None:
        if importlib.util.find_spec("pesq") is None:
            raise LinksimError("validation needs the package pesq; install it or go without")
        rows = []
        for start in np.linspace(0, max(0, len(recording) - samples), CROPS).astype(int):
            crop = recording[start : start + samples].astype(np.float32) / 32767
            rows.append(unit_power(np.pad(crop, (0, samples - len(crop))))[0])
        self._audio = np.stack(rows)
        self._fades = np.array([1, 2], np.uint32)
        self._kept = np.full(CROPS, latents, np.float32)

    def __call__(self, model: AscModel) -> dict[str, float]:
        """Return ``pesq_0``, ``pesq_10`` and ``pesq_20`` of a model, and ``score``, their mean."""
        # The same fades every time, and none taken from those of training.
        before, model.channel.random_state = model.channel.random_state, self._fades
        scores = {}
        for snr_db in SNRS_DB:
            snr = np.full(CROPS, snr_db, np.float32)
            inputs = {"audio": self._audio, "snr_db": snr, "kept": self._kept}
            heard = np.asarray(model.predict_on_batch(inputs))
            pairs = zip(self._audio, heard, strict=True)
            scores[f"pesq_{snr_db:g}"] = round(float(np.mean([_pesq(a, b) for a, b in pairs])), 3)
        model.channel.random_state = before
        return {**scores, "score": round(float(np.mean(list(scores.values()))), 3)}


def _pesq(sent: np.ndarray, heard: np.ndarray) -> float:
    import pesq as p862

    try:
        return p862.pesq(SAMPLE_RATE, LEVEL * sent, LEVEL * heard, "wb")
    except (p862.PesqError, ValueError):  # silence has no score; count the worst
        return 1.0
