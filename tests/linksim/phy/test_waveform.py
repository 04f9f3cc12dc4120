"""Samples and taps: as frequency responses at rest, and with the interference of theory."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import special

from linksim.link.bit_link import BitLink
from linksim.link.config import LinkConfig
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.phy.channels import Clock, parse_channel
from linksim.phy.channels.realisation import ChannelRealisation
from linksim.phy.grid import Grid
from linksim.phy.waveform import KNOTS, Ofdm, SampledPaths
from linksim.seeding import seed_sionna

GRID = Grid(72, 15e3)
SILENT = tf.constant(1e-12)
SLOTS = 200


def _symbols(slots: int, streams: int = 1, seed: int = 0) -> tf.Tensor:
    rng = np.random.default_rng(seed)
    points = rng.choice([-1.0, 1.0], (2, slots, 1, streams, *GRID.shape)) / np.sqrt(2)
    return tf.constant(points[0] + 1j * points[1], tf.complex64)


def _power(x: np.ndarray) -> float:
    return float(np.mean(np.abs(x) ** 2))


def _still(ofdm: Ofdm, delay: float) -> tf.Tensor:
    """Return one path of coefficient 1 and a delay in s."""
    paths = np.ones([1, 1, 1, 1, 1, 1, ofdm.columns + 1], np.complex64)
    paths[..., -1] = delay * 15e3
    return tf.constant(paths)


@pytest.mark.parametrize("subcarriers", [12, 72, 106, 1200, 3276])
def test_the_numerology_is_the_standards(subcarriers: int) -> None:
    """TS 38.211, 5.3.1: prefixes of 144 and 160 units, of which a useful symbol has 2048."""
    grid = Grid(subcarriers, 15e3)
    ofdm = Ofdm(grid)
    wanted = [160 if symbol in (0, 7) else 144 for symbol in range(14)]
    np.testing.assert_array_equal(ofdm.prefix * 2048, np.multiply(wanted, ofdm.fft))
    assert ofdm.samples / (ofdm.fft * 15e3) == pytest.approx(grid.slot_duration)
    assert 1.2 * subcarriers <= ofdm.fft <= max(128, 2.4 * subcarriers)


@pytest.mark.parametrize("spec", ["tdl-a:delay_spread=300e-9", "cdl-d:rx_antennas=2,tx_antennas=2"])
def test_at_rest_it_equals_the_frequency_domain(spec: str) -> None:
    """Equal paths by equal seeds."""
    channel = parse_channel(f"{spec},speed=0")
    sampled = SampledPaths(channel, GRID)
    seed_sionna(3)
    paths = sampled.sample(20, 2, GRID)
    seed_sionna(3)
    h = channel.sample(20, 2, GRID)
    rx, tx = channel.rx_antennas, channel.tx_antennas
    h = tf.reshape(h, [40, 1, rx, 1, tx, *GRID.shape]).numpy()
    paths = tf.reshape(paths, [40, 1, rx, 1, tx, *paths.shape[-2:]])
    x = _symbols(40, tx)
    y = sampled.ofdm(x, paths, SILENT).numpy()
    expected = np.einsum("sirjtkf,sjtkf->sirkf", h, x.numpy())
    assert _power(y - expected) < 1e-9 * _power(expected)
    assert _power(sampled.ofdm.response(paths).numpy() - h) < 1e-9


def test_interference_of_subcarriers_is_that_of_clarkes_spectrum() -> None:
    """E|C(d)|^2 = sum J0(2 pi f_D (i - j) T_s) exp(-j 2 pi d (i - j) / N) / N^2, d apart."""
    speed, carrier = 150.0, 3.5e9
    channel = parse_channel(f"tdl-a:delay_spread=1e-12,speed={speed},carrier={carrier}")
    sampled = SampledPaths(channel, GRID)
    ofdm = sampled.ofdm
    seed_sionna(5)
    paths = sampled.sample(60, 1, GRID)[:, tf.newaxis, :, tf.newaxis]
    x = _symbols(60)
    rest = (ofdm(x, paths, SILENT) - ofdm.response(paths)[:, :, 0, 0] * x).numpy()
    by_slot = np.mean(np.abs(rest) ** 2, axis=(1, 2, 3, 4))
    doppler = speed * carrier / 299_792_458.0
    between = np.arange(ofdm.fft)[:, None] - np.arange(ofdm.fft)
    correlation = special.j0(2 * np.pi * doppler / (ofdm.fft * 15e3) * between)
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


@pytest.mark.parametrize(
    "spec",
    ["tdl-a:speed=120", "cdl-c:speed=300,rx_antennas=2,tx_antennas=2", "tdl-c:delay_spread=2e-6"],
)
def test_interference_is_what_is_stated(spec: str) -> None:
    """Of subcarriers at speed, and of symbols beyond the prefix; in the mean and slot by slot."""
    channel = parse_channel(spec)
    sampled = SampledPaths(channel, GRID)
    seed_sionna(6)
    paths, x = sampled.sample(200, 1, GRID), _symbols(200, channel.tx_antennas)
    paths = tf.reshape(
        paths, [200, 1, channel.rx_antennas, 1, channel.tx_antennas, *paths.shape[3:]]
    )
    h = sampled.ofdm.response(paths)
    kept = tf.einsum("sirjtkf,sjtkf->sirkf", h, x)
    rest = np.abs((sampled.ofdm(x, paths, SILENT) - kept).numpy()) ** 2
    actual, stated = rest.mean(axis=(1, 2, 3, 4)), sampled.ofdm.interference(paths).numpy()
    assert stated.mean() == pytest.approx(actual.mean(), rel=0.05)
    assert np.corrcoef(stated, actual)[0, 1] > 0.7  # late paths are taken as uncorrelated


def test_paths_between_the_instants_that_are_drawn() -> None:
    """At 300 m/s, against the same burst at the samples of the last window themselves."""
    channel = parse_channel("tdl-c:speed=300")
    ofdm = Ofdm(GRID)
    rate = 14 * KNOTS / GRID.slot_duration
    seed_sionna(7)
    a, _ = channel.paths(1, ofdm.columns, Clock(rate, 0.0))
    seed_sionna(7)
    start = 1 / rate + (ofdm.samples - ofdm.fft) / (ofdm.fft * 15e3)
    exact, _ = channel.paths(1, ofdm.fft, Clock(ofdm.fft * 15e3, start))
    window = ofdm._coefficients(a[:, 0, :, 0])[..., -1, :]
    np.testing.assert_allclose(window, exact[:, 0, :, 0], atol=2e-5)


def test_noise_is_that_of_a_resource_element() -> None:
    ofdm = Ofdm(GRID)
    silent = tf.zeros([200, 1, 1, 1, 1, 1, ofdm.columns + 1], tf.complex64)
    seed_sionna(1)
    y = ofdm(_symbols(200), silent, tf.constant(0.3)).numpy()
    assert _power(y) == pytest.approx(0.3, rel=0.01)
    of_each = tf.constant([0.1] * 100 + [0.4] * 100)
    y = ofdm(_symbols(200), silent, of_each).numpy()
    assert _power(y[:100]) == pytest.approx(0.1, rel=0.02)
    assert _power(y[100:]) == pytest.approx(0.4, rel=0.02)


@pytest.mark.parametrize("subcarriers", [12, 72, 600])
def test_the_prefix_is_left_to_the_channel_whole(subcarriers: int) -> None:
    """A path within 144/2048 of 1/15 ms leaks nothing; what is later runs into the next symbol."""
    grid = Grid(subcarriers, 15e3)
    ofdm = Ofdm(grid)
    rng = np.random.default_rng(0)
    points = rng.choice([-1.0, 1.0], (2, 40, 1, 1, *grid.shape)) / np.sqrt(2)
    x = tf.constant(points[0] + 1j * points[1], tf.complex64)
    for delay in (0.0, 4.0e-6, 4.68e-6, 4.69e-6 * 1.02, 20e-6):
        paths = tf.repeat(_still(ofdm, delay), 40, axis=0)
        rest = (ofdm(x, paths, SILENT) - ofdm.response(paths)[:, :, 0, 0] * x).numpy()
        late = max(0.0, delay * 15e3 - 144 / 2048)
        # A subcarrier loses sinc^2 of its own symbol, and takes as much of the one before.
        k = np.arange(subcarriers)
        leak = (late * np.sinc(late * (k[:, None] - k))) ** 2
        theory = (2 * leak.sum(axis=1) - leak[0, 0]).mean()
        assert _power(rest[..., [3, 4, 5, 6, 9, 10, 11], :]) == pytest.approx(
            theory, rel=0.1, abs=1e-10
        )


def test_fading_is_continuous_from_slot_to_slot() -> None:
    """In the time domain too, beyond any number of slots: reports and copies meet one channel."""
    sampled = SampledPaths(parse_channel("tdl-a:speed=1"), GRID)
    fading = ChannelRealisation(sampled, GRID, 1)
    assert fading._length > 16
    ends = [fading._length * n for n in (1, 2, 1000)]
    for slot in [16, 32, *ends]:
        before, after = (fading.slots(slot + i, 1)[0, 0, 0, :, :-1].numpy() for i in (-1, 0))
        np.testing.assert_allclose(before[:, -3:], after[:, :3], atol=1e-5)


def test_a_payload_crosses_in_the_time_domain() -> None:
    config = LinkConfig(channel="tdl-a:rx_antennas=2,speed=30", domain="time", subcarriers=24)
    link = BitLink(config, OfdmTransceiver(config))
    payload = np.random.default_rng(0).bytes(300)
    sent = link.transmit(payload, 25.0, 1)
    assert b"".join(sent.blocks)[:300] == payload
    assert link.transmit(payload, 25.0, 1).snr.tolist() == sent.snr.tolist()


@pytest.mark.parametrize(
    ("estimator", "speed", "snr_db"),
    [("perfect", 1, 15.0), ("perfect", 120, 30.0), ("lmmse", 120, 30.0), ("ls-linear", 30, 25.0)],
)
@pytest.mark.parametrize("noise", ["known", "estimated"])
def test_what_is_left_is_the_noise_that_is_stated(
    estimator: str, speed: int, snr_db: float, noise: str
) -> None:
    """At 120 m/s and 30 dB interference is 12 dB above the noise."""
    config = LinkConfig(
        channel=f"tdl-a:delay_spread=50e-9,speed={speed}",
        domain="time",
        estimator=estimator,
        pilots="2+7+11" if speed > 100 else "2+11",
        noise=noise,
    )
    transceiver = OfdmTransceiver(config)
    rng = np.random.default_rng(0)
    points = rng.choice([-1.0, 1.0], (2, SLOTS, transceiver.symbols_per_frame)) / np.sqrt(2)
    symbols = tf.constant(points[0] + 1j * points[1], tf.complex64)
    seed_sionna(2)
    h = transceiver.draw(SLOTS)
    out = transceiver(symbols, h, noise_variance(snr_db))
    ratio = np.abs(out.symbols - symbols) ** 2 / out.noise_variance
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.15)
    # (pi f_D T)^2 / 6 of the power leaves a subcarrier (Li and Cimini, 2001), mostly for others.
    lost = (np.pi * speed * 3.5e9 / 299_792_458.0 / 15e3) ** 2 / 6
    paths = tf.reshape(h, [SLOTS, 1, 1, 1, 1, *h.shape[-2:]])
    leaks = np.broadcast_to(transceiver._ofdm.interference(paths), [SLOTS])
    assert np.mean(leaks) == pytest.approx(0.96 * lost, rel=0.15)
    gains = np.abs(transceiver._ofdm.response(paths).numpy()).reshape(SLOTS, -1) ** 2
    sinr = gains / (10 ** (-snr_db / 10) + leaks[:, np.newaxis])
    expected = transceiver._effective(tf.constant(sinr, tf.float32)).numpy()
    assert 10 * np.log10(np.mean(out.snr)) == pytest.approx(10 * np.log10(expected.mean()), abs=0.7)
