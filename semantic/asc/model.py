"""The audio codec as one trainable model: encoder, training channel, decoder."""

import importlib.util
from typing import Any

import keras
import numpy as np
from keras import ops

from linksim.endpoint import ABSENT
from linksim.errors import LinksimError, unknown
from linksim.link.config import LinkConfig
from linksim.streams.interleaving import interleaver
from semantic.asc import compact, live, paper
from semantic.asc.losses import disturbance, nrmse
from semantic.asc.sizes import LIVE_RATES, MAX_RATE, RATES
from semantic.asc.unit_channel import UnitChannel
from semantic.training.channel import TrainingChannel
from semantic.training.weights import Stored

PRESETS = {"compact": compact, "paper": paper, "live": live}
"""Modules with `HOP`, the samples of a frame, and `make_encoder` and `make_decoder`."""

MUSIC_WAVEFORM = 5.0
"""Weight of the waveform of music over that of speech, which has a loss beside it."""

MOST_WAVEFORM = 2.0
"""Root of `nrmse` above which it counts no more: single crops at the start of training."""


class AscModel(keras.Model):
    """Encoder, channel and decoder in a row.

    ::

        audio ────▶ encoder ─ keep ─ interleave ▶ channel ─ gather ▶ decoder ─▶ audio'
        snr, kept ──▶┘                snr ─────▶┘   └─ noise, snr ─▶┘

    Parameters
    ----------
    preset : str
        ``"compact"`` or ``"paper"``; ``"live"`` sends a frame at a time.
    channel : str
        Kind of `TrainingChannel`.
    link : str, optional
        Channel of the link itself, with an estimated channel, that `enter` switches to for
        fine-tuning; on TensorFlow alone.
    seed : int
        Seed of initial weights, fading and noise.
    perceptual, waveform : float
        Weights of `disturbance` and of the root of `nrmse`, eq. (8), in the loss. Without the
        root, which the paper's name for it has, crops in bad channels outweigh all others.

    Raises
    ------
    LinksimError
        If there is no such preset or channel.
    """

    STORED = Stored("asc", "audio codec", ("encoder", "decoder"))

    def __init__(
        self,
        *,
        preset: str = "compact",
        channel: str = "rayleigh",
        link: str | None = None,
        seed: int = 0,
        perceptual: float = 1.0,
        waveform: float = 1.25,
        **kwargs: Any,
    ) -> None:
        if preset not in PRESETS:
            raise unknown("preset of the audio codec", preset, PRESETS)
        super().__init__(**kwargs)
        keras.utils.set_random_seed(seed)
        module = PRESETS[preset]
        self.hop = module.HOP
        self.latents = round(2 * MAX_RATE * self.hop)
        self.encoder = module.make_encoder(self.latents)
        self.decoder = module.make_decoder(self.latents)
        layers = [*self.encoder.layers, *self.decoder.layers]
        self._trainable = [(layer, layer.trainable) for layer in layers]
        self.live = preset == "live"
        self.rates: tuple[float, ...] = LIVE_RATES if self.live else tuple(RATES.values())
        self.scored = live.SCORED if self.live else (RATES["low"], RATES["high"])
        kind = UnitChannel if self.live else TrainingChannel
        self.training_channel = kind(kind=channel, seed=seed)
        self.link_channel = _link_channel(link, seed) if link else None
        self._over_link = False
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
        level : float32, [batch]
            Factor of the sound within the networks of the preset "live"; of no other.

        Output
        ------
        float32, [batch, frames * hop]
        """
        snr_db, share = inputs["snr_db"], inputs["kept"] / self.latents
        index = ops.arange(self.latents, dtype="float32")
        sent = ops.cast(index < inputs["kept"][:, None], "float32")[:, None]
        if self.live:
            return self._by_units(inputs, sent, training)
        latents = self.encoder([inputs["audio"], snr_db, share], training=training) * sent
        power = ops.mean(ops.square(latents), axis=(1, 2)) / ops.mean(sent, axis=(1, 2))
        shape = ops.shape(latents)
        n = latents.shape[1] * latents.shape[2]
        order = interleaver(n)
        flat = ops.take(ops.reshape(latents, (-1, n)), np.argsort(order), axis=1)
        received, noise = self.channel(flat, snr_db, 2.0 * power, share)
        received = ops.reshape(ops.take(received, order, axis=1), shape)
        noise = ops.reshape(ops.take(noise, order, axis=1), shape)
        noise = noise * sent + ABSENT * (1.0 - sent)
        return self.decoder([received * sent, noise, snr_db], training=training)

    def _by_units(self, inputs: dict[str, Any], sent: Any, training: bool | None) -> Any:
        """Send each frame for itself."""
        snr_db, share = inputs["snr_db"], inputs["kept"] / self.latents
        frames = inputs["audio"].shape[1] // self.hop + 1
        level = inputs["level"][:, None] * ops.ones((1, frames))
        latents = self.encoder([inputs["audio"], level, snr_db, share], training=training) * sent
        energy = 2.0 * ops.mean(ops.square(latents), axis=2) / share[:, None]
        received, noise = self.channel(latents, snr_db, energy)
        noise = noise * sent + ABSENT * (1.0 - sent)
        return self.decoder([received * sent, noise, level, snr_db], training=training)

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
        error = ops.minimum(ops.sqrt(nrmse(x["audio"], y_pred) + 1e-5), MOST_WAVEFORM)
        loss = ops.mean(waveform * error)
        if self.perceptual:
            heard = disturbance(x["audio"], y_pred)
            loss = loss + self.perceptual * ops.mean(speech * heard)
        return loss

    @property
    def channel(self) -> Any:
        """The layer that latents go through."""
        return self.link_channel if self._over_link else self.training_channel

    def enter(self, stage: str, kind: str) -> None:
        """Choose what is trained, and through what; compile afterwards.

        Parameters
        ----------
        stage : str
            ``"fine-tune"`` trains, as in Algorithm 1, the two 1x1 layers alone, through the link
            if there is one; any other stage trains all.
        kind : str
            Kind of the training channel.
        """
        for layer, trainable in self._trainable:
            bridge = layer.name in ("aggregator", "decomposer")
            layer.trainable = trainable and (bridge or stage != "fine-tune")
        self.training_channel.kind = kind
        self._over_link = stage == "fine-tune" and self.link_channel is not None


def _link_channel(name: str, seed: int) -> Any:
    if importlib.util.find_spec("tensorflow") is None:
        raise LinksimError("training through the link needs TensorFlow, which is not installed")
    from semantic.training.link_channel import LinkChannel

    return LinkChannel(LinkConfig(channel=name, estimator="lmmse"), seed=seed)
