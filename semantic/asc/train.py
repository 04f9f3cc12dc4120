"""Train the audio codec: ``linksim train asc --audio DIR --out DIR``."""

import csv
import dataclasses
import json
import os
import time
from pathlib import Path

import keras
import numpy as np

from linksim.errors import LinksimError
from semantic.asc import checkpoint, weights
from semantic.asc.data import Crops
from semantic.asc.model import AscModel
from semantic.asc.recipe import Recipe, Stage
from semantic.asc.validation import COLUMNS as SCORES
from semantic.asc.validation import Validation

LOG_EVERY = 20
WARM_UP = 300
COLUMNS = ("step", "stage", "loss", *SCORES, "score")


class Trainer:
    """One run, in a folder that holds all it needs to go on.

    ``state.npz`` is the last checkpoint, ``best.npz`` the weights with the best
    validation score (without validation the last), ``log.csv`` the losses and scores. Run
    again with the same recipe, it goes on where it stopped, to the same result.

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
        self.recipe = recipe
        self.model = AscModel(
            preset=recipe.preset,
            link=recipe.link,
            seed=recipe.seed,
            perceptual=recipe.perceptual,
            waveform=recipe.waveform,
        )
        if recipe.start:
            weights.load(Path(recipe.start), self.model)
        self._samples = recipe.crop_frames * self.model.hop
        self._audio = audio
        self._music = music
        self._validate = None if held_out is None else Validation(held_out, 2 * self._samples)
        self._out = out
        self._save_every = save_every
        self._best = -np.inf
        out.mkdir(parents=True, exist_ok=True)

    def run(self, stop_at: int | None = None) -> None:
        """Train to the end, or to step `stop_at`.

        Raises
        ------
        LinksimError
            If the folder holds a run with another recipe, or the loss is no longer finite.
        """
        done = self._done()
        end = min(self.recipe.steps, stop_at or self.recipe.steps)
        stage, began, losses = None, time.monotonic(), []
        for step in range(done, end):
            if self.recipe.stage(step) != stage:
                stage = self.recipe.stage(step)
                before, crops = self.model.channel, self._enter(stage)
                if step > done and self.model.channel is not before:
                    self._best = -np.inf  # scores over another channel do not compare
                if step == done > 0:
                    same = self.recipe.stage(done - 1) == stage
                    checkpoint.restore(self._state_file, self.model, optimizer=same)
            self.model.reset_metrics()
            losses.append(float(self.model.train_on_batch(crops(step))))
            if not np.isfinite(losses[-1]):
                raise LinksimError(f"the loss is not finite at step {step}; lower the rate")
            saves = (step + 1) % self._save_every == 0 or step + 1 == end
            if saves or (step + 1) % LOG_EVERY == 0:
                row = {"step": step + 1, "stage": stage.name, "loss": round(np.mean(losses), 4)}
                losses = []
                if saves and self._validate and stage.channel == "rayleigh":
                    row |= self._validate(self.model)
                # Before the checkpoint: rows that a kill leaves ahead of it are cut off again.
                self._log(row)
                if saves:
                    self._save(step + 1, row.get("score", np.inf))
                left = (time.monotonic() - began) / (step + 1 - done) * (end - step - 1)
                shown = "  ".join(f"{k} {v}" for k, v in row.items())
                print(f"{shown}  ETA {left / 60:.1f} min", flush=True)

    @property
    def _state_file(self) -> Path:
        return self._out / "state.npz"

    def _identity(self) -> dict[str, object]:
        heard = [] if self._music is None else [len(self._music)]
        return {**dataclasses.asdict(self.recipe), "audio": [len(self._audio), *heard]}

    def _done(self) -> int:
        """Return the steps that a checkpoint has behind it, and cut the log to them."""
        log = self._out / "log.csv"
        if not self._state_file.exists():
            log.write_text(",".join(COLUMNS) + "\n")
            return 0
        state = checkpoint.peek(self._state_file)
        if state["recipe"] != json.loads(json.dumps(self._identity())):
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

    def _enter(self, stage: Stage) -> Crops:
        self.model.enter(stage.name, stage.channel)
        schedule = keras.optimizers.schedules.CosineDecay(
            stage.learning_rate / 100,
            stage.steps,
            alpha=0.03,
            warmup_target=stage.learning_rate,
            warmup_steps=min(WARM_UP, stage.steps // 2),
        )
        optimizer = keras.optimizers.Adam(schedule, global_clipnorm=1.0)
        # On TensorFlow XLA compiles for minutes and a convolutional step gains nothing by it.
        jit = False if keras.backend.backend() == "tensorflow" else "auto"
        self.model.compile(optimizer=optimizer, jit_compile=jit)
        crops = Crops(
            self._audio,
            self._music,
            samples=self._samples,
            batch=self.recipe.batch,
            latents=self.model.latents,
            snr_db=stage.snr_db,
            seed=self.recipe.seed,
        )
        if not self.model.built:
            self.model(crops(0))
        optimizer.build(self.model.trainable_variables)
        return crops

    def _save(self, step: int, score: float) -> None:
        if score >= self._best:
            self._best = score if np.isfinite(score) else self._best
            weights.save(self._out / "best.npz", self.model)
        best = float(self._best) if self._best > -np.inf else None
        checkpoint.save(
            self._state_file, self.model, {"recipe": self._identity(), "step": step, "best": best}
        )

    def _log(self, row: dict[str, object]) -> None:
        with (self._out / "log.csv").open("a", newline="") as file:
            csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n").writerow(row)
