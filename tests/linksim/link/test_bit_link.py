"""The bit link: payload, flags, accounting, interleaving, repeatability."""

import numpy as np
import pytest
import tensorflow as tf

from linksim.errors import LinksimError
from linksim.link.bit_link import BitLink
from linksim.link.config import LinkConfig
from linksim.link.transceiver import OfdmTransceiver, noise_variance, slot_interleaver
from linksim.montecarlo import Tally
from linksim.phy.coding.mcs import Mcs
from linksim.seeding import seed_sionna

SMALL = {"subcarriers": 24, "estimator": "perfect"}


def _link(**options: object) -> BitLink:
    config = LinkConfig(**{**SMALL, **options})
    return BitLink(config, OfdmTransceiver(config))


def test_a_clean_channel_returns_the_payload() -> None:
    link = _link(channel="awgn")
    payload = np.random.default_rng(0).bytes(5 * link.block.payload_bytes - 3)
    sent = link.transmit(payload, 30.0, 1)
    assert b"".join(sent.blocks) == payload + b"\0" * 3
    assert sent.block_ok.all()
    assert sent.bit_errors == 0
    assert link.transmit(b"", 30.0, 1).channel_uses == 0


def test_flags_mark_the_blocks_that_are_wrong_and_those_only() -> None:
    link = _link(channel="rayleigh", estimator="ls-linear")
    payload = np.random.default_rng(0).bytes(200 * link.block.payload_bytes)
    sent = link.transmit(payload, 12.0, 2)
    size = link.block.payload_bytes
    for i, block in enumerate(sent.blocks):
        assert block is None or block == payload[i * size : (i + 1) * size]
    assert 0.1 < sent.block_ok.mean() < 0.9
    assert sent.bit_errors > 0


