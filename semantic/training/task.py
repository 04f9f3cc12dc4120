"""A training whose recipe and data are known: it runs here, or is packed to run elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linksim.plugins import load_object

if TYPE_CHECKING:
    from semantic.training.run import TrainingRun


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """What a command trains; calling it trains, or goes on training.

    Parameters
    ----------
    trainer : str
        Dotted path of what makes a `semantic.training.run.TrainingRun` of `recipe`, `out`,
        `save_every` and `data`, all by their names. Keras is loaded with its module.
    recipe : dataclass
        What to do.
    data : mapping
        Arrays, talks and texts, or lists of these, by the names that the trainer has for them.
    out : Path
        The folder.
    save_every : int
        Steps between checkpoints and validations.
    """

    trainer: str
    recipe: Any
    data: Mapping[str, Any]
    out: Path
    save_every: int

    def __call__(self) -> None:
        """Train to the end."""
        self.begin().run()

    def begin(self) -> "TrainingRun":
        """Return the run, ready to be started."""
        trainer = load_object(self.trainer, "trainer")
        run: TrainingRun = trainer(
            recipe=self.recipe, out=self.out, save_every=self.save_every, **self.data
        )
        return run
