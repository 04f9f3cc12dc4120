import keras
import numpy as np
import pytest
from keras import ops
from scipy.stats import kstest

from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.symbol_link import SymbolLink
from linksim.link.transceiver import OfdmTransceiver
from semantic.training.channel import SLOT_SYMBOLS, TrainingChannel

SLOTS = 300


def send(channel: TrainingChannel, latents: np.ndarray, snr_db: float) -> list[np.ndarray]:
    snr = np.full(len(latents), snr_db, np.float32)
    return [ops.convert_to_numpy(x) for x in channel(latents, snr)]


@pytest.mark.parametrize("snr_db", [0.0, 15.0])
def test_noise_has_the_distribution_of_the_link(snr_db: float) -> None:
    latents = np.random.default_rng(1).normal(0, 3, 2 * SLOT_SYMBOLS * SLOTS).astype(np.float32)
    config = LinkConfig(channel="rayleigh", estimator="perfect")
    link = SymbolLink(OfdmTransceiver(config)).transmit(latents, snr_db, seed=5)
    received, variance = send(TrainingChannel(seed=2), latents[None], snr_db)
    # One value a slot: within a slot the variance is the same.
    ours, theirs = variance[0, :: 2 * SLOT_SYMBOLS], link.noise_variance[:: 2 * SLOT_SYMBOLS]
    assert kstest(ours, theirs).pvalue > 0.01
    assert len(np.unique(variance)) == SLOTS
    normal = ((received - latents) / np.sqrt(variance))[0]
    assert kstest(normal[::50], "norm").pvalue > 0.01
    same = (link.latents - latents) / np.sqrt(link.noise_variance)
    assert kstest(normal[::50], same[::50]).pvalue > 0.01


def test_awgn_has_the_stated_snr() -> None:
    latents = np.random.default_rng(1).normal(0, 3, (4, 20_000)).astype(np.float32)
    received, variance = send(TrainingChannel(kind="awgn"), latents, 10.0)
    noise = np.mean((received - latents) ** 2)
    assert np.mean(latents**2) / noise == pytest.approx(10, rel=0.03)
    assert np.allclose(variance, np.mean(latents**2, axis=1, keepdims=True) / 10, rtol=1e-4)


def test_same_seed_same_noise() -> None:
    latents = np.ones((2, 2000), np.float32)
    first, second = (send(TrainingChannel(seed=3), latents, 5.0)[0] for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, send(TrainingChannel(seed=4), latents, 5.0)[0])


def test_energy_can_be_given() -> None:
    latents = np.ones((1, 2000), np.float32)
    channel = TrainingChannel(kind="awgn")
    _, variance = channel(latents, np.zeros(1, np.float32), np.full(1, 8.0, np.float32))
    assert np.allclose(keras.ops.convert_to_numpy(variance), 4.0)


def test_unknown_kind() -> None:
    with pytest.raises(LinksimError, match="did you mean 'rayleigh'"):
        TrainingChannel(kind="raleigh")
