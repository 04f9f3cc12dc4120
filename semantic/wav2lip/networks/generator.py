"""The generator: a face and 0.2 s of voice become the face that speaks it."""

from typing import Any

import keras
from keras import layers, ops

from semantic.training.weights import Stored
from semantic.warp import enlarge, warp
from semantic.wav2lip.networks.blocks import encoder, stage_layers
from semantic.wav2lip.networks.sizes import BANDS, COLUMNS, SIDE, Stage, sizes_of

GATE_BIAS = -3.0
"""Bias of the gate at first: a twentieth of the picture, so that training starts from a copy."""


class Generator(keras.Model):
    """A network that fills in the lower half of a face by what is heard.

    ::

        face, lower half blank ─┬─▶ face encoder ─┬─ ... ─▶ vector ─┐
        reference frame ────────┘                 └─ skips ─┐       │
                                                            ▼       ▼
        mel window ─▶ audio encoder ──────────────▶ vector ─▶ decoder ─▶ face

    In the compact preset the decoder gives three things: a flow by which the reference frame is
    bent, as lips mostly move rather than change; a picture, of what they uncover; and for each
    pixel the share of the picture that replaces the bent frame. What does not change thus stays
    as sharp as it is, and a face that was never seen keeps its looks.

    Parameters
    ----------
    preset : str
        ``"compact"`` or ``"paper"``.

    Raises
    ------
    LinksimError
        If there is no such preset.
    """

    STORED = Stored("generator", "generator")

    def __init__(self, *, preset: str = "compact", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sizes = sizes_of(preset)
        self.voice = encoder((BANDS, COLUMNS, 1), sizes.voice)
        shape, skips = (SIDE, SIDE, 6), []
        self.face = []
        for stage in sizes.face:
            self.face.append(keras.Sequential([keras.Input(shape), *stage_layers(stage)]))
            shape = self.face[-1].output_shape[1:]
            skips.append(shape[-1])
        channels = sizes.voice[-1].channels
        self.decoder = []
        # The 1 x 1 map of the last stage but one is left out: it has the size of the last one.
        skips.pop(-2)
        shape = (1, 1, channels)
        for stage in sizes.decoder:
            parts = stage_layers(stage, transposed=stage.kernel > 1)
            self.decoder.append(keras.Sequential([keras.Input(shape), *parts]))
            shape = (*self.decoder[-1].output_shape[1:3], stage.channels + skips.pop())
        self.last = keras.Sequential([keras.Input(shape), *stage_layers(Stage(sizes.last))])
        self.picture = layers.Conv2D(3, 1, activation="sigmoid")
        self.picture.build((None, SIDE, SIDE, sizes.last))
        self.gate = self.flow = None
        if sizes.bends:
            bias = keras.initializers.Constant(GATE_BIAS)
            self.gate = layers.Conv2D(1, 1, activation="sigmoid", bias_initializer=bias)
            self.gate.build((None, SIDE, SIDE, sizes.last))
            half = self.decoder[-1].input_shape[1:]
            self.flow = layers.Conv2D(2, 3, padding="same", kernel_initializer="zeros")
            self.flow.build((None, *half))
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> Any:
        """Generate faces.

        Input
        -----
        face : float32, [batch, 96, 96, 3]
            R, G, B from 0 to 1. Its lower half is not looked at.
        reference : float32, [batch, 96, 96, 3]
            The same speaker at another time, or the face itself.
        mel : float32, [batch, 80, 16, 1]
            Window of `semantic.wav2lip.frames.mel`, the face's moment in the middle.

        Output
        ------
        float32, [batch, 96, 96, 3]
        """
        reference = inputs["reference"]
        seen = ops.concatenate([blank_lower_half(inputs["face"]), reference], axis=-1)
        skips = []
        for part in self.face:
            seen = part(seen, training=training)
            skips.append(seen)
        skips.pop(-2)
        x = self.voice(inputs["mel"], training=training)
        for part in self.decoder:
            half, x = x, ops.concatenate([part(x, training=training), skips.pop()], axis=-1)
        x = self.last(x, training=training)
        if self.flow is None or self.gate is None:
            return self.picture(x)
        bent = warp(reference, enlarge(self.flow(half), 2))
        return bent + self.gate(x) * (self.picture(x) - bent)


def blank_lower_half(faces: Any) -> Any:
    """Return faces, [batch, S, S, 3], with zeros in their lower half."""
    return ops.pad(faces[:, : SIDE // 2], [[0, 0], [0, SIDE - SIDE // 2], [0, 0], [0, 0]])
