"""Samples and taps: as frequency responses at rest, and with the interference of theory."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import special

from linksim.link.bit_link import BitLink
from linksim.link.config import LinkConfig
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.phy.channels import parse_channel
from linksim.phy.grid import Grid
from linksim.phy.waveform import Ofdm, Taps
from linksim.seeding import seed_sionna

GRID = Grid(72, 15e3)
SILENT = tf.constant(1e-12)


def _symbols(slots: int, streams: int = 1, seed: int = 0) -> tf.Tensor:
    rng = np.random.default_rng(seed)
    points = rng.choice([-1.0, 1.0], (2, slots, 1, streams, *GRID.shape)) / np.sqrt(2)
    return tf.constant(points[0] + 1j * points[1], tf.complex64)


def _power(x: np.ndarray) -> float:
    return float(np.mean(np.abs(x) ** 2))


def test_the_numerology_is_the_standards() -> None:
    ofdm = Ofdm(GRID, 0.0)
    assert (ofdm.fft, ofdm.samples) == (128, 1920)
    assert ofdm.samples / ofdm.rate == pytest.approx(GRID.slot_duration)
    assert Ofdm(Grid(1200, 15e3), 0.0).samples == 30720


@pytest.mark.parametrize("spec", ["tdl-a:delay_spread=50e-9", "cdl-d:rx_antennas=2,tx_antennas=2"])
def test_at_rest_it_equals_the_frequency_domain(spec: str) -> None:
    """To what the pulse leaves, below -45 dB; equal paths by equal seeds."""
    channel = parse_channel(f"{spec},speed=0")
    taps_of = Taps(channel, GRID)
    seed_sionna(3)
    taps = taps_of.sample(20, 2, GRID)
    seed_sionna(3)
    h = channel.sample(20, 2, GRID)
    rx, tx = channel.rx_antennas, channel.tx_antennas
    h = tf.reshape(h, [40, 1, rx, 1, tx, *GRID.shape]).numpy()
    taps = tf.reshape(taps, [40, 1, rx, 1, tx, *taps.shape[-2:]])
    x = _symbols(40, tx)
    y = taps_of.ofdm(x, taps, SILENT).numpy()
    expected = np.einsum("sirjtkf,sjtkf->sirkf", h, x.numpy())
    assert _power(y - expected) < 10**-4.5 * _power(expected)
    assert _power(taps_of.ofdm.response(taps).numpy() - h) < 10**-4.5


def test_interference_of_subcarriers_is_that_of_clarkes_spectrum() -> None:
    """E|C(d)|^2 = sum J0(2 pi f_D (i - j) T_s) exp(-j 2 pi d (i - j) / N) / N^2, d apart."""
    speed, carrier = 150.0, 3.5e9
    channel = parse_channel(f"tdl-a:delay_spread=1e-12,speed={speed},carrier={carrier}")
    taps_of = Taps(channel, GRID)
    ofdm = taps_of.ofdm
    seed_sionna(5)
    taps = taps_of.sample(60, 1, GRID)[:, tf.newaxis, :, tf.newaxis]
    x = _symbols(60)
    rest = (ofdm(x, taps, SILENT) - ofdm.response(taps)[:, :, 0, 0] * x).numpy()
    by_slot = np.mean(np.abs(rest) ** 2, axis=(1, 2, 3, 4))
    doppler = speed * carrier / 299_792_458.0
    between = np.arange(ofdm.fft)[:, None] - np.arange(ofdm.fft)
    correlation = special.j0(2 * np.pi * doppler / ofdm.rate * between)
    turns = np.exp(-2j * np.pi * np.arange(ofdm.fft)[:, None] * np.arange(ofdm.fft) / ofdm.fft)
    leak = np.einsum("di,ij,dj->d", turns, correlation, turns.conj()).real / ofdm.fft**2
    k = np.arange(72)
    theory = leak[np.abs(k[:, None] - k)].sum(axis=1).mean() - leak[0]
    # All that leaves a subcarrier is (pi f_D T)^2 / 6 at first (Li and Cimini, 2001).
    first = (np.pi * doppler / GRID.subcarrier_spacing) ** 2 / 6
    assert 1 - leak[0] == pytest.approx(first, rel=0.05)
    error = by_slot.std() / np.sqrt(len(by_slot))
    assert by_slot.mean() == pytest.approx(theory, abs=4 * error)
    assert error < 0.15 * theory


def test_noise_is_that_of_a_resource_element() -> None:
    ofdm = Ofdm(GRID, 0.0)
    taps = np.zeros((200, 1, 1, 1, 1, ofdm.steps, len(ofdm.lags)), np.complex64)
    seed_sionna(1)
    y = ofdm(_symbols(200), tf.constant(taps), tf.constant(0.3)).numpy()
    assert _power(y) == pytest.approx(0.3, rel=0.01)


def test_symbols_run_into_one_another_beyond_the_prefix_alone() -> None:
    """A path after the prefix takes energy from its own symbol and gives it to others."""
    leaks = []
    for delay in (1e-6, 20e-6):
        ofdm = Ofdm(GRID, delay)
        pulse = ofdm.pulses(tf.constant([[[[delay]]]]))
        shape = [1, 1, 1, 1, 1, ofdm.steps, len(ofdm.lags)]
        taps = tf.broadcast_to(tf.reshape(pulse, [*shape[:5], 1, shape[6]]), shape)
        x = _symbols(1)
        rest = ofdm(x, taps, SILENT) - ofdm.response(taps)[:, :, 0, 0] * x
        leaks.append(_power(rest.numpy()[..., 1:, :]))
    assert leaks[0] < 1e-4
    late = 20e-6 - (9 - 4) / 1.92e6  # of the symbol's 1/15 ms, this much is the one before
    assert leaks[1] == pytest.approx(2 * late * 15e3, rel=0.25)


def test_a_payload_crosses_in_the_time_domain() -> None:
    config = LinkConfig(channel="tdl-a:rx_antennas=2,speed=30", domain="time", subcarriers=24)
    link = BitLink(config, OfdmTransceiver(config))
    payload = np.random.default_rng(0).bytes(300)
    sent = link.transmit(payload, 25.0, 1)
    assert b"".join(sent.blocks)[:300] == payload
    assert link.transmit(payload, 25.0, 1).snr.tolist() == sent.snr.tolist()


def test_what_perfect_csi_leaves_is_the_noise_it_states() -> None:
    config = LinkConfig(
        channel="tdl-a:delay_spread=50e-9,speed=1", domain="time", estimator="perfect"
    )
    transceiver = OfdmTransceiver(config)
    rng = np.random.default_rng(0)
    points = rng.choice([-1.0, 1.0], (2, 20, transceiver.symbols_per_frame)) / np.sqrt(2)
    symbols = tf.constant(points[0] + 1j * points[1], tf.complex64)
    seed_sionna(2)
    out = transceiver(symbols, transceiver.draw(20), noise_variance(15.0))
    ratio = np.abs(out.symbols - symbols) ** 2 / out.noise_variance
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.05)
