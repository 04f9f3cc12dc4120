"""Train the text codec: ``linksim train text --text FILE --out DIR``."""

from collections.abc import Callable, Sequence
from pathlib import Path

from semantic.text.data import Crops
from semantic.text.model import TextModel
from semantic.text.recipe import Recipe, TextStage
from semantic.text.validation import COLUMNS, Validation
from semantic.training import weights
from semantic.training.run import Batch, TrainingRun


class Trainer(TrainingRun):
    """A run of the text codec.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    files : sequence of sequence of str
        Sentences to train on, of each file.
    held_out : sequence of str
        Sentences to validate on.
    out : Path
        The folder.
    save_every : int
        Steps between checkpoints and validations.

    Raises
    ------
    LinksimError
        If there is no such preset, the weights to start from cannot be had, or no sentence
        is held out.
    """

    scores = COLUMNS

    def __init__(
        self,
        recipe: Recipe,
        files: Sequence[Sequence[str]],
        held_out: Sequence[str],
        out: Path,
        *,
        save_every: int = 500,
    ) -> None:
        model = TextModel(preset=recipe.preset, seed=recipe.seed)
        if recipe.start:
            weights.load(Path(recipe.start), model)
        lengths = [sum(map(len, sentences)) for sentences in files]
        super().__init__(model, recipe, {"characters": lengths}, out, save_every)
        self._validate = Validation(held_out)
        self._batches = Crops(
            files,
            batch=recipe.batch,
            latents=model.latents,
            snr_db=recipe.snr_db,
            seed=recipe.seed,
        )

    def enter(self, stage: TextStage) -> Callable[[int], Batch]:
        """Make the model ready for a stage; return what gives the batch of a step."""
        self.model.channel.kind = stage.channel
        return self._batches

    def validate(self, stage: TextStage) -> dict[str, float]:
        """Return the scores of the model, empty without fading."""
        return self._validate(self.model) if stage.channel == "rayleigh" else {}
