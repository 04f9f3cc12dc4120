"""A training run that can be stopped and goes on to the same result."""

import csv
import dataclasses
import json
import math
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np

from linksim.errors import LinksimError
from semantic.training import checkpoint, weights

LOG_EVERY = 20
WARM_UP = 300

Batch = Any
"""A batch, as `keras.Model.train_on_batch` takes it."""


def jit_of_backend() -> bool | str:
    """Return what Keras should take for ``jit_compile``.

    On TensorFlow XLA compiles for minutes on a CPU and a convolutional network gains nothing by it.
    """
    return False if keras.backend.backend() == "tensorflow" else "auto"


class TrainingRun(ABC):
    """One run, in a folder that holds all it needs to go on.

    ``state.npz`` is the last checkpoint, ``best.npz`` the weights with the best
    validation score (without validation the last), ``log.csv`` the losses and scores. Run
    again with the same recipe, it goes on where it stopped, to the same result.

    Parameters
    ----------
    model : keras.Model
        What is trained.
    recipe : dataclass
        What to do: ``steps`` in all, and ``stage(step)``, a `stage.Stage`.
    data : mapping
        Identity of the data; with the recipe, all that two runs must share for one to go
        on with the other's checkpoint.
    out : Path
        The folder.
    save_every : int
        Steps between checkpoints and validations.
    """

    minutes: float = math.inf
    """Time from the start of `run` after which it stops, with a checkpoint."""

    scores: ClassVar[tuple[str, ...]]
    """Columns that validation adds to the log; ``score`` is one more, greater is better."""

    def __init__(
        self,
        model: keras.Model,
        recipe: Any,
        data: Mapping[str, object],
        out: Path,
        save_every: int,
    ) -> None:
        self.model = model
        self.recipe = recipe
        self._identity = {**dataclasses.asdict(recipe), **data}
        self._out = out
        self._save_every = save_every
        self._best = -np.inf
        out.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def enter(self, stage: Any) -> Callable[[int], Batch]:
        """Make the model ready for a stage, not yet compiled; return what gives a step's batch."""

    @abstractmethod
    def validate(self, stage: Any) -> dict[str, float]:
        """Return the scores of the model, empty if there are none in this stage."""

    def save_weights(self, path: Path) -> None:
        """Write the weights as they are used."""
        weights.save(path, self.model)

    @property
    def models(self) -> tuple[keras.Model, ...]:
        """All that is trained, the model first; more than one where they take turns."""
        return (self.model,)

    def train_step(self, batch: Batch) -> float:
        """Train on a batch; return the loss of the model."""
        self.model.reset_metrics()
        return float(self.model.train_on_batch(batch))

    def comparable(self, before: Any, stage: Any) -> bool:
        """Return whether scores of one stage compare with those of the stage before."""
        return True

    def run(self, stop_at: int | None = None) -> None:
        """Train to the end, or to step `stop_at`.

        Raises
        ------
        LinksimError
            If the folder holds a run with another recipe, or the loss is no longer finite.
        """
        done = self.done()
        end = min(self.recipe.steps, stop_at or self.recipe.steps)
        stage: Any = None
        began, losses = time.monotonic(), []
        for step in range(done, end):
            if self.recipe.stage(step) != stage:
                stage = self.recipe.stage(step)
                batch = self._enter(stage)
                before = self.recipe.stage(step - 1) if step else stage
                if before != stage and not self.comparable(before, stage):
                    self._best = -np.inf
                if step == done > 0:
                    same = self.recipe.stage(done - 1) == stage
                    checkpoint.restore(self._state_file, self.models, optimizer=same)
            losses.append(self.train_step(batch(step)))
            if not np.isfinite(losses[-1]):
                raise LinksimError(f"the loss is not finite at step {step}; lower the rate")
            over = time.monotonic() - began > 60 * self.minutes
            saves = (step + 1) % self._save_every == 0 or step + 1 == end or over
            if saves or (step + 1) % LOG_EVERY == 0:
                row: dict[str, Any] = {
                    "step": step + 1,
                    "stage": stage.name,
                    "loss": round(np.mean(losses), 4),
                }
                losses = []
                if saves:
                    row |= self.validate(stage)
                # Before the checkpoint: rows that a kill leaves beyond it are cut off again.
                self._log(row)
                if saves:
                    self._save(step + 1, row.get("score", np.inf))
                left = (time.monotonic() - began) / (step + 1 - done) * (end - step - 1)
                shown = "  ".join(f"{k} {v}" for k, v in row.items())
                print(f"{shown}  ETA {left / 60:.1f} min", flush=True)
            if over:
                return

    @property
    def _state_file(self) -> Path:
        return self._out / "state.npz"

    @property
    def _columns(self) -> tuple[str, ...]:
        return ("step", "stage", "loss", *self.scores, "score")

    def done(self) -> int:
        """Return the steps that a checkpoint has behind it, and cut the log to them."""
        log = self._out / "log.csv"
        if not self._state_file.exists():
            log.write_text(",".join(self._columns) + "\n")
            return 0
        state = checkpoint.peek(self._state_file)
        if state["recipe"] != json.loads(json.dumps(self._identity)):
            raise LinksimError(
                f"{self._out} holds a run with another recipe; choose another folder"
            )
        self._best = -np.inf if state["best"] is None else state["best"]
        header, *rows = log.read_text().splitlines()
        kept = [row for row in rows if int(row.split(",")[0]) <= state["step"]]
        part = log.with_suffix(".part")
        part.write_text("\n".join([header, *kept]) + "\n")
        os.replace(part, log)
        return state["step"]

    def _enter(self, stage: Any) -> Callable[[int], Batch]:
        batch = self.enter(stage)
        for model in self.models:
            schedule = keras.optimizers.schedules.CosineDecay(
                stage.learning_rate / 100,
                stage.steps,
                alpha=0.03,
                warmup_target=stage.learning_rate,
                warmup_steps=min(WARM_UP, stage.steps // 2),
            )
            optimizer = keras.optimizers.Adam(schedule, global_clipnorm=1.0)
            model.compile(optimizer=optimizer, jit_compile=jit_of_backend())
            if not model.built:
                model(batch(0))
            optimizer.build(model.trainable_variables)
        return batch

    def _save(self, step: int, score: float) -> None:
        if score >= self._best:
            self._best = score if np.isfinite(score) else self._best
            self.save_weights(self._out / "best.npz")
        best = float(self._best) if self._best > -np.inf else None
        checkpoint.save(
            self._state_file, self.models, {"recipe": self._identity, "step": step, "best": best}
        )

    def _log(self, row: dict[str, object]) -> None:
        with (self._out / "log.csv").open("a", newline="") as file:
            csv.DictWriter(file, self._columns, restval="", lineterminator="\n").writerow(row)
