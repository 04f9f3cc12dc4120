from typing import Any

import keras
import numpy as np
import pytest
from keras import ops
from scipy.stats import ks_2samp, kstest

from linksim.link.config import LinkConfig
from linksim.seeding import seed_sionna
from semantic.training.channel import TrainingChannel

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the link runs on TensorFlow"
)

SLOT = 2 * 24 * 12
"""Latents of one slot of the small grid."""


def link_channel(seed: int = 0, **options: object) -> keras.layers.Layer:
    from semantic.training.link_channel import LinkChannel

    return LinkChannel(LinkConfig(**{"subcarriers": 24, **options}), seed=seed)


def latents_of(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).laplace(scale=2.0, size=shape).astype(np.float32)


def send(
    channel: keras.layers.Layer, latents: np.ndarray, *snr_db: float, **options: np.ndarray
) -> list[np.ndarray]:
    snr = np.broadcast_to(np.array(snr_db, np.float32), len(latents))
    return [ops.convert_to_numpy(x) for x in channel(latents, snr, **options)]


@pytest.mark.parametrize("snr_db", [0.0, 15.0])
def test_flat_rayleigh_is_the_training_channel(snr_db: float) -> None:
    latents = latents_of(4, 150 * SLOT)
    ours = send(link_channel(channel="rayleigh", estimator="perfect"), latents, snr_db)
    theirs = send(TrainingChannel(block_symbols=SLOT // 2), latents, snr_db)
    # One value a slot: within a slot the variance is the same.
    variances = [variance[:, ::SLOT].ravel() for _, variance in (ours, theirs)]
    assert ks_2samp(*variances).pvalue > 0.01
    assert len(np.unique(variances[0])) == 600
    errors = [((r - latents) / np.sqrt(v))[:, ::50].ravel() for r, v in (ours, theirs)]
    assert ks_2samp(*errors).pvalue > 0.01
    assert kstest(errors[0], "norm").pvalue > 0.01


def test_rows_have_the_snr_asked_for() -> None:
    latents = latents_of(3, 20 * SLOT)
    channel = link_channel(channel="awgn", estimator="perfect")
    received, variance = send(channel, latents, 0.0, 10.0, 20.0)
    stated = np.mean(latents**2, axis=1) / [1.0, 10.0, 100.0]
    assert variance.mean(axis=1) == pytest.approx(stated, rel=1e-3)
    assert np.mean((received - latents) ** 2, axis=1) == pytest.approx(stated, rel=0.1)


@pytest.mark.parametrize(
    "options",
    [
        {"channel": "rayleigh", "estimator": "perfect"},
        {"channel": "tdl-a", "estimator": "lmmse", "interleave_slots": 2},
        {"channel": "rayleigh", "estimator": "ls-linear", "equalizer": "zf"},
    ],
)
def test_gradients_are_those_of_finite_differences(options: dict[str, object]) -> None:
    import tensorflow as tf

    channel = link_channel(**options)
    latents, target = latents_of(3, 400), latents_of(3, 400)[::-1].copy()
    snr_db = tf.constant([5.0, 12.0, 20.0])
    state = channel.random_state

    def loss(values: tf.Tensor) -> tf.Tensor:
        channel.random_state = state
        received, variance = channel(values, snr_db)
        return tf.reduce_mean((received - target) ** 2 / (1.0 + variance))

    values = tf.Variable(latents)
    with tf.GradientTape() as tape:
        value = loss(values)
    gradient = tape.gradient(value, values).numpy()
    assert np.isfinite(gradient).all()
    assert (gradient != 0).mean() > 0.99
    rng = np.random.default_rng(3)
    for direction in (gradient / np.linalg.norm(gradient), rng.normal(size=latents.shape)):
        step = np.float32(2.0) * (direction / np.linalg.norm(direction)).astype(np.float32)
        rise = float(loss(latents + step) - loss(latents - step)) / 2
        assert rise == pytest.approx(float(np.sum(gradient * step)), rel=0.02, abs=2e-5)


def test_repeats_from_the_seed_whatever_else_is_drawn() -> None:
    latents = latents_of(2, 600)
    first, second = (link_channel(seed=3, channel="tdl-a") for _ in range(2))
    runs = [send(first, latents, 5.0)[0] for _ in range(2)]
    for run in runs:
        seed_sionna(99)  # as other parts of a program do
        np.testing.assert_array_equal(run, send(second, latents, 5.0)[0])
    assert not np.array_equal(*runs)
    assert not np.array_equal(runs[0], send(link_channel(seed=4, channel="tdl-a"), latents, 5.0)[0])


def test_random_state_can_be_put_back() -> None:
    channel, latents = link_channel(), latents_of(2, 600)
    state = channel.random_state
    first = send(channel, latents, 5.0)[0]
    assert not np.array_equal(first, send(channel, latents, 5.0)[0])
    channel.random_state = state
    np.testing.assert_array_equal(first, send(channel, latents, 5.0)[0])
    # It is of the form that the training channel's has.
    plain = TrainingChannel()
    plain.random_state = state
    assert state.dtype == plain.random_state.dtype


def test_what_is_left_out_takes_no_place() -> None:
    """What is sent meets what it meets without gaps, where only it is given to the link."""
    latents = latents_of(2, 1000)
    holes = np.random.default_rng(2).permuted(np.tile(np.arange(1000) < 400, (2, 1)), axis=1)
    latents[holes] = 0.0
    dense = latents[~holes].reshape(2, 600)
    energy = 2 * np.mean(dense**2, axis=1)
    given = {"energy": energy, "sent": np.full(2, 0.6, np.float32)}
    whole = send(link_channel(channel="rayleigh"), latents, 10.0, **given)
    # A frame more of zeros, so that both draw as many channels.
    padded = np.concatenate([dense, np.zeros((2, 400), np.float32)], axis=1)
    alone = send(link_channel(channel="rayleigh"), padded, 10.0, energy=energy)
    for a, b in zip(whole, alone, strict=True):
        np.testing.assert_array_equal(a[~holes].reshape(2, 600), b[:, :600])


@pytest.mark.parametrize("options", [{}, {"channel": "tdl-a", "estimator": "lmmse"}])
def test_shapes_are_known_before_anything_is_sent(options: dict[str, str]) -> None:
    latents, snr_db = keras.KerasTensor((None, 200)), keras.KerasTensor((None,))
    outputs = link_channel(**options)(latents, snr_db)
    assert [tuple(output.shape) for output in outputs] == [(None, 200)] * 2


class Coder(keras.Model):
    """A pair of matrices with a link between them."""

    def __init__(self, channel: keras.layers.Layer) -> None:
        super().__init__()
        self.encoder = keras.layers.Dense(120, use_bias=False)
        self.decoder = keras.layers.Dense(60, use_bias=False)
        self.channel = channel

    def call(self, inputs: dict[str, Any]) -> Any:
        received, _ = self.channel(self.encoder(inputs["x"]), inputs["snr_db"])
        return self.decoder(received)


BATCH = {
    "x": np.random.default_rng(0).normal(size=(8, 60)).astype(np.float32),
    "snr_db": np.linspace(5, 20, 8, dtype=np.float32),
}


def train(jit_compile: bool, **options: object) -> tuple[keras.Model, list[float]]:
    keras.utils.set_random_seed(1)
    model = Coder(link_channel(**options))
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss="mse", jit_compile=jit_compile)
    return model, [float(model.train_on_batch(BATCH, BATCH["x"])) for _ in range(20)]


def test_trains_inside_a_model() -> None:
    link = {"channel": "tdl-a", "estimator": "lmmse"}
    model, losses = train(False, **link)
    assert losses[-1] < 0.95 * losses[0]
    assert train(False, **link)[1] == losses
    few = {name: values[:3] for name, values in BATCH.items()}
    assert np.isfinite(model.test_on_batch(few, few["x"]))


def test_trains_compiled_by_xla() -> None:
    _, losses = train(True, channel="rayleigh")
    assert losses[-1] < 0.95 * losses[0]
