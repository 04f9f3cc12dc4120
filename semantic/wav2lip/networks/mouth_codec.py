"""The mouth codec: what the mouth of a held face does, as a few latents for the symbol link."""

from typing import Any

import keras
from keras import layers, ops

from linksim.errors import unknown
from semantic.training.channel import TrainingChannel
from semantic.training.weights import Stored
from semantic.wav2lip.networks.animator import Animator
from semantic.wav2lip.networks.blocks import encoder, lower_half
from semantic.wav2lip.networks.losses import reconstruction_loss
from semantic.wav2lip.networks.sizes import SIDE, Stage, sizes_of
from semantic.wav2lip.networks.weighting import shown

LATENTS = 32
"""Real latents of a frame, 16 channel uses."""

REALISATION = 4
"""Channel uses of a frame that share a channel realisation in training."""

WATCHER = (
    Stage(16, 5, 2),
    Stage(32, stride=2, residual=1),
    Stage(48, stride=2, residual=1),
    Stage(64, stride=2, residual=1),
    Stage(96, stride=(1, 2)),
    Stage(96, valid=True),
)
"""Stages of the encoder, for lower halves of 48 x 96."""


class MouthEncoder(keras.Model):
    """A network that tells what the mouth does against a face that the receiver holds.

    ::

        lower half now ────┬─▶ stages ─▶ dense ─▶ unit power ─▶ latents
        lower half held ───┘
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.watcher = encoder((SIDE // 2, SIDE, 6), WATCHER)
        self.code = layers.Dense(LATENTS)
        self.code.build((None, WATCHER[-1].channels))
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> Any:
        """Encode frames.

        Input
        -----
        target, reference : float32, [batch, 96, 96, 3]
            The face now and the face that is held; only lower halves are looked at.

        Output
        ------
        float32, [batch, LATENTS]
            Of mean square 1 in each row.
        """
        pair = ops.concatenate([inputs["target"], inputs["reference"]], axis=-1)
        x = self.watcher(lower_half(pair), training=training)
        code = self.code(ops.reshape(x, (-1, x.shape[-1])))
        return code / ops.sqrt(ops.mean(ops.square(code), axis=1, keepdims=True) + 1e-6)


class MouthDecoder(Animator):
    """A network that makes a held face do what received latents say.

    ::

        latents, noise ─▶ weights by noise ─▶ dense ─▶ vector ─┐
                                                               ▼
        face, reference frame ─────────────────────────────▶ animator ─▶ face
    """

    def __init__(self, **kwargs: Any) -> None:
        sizes = sizes_of("compact")
        super().__init__(sizes, lower=True, **kwargs)
        channels = sizes.voice[-1].channels
        self.read = layers.Dense(channels, activation="relu")
        self.read.build((None, 2 * LATENTS))
        self.turn = layers.Dense(channels, activation="relu")
        self.turn.build((None, channels))
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> Any:
        """Animate faces.

        Input
        -----
        reference : float32, [batch, 96, 96, 3]
            The face that is held.
        latents, noise : float32, [batch, LATENTS]
            Received latents and the noise variance of each, in the units of what was sent.

        Output
        ------
        float32, [batch, 96, 96, 3]
        """
        weight = 1.0 / (1.0 + inputs["noise"])
        told = ops.concatenate([inputs["latents"] * weight, weight], axis=-1)
        vector = self.turn(self.read(told))[:, None, None]
        held = inputs["reference"]
        return self.animate(held, held, vector, training=training)


class MouthCodec(keras.Model):
    """Both ends of the mouth codec, with a fading channel between them for training.

    ::

        frame, held frame ─▶ encoder ─▶ fading, noise ─▶ decoder ─▶ frame
                  └────────────────────────────────────────┘

    Sixteen channel uses a frame carry what lips, teeth and jaw do, which the voice alone does not
    tell. The face that is held comes by other ways.

    Parameters
    ----------
    preset : str
        ``"compact"``.
    seed : int
        Seed of fading and noise in training.

    Raises
    ------
    LinksimError
        If there is no such preset.

    Examples
    --------
    ::

        codec = trained(MouthCodec, "compact")
        latents = codec.encoder({"target": now, "reference": held})
    """

    STORED = Stored("mouth", "mouth codec", ("encoder", "decoder"))
    latents = LATENTS

    def __init__(self, *, preset: str = "compact", seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if preset != "compact":
            raise unknown("preset of the lip-sync networks", preset, ("compact",))
        self.encoder, self.decoder = MouthEncoder(), MouthDecoder()
        self.channel = TrainingChannel(block_symbols=REALISATION, seed=seed)
        self.shown = shown()
        for end in (self.encoder, self.decoder):
            # XLA compiles for long and gains nothing where both are used.
            end.compile(jit_compile=False)
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> Any:
        """Return faces, float32 [batch, 96, 96, 3], of targets sent over the training channel.

        Input
        -----
        target, reference : float32, [batch, 96, 96, 3]
            As `MouthEncoder` takes them.
        snr_db : float32, [batch]
            Mean Es/N0 in dB.
        """
        latents = self.encoder(inputs, training=training)
        received, noise = self.channel(latents, inputs["snr_db"])
        told = {"reference": inputs["reference"], "latents": received, "noise": noise}
        return self.decoder(told, training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the weighted mean absolute difference of what was made and what was."""
        return reconstruction_loss(x["target"], y_pred, self.shown)
