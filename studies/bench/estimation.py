"""Speed of LMMSE channel estimation under XLA beside Sionna's, which has graph mode alone."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from rich.table import Table
from sionna.phy.ofdm import LMMSEInterpolator

from linksim.phy.channels import parse_channel
from linksim.phy.estimation import LmmseInterpolator, TwoPassInterpolator, channel_covariance
from linksim.phy.grid import Grid
from linksim.seeding import seed_sionna

WIENER = {"lmmse": LmmseInterpolator, "lmmse-f-t": TwoPassInterpolator}
CHANNEL = "tdl-c:delay_spread=300e-9,speed=30"
SUBCARRIERS = 72
NO = 0.1


def bench_estimation(
    *, batch: int, seconds: float, report: Callable[[str], object]
) -> dict[str, object]:
    """Time the interpolators on the same pilots of one batch of slots.

    Parameters
    ----------
    batch : int
        Slots.
    seconds : float
        Steady state of each, at least.
    report : callable
        Told what is being timed.

    Returns
    -------
    dict
        Slots a second of each way, ``speedup`` of each of ours over Sionna's, and
        ``largest_difference``, that of the two-pass filter from Sionna's.
    """
    grid, channel = Grid(SUBCARRIERS, 15e3), parse_channel(CHANNEL)
    covariances = channel_covariance(channel, grid)
    symbols = grid.layout.symbols
    seed_sionna(1)
    h = tf.gather(channel.sample(batch, 1, grid), symbols, axis=1)
    noise = np.random.default_rng(1).normal(size=(2, *h.shape)) * np.sqrt(NO / 2)
    h_ls = tf.reshape(h + tf.constant(noise[0] + 1j * noise[1], tf.complex64), [batch, -1])
    shaped = h_ls[:, tf.newaxis, tf.newaxis, tf.newaxis, tf.newaxis]
    sionnas = LMMSEInterpolator(
        grid.sionna.pilot_pattern,
        *(tf.constant(c, tf.complex64) for c in covariances),
        order="f-t",
    )
    ways = {
        name: (
            tf.function(build(*covariances, symbols, range(SUBCARRIERS)), jit_compile=True),
            (h_ls, tf.constant(NO)),
        )
        for name, build in WIENER.items()
    }
    ways["sionna"] = (tf.function(sionnas), (shaped, tf.fill(shaped.shape, NO)))
    speed, results = {}, {}
    for name, (estimate, inputs) in ways.items():
        report(f"estimation: {name}")
        results[name] = estimate(*inputs)[0].numpy().reshape(batch, *grid.shape)
        speed[name] = batch / _time(estimate, inputs, seconds)
    return {
        "channel": CHANNEL,
        "batch_slots": batch,
        **{f"{name}_slots_per_s": value for name, value in speed.items()},
        "speedup": {name: speed[name] / speed["sionna"] for name in WIENER},
        "largest_difference": float(np.abs(results["lmmse-f-t"] - results["sionna"]).max()),
    }


def table(result: dict[str, Any]) -> Table:
    """Lay the figures out."""
    shown = Table(
        "estimator", "slots/s", "linksim is", title=f"LMMSE, batches of {result['batch_slots']}"
    )
    for name, of in (("lmmse-f-t", ", XLA"), ("lmmse", ", XLA"), ("sionna", "'s f-t, graph")):
        speedup = result["speedup"].get(name)
        shown.add_row(
            f"{name}{of}",
            f"{result[f'{name}_slots_per_s']:.0f}",
            f"{speedup:.1f}x" if speedup else "",
        )
    difference = result["largest_difference"]
    shown.caption = f"lmmse-f-t differs from Sionna's by {difference:.1e} at most"
    return shown


def _time(
    estimate: Callable[..., tuple[tf.Tensor, tf.Tensor]], inputs: tuple, seconds: float
) -> float:
    """Return the seconds of one call in steady state."""
    calls, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds or not calls:
        estimate(*inputs)[0].numpy()
        calls += 1
    return spent / calls
