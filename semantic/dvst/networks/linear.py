"""The variable-rate code without networks: each real is a latent, received as well as can be."""

from typing import Any

import numpy as np
from keras import layers, ops

from semantic.dvst.networks.jscc import amplitudes
from semantic.dvst.networks.rate import sent_mask
from semantic.dvst.networks.sizes import LatentSizes

LEAST_NOISE = 1e-9
"""Noise variance that stands for none."""


class LinearEncoder(layers.Layer):
    """Latents to as many reals at each position as its rate allows: the first ones, in order.

    The power of each grows with its spread, which gives the least error that independent
    latents can have (Lee and Petersen, "Optimal linear coding for vector channels", IEEE Trans.
    Commun. 24(12), 1976). Where the ladder has more reals than there are latents, the first are
    sent again. Input and output are those of `JsccEncoder`.
    """

    def __init__(self, sizes: LatentSizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ladder = sizes.ladder
        self._which = np.arange(sizes.ladder[-1]) % sizes.channels

    def call(self, u: Any, spread: Any, rates: Any, snr_db: Any) -> Any:
        """Return the output that the class describes."""
        sent = ops.take(u, self._which, axis=-1) * amplitudes(spread, self.ladder[-1])
        return sent * sent_mask(rates, self.ladder)


class LinearDecoder(layers.Layer):
    """The estimates of least mean squared error of latents of unit variance.

    Of y_j = a_j u + n_j it is sum(a_j y_j / s_j) / (1 + sum(a_j^2 / s_j)), s_j being the variance
    of n_j. Input and output are those of `JsccDecoder`; `prior` and `snr_db` are not looked at.
    """

    def __init__(self, sizes: LatentSizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ladder, self.channels = sizes.ladder, sizes.channels

    def call(
        self, symbols: Any, noise: Any, spread: Any, rates: Any, prior: Any, snr_db: Any
    ) -> Any:
        """Return the output that the class describes."""
        amplitude = amplitudes(spread, self.ladder[-1])
        per_noise = amplitude * sent_mask(rates, self.ladder) / ops.maximum(noise, LEAST_NOISE)
        heard = self._of_latents(symbols * per_noise)
        return heard / (1.0 + self._of_latents(amplitude * per_noise))

    def _of_latents(self, reals: Any) -> Any:
        """Return the sum over all reals of each latent."""
        times = -(-reals.shape[-1] // self.channels)
        more = times * self.channels - reals.shape[-1]
        filled = ops.pad(reals, [[0, 0]] * 3 + [[0, more]])
        return sum(ops.split(filled, times, axis=-1))
