"""Train the video codec: ``linksim train dvst --video DIR --out DIR``."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from semantic.dvst.networks.model import DvstModel
from semantic.dvst.training.crops import Crops
from semantic.dvst.training.density_fit import fit_densities
from semantic.dvst.training.post_fit import fit_post_filter
from semantic.dvst.training.recipe import Recipe
from semantic.dvst.training.validation import COLUMNS, Validation
from semantic.training import weights
from semantic.training.run import Batch, TrainingRun
from semantic.training.stage import Stage

FIT_CROPS = 300
"""Crops that the transforms are fitted to before training."""


class Trainer(TrainingRun):
    """A run of the video codec; its weights to use are ``final.npz`` in the folder of the run.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    videos : sequence of np.ndarray
        uint8, [T, H, W, 3] each; to train on.
    held_out : sequence of np.ndarray
        uint8, [T, H, W, 3] each; to validate on, may be empty.
    out : Path
        The folder.
    save_every : int
        Steps between checkpoints and validations.
    """

    scores = COLUMNS

    def __init__(
        self,
        recipe: Recipe,
        videos: Sequence[np.ndarray],
        held_out: Sequence[np.ndarray],
        out: Path,
        *,
        save_every: int = 250,
    ) -> None:
        model = DvstModel(
            preset=recipe.preset, lam=recipe.lam, distortion=recipe.distortion, seed=recipe.seed
        )
        self._crops = Crops(videos, size=recipe.size, frames=recipe.frames, seed=recipe.seed)
        if recipe.start:
            weights.load(Path(recipe.start), model)
        else:
            model.fit_transforms(self._crops.batch(0, FIT_CROPS).astype(np.float32) / 255.0)
        sizes = [list(video.shape) for video in videos]
        super().__init__(model, recipe, {"videos": sizes}, out, save_every)
        self._videos = videos
        self._validate = Validation(held_out, recipe.frames) if held_out else None

    def enter(self, stage: Stage) -> Callable[[int], Batch]:
        """Make the model ready for a stage; return what gives the batch of a step."""
        self.model.enter(stage.name)
        return self._batch

    def validate(self, stage: Stage) -> dict[str, float]:
        """Return the scores of the model, empty without channel or held-out video."""
        if self._validate is None or not self.model.through_channel:
            return {}
        return self._validate(self.model)

    def run(self, stop_at: int | None = None) -> None:
        """Train, then fit densities of side information and post-filter; write ``final.npz``.

        Raises
        ------
        LinksimError
            As `TrainingRun.run`.
        """
        super().run(stop_at)
        if self.done() < self.recipe.steps:
            return
        weights.load(self._out / "best.npz", self.model)
        recipe = self.recipe
        saved = fit_densities(
            self.model, self._videos, steps=recipe.density_steps, seed=recipe.seed
        )
        for part, (before, after) in saved.items():
            print(f"side information of {part}: {before:.0f} to {after:.0f} bits a frame")
        gain = fit_post_filter(self.model, self._videos, steps=recipe.post_steps, seed=recipe.seed)
        if gain is not None:
            print(f"post-filter: gains {gain[0]:.2f} dB at first, {gain[1]:.2f} dB at last")
        weights.save(self._out / "final.npz", self.model)

    def _batch(self, step: int) -> dict[str, np.ndarray]:
        n = self.recipe.batch
        rng = np.random.default_rng([self.recipe.seed, step, 1])
        low, high = self.recipe.snr_db
        told = {"snr_db": rng.uniform(low, high, n)}
        for name in ("eta", "precision"):
            low, high = np.log(getattr(self.recipe, name))
            told[name] = np.exp(rng.uniform(low, high, n))
        frames = self._crops.batch(step, n).astype(np.float32) / 255.0
        return {"frames": frames, **{k: v.astype(np.float32) for k, v in told.items()}}
