"""The symbol link: real latents in, equalised latents and their noise out."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from linksim.endpoint import real_run
from linksim.errors import LinksimError
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.phy.channels.realisation import ChannelRealisation
from linksim.seeding import derive_seed, seed_sionna


@dataclass(frozen=True)
class SymbolTransmission:
    """Result of sending a run of latents.

    Parameters
    ----------
    latents, noise_variance : np.ndarray
        float32, [n]; equalised latents and the effective noise variance of each.
    channel_uses, overhead_uses : int
        Data resource elements (padding included) and pilots.
    snr : np.ndarray
        float32, [slots]; effective SNR of each slot as measured, linear.
    """

    latents: np.ndarray
    noise_variance: np.ndarray
    channel_uses: int
    overhead_uses: int
    snr: np.ndarray


class SymbolLink:
    """Power-normalised latents over the shared transceiver, two reals a channel use.

    ::

        latents ─÷ scale─▶ pair to I/Q ─▶ pad to frames ▶ transceiver ▶ unpair ─× scale─▶ latents'
            └──────── scale, 16 bits of side information ───────────────────────┘

    Every step is differentiable with respect to the latents.

    Parameters
    ----------
    transceiver : OfdmTransceiver
        The transceiver, which the bit link shares.
    """

    def __init__(self, transceiver: OfdmTransceiver) -> None:
        self._transceiver = transceiver

    def frames(self, latents: int) -> int:
        """Return how many frames a number of latents needs."""
        return -(-latents // (2 * self._transceiver.symbols_per_frame))

    def __call__(
        self, latents: tf.Tensor, no: tf.Tensor, energy: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Send a batch, each row through frames and channel realisations of its own.

        Input
        -----
        latents : tf.float32, [batch, n]
            Any power.
        no : tf.float32, scalar or [batch]
            Noise variance N0 per resource element, of all rows or of each.
        energy : tf.float32, [batch], optional
            Mean energy of a pair of latents; measured where it is not given.

        Output
        ------
        latents : tf.float32, [batch, n]
            Equalised, in the units of the input.
        noise_variance : tf.float32, [batch, n]
            Effective noise variance of each, in those units squared.
        """
        frames = self.frames(latents.shape[1])
        h = self._transceiver.draw(_batch(latents) * frames)
        if no.shape.rank:
            no = tf.repeat(no, frames * self._transceiver.slots_per_frame)
        scale = _rms(latents) if energy is None else tf.sqrt(energy)[:, tf.newaxis]
        received, variance, _ = self._through(latents, scale, h, no)
        return received, variance

    def transmit(
        self,
        latents: np.ndarray,
        snr_db: float,
        seed: int,
        *,
        fading: ChannelRealisation | None = None,
        first_slot: int = 0,
    ) -> SymbolTransmission:
        """Send one run of latents in consecutive slots.

        Parameters
        ----------
        latents : np.ndarray
            float32, [n]; any power.
        snr_db : float
            Mean Es/N0 per resource element in dB.
        seed : int
            Seed of the noise, and of the channel if no realisation is given.
        fading : ChannelRealisation or None
            The channel realisation.
        first_slot : int
            Slot of `fading` in which the latents start.

        Raises
        ------
        LinksimError
            If the latents are no run of real numbers, or one is NaN or infinite.
        """
        values = real_run(latents, "latents")[np.newaxis]
        if not np.isfinite(values).all():
            raise LinksimError("a latent to transmit is NaN or infinite; check the encoder")
        frames = self.frames(values.size)
        if not frames:
            empty = np.zeros(0, np.float32)
            return SymbolTransmission(empty, empty, 0, 0, empty)
        fading = fading or self._transceiver.realisation(seed)
        h = fading.slots(first_slot, frames * self._transceiver.slots_per_frame)
        seed_sionna(derive_seed(seed, "noise"))
        # The receiver knows the scale as sent, so both ends use the rounded value.
        scale = tf.cast(tf.cast(_rms(tf.constant(values)), tf.bfloat16), tf.float32)
        received, variance, snr = self._through(
            tf.constant(values), scale, h, noise_variance(snr_db)
        )
        return SymbolTransmission(
            received.numpy()[0],
            variance.numpy()[0],
            frames * self._transceiver.uses_per_frame,
            frames * self._transceiver.pilots_per_frame,
            snr.numpy(),
        )

    def _through(
        self, latents: tf.Tensor, scale: tf.Tensor, h: tf.Tensor, no: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        batch, n = _batch(latents), latents.shape[1]
        per_frame = self._transceiver.symbols_per_frame
        width = self.frames(n) * per_frame * 2
        reals = tf.pad(tf.math.divide_no_nan(latents, scale), [[0, 0], [0, width - n]])
        pairs = tf.reshape(reals, [-1, per_frame, 2])
        out = self._transceiver(tf.complex(pairs[..., 0], pairs[..., 1]), h, no)
        both = tf.stack([tf.math.real(out.symbols), tf.math.imag(out.symbols)], axis=-1)
        # A complex noise variance is shared evenly by the two reals.
        half = tf.repeat(out.noise_variance[..., tf.newaxis] / 2.0, 2, axis=-1)
        received = tf.reshape(both, [batch, width])[:, :n] * scale
        return received, tf.reshape(half, [batch, width])[:, :n] * scale**2, out.snr


def _batch(latents: tf.Tensor) -> int | tf.Tensor:
    """Return the number of rows; a tensor where a graph serves any number."""
    return tf.shape(latents)[0] if latents.shape[0] is None else latents.shape[0]


def _rms(latents: tf.Tensor) -> tf.Tensor:
    """Return the scale, [batch, 1], that gives I/Q pairs unit mean energy."""
    return tf.sqrt(2.0 * tf.reduce_mean(latents**2, axis=1, keepdims=True))
