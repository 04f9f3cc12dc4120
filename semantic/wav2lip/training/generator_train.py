"""Train the video generator: ``linksim train generator --video DIR --out DIR``."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import keras
import numpy as np

from semantic.training import weights
from semantic.training.prefetch import Prefetch
from semantic.training.run import Batch, TrainingRun
from semantic.wav2lip.batches import GeneratorBatches
from semantic.wav2lip.frames.face import mouth_l1
from semantic.wav2lip.frames.talk import Talk
from semantic.wav2lip.judge import offset_warnings
from semantic.wav2lip.networks.discriminator import DiscriminatorModel
from semantic.wav2lip.networks.sizes import WINDOW
from semantic.wav2lip.training.generator_model import GeneratorModel
from semantic.wav2lip.training.recipe import GeneratorRecipe, GeneratorStage

VALIDATION_WINDOWS = 6
"""Windows of each held-out clip."""


class GeneratorTrainer(TrainingRun):
    """A run of the video generator, in turns with its discriminator.

    Parameters
    ----------
    recipe : GeneratorRecipe
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
        If the weights of the expert, or those to start from, cannot be had.
    """

    scores = ("mouth_l1", "copied_l1", "other_voice_l1", "sync")

    def __init__(
        self,
        recipe: GeneratorRecipe,
        talks: Sequence[Talk],
        held_out: Sequence[Talk],
        out: Path,
        *,
        save_every: int = 250,
    ) -> None:
        keras.utils.set_random_seed(recipe.seed)
        model = GeneratorModel(recipe)
        if model.expert is not None:
            weights.load(Path(str(recipe.expert)), model.expert)
            if recipe.preset == recipe.expert_preset:
                model.hear_as_the_expert()
        if recipe.start:
            weights.load(Path(recipe.start), model.generator)
        self._discriminator = DiscriminatorModel(preset=recipe.preset) if recipe.w_g else None
        if self._discriminator is not None:
            model.follow(self._discriminator.discriminator)
        lengths = [len(talk.faces) for talk in talks]
        super().__init__(model, recipe, {"clips": lengths}, out, save_every)
        draw = partial(GeneratorBatches, talks, seed=recipe.seed, held=recipe.held)
        self._windows = Prefetch(draw(batch=recipe.batch))
        # Without an expert nothing asks for five frames in a row, and others teach more.
        self._frames = Prefetch(draw(batch=WINDOW * recipe.batch, frames=1))
        self._held_out = [held_windows(talk) for talk in held_out]
        self._adversarial = False

    @property
    def models(self) -> tuple[keras.Model, ...]:
        """The generator, and the discriminator if there is one."""
        return (self.model,) if self._discriminator is None else (self.model, self._discriminator)

    def enter(self, stage: GeneratorStage) -> Callable[[int], Batch]:
        """Make the model ready for a stage; return what gives the batch of a step."""
        self.model.enter(stage.w_s, stage.w_g)
        self._adversarial = stage.w_g > 0
        # For `predict_on_batch`, without XLA for the reason that `TrainingRun` has none.
        self.model.generator.compile(jit_compile=False)
        return self._windows if stage.w_s or stage.w_g else self._frames

    def train_step(self, batch: Batch) -> float:
        """Train the generator, then the discriminator on what the generator now makes."""
        loss = super().train_step(batch)
        if self._adversarial:
            assert self._discriminator is not None
            made = self.model.generator.predict_on_batch(batch)
            self._discriminator.train_on_batch({"real": batch["target"], "generated": made})
            self.model.follow(self._discriminator.discriminator)
        return loss

    def comparable(self, before: GeneratorStage, stage: GeneratorStage) -> bool:
        """Return whether both stages have the same weights of losses, which the score takes."""
        return (before.w_s, before.w_g) == (stage.w_s, stage.w_g)

    def validate(self, stage: GeneratorStage) -> dict[str, float]:
        """Return how well lips are generated on clips held out, from their first frame.

        ``mouth_l1`` of what is generated, ``copied_l1`` of the first frame itself, and
        ``other_voice_l1`` of what the voice of another time makes, which is no worse if the
        voice is not listened to; see `face.mouth_l1`. ``sync`` is E_sync, where there is an
        expert.
        """
        if not self._held_out:
            return {}
        rows = np.array([self._scores(inputs) for inputs in self._held_out]).mean(axis=0)
        named = dict(zip(self.scores, np.round(rows, 5).tolist(), strict=True))
        if self.model.expert is None:
            del named["sync"]
        loss = (1 - stage.w_s) * named["mouth_l1"] + stage.w_s * named.get("sync", 0.0)
        return {**named, "score": -round(loss, 5)}

    def _scores(self, inputs: dict[str, np.ndarray]) -> tuple[float, ...]:
        made = self.model.generator.predict_on_batch(inputs)
        other = {**inputs, "mel": np.roll(inputs["mel"], len(inputs["mel"]) // 2, axis=0)}
        wrong = self.model.generator.predict_on_batch(other)
        distances = [mouth_l1(inputs["target"], x) for x in (made, inputs["reference"], wrong)]
        sync = 0.0
        if self.model.expert is not None:
            p = self.model.sync_probabilities(made, inputs["mel"])
            sync = float(-np.log(np.maximum(keras.ops.convert_to_numpy(p), 1e-6)).mean())
        return (*distances, sync)

    def save_weights(self, path: Path) -> None:
        """Write the weights of the generator."""
        weights.save(path, self.model.generator)


def held_windows(talk: Talk) -> dict[str, np.ndarray]:
    """Return evenly spaced windows, as in a call: the first frame is held."""
    starts = np.linspace(1, len(talk.faces) - WINDOW, VALIDATION_WINDOWS).astype(int)
    frames = (starts[:, None] + np.arange(WINDOW)).ravel()
    faces = talk.faces[frames].astype(np.float32) / 255
    first = talk.arrived[np.zeros_like(frames)].astype(np.float32) / 255
    return {"face": first, "reference": first, "target": faces, "mel": talk.voice[frames]}


def warned_trainer(
    recipe: GeneratorRecipe,
    talks: Sequence[Talk],
    held_out: Sequence[Talk],
    out: Path,
    save_every: int,
) -> GeneratorTrainer:
    """Return a run, and print of which talks the expert doubts that lips and voice agree."""
    trainer = GeneratorTrainer(recipe, talks, held_out, out, save_every=save_every)
    if trainer.model.expert is not None:
        for line in offset_warnings(trainer.model.expert, talks):
            print(line, flush=True)
    return trainer
