"""Train the lip-sync expert: ``linksim train sync-expert --video DIR --out DIR``."""

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from semantic.training import weights
from semantic.training.prefetch import Prefetch
from semantic.training.run import Batch, TrainingRun
from semantic.training.stage import Stage
from semantic.wav2lip.batches import APART, SyncBatches, windows_at
from semantic.wav2lip.frames.talk import Talk
from semantic.wav2lip.networks.expert import SyncExpert
from semantic.wav2lip.networks.losses import pairing_loss
from semantic.wav2lip.networks.sizes import WINDOW
from semantic.wav2lip.training.recipe import ExpertRecipe

VALIDATION_WINDOWS = 12
"""Greatest number of windows of a held-out clip."""


class ExpertTrainer(TrainingRun):
    """A run of the lip-sync expert.

    Parameters
    ----------
    recipe : ExpertRecipe
        What to do.
    talks, held_out : sequence of Talk
        Talks to train on, and to validate on; the latter may be empty.
    out : Path
        The folder.
    save_every : int
        Steps between checkpoints and validations.

    Raises
    ------
    LinksimError
        If the clips are too short or the weights to start from cannot be had.
    """

    scores = ("bce", "accuracy", "ranked")

    def __init__(
        self,
        recipe: ExpertRecipe,
        talks: Sequence[Talk],
        held_out: Sequence[Talk],
        out: Path,
        *,
        save_every: int = 250,
    ) -> None:
        keras.utils.set_random_seed(recipe.seed)
        self._batches = Prefetch(
            SyncBatches(talks, clips=recipe.batch, windows=recipe.windows, seed=recipe.seed)
        )
        model = SyncExpert(preset=recipe.preset)
        if recipe.start:
            weights.load(Path(recipe.start), model)
        lengths = [len(talk.faces) for talk in talks]
        super().__init__(model, recipe, {"clips": lengths}, out, save_every)
        self._held_out = held_out

    def enter(self, stage: Stage) -> Callable[[int], Batch]:
        """Make the model ready for a stage; return what gives the batch of a step."""
        return self._batches

    def validate(self, stage: Stage) -> dict[str, float]:
        """Return how well in sync and off sync are told apart on clips held out.

        ``bce`` is the loss; ``accuracy`` the mean of the shares of windows in sync with P over
        1/2 and of pairs off sync with P under it; ``ranked`` the share of pairs off sync that
        have a lower P than the same faces in sync, which no threshold enters.
        """
        if not self._held_out:
            return {}
        pairs = [pair_matrix(self.model, talk) for talk in self._held_out]
        scores = np.array([_scores(p) for p in pairs]).mean(axis=0)
        named = dict(zip(self.scores, np.round(scores, 4).tolist(), strict=True))
        return {**named, "score": -named["bce"]}


def pair_matrix(expert: SyncExpert, talk: Talk) -> np.ndarray:
    """Return P of evenly spaced windows of a talk: float32 [n, n], faces by voice."""
    starts = len(talk.faces) - WINDOW + 1
    count = max(2, min(VALIDATION_WINDOWS, starts // APART))
    places = np.linspace(0, starts - 1, count).astype(int)
    faces, mel = windows_at(talk, places)
    faces = faces.astype(np.float32) / 255
    p = expert({"faces": faces[None], "mel": mel[None]}, training=False)
    return keras.ops.convert_to_numpy(p)[0]


def accuracy(p: np.ndarray) -> float:
    """Return the mean of the shares in sync with P over 1/2 and off sync with P under it."""
    off = ~np.eye(len(p), dtype=bool)
    return float(((np.diag(p) > 0.5).mean() + (p[off] <= 0.5).mean()) / 2)


def _scores(p: np.ndarray) -> tuple[float, float, float]:
    off = ~np.eye(len(p), dtype=bool)
    ranked = (p < np.diag(p)[:, None])[off].mean()
    return float(pairing_loss(p[None])), accuracy(p), float(ranked)
