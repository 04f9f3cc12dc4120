"""Densities of side information, rate maps and hyper-latents, which entropy coding uses."""

import math
from typing import Any

import numpy as np
from keras import layers, ops

from semantic.dvst.networks.layers import MIN_SCALE, chain, laplace_bits
from semantic.dvst.networks.sizes import LatentSizes

PASSES = 4
"""Passes in which the positions of a map are coded: every fourth row and column, every other one,
what makes a chequerboard of these, and the rest."""

_PLANES = 5  # of what is known beforehand, see `SideDensity._known_before`


class SideDensity(layers.Layer):
    """Densities of the rates, and of the hyper-latents given the rates, pass by pass.

    ::

        rates of earlier passes ────────────────────▶ conv ─ conv ─ 1x1 ─▶ probabilities of rates
        before, eta, precision ────────┬───────────────▲
        rates, hyper of earlier passes ┴────────────▶ conv ─ conv ─ 1x1 ─▶ location, scale of hyper

    Each position is told what was coded in earlier passes next to it, and how the map of the
    frame before looked. He et al., "Checkerboard context model for efficient learned image
    compression", CVPR 2021, with two coarser passes in front.

    Parameters
    ----------
    sizes : LatentSizes
        Sizes of the latent map.
    """

    def __init__(self, sizes: LatentSizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ladder, self.hyper = sizes.ladder, sizes.hyper
        steps = len(sizes.ladder)
        self.rate_net = self._net(steps + 1 + _PLANES, sizes.density, steps)
        self.hyper_net = self._net(
            sizes.hyper + 1 + steps + _PLANES, sizes.density, 2 * sizes.hyper
        )
        # Keras would warn that it is never called itself.
        self.built = True

    def rate_log2(self, rates: Any, before: Any, eta: Any, precision: Any, part: Any) -> Any:
        """Return log2 of the probability of each step of the ladder.

        Input
        -----
        rates : int32, [batch, h, w]
            Only those of earlier passes are looked at.
        before : float32, [batch, h, w, 3]
            Output of `history`.
        eta, precision : float32, [batch]
        part : int or int32, [batch]
            Number of the pass.

        Output
        ------
        float32, [batch, h, w, steps]
            Meant for the positions of the pass.
        """
        known = _coded_before(rates, part)
        seen = ops.one_hot(rates, len(self.ladder)) * known
        told = [seen, known, self._known_before(before, eta, precision)]
        logits = self.rate_net(ops.concatenate(told, axis=-1))
        return ops.log_softmax(logits, axis=-1) / math.log(2.0)

    def hyper_density(
        self, hyper: Any, rates: Any, before: Any, eta: Any, precision: Any, part: Any
    ) -> tuple[Any, Any]:
        """Return location and scale of the hyper-latents' Laplace densities.

        Input
        -----
        hyper : float32, [batch, h, w, hyper]
            Only those of earlier passes are looked at.
        rates : int32, [batch, h, w]
        before, eta, precision, part :
            Inputs as for `rate_log2`.

        Output
        ------
        float32, [batch, h, w, hyper] each
        """
        unit = precision[:, None, None, None]
        known = _coded_before(rates, part)
        told = [
            hyper / (4.0 * unit) * known,
            known,
            ops.one_hot(rates, len(self.ladder)),
            self._known_before(before, eta, precision),
        ]
        location, raw = ops.split(self.hyper_net(ops.concatenate(told, axis=-1)), 2, axis=-1)
        return location * unit, MIN_SCALE + unit * ops.softplus(raw - 1.0)

    def bits(self, hyper: Any, rates: Any, before: Any, eta: Any, precision: Any) -> Any:
        """Return what rates and hyper-latents cost together, [batch], all passes at once."""
        total = 0.0
        for part in range(PASSES):
            here = pass_mask(rates.shape[1:3], part)[None, :, :, None].astype(np.float32)
            log2 = self.rate_log2(rates, before, eta, precision, part)
            chosen = ops.take_along_axis(log2, rates[..., None], axis=-1)
            density = self.hyper_density(hyper, rates, before, eta, precision, part)
            each = ops.sum(laplace_bits(hyper, *density), axis=-1, keepdims=True) - chosen
            total = total + ops.sum(each * here, axis=(1, 2, 3))
        return total

    def history(self, rates: Any, hyper: Any, precision: Any) -> Any:
        """Condense side information for the next frame.

        Input
        -----
        rates : int32, [batch, h, w]
        hyper : float32, [batch, h, w, hyper]
        precision : float32, [batch]

        Output
        ------
        float32, [batch, h, w, 3]
            0 where a frame has none before it.
        """
        steps = np.array(self.ladder, np.float32)
        sent = ops.take(ops.convert_to_tensor(steps / steps[-1]), rates, axis=0)
        size = ops.mean(ops.abs(hyper), axis=-1) / precision[:, None, None]
        planes = [sent, ops.cast(rates > 0, "float32"), ops.minimum(4.0 * size, 4.0)]
        return ops.stop_gradient(ops.stack(planes, axis=-1))

    @staticmethod
    def _known_before(before: Any, eta: Any, precision: Any) -> Any:
        told = ops.log(ops.stack([eta, precision], axis=-1))[:, None, None]
        return ops.concatenate([before, told + 0.0 * before[..., :2]], axis=-1)

    @staticmethod
    def _net(inputs: int, width: int, outputs: int) -> Any:
        return chain(
            inputs,
            layers.Conv2D(width, 3, padding="same", activation="leaky_relu"),
            layers.Conv2D(width, 3, padding="same", activation="leaky_relu"),
            layers.Conv2D(outputs, 1),
        )


def pass_mask(size: tuple[int, int], part: int) -> np.ndarray:
    """Return which positions of a map belong to a pass: bool, [h, w]."""
    return _passes(size) == part


def _passes(size: tuple[int, int]) -> np.ndarray:
    row, column = np.indices(size)
    coarse = (row % 4 == 0) & (column % 4 == 0)
    even = (row % 2 == 0) & (column % 2 == 0)
    board = (row + column) % 2 == 0
    return np.where(coarse, 0, np.where(even, 1, np.where(board, 2, 3)))


def _coded_before(rates: Any, part: Any) -> Any:
    """Return which positions belong to earlier passes: float32, [batch, h, w, 1]."""
    passes = _passes(rates.shape[1:3])[None, :, :, None].astype(np.int32)
    earlier = ops.reshape(ops.cast(part, "int32"), (-1, 1, 1, 1)) > passes
    return ops.cast(earlier, "float32") + 0.0 * ops.cast(rates[..., None], "float32")
