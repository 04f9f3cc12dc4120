"""The text codec as one trainable model: encoder, training channel, decoder."""

from typing import Any

import keras
import numpy as np
from keras import ops

from linksim.errors import unknown
from linksim.streams.interleaving import interleaver
from semantic.text.alphabet import NONE
from semantic.text.combining import combine, unit_power
from semantic.text.networks import make_decoder, make_encoder
from semantic.text.sizes import CHUNK, COPIES, PRESETS
from semantic.training.channel import TrainingChannel
from semantic.training.weights import Stored


class TextModel(keras.Model):
    """Encoder, channel and decoder in a row, after DeepSC.

    ::

        tokens ─▶ encoder ─ keep ─ unit power ─ copy ─ interleave ▶ channel ─ gather┐
                     logits ◀─ decoder ◀─ estimate, trust ◀─ combine copies ◀──────┘

    Xie et al., "Deep learning enabled semantic communication systems", IEEE Trans. Signal
    Process. 69, 2021: a semantic and a channel codec, here over characters instead of words, so
    that nothing is unsayable, and with all characters read at once. Unlike there, one set of
    weights serves all rates: the latents of a character come in the order of their worth, the
    last may be left out, and all may be sent more than once, in slots that fade independently.

    Parameters
    ----------
    preset : str
        One of `semantic.text.sizes.PRESETS`.
    channel : str
        Kind of `TrainingChannel`.
    seed : int
        Seed of initial weights, fading and noise.

    Raises
    ------
    LinksimError
        If there is no such preset or channel.
    """

    STORED = Stored("text", "text codec", ("encoder", "decoder"))

    def __init__(
        self, *, preset: str = "compact", channel: str = "rayleigh", seed: int = 0, **kwargs: Any
    ) -> None:
        if preset not in PRESETS:
            raise unknown("preset of the text codec", preset, PRESETS)
        super().__init__(**kwargs)
        keras.utils.set_random_seed(seed)
        sizes = PRESETS[preset]
        self.latents = sizes.latents
        self.encoder = make_encoder(sizes)
        self.decoder = make_decoder(sizes)
        self.channel = TrainingChannel(kind=channel, seed=seed)

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> Any:
        """Send chunks of text and read what arrives.

        Input
        -----
        tokens : int32, [batch, CHUNK]
            `NONE` after the last character.
        snr_db : float32, [batch]
            Mean Es/N0 in dB.
        kept, copies : float32, [batch]
            Latents of each character that are sent, the first ones; and how often, 1 to
            `COPIES`: with a fraction, the first characters once more than the others.
        company : float32, [batch]
            How much else is sent between them, 0 to 1, so that they see more channel realisations.

        Output
        ------
        float32, [batch, CHUNK, TOKENS]
            Logits.
        """
        tokens, kept = inputs["tokens"], inputs["kept"]
        present = ops.not_equal(tokens, NONE)
        index = ops.arange(self.latents, dtype="float32")
        sent = ops.cast(index < kept[:, None], "float32")[:, None]
        sent = sent * ops.cast(present, "float32")[..., None]
        latents = unit_power(self.encoder(tokens, training=training), sent)
        copies = self._copies(present, inputs["copies"])[..., None] * sent[:, None]
        received, noise = self._send(latents[:, None] * copies, copies, inputs)
        estimate, trust = combine(received, noise, copies, axis=1)
        return self.decoder([estimate, trust, present], training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean cross-entropy of a character in nats."""
        tokens = x["tokens"]
        present = ops.cast(ops.not_equal(tokens, NONE), "float32")
        each = keras.losses.sparse_categorical_crossentropy(tokens, y_pred, from_logits=True)
        return ops.sum(each * present) / ops.sum(present)

    def _copies(self, present: Any, copies: Any) -> Any:
        """Return which characters are sent in each copy: float32, [batch, COPIES, CHUNK]."""
        length = ops.sum(ops.cast(present, "float32"), axis=1)
        share = copies[:, None] - ops.arange(COPIES, dtype="float32")
        reached = ops.arange(CHUNK, dtype="float32") < (share * length[:, None])[..., None]
        return ops.cast(ops.logical_and(reached, present[:, None]), "float32")

    def _send(self, latents: Any, copies: Any, inputs: dict[str, Any]) -> tuple[Any, Any]:
        """Return received latents and noise, [batch, COPIES, CHUNK, latents]."""
        shape = (-1, COPIES, CHUNK, self.latents)
        order = _order(COPIES * CHUNK * self.latents)
        flat = ops.take(ops.reshape(latents, (-1, len(order))), np.argsort(order), axis=1)
        share = ops.mean(copies, axis=(1, 2, 3))
        share = share + inputs["company"] * (1.0 - share)
        received, noise = self.channel(flat, inputs["snr_db"], 2.0 * ops.ones_like(share), share)
        received, noise = (ops.take(x, order, axis=1) for x in (received, noise))
        return ops.reshape(received, shape), ops.reshape(noise, shape)


def _order(n: int) -> np.ndarray:
    """Return the position of each of n reals, pairs kept together: int64, [n]."""
    return (2 * interleaver(n // 2)[:, None] + np.arange(2)).reshape(-1)
