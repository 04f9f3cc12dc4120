"""Text to train on, cut into random stretches of whole words."""

from collections.abc import Sequence

import numpy as np

from semantic.text.alphabet import CHARACTERS, NONE, to_tokens
from semantic.text.grid import sentence
from semantic.text.sizes import CHUNK, COPIES

GRID_SHARE, STRANGE_SHARE = 0.1, 0.05
"""Shares of the stretches: sentences of GRID's grammar, and strings that no language has."""

GENERATED = 20_000
"""Sentences made of each of the two."""

WHOLE_SHARE = 0.5
"""Share of the stretches that begin and end with a sentence; the others end anywhere."""

MIN_LENGTH = 4
"""Least number of characters of a stretch, unless its sentence is shorter."""

MIN_KEPT = 4
"""Least number of latents of a character."""

FULL_SHARE = 0.4
"""Share of the stretches that are sent with all latents, once or more often."""


class Crops:
    """Batches of stretches of text, each a pure function of seed and step.

    Parameters
    ----------
    files : sequence of sequence of str
        Sentences of each file. A file is drawn from by the root of its length, so that a short
        one with talk counts beside long ones with prose.
    batch : int
        Stretches per step.
    latents : int
        Greatest number of latents of a character.
    snr_db : tuple of float
        Range of the SNR; the worse half of it is drawn from more often.
    seed : int
        Seed of all batches; with the step, all that one depends on.
    """

    def __init__(
        self,
        files: Sequence[Sequence[str]],
        *,
        batch: int,
        latents: int,
        snr_db: tuple[float, float] = (0.0, 20.0),
        seed: int = 0,
    ) -> None:
        rng = np.random.default_rng([seed, 2**32 - 1])
        grid = [sentence(rng) for _ in range(GENERATED)]
        strange = [_strange(rng) for _ in range(GENERATED)]
        roots = np.sqrt([sum(map(len, sentences)) for sentences in files])
        read_share = (1.0 - GRID_SHARE - STRANGE_SHARE) * roots / roots.sum()
        self._shares = np.array([*read_share, GRID_SHARE, STRANGE_SHARE])
        sources = [*files, grid, strange]
        everything = [s for source in sources for s in source]
        self._tokens = to_tokens(" ".join(everything) + " " * CHUNK)
        spaces = self._tokens == to_tokens(" ")[0]
        lengths = np.array([len(s) for s in everything])
        self._starts = np.cumsum(lengths + 1) - lengths - 1
        self._ends = self._starts + lengths
        self._counts = np.array([len(source) for source in sources])
        self._firsts = np.cumsum(self._counts) - self._counts
        # The last place up to each where a word ends, and the next where one begins.
        places = np.arange(len(spaces))
        self._word_end = np.maximum.accumulate(np.where(spaces, places, 0))
        self._word_start = np.maximum.accumulate(np.where(np.roll(spaces, 1), places, 0))
        self._batch = batch
        self._latents = latents
        self._snr_db = snr_db
        self._seed = seed

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """Return the inputs of `TextModel`."""
        rng = np.random.default_rng([self._seed, step])
        size = self._batch
        low, high = self._snr_db
        full = rng.random(size) < FULL_SHARE
        least = min(MIN_KEPT, self._latents)
        kept = np.round(least * (self._latents / least) ** rng.random(size))
        return {
            "tokens": self._stretches(rng),
            "snr_db": (low + (high - low) * rng.random(size) ** 2).astype(np.float32),
            "kept": np.where(full, self._latents, kept).astype(np.float32),
            "copies": np.where(full, COPIES ** rng.random(size), 1.0).astype(np.float32),
            "company": rng.random(size).astype(np.float32),
        }

    def _stretches(self, rng: np.random.Generator) -> np.ndarray:
        """Return tokens, int32, [batch, CHUNK]."""
        size = self._batch
        source = rng.choice(len(self._shares), size, p=self._shares)
        drawn = self._firsts[source] + rng.integers(self._counts[source])
        start, end = self._starts[drawn], self._ends[drawn]
        whole = rng.random(size) < WHOLE_SHARE
        within = start + (rng.random(size) * (end - start)).astype(int)
        start = np.where(whole, start, self._word_start[within])
        anywhere = start + rng.integers(MIN_LENGTH, CHUNK + 1, size)
        end = np.where(whole, np.minimum(end, start + CHUNK), anywhere)
        end = np.minimum(end, len(self._tokens) - CHUNK)
        # A word longer than the stretch is cut.
        end = np.where(self._word_end[end] > start, self._word_end[end], end)
        index = np.arange(CHUNK)
        rows = self._tokens[np.minimum(start[:, None] + index, len(self._tokens) - 1)]
        return np.where(index < (end - start)[:, None], rows, NONE).astype(np.int32)


def _strange(rng: np.random.Generator) -> str:
    """Draw some words of any characters, so that none is unsayable, as in names and numbers."""
    words = []
    for _ in range(rng.integers(1, 8)):
        pool = (CHARACTERS[1:], "0123456789", "abcdefghijklmnopqrstuvwxyz")[rng.integers(3)]
        words.append("".join(pool[i] for i in rng.integers(len(pool), size=rng.integers(1, 12))))
    return " ".join(words)
