"""The halves of the codec as functions of arrays, compiled once for each size of frame."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from semantic.dvst.networks.latent_codec import LatentCodec
from semantic.dvst.networks.model import TOLD, FrameCodec
from semantic.dvst.networks.post_filter import PostFilter
from semantic.dvst.networks.side_density import SideDensity
from semantic.training.run import jit_of_backend

SENT = ("symbols", "rates", "hyper")
"""Arrays of each part of a frame that the receiver gets."""


class Step(keras.Model):
    """A model around a part of the codec, for Keras to compile; see `predict_on_batch`."""

    def __init__(self, part: Any) -> None:
        super().__init__()
        self.part = part
        self._by_size: dict[tuple[tuple[int, ...], ...], Any] = {}
        self.compile(jit_compile=jit_of_backend())

    def build(self, input_shape: Any) -> None:
        """Do nothing: the part is built."""
        self.built = True

    def predict_on_batch(self, x: Any) -> Any:
        """Return what `call` makes of arrays, as arrays."""
        # One function for all sizes would be traced with sizes unknown, which the parts need.
        size = tuple(np.shape(array) for array in keras.tree.flatten(x))
        if keras.backend.backend() == "tensorflow":
            return self._by_tensorflow(size, x)
        self.predict_function = self._by_size.get(size)
        y = super().predict_on_batch(x)
        self._by_size[size] = self.predict_function
        return y

    def _by_tensorflow(self, size: tuple[tuple[int, ...], ...], x: Any) -> Any:
        """Do without Keras around each call, which takes longer than the smallest steps do."""
        import tensorflow as tf

        if size not in self._by_size:
            self._by_size[size] = tf.function(self.call, autograph=False)
        y = self._by_size[size](keras.tree.map_structure(tf.convert_to_tensor, x))
        return keras.tree.map_structure(lambda tensor: tensor.numpy(), y)


class EncodeStep(Step):
    """The code of a frame, how unlikely it was, and the state that it leaves."""

    part: FrameCodec

    def call(self, inputs: dict[str, Any]) -> dict[str, Any]:
        told = {**_told(inputs), "spared": inputs["spared"]}
        before: Any = inputs.get("state")
        codes, _, state = self.part.encode(inputs["frames"], before, told)
        sent = {part: {what: code[what] for what in SENT} for part, code in codes.items()}
        excess = {part: code["excess"] for part, code in codes.items()}
        return {"sent": sent, "excess": excess, "state": state}


class DecodeStep(Step):
    """A picture from what arrived of a frame, and the state that it leaves."""

    part: FrameCodec

    def call(self, inputs: dict[str, Any]) -> dict[str, Any]:
        before: Any = inputs.get("state")
        picture, state = self.part.decode(inputs["received"], before, _told(inputs))
        return {"picture": picture, "state": state}


class ShowStep(Step):
    """`PostFilter`."""

    part: PostFilter

    def call(self, inputs: dict[str, Any]) -> Any:
        return self.part(**inputs)


class RateStep(Step):
    """`SideDensity.rate_log2`."""

    part: SideDensity

    def call(self, inputs: dict[str, Any]) -> Any:
        return self.part.rate_log2(**inputs)


class HyperStep(Step):
    """`SideDensity.hyper_density`."""

    part: SideDensity

    def call(self, inputs: dict[str, Any]) -> Any:
        return self.part.hyper_density(**inputs)


def history(
    latents: LatentCodec, rates: np.ndarray, hyper: np.ndarray, told: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return `SideDensity.history` of one frame, float32, [1, h, w, 3]."""
    side = latents.entropy.side
    return ops.convert_to_numpy(
        side.history(rates[None], hyper[None].astype(np.float32), told["precision"])
    )


def _told(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: inputs[name] for name in TOLD}
