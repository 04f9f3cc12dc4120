"""What makes a face speak: a network that redraws a face by a vector that says how."""

from typing import Any

import keras
from keras import layers, ops

from semantic.warp import enlarge, warp
from semantic.wav2lip.networks.blocks import stage_layers
from semantic.wav2lip.networks.sizes import SIDE, Sizes, Stage

CUT_AT = SIDE // 4
"""Height and width of the map from which on `lower` draws no upper half; convolutions before it
still see across the cut."""

GATE_BIAS = -3.0
"""Bias of the gate at first: a twentieth of the picture, so that training starts from a copy."""


class Animator(keras.Model):
    """A network that redraws the lower half of a face as a vector says.

    ::

        face, lower half blank ─┬─▶ face encoder ─┬─ ... ─▶ vector ─┐
        reference frame ────────┘                 └─ skips ─┐       │
                                                            ▼       ▼
        vector that says how ─────────────────────────────▶ decoder ─▶ face

    In the compact preset the decoder gives three things: a flow by which the reference frame is
    bent, as lips mostly move rather than change; a picture, of what they uncover; and for each
    pixel the share of the picture that replaces the bent frame. What does not change thus stays
    as sharp as it is, and a face that was never seen keeps its looks.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the networks; the vector has as many channels as the voice encoder's output.
    lower : bool
        Whether only the lower half is drawn, at half the cost; the upper is the reference's.
    """

    def __init__(self, sizes: Sizes, *, lower: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lower = lower
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
            height, width = self.decoder[-1].output_shape[1:3]
            if lower and width == CUT_AT:
                height //= 2
            shape = (height, width, stage.channels + skips.pop())
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

    def animate(self, face: Any, reference: Any, vector: Any, training: bool | None = None) -> Any:
        """Redraw faces.

        Input
        -----
        face : float32, [batch, 96, 96, 3]
            R, G, B from 0 to 1. Its lower half is not looked at.
        reference : float32, [batch, 96, 96, 3]
            The same speaker at another time, or the face itself.
        vector : float32, [batch, 1, 1, channels]
            What the face is to do.

        Output
        ------
        float32, [batch, 96, 96, 3]
        """
        seen = ops.concatenate([blank_lower_half(face), reference], axis=-1)
        skips = []
        for part in self.face:
            seen = part(seen, training=training)
            skips.append(seen)
        skips.pop(-2)
        x = vector
        for part in self.decoder:
            half, grown, skip = x, part(x, training=training), skips.pop()
            if self.lower and grown.shape[2] == CUT_AT:
                grown = grown[:, CUT_AT // 2 :]
            x = ops.concatenate([grown, skip[:, -grown.shape[1] :]], axis=-1)
        x = self.last(x, training=training)
        if self.flow is None or self.gate is None:
            return self.picture(x)
        upper, moving = ops.split(reference, [SIDE - x.shape[1]], axis=1)
        bent = warp(moving, enlarge(self.flow(half), 2))
        return ops.concatenate([upper, bent + self.gate(x) * (self.picture(x) - bent)], axis=1)


def blank_lower_half(faces: Any) -> Any:
    """Return faces, [batch, S, S, 3], with zeros in their lower half."""
    return ops.pad(faces[:, : SIDE // 2], [[0, 0], [0, SIDE - SIDE // 2], [0, 0], [0, 0]])
