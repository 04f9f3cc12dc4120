"""Maximum-ratio combining of copies of latents."""

from typing import Any

from keras import ops


def combine(received: Any, noise_variance: Any, sent: Any, axis: int) -> tuple[Any, Any]:
    """Return the best linear estimate of latents of unit power from all copies that arrived.

    Maximum-ratio combining, scaled for the least mean square error: with w = 1 / noise variance
    the estimate is Σ w y / (1 + Σ w), and its power, the trust in it, Σ w / (1 + Σ w). Both are
    0 where nothing was sent.

    Parameters
    ----------
    received, noise_variance, sent : float32
        One shape each: equalised latents, their noise variances, and 1 where one was sent, else 0.
    axis : int
        Axis along which the copies lie.

    Returns
    -------
    estimate, trust : float32
        One shape each, without that axis.
    """
    weight = sent / noise_variance
    total = ops.sum(weight, axis=axis)
    return ops.sum(weight * received, axis=axis) / (1.0 + total), total / (1.0 + total)


def unit_power(latents: Any, sent: Any) -> Any:
    """Return latents with unit mean square over those sent of each row, and 0 for the others.

    Parameters
    ----------
    latents, sent : float32, [rows, CHUNK, latents]
        Latents of any power; and 1 where one is sent, else 0.
    """
    latents = latents * sent
    power = ops.sum(ops.square(latents), axis=(1, 2)) / ops.maximum(ops.sum(sent, axis=(1, 2)), 1.0)
    return latents / ops.sqrt(power + 1e-9)[:, None, None]
