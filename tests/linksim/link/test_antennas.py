"""Several antennas: closed forms of diversity and of zero forcing, accounting, bad input."""

import numpy as np
import pytest
import tensorflow as tf

from linksim.endpoint import SymbolStream
from linksim.errors import LinksimError
from linksim.link.accounting import frame_pilots, frame_symbols, frame_uses, stream_uses
from linksim.link.bit_link import BitLink
from linksim.link.config import LinkConfig
from linksim.link.experiments.error_rate import theory_ber
from linksim.link.symbol_link import SymbolLink
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.link.uncoded_link import UncodedLink
from linksim.seeding import seed_sionna


def _config(rx: int, tx: int, **options: object) -> LinkConfig:
    options = {"estimator": "perfect", "subcarriers": 24, "coherence": "re", **options}
    channel = f"rayleigh:rx_antennas={rx},tx_antennas={tx},coherence={options.pop('coherence')}"
    return LinkConfig(channel=channel, **options)


# Maximum ratio with 2 and 4 branches; zero forcing leaves each stream R - S + 1 of them.
@pytest.mark.parametrize(
    ("rx", "tx", "modulation", "snr_db"),
    [(4, 1, "16qam", 6.0), (2, 2, "qpsk", 12.0), (4, 3, "16qam", 18.0)],
)
def test_bit_errors_follow_the_closed_form(
    rx: int, tx: int, modulation: str, snr_db: float
) -> None:
    config = _config(rx, tx, modulation=modulation, equalizer="zf")
    bits = UncodedLink(config, OfdmTransceiver(config)).measure(snr_db, 3, 256).bits
    low, high = bits.interval(0.99)
    assert low <= theory_ber(config, snr_db) <= high
    assert (high - low) / bits.rate < 0.15


def test_lmmse_combines_at_maximum_ratio() -> None:
    config = _config(3, 1, modulation="16qam")
    bits = UncodedLink(config, OfdmTransceiver(config)).measure(6.0, 3, 128).bits
    low, high = bits.interval(0.99)
    assert low <= theory_ber(config, 6.0) <= high


def _errors(config: LinkConfig, snr_db: float) -> tuple[np.ndarray, np.ndarray]:
    """Return squared errors of the symbols, and the variances stated for them."""
    transceiver = OfdmTransceiver(config)
    rng = np.random.default_rng(1)
    points = rng.choice([-1.0, 1.0], (2, 64, transceiver.symbols_per_frame))
    symbols = tf.constant((points[0] + 1j * points[1]) / np.sqrt(2), tf.complex64)
    seed_sionna(2)
    out = transceiver(symbols, transceiver.draw(64), noise_variance(snr_db))
    return np.abs(out.symbols - symbols).ravel() ** 2, out.noise_variance.numpy().ravel()


@pytest.mark.parametrize("equalizer", ["zf", "lmmse"])
def test_stated_variances_are_those_of_the_errors(equalizer: str) -> None:
    error, variance = _errors(_config(3, 2, equalizer=equalizer), 12.0)
    ratio = error / variance
    assert ratio.mean() == pytest.approx(1.0, abs=5 * ratio.std() / np.sqrt(ratio.size))


def test_lmmse_is_better_than_zero_forcing() -> None:
    zf, lmmse = (
        UncodedLink(c, OfdmTransceiver(c)).measure(10.0, 5, 128).bits.rate
        for c in (_config(2, 2, equalizer=e, modulation="qpsk") for e in ("zf", "lmmse"))
    )
    assert lmmse < 0.8 * zf


@pytest.mark.parametrize("estimator", ["ls-linear", "lmmse"])
def test_each_stream_is_estimated_from_pilots_of_its_own(estimator: str) -> None:
    config = _config(3, 3, coherence="slot", estimator=estimator, equalizer="zf")
    error, _ = _errors(config, 70.0)
    assert np.median(error) < 1e-4


def test_a_channel_use_is_a_resource_element_for_all_streams() -> None:
    one, two = _config(2, 1), _config(2, 2)
    assert frame_uses(one) == frame_uses(two) == 24 * 12
    assert frame_pilots(one) == frame_pilots(two) == 24 * 2
    assert frame_symbols(two) == 2 * frame_symbols(one) == 2 * 24 * 12
    stream = SymbolStream("latents", np.zeros(4 * 24 * 12, np.float32))
    assert stream_uses(stream, one) == 2 * stream_uses(stream, two) == 2 * 24 * 12
    sent = SymbolLink(OfdmTransceiver(two)).transmit(np.ones(4 * 24 * 12, np.float32), 20.0, 1)
    assert (sent.channel_uses, sent.overhead_uses) == (24 * 12, 24 * 2)


def test_two_streams_carry_a_payload_in_half_the_uses() -> None:
    payload = np.random.default_rng(0).bytes(2000)
    uses = []
    for config in (
        _config(4, 1, coherence="slot", estimator="lmmse"),
        _config(4, 2, coherence="slot", estimator="lmmse"),
    ):
        link = BitLink(config, OfdmTransceiver(config))
        sent = link.transmit(payload, 30.0, 1)
        assert b"".join(sent.blocks)[:2000] == payload
        uses.append(sent.channel_uses)
        measured = 10 * np.log10(sent.snr.mean())
        # Each of four antennas has 30 dB from all streams together; the other one takes one up.
        antennas = 4 - (config.streams - 1)
        expected = 30.0 + 10 * np.log10(antennas / config.streams)
        assert measured == pytest.approx(expected, abs=1.2)
    assert uses[1] < 0.6 * uses[0]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"channel": "rayleigh:tx_antennas=2"}, "which 1 receive antenna(s) cannot tell apart"),
        (
            {"channel": "tdl-a:rx_antennas=4,tx_antennas=4", "subcarriers": 12},
            "leaves a stream 3 pilots",
        ),
        ({"pilots": "2+2"}, "must be different OFDM symbols from 0 to 13"),
        ({"pilots": "2+14"}, "must be different OFDM symbols from 0 to 13"),
        ({"pilots": "two"}, "must be different OFDM symbols from 0 to 13"),
        ({"pilot_spacing": 13}, "pilot_spacing must be between 1 and 12"),
        ({"noise": "guessed"}, "unknown noise 'guessed'"),
        ({"domain": "space"}, "unknown domain 'space'"),
        ({"domain": "time"}, "domain time needs a channel of paths"),
    ],
)
def test_links_that_cannot_be_give_one_line(options: dict, line: str) -> None:
    with pytest.raises(LinksimError) as error:
        LinkConfig(**options)
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_a_receiver_may_estimate_the_noise() -> None:
    """From 66 differences in each of 2 symbols: what it states is right on average."""
    options = {"coherence": "slot", "equalizer": "zf"}
    config = _config(2, 1, noise="estimated", pilots="2+7+11", pilot_spacing=2, **options)
    assert (frame_uses(config), frame_pilots(config)) == (24 * 14 - 36, 36)
    error, variance = _errors(config, 10.0)
    known = _errors(_config(2, 1, **options), 10.0)[1]
    assert len(np.unique(variance.round(7))) >= 60  # an estimate a slot
    assert variance.mean() == pytest.approx(known.mean(), rel=0.1)
    assert error.mean() == pytest.approx(variance.mean(), rel=0.1)
