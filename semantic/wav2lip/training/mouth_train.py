"""Train the mouth codec: ``linksim train mouth --video DIR --out DIR``."""

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from keras import ops

from semantic.training import weights
from semantic.training.channel import fixed_randomness
from semantic.training.prefetch import Prefetch
from semantic.training.run import Batch, TrainingRun
from semantic.training.stage import Stage
from semantic.wav2lip.batches import GeneratorBatches
from semantic.wav2lip.frames.face import mouth_l1
from semantic.wav2lip.frames.talk import Talk
from semantic.wav2lip.networks.mouth_codec import MouthCodec
from semantic.wav2lip.training.generator_train import held_windows
from semantic.wav2lip.training.recipe import MouthRecipe

SNR_DB = (0.0, 20.0)
"""Range of the mean Es/N0 in dB, of which each frame's is drawn."""

VALIDATED_DB = (0.0, 10.0, 20.0)
RANDOM_STATE = (5, 6)


class MouthTrainer(TrainingRun):
    """A run of the mouth codec.

    Parameters
    ----------
    recipe : MouthRecipe
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
        If the weights to start from cannot be had.
    """

    scores = ("copied_l1", "l1_0", "l1_10", "l1_20")

    def __init__(
        self,
        recipe: MouthRecipe,
        talks: Sequence[Talk],
        held_out: Sequence[Talk],
        out: Path,
        *,
        save_every: int = 250,
    ) -> None:
        keras.utils.set_random_seed(recipe.seed)
        model = MouthCodec(seed=recipe.seed)
        if recipe.start:
            weights.load(Path(recipe.start), model)
        super().__init__(model, recipe, {"clips": [len(t.faces) for t in talks]}, out, save_every)
        faces = GeneratorBatches(talks, batch=recipe.batch, seed=recipe.seed, held=1.0, frames=1)

        def batch(step: int) -> dict[str, np.ndarray]:
            return _sent(faces(step), np.random.default_rng([recipe.seed, step, 1]))

        self._batches = Prefetch(batch)
        self._held_out = [held_windows(talk) for talk in held_out]

    def enter(self, stage: Stage) -> Callable[[int], Batch]:
        """Make the model ready for a stage; return what gives the batch of a step."""
        return self._batches

    def validate(self, stage: Stage) -> dict[str, float]:
        """Return `face.mouth_l1` at three SNRs on clips held out, from their first frame."""
        if not self._held_out:
            return {}
        rows = np.array([self._scores(inputs) for inputs in self._held_out]).mean(axis=0)
        named = dict(zip(self.scores, np.round(rows, 5).tolist(), strict=True))
        return {**named, "score": -round(float(rows[1:].mean()), 5)}

    def _scores(self, inputs: dict[str, np.ndarray]) -> list[float]:
        target, held = inputs["target"], inputs["reference"]
        found = [mouth_l1(target, held)]
        for snr_db in VALIDATED_DB:
            told = {"target": target, "reference": held}
            told["snr_db"] = np.full(len(target), snr_db, np.float32)
            with fixed_randomness(self.model.channel, RANDOM_STATE):
                made = ops.convert_to_numpy(self.model(told, training=False))
            found.append(mouth_l1(target, made))
        return found


def _sent(faces: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return what the codec takes of a batch of faces, each at an SNR of its own."""
    snr_db = rng.uniform(*SNR_DB, len(faces["target"])).astype(np.float32)
    return {"target": faces["target"], "reference": faces["reference"], "snr_db": snr_db}
