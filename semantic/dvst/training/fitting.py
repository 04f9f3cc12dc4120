"""Train a small part of the codec alone, on data that the rest of it made."""

import time
from typing import Any

import keras
import numpy as np
from keras import ops

from semantic.training.run import jit_of_backend

Data = dict[str, np.ndarray]

LOG_EVERY = 200


class Fit(keras.Model):
    """A part of the codec, to be trained; what it is called with becomes the loss.

    Parameters
    ----------
    part : keras.layers.Layer
        Layer whose weights are trained.
    """

    def __init__(self, part: keras.layers.Layer) -> None:
        super().__init__()
        part.trainable = True
        self.part = part

    def build(self, input_shape: Any) -> None:
        """Do nothing: the part is built."""
        self.built = True

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean of what `call` returns."""
        return ops.mean(y_pred)


def fit(
    model: Fit,
    data: Data,
    *,
    steps: int,
    batch: int,
    learning_rate: float,
    rng: np.random.Generator,
    name: str,
) -> tuple[float, float]:
    """Train, and print how it goes.

    Parameters
    ----------
    model : Fit
        What to train.
    data : dict of np.ndarray
        Inputs of the model, [n, ...] each.
    steps, batch : int
        Training steps, and examples per step.
    learning_rate : float
        Learning rate of Adam at first; it falls to 0 with a cosine.
    rng : np.random.Generator
        Generator that chooses examples.
    name : str
        Name to show.

    Returns
    -------
    tuple of float
        Mean loss over the first and over the last twentieth of the steps.
    """
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    model.compile(keras.optimizers.Adam(schedule), jit_compile=jit_of_backend())
    count = len(next(iter(data.values())))
    losses = []
    began = time.monotonic()
    for step in range(steps):
        chosen = rng.integers(0, count, batch)
        model.reset_metrics()
        losses.append(
            float(model.train_on_batch({key: values[chosen] for key, values in data.items()}))
        )
        if (step + 1) % LOG_EVERY == 0:
            left = (time.monotonic() - began) / (step + 1) * (steps - step - 1)
            loss = np.mean(losses[-LOG_EVERY:])
            print(f"{name}  step {step + 1}  loss {loss:.4f}  ETA {left / 60:.1f} min", flush=True)
    some = max(1, steps // 20)
    return float(np.mean(losses[:some])), float(np.mean(losses[-some:]))
