"""What each network of the audio codec is worth, on given voices."""

from collections.abc import Iterator

import keras
import numpy as np
from keras import ops

from semantic.asc.data import Crops
from semantic.asc.model import AscModel
from semantic.training.ablation import Ablated, Networks, ablated
from semantic.training.channel import fixed_randomness
from semantic.training.weights import load, path_of

BATCH, FRAMES = 16, 125
"""Crops that the loss is the mean over, and their frames: 40 to 64 s of sound."""
RANDOM_STATE = (3, 4)

ENCODER = {
    "gains": ("block2", "block3", "block4", "block5", "block6", "out_norm", "gain"),
    "aggregator": ("aggregator",),
}
DECODER = {
    "envelope": ("block2", "block3", "correction"),
    "decomposer": ("decomposer",),
    "trunk": ("block4", "block5", "block6", "block7", "out_norm"),
    "gains": ("gain",),
    "residue": ("residue",),
}
"""Networks by the beginnings of the names of their layers."""


def ablated_audio(preset: str, voices: np.ndarray) -> Iterator[Ablated]:
    """Measure the training loss, on voices, without each network in turn.

    Parameters
    ----------
    preset : str
        ``"compact"`` or ``"live"``, with the shipped weights.
    voices : np.ndarray
        int16, [N]; speech at 16 kHz.
    """
    model = AscModel(preset=preset)
    load(path_of("asc", preset), model)
    batch = Crops(
        voices,
        samples=FRAMES * model.hop,
        batch=BATCH,
        latents=model.latents,
        rates=model.rates,
    )(0)

    def loss() -> float:
        with fixed_randomness(model.channel, RANDOM_STATE):
            return float(ops.convert_to_numpy(model.compute_loss(batch, y_pred=model(batch))))

    start = AscModel(preset=preset)
    yield from ablated(f"audio codec, {preset}", _networks(model), _networks(start), loss)


def _networks(model: AscModel) -> Networks:
    found: dict[str, list[keras.layers.Layer]] = {}
    for end, parts in (("encoder", ENCODER), ("decoder", DECODER)):
        layers = getattr(model, end).layers
        for name, starts in parts.items():
            found[f"{end}: {name}"] = [x for x in layers if x.name.startswith(starts) and x.weights]
    # The live decoder has no decomposer: what collects copies is not trained.
    return {name: parts for name, parts in found.items() if parts}
