"""Word error rates of the text codec on sentences that it was not trained on."""

from collections.abc import Sequence

import keras
import numpy as np

from linksim.errors import LinksimError
from linksim.metrics.words import edits, words
from semantic.text.alphabet import NONE, chunks, to_text, to_tokens
from semantic.text.model import TextModel
from semantic.text.sizes import CHUNK
from semantic.training.channel import fixed_randomness

SNRS_DB = (0.0, 5.0, 10.0)
USES = (4, 16)
"""Channel uses of a character; as many as the preset has, where that is less."""

COLUMNS = tuple(f"wer_{uses}_{snr_db:g}" for uses in USES for snr_db in SNRS_DB)
SENTENCES = 256
COMPANY = 1.0
"""Value of `TextModel`'s input: as in a longer text, whose chunks share their slots."""

RANDOM_STATE = (1, 2)
"""State that the channel draws from: the same fading and noise every time."""


class Validation:
    """Word error rates of fixed sentences through the training channel.

    Parameters
    ----------
    sentences : sequence of str
        Normalised, of all lengths; each adds its first chunk, `SENTENCES` of them evenly strewn.

    Raises
    ------
    LinksimError
        If there is none.
    """

    def __init__(self, sentences: Sequence[str]) -> None:
        if not sentences:
            raise LinksimError("the text has no sentence to validate on; give more of it")
        chosen = np.linspace(0, len(sentences) - 1, SENTENCES).astype(int)
        self._sent = [chunks(sentences[i])[0] for i in chosen]
        self._tokens = np.full((SENTENCES, CHUNK), NONE, np.int32)
        for row, text in zip(self._tokens, self._sent, strict=True):
            row[: len(text)] = to_tokens(text)

    def __call__(self, model: TextModel) -> dict[str, float]:
        """Return the word error rate of each rate and SNR by `COLUMNS`; ``score``: their mean."""
        scores = {}
        with fixed_randomness(model.channel, RANDOM_STATE):
            for uses in USES:
                kept = min(2 * uses, model.latents)
                for snr_db in SNRS_DB:
                    inputs = {"snr_db": snr_db, "kept": kept, "copies": 1.0, "company": COMPANY}
                    rows = {k: np.full(SENTENCES, v, np.float32) for k, v in inputs.items()}
                    logits = model.predict_on_batch({"tokens": self._tokens, **rows})
                    scores[f"wer_{uses}_{snr_db:g}"] = round(self._rate(logits), 4)
        return {**scores, "score": -round(float(np.mean(list(scores.values()))), 4)}

    def _rate(self, logits: np.ndarray) -> float:
        read = keras.ops.convert_to_numpy(logits)[..., 1:].argmax(-1) + 1
        read = np.where(self._tokens == NONE, NONE, read)
        wrong = total = 0
        for text, row in zip(self._sent, read, strict=True):
            sent = words(text)
            wrong += edits(sent, words(to_text(row)))
            total += len(sent)
        return wrong / max(total, 1)
