"""Train the audio codec: ``linksim train asc --audio DIR --out DIR``."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from semantic.asc.data import Crops
from semantic.asc.model import AscModel
from semantic.asc.recipe import AscStage, Recipe
from semantic.asc.validation import COLUMNS, Validation
from semantic.training import weights
from semantic.training.run import Batch, TrainingRun


class Trainer(TrainingRun):
    """A run of the audio codec.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    audio : np.ndarray
        int16, [N]; speech to train on.
    held_out, music : np.ndarray or None
        int16, [N]; voices to validate on, and music to train on.
    out : Path
        The folder.
    save_every : int
        Steps between checkpoints and validations.
    """

    scores = COLUMNS

    def __init__(
        self,
        recipe: Recipe,
        audio: np.ndarray,
        held_out: np.ndarray | None,
        out: Path,
        *,
        music: np.ndarray | None = None,
        save_every: int = 500,
    ) -> None:
        model = AscModel(
            preset=recipe.preset,
            link=recipe.link,
            seed=recipe.seed,
            perceptual=recipe.perceptual,
            waveform=recipe.waveform,
        )
        if recipe.start:
            weights.load(Path(recipe.start), model)
        heard = [len(audio), *([] if music is None else [len(music)])]
        super().__init__(model, recipe, {"audio": heard}, out, save_every)
        self._samples = recipe.crop_frames * model.hop
        self._audio = audio
        self._music = music
        self._validate = None if held_out is None else Validation(held_out, 2 * self._samples)

    def enter(self, stage: AscStage) -> Callable[[int], Batch]:
        """Make the model ready for a stage; return what gives the batch of a step."""
        self.model.enter(stage.name, stage.channel)
        return Crops(
            self._audio,
            self._music,
            samples=self._samples,
            batch=self.recipe.batch,
            latents=self.model.latents,
            rates=self.model.rates,
            snr_db=stage.snr_db,
            seed=self.recipe.seed,
        )

    def validate(self, stage: AscStage) -> dict[str, float]:
        """Return the scores of the model, empty without fading or held-out voices."""
        if self._validate is None or stage.channel != "rayleigh":
            return {}
        return self._validate(self.model)

    def comparable(self, before: AscStage, stage: AscStage) -> bool:
        """Return whether both stages go through the same channel: the model's, or the link."""
        return self.recipe.link is None or "fine-tune" not in (before.name, stage.name)
