"""Fit the densities of side information to whole groups of pictures, as they are really sent.

Crops of a few frames move more than a call does and have no past. What costs the most side
information is the many positions of the many frames where nothing happens, and only whole groups
show how many these are.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from semantic.dvst.gop import Conditions, Sender
from semantic.dvst.model import GROUP, DvstModel
from semantic.dvst.reference import nothing_before
from semantic.dvst.side_density import SideDensity
from semantic.dvst.steps import history

CONDITIONS = ((5.0, 0.8, 0.4), (10.0, 0.6, 0.6), (10.0, 0.3, 0.5), (20.0, 0.5, 1.3))
"""SNR in dB, eta and precision under which groups are coded."""

BATCH = 16
LEARNING_RATE = 1e-3

Maps = dict[str, np.ndarray]


class DensityModel(keras.Model):
    """A `SideDensity` whose loss is the mean bits of a map."""

    def __init__(self, side: SideDensity) -> None:
        super().__init__()
        self.side = side

    def build(self, input_shape: Any) -> None:
        """Do nothing: the densities are built."""
        self.built = True

    def call(self, inputs: dict[str, Any]) -> Any:
        """Return bits, [batch], of what `SideDensity.bits` takes."""
        return self.side.bits(**inputs)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean bits of a map."""
        return ops.mean(y_pred)


def fit_densities(
    model: DvstModel, videos: Sequence[np.ndarray], *, steps: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Train the densities of frames with a reference, and nothing else.

    Parameters
    ----------
    model : DvstModel
        Whose densities are trained; all else of it decides what is sent.
    videos : sequence of np.ndarray
        uint8, [T, H, W, 3] each. Those that are shorter than a group are left out.
    steps : int
        Of each part.
    seed : int
        Of the order of maps.

    Returns
    -------
    dict
        Mean bits of a frame before and after, of each part.
    """
    gained: dict[str, tuple[float, float]] = {}
    if not steps:
        return gained
    for part, maps in _collect(model, videos).items():
        side = getattr(model.inter, part).entropy.side
        side.trainable = True
        density = DensityModel(side)
        schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
        jit = False if keras.backend.backend() == "tensorflow" else "auto"
        density.compile(keras.optimizers.Adam(schedule), jit_compile=jit)
        rng = np.random.default_rng([seed, len(part)])
        losses = []
        for _ in range(steps):
            chosen = rng.integers(0, len(maps["rates"]), BATCH)
            batch = {name: values[chosen] for name, values in maps.items()}
            density.reset_metrics()
            losses.append(float(density.train_on_batch(batch)))
        some = max(1, steps // 20)
        gained[part] = (float(np.mean(losses[:some])), float(np.mean(losses[-some:])))
    return gained


def _collect(model: DvstModel, videos: Sequence[np.ndarray]) -> dict[str, Maps]:
    """Code groups and keep the maps of their frames with a reference, all of one size."""
    sender = Sender(model)
    found: dict[str, list[Maps]] = {part: [] for part in model.inter.PARTS}
    long = [video for video in videos if len(video) >= GROUP]
    size = long[0].shape if long else None
    for video in (v for v in long if v.shape[1:] == size[1:]):
        for conditions, start in zip(CONDITIONS, _starts(len(video)), strict=False):
            told = Conditions(*conditions)
            arrays = told.arrays(intra=False)
            before: dict[str, np.ndarray] = {}
            for code in sender(video[start : start + GROUP], told, GROUP):
                for part in () if code.intra else model.inter.PARTS:
                    rates, hyper = code.rates[part], code.hyper[part]
                    found[part].append(
                        {
                            "rates": rates[None],
                            "hyper": hyper[None].astype(np.float32),
                            "before": before.get(part, nothing_before(rates.shape)),
                            "eta": arrays["eta"],
                            "precision": arrays["precision"],
                        }
                    )
                    before[part] = history(getattr(model.inter, part), rates, hyper, arrays)
    return {
        part: {name: np.concatenate([m[name] for m in maps]) for name in maps[0]}
        for part, maps in found.items()
        if maps
    }


def _starts(length: int) -> Iterator[int]:
    """Give where groups start, spread over a video, as many as there are conditions."""
    last = length - GROUP
    for i in range(len(CONDITIONS)):
        yield round(last * i / (len(CONDITIONS) - 1))
