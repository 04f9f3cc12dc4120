"""Speed of LMMSE channel estimation under XLA beside Sionna's, which has graph mode alone."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from studies.bench.bench import Bench, Report, add_batch, begin
from studies.bench.timing import repeat

if TYPE_CHECKING:
    import numpy as np
    from rich.table import Table

CHANNEL = "tdl-c:delay_spread=300e-9,speed=30"
SUBCARRIERS = 72
NO = 0.1


def bench_estimation(*, batch: int, seconds: float, report: Report = print) -> dict[str, Any]:
    """Time the interpolators on the same pilots of one batch of slots.

    Parameters
    ----------
    batch : int
        Number of slots in a batch.
    seconds : float
        Shortest time for which each is timed, after one run to compile.
    report : callable
        Receives what is being timed, in a few words.

    Returns
    -------
    dict
        Slots per second of each estimator, ``speedup`` of each of linksim's over Sionna's, and
        ``largest_difference``, by which the two-pass filter deviates from Sionna's.
    """
    import numpy as np
    import tensorflow as tf
    from sionna.phy.ofdm import LMMSEInterpolator

    from linksim.phy.channels import parse_channel
    from linksim.phy.grid import Grid
    from linksim.phy.statistics import channel_covariance
    from linksim.phy.wiener import LmmseInterpolator, TwoPassInterpolator
    from linksim.seeding import seed_sionna

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
    build: Mapping[str, Any] = {"lmmse": LmmseInterpolator, "lmmse-f-t": TwoPassInterpolator}
    ways = {
        name: (
            tf.function(build[name](*covariances, symbols, range(SUBCARRIERS)), jit_compile=True),
            (h_ls, tf.constant(NO)),
        )
        for name in build
    }
    ways["sionna"] = (tf.function(sionnas), (shaped, tf.fill(shaped.shape, NO)))
    speed, results = {}, {}
    for name, (estimate, inputs) in ways.items():
        report(f"estimation: {name}")
        once = partial(_estimate, estimate, inputs)
        results[name] = once().reshape(batch, *grid.shape)
        times = repeat(once, seconds)
        speed[name] = batch * len(times) / sum(times)
    return {
        "channel": CHANNEL,
        "batch_slots": batch,
        **{f"{name}_slots_per_s": value for name, value in speed.items()},
        "speedup": {name: speed[name] / speed["sionna"] for name in build},
        "largest_difference": float(np.abs(results["lmmse-f-t"] - results["sionna"]).max()),
    }


def _table(result: dict[str, Any]) -> "Table":
    from rich.table import Table

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


def _estimate(estimate: Callable[..., Any], inputs: tuple[Any, ...]) -> "np.ndarray":
    return estimate(*inputs)[0].numpy()


def _measure(args: Namespace, report: Report) -> dict[str, Any]:
    begin(args)
    return bench_estimation(batch=args.batch, seconds=args.seconds, report=report)


BENCH = Bench(
    "estimation", "time LMMSE channel estimators beside Sionna's", add_batch, _measure, _table
)