@pytest.mark.parametrize("depth", [1, 5])
def test_uses_are_the_resource_elements_of_the_slots(depth: int) -> None:
    link = _link(channel="awgn", interleave_slots=depth)
    sent = link.transmit(bytes(7 * link.block.payload_bytes), 30.0, 1)
    slots = -(-7 // depth) * depth
    assert sent.channel_uses == slots * 24 * 12
    assert sent.channel_uses + sent.overhead_uses == slots * 24 * 14
    assert len(sent.snr) == slots


def test_a_seed_is_one_result_whatever_was_sent_before() -> None:
    link, other = _link(), _link()
    payload = np.random.default_rng(0).bytes(90 * link.block.payload_bytes)
    first = link.transmit(payload, 10.0, 5)
    link.transmit(payload, 3.0, 6)
    link.measure(3.0, 9, 8)
    for again in (link.transmit(payload, 10.0, 5), other.transmit(payload, 10.0, 5)):
        assert again.blocks == first.blocks
        np.testing.assert_array_equal(again.snr, first.snr)
    assert link.transmit(payload, 10.0, 7).blocks != first.blocks
    assert link.measure(10.0, 4, 8) == other.measure(10.0, 4, 8)


def test_interleaving_gives_diversity() -> None:
    """At an SNR above the ergodic limit a block over 16 channels is seldom lost."""
    lost = [
        _link(interleave_slots=depth).measure(12.0, 1, 320 // depth).blocks.rate
        for depth in (1, 16)
    ]
    assert lost[0] > 0.1
    assert lost[1] < 0.3 * lost[0]


def test_interleaving_spreads_neighbours_over_slots_and_is_undone() -> None:
    config = LinkConfig(**SMALL, channel="rayleigh", interleave_slots=4)
    transceiver = OfdmTransceiver(config)
    symbols = tf.complex(tf.random.normal([3, transceiver.symbols_per_frame]), 0.0)
    seed_sionna(1)
    h = transceiver.draw(3)
    out = transceiver(symbols, h, noise_variance(40.0))
    gain = np.abs(h.numpy()[:, 0, 0]) ** 2
    spread = np.sqrt(1e-4 / gain.min())
    np.testing.assert_allclose(out.symbols, symbols, atol=6 * spread)
    # Perfect CSI: the effective noise of a symbol tells the gain of its slot.
    block, position = np.divmod(np.arange(transceiver.symbols_per_frame), 24 * 12)
    expected = 1e-4 / gain[(block + position) % 4]
    np.testing.assert_allclose(out.noise_variance[0], expected, rtol=0.02)
    # With no noise at all the equaliser's float32 arithmetic must not turn it negative.
    assert (transceiver(symbols, h, noise_variance(150.0)).noise_variance.numpy() > 0).all()


@pytest.mark.parametrize(("depth", "per_slot"), [(1, 10), (4, 24), (16, 864)])
def test_every_block_gets_every_position_and_an_equal_share_of_the_slots(
    depth: int, per_slot: int
) -> None:
    """Pilot estimates are worse at the edges of a slot; no block may get only those."""
    order = slot_interleaver(depth, per_slot)
    assert sorted(order) == list(range(depth * per_slot))
    slot, position = np.divmod(np.arange(depth * per_slot), per_slot)
    for block in range(depth):
        mine = order // per_slot == block
        assert sorted(position[mine]) == list(range(per_slot))
        shares = np.bincount(slot[mine], minlength=depth)
        assert shares.max() - shares.min() <= 1


@pytest.mark.parametrize("streams", [1, 2, 3, 4])
@pytest.mark.parametrize("parts", [1, 3])
def test_every_block_has_all_pairs_of_slot_and_stream_in_equal_shares(
    streams: int, parts: int
) -> None:
    """Of frames of depth 1 to 32, whether a block fills a slot or a third of one."""
    per_slot = streams * 24 * 12
    for depth in range(1, 33):
        order = slot_interleaver(depth, per_slot, streams=streams)
        assert sorted(order) == list(range(depth * per_slot))
        slot, position = np.divmod(np.arange(depth * per_slot), per_slot)
        pairs = np.zeros((depth * parts, depth * streams), int)
        np.add.at(pairs, (order * parts // per_slot, slot * streams + position % streams), 1)
        assert pairs.max() - pairs.min() <= 1, depth


def test_two_streams_give_a_block_twice_the_diversity_of_its_slots() -> None:
    """Four pairs of slot and stream at depth 2: QPSK at 11 dB lost 5 % of blocks over two."""
    options = {"modulation": "qpsk", "interleave_slots": 2}
    link = _link(channel="rayleigh:rx_antennas=2,tx_antennas=2", **options)
    lost = sum((link.measure(11.0, seed, 512).blocks for seed in range(3)), Tally())
    assert lost.interval(0.99)[1] < 0.025


def test_silence_is_sent_at_unit_power() -> None:
    """All-zero payload must not become one constellation point over and over."""
    config = LinkConfig(channel="awgn", estimator="perfect")
    energies = []

    class Spy(OfdmTransceiver):
        def __call__(self, symbols: tf.Tensor, h: tf.Tensor, no: tf.Tensor) -> object:
            energies.append(tf.reduce_mean(tf.abs(symbols) ** 2))
            return super().__call__(symbols, h, no)

    spy = Spy(config)
    link = BitLink(config, spy)
    payload = tf.zeros([8, link.block.payload_bytes * 8], tf.uint8)
    link._send_payload(payload, spy.draw(8), noise_variance(20.0))
    assert float(energies[0]) == pytest.approx(1.0, abs=0.05)


def test_a_code_below_rate_one_fifth_is_repeated() -> None:
    """Twice the bits of rate 1/5 at half the SNR fail as often, and only where they should."""
    lost = []
    for rate, coded, snr_db in ((0.2, 1720, -4.2), (0.1, 3440, -4.2 - 10 * np.log10(2))):
        options = {"modulation": "qpsk", "code_rate": rate, "block_length": coded}
        link = _link(channel="awgn", subcarriers=72, interleave_slots=2, **options)
        assert (link.block.info_bits, link.block.coded_bits) == (344, coded)
        blocks = sum((link.measure(snr_db, seed, 256).blocks for seed in range(2)), Tally())
        lost.append((blocks.errors, blocks.trials - blocks.errors))
        assert 0.1 < blocks.rate < 0.9
    rates = [e / (e + good) for e, good in lost]
    assert rates[0] == pytest.approx(rates[1], abs=4 * (0.25 / 512 + 0.25 / 512) ** 0.5)


def test_a_stream_may_bring_its_own_mcs() -> None:
    config = LinkConfig(**SMALL, channel="awgn")
    transceiver = OfdmTransceiver(config)
    robust = BitLink(config, transceiver, Mcs("qpsk", 0.3))
    payload = bytes(range(40))
    assert BitLink(config, transceiver).transmit(payload, 3.0, 1).blocks == (None,)
    assert robust.transmit(payload, 3.0, 1).block_ok.all()


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({}, (1728, 3456, 1)),
        ({"modulation": "256qam", "code_rate": 0.9}, (6216, 6912, 1)),
        ({"modulation": "qpsk", "code_rate": 0.2}, (352, 1728, 1)),
        ({"block_length": 864}, (432, 864, 4)),
        ({"block_length": 1000}, (496, 1000, 3)),
        ({"subcarriers": 600}, (7200, 14400, 2)),
        # Between rates 1/4 and 1/3 no code is longer than 3824 bits.
        ({"modulation": "qpsk", "code_rate": 0.29, "subcarriers": 551}, (1912, 6612, 2)),
    ],
)
def test_code_blocks_fill_the_slot(options: dict, sizes: tuple[int, int, int]) -> None:
    config = LinkConfig(**options)
    block = config.code_block()
    assert (block.info_bits, block.coded_bits, block.per_frame) == sizes
    assert block.payload_bytes * 8 + 24 == block.info_bits


@pytest.mark.parametrize(
    "options",
    [
        {"block_length": 1000},
        {"code_rate": 0.2},
        {"code_rate": 0.95},
        # Nothing is punctured here, which Sionna's pruning does not foresee.
        {"modulation": "qpsk", "code_rate": 0.2, "subcarriers": 200},
    ],
)
def test_other_block_sizes_carry_bytes_too(options: dict) -> None:
    config = LinkConfig(channel="awgn", estimator="perfect", **options)
    link = BitLink(config, OfdmTransceiver(config))
    payload = np.random.default_rng(1).bytes(3 * link.block.payload_bytes)
    assert b"".join(link.transmit(payload, 25.0, 1).blocks) == payload


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"modulation": "16qm"}, "did you mean '16qam'"),
        ({"estimator": "mmse"}, "did you mean 'lmmse'"),
        ({"equalizer": "mmse"}, "did you mean 'lmmse'"),
        ({"code_rate": 0.01}, "code_rate must be between 0.02 and 0.95"),
        ({"code_rate": 1.0}, "code_rate must be between"),
        ({"block_length": 3455}, "multiple of 4"),
        ({"block_length": 4000}, "between 1 and the 3456 coded bits"),
        ({"block_length": 40}, "leaves no payload"),
        ({"block_length": 20000, "interleave_slots": 8}, "at most 8448"),
        ({"interleave_slots": 0}, "interleave_slots must be between"),
        ({"subcarriers": 3}, "subcarriers must be between"),
        ({"feedback_loss": 1.5}, "feedback_loss must be between"),
        ({"channel": "rayleigh:coherence=re"}, "use estimator perfect"),
        ({"channel": "raleigh", "estimator": "perfect"}, "did you mean 'rayleigh'"),
    ],
)
def test_links_that_cannot_be_give_one_line(options: dict, line: str) -> None:
    with pytest.raises(LinksimError) as error:
        LinkConfig(**options)
    assert line in str(error.value)
