"""The audio codec as one trainable model: encoder, training channel, decoder."""

from typing import Any

import keras
import numpy as np
from keras import ops

from linksim.errors import unknown
from semantic.asc import compact, paper
from semantic.asc.interleave import spread
from semantic.asc.losses import disturbance, nrmse
from semantic.asc.sizes import RATES
from semantic.channel import TrainingChannel

PRESETS = {"compact": compact, "paper": paper}
"""Modules with `HOP`, the samples of a frame, and `make_encoder` and `make_decoder`."""

ABSENT = 1e3
"""Noise variance that tells the decoder of a latent never sent."""


MUSIC_WAVEFORM = 5.0


class AscModel(keras.Model):
    """Encoder, channel and decoder in a row.

    ::

        audio ─▶ encoder ─ keep ─ spread ─▶ channel ─ gather ─▶ decoder ─▶ audio'
        snr ────▶┘                snr ─────▶┘   └─── noise ────▶┘

    Parameters
    ----------
    preset : str
        ``"compact"`` or ``"paper"``.
    rate : str
        ``"low"``, ``"mid"`` or ``"high"``: how many latents a frame has.
    channel : str
        Kind of `TrainingChannel`.
    seed : int
        Of initial weights, fading and noise.
    perceptual, waveform : float
        Weights of `disturbance` and of `nrmse`, eq. (8), in the loss.

    Raises
    ------
    LinksimError
        If there is no such preset, rate or channel.
    """

    def __init__(
        self,
        *,
        preset: str = "compact",
        rate: str = "low",
        channel: str = "rayleigh",
        seed: int = 0,
        perceptual: float = 1.0,
        waveform: float = 2.0,
        **kwargs: Any,
    ) -> None:
        if preset not in PRESETS:
            raise unknown("preset of the audio codec", preset, PRESETS)
        if rate not in RATES:
            raise unknown("rate of the audio codec", rate, RATES)
        super().__init__(**kwargs)
        keras.utils.set_random_seed(seed)
        module = PRESETS[preset]
        self.hop = module.HOP
        self.latents = round(2 * RATES[rate] * self.hop)
        self.encoder = module.make_encoder(self.latents)
        self.decoder = module.make_decoder(self.latents)
        layers = [*self.encoder.layers, *self.decoder.layers]
        self._trainable = [(layer, layer.trainable) for layer in layers]
        self.channel = TrainingChannel(kind=channel, seed=seed)
        self.perceptual = perceptual
        self.waveform = waveform

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> Any:
        """Send audio and decode what arrives.

        Input
        -----
        audio : float32, [batch, frames * hop]
            Unit mean power.
        snr_db, kept : float32, [batch]
            Mean Es/N0 in dB; latents of each frame that are sent, the first ones.

        Output
        ------
        float32, [batch, frames * hop]
        """
        latents = self.encoder([inputs["audio"], inputs["snr_db"]], training=training)
        index = ops.arange(self.latents, dtype="float32")
        sent = ops.cast(index < inputs["kept"][:, None], "float32")[:, None]
        latents = latents * sent
        power = ops.mean(ops.square(latents), axis=(1, 2)) / ops.mean(sent, axis=(1, 2))
        shape = ops.shape(latents)
        n = latents.shape[1] * latents.shape[2]
        order = spread(n)
        flat = ops.take(ops.reshape(latents, (-1, n)), np.argsort(order), axis=1)
        received, noise = self.channel(flat, inputs["snr_db"], 2.0 * power)
        received = ops.reshape(ops.take(received, order, axis=1), shape)
        noise = ops.reshape(ops.take(noise, order, axis=1), shape)
        noise = noise * sent + ABSENT * (1.0 - sent)
        return self.decoder([received * sent, noise], training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the weighted sum of both losses, averaged over the batch.

        Music (`x["speech"]` is 0) has no perceptual loss, for P.862 is not defined for it, and
        `MUSIC_WAVEFORM` times the waveform loss.
        """
        speech = x["speech"]
        waveform = self.waveform * (speech + MUSIC_WAVEFORM * (1.0 - speech))
        loss = ops.mean(waveform * nrmse(x["audio"], y_pred))
        if self.perceptual:
            heard = disturbance(x["audio"], y_pred)
            loss = loss + self.perceptual * ops.mean(speech * heard)
        return loss

    def freeze(self, stage: str) -> None:
        """Choose what is trained: all, or as in Algorithm 1 the two 1x1 layers alone.

        Parameters
        ----------
        stage : str
            ``"fine-tune"`` trains aggregator and decomposer; any other stage trains all.
        """
        for layer, trainable in self._trainable:
            bridge = layer.name in ("aggregator", "decomposer")
            layer.trainable = trainable and (bridge or stage != "fine-tune")
