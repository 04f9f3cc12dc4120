"""The discriminator: is the lower half of a face from a camera or generated?"""

from typing import Any

import keras
from keras import layers, ops

from semantic.wav2lip.networks.blocks import lower_half
from semantic.wav2lip.networks.losses import discriminator_loss
from semantic.wav2lip.networks.sizes import SIDE, sizes_of

SLOPE = 0.01
"""Slope of the leaky ReLU below 0."""


class Discriminator(keras.Model):
    """Convolutions without normalisation, on the lower half of single frames.

    Parameters
    ----------
    preset : str
        ``"compact"`` or ``"paper"``.

    Raises
    ------
    LinksimError
        If there is no such preset.
    """

    def __init__(self, *, preset: str = "compact", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        parts: list[layers.Layer] = []
        for stage in sizes_of(preset).discriminator:
            padding = "valid" if stage.valid else "same"
            parts += [
                layers.Conv2D(stage.channels, stage.kernel, stage.stride, padding=padding),
                layers.LeakyReLU(SLOPE),
            ]
        self.body = keras.Sequential(
            [keras.Input((SIDE // 2, SIDE, 3)), *parts, layers.Conv2D(1, 1)]
        )
        self.built = True

    def call(self, faces: Any) -> Any:
        """Return logits, positive for what looks real.

        Input
        -----
        float32, [batch, 96, 96, 3]

        Output
        ------
        float32, [batch]
        """
        return ops.reshape(self.body(lower_half(faces)), (-1,))


class DiscriminatorModel(keras.Model):
    """The discriminator as it is trained: on as many real faces as generated ones.

    Parameters
    ----------
    preset : str
        See `Discriminator`.
    """

    def __init__(self, *, preset: str = "compact", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.discriminator = Discriminator(preset=preset)
        self.built = True

    def call(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return logits, float32 [n], of each of ``real`` and ``generated``, [n, 96, 96, 3]."""
        return {kind: self.discriminator(inputs[kind]) for kind in ("real", "generated")}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return `losses.discriminator_loss`."""
        return discriminator_loss(y_pred["real"], y_pred["generated"])
