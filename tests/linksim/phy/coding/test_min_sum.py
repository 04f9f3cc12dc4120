"""The compiled decoder against Sionna's, over both base graphs and all kinds of rates."""

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.fec.crc import CRCEncoder
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import Mapper

from linksim.errors import LinksimError
from linksim.link.bit_link import BitLink
from linksim.link.config import LinkConfig
from linksim.link.transceiver import OfdmTransceiver
from linksim.phy.coding import min_sum
from linksim.phy.coding.belief_propagation import BoxplusDecoder
from linksim.phy.coding.decoders import DECODERS
from linksim.phy.coding.graph_decoder import GraphDecoder
from linksim.phy.coding.min_sum import MinSumDecoder
from linksim.phy.coding.min_sum_gpu import GraphMinSumDecoder
from linksim.phy.demapping import QamDemapper


def _received(
    encoder: LDPC5GEncoder, snr_db: float, blocks: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return information bits that end in a CRC, and their logits after white noise."""
    rng = np.random.default_rng(seed)
    payload = rng.integers(0, 2, (blocks, encoder.k - 24)).astype(np.float32)
    info = CRCEncoder("CRC24A")(tf.constant(payload))
    order = encoder.num_bits_per_symbol or 2
    x = Mapper("qam", order)(encoder(info)).numpy()
    no = 10 ** (-snr_db / 10)
    noise = rng.normal(size=x.shape) + 1j * rng.normal(size=x.shape)
    y = tf.constant(x + np.sqrt(no / 2) * noise, tf.complex64)
    llr = QamDemapper(order)(y, tf.fill(y.shape, np.float32(no)))
    return info.numpy().astype(np.uint8), llr.numpy()


def _lost(decided: np.ndarray, info: np.ndarray) -> int:
    return int(np.any(decided != info, axis=1).sum())


@pytest.mark.parametrize(
    ("k", "n", "order", "snr_db", "bg"),
    [
        (520, 2592, 2, -3.7, "bg2"),  # rate 1/5
        (576, 1728, 2, -1.6, "bg2"),  # rate 1/3
        (1728, 3456, 4, 6.2, "bg2"),  # rate 1/2, as the link's default
        (3000, 3456, 4, 12.0, "bg1"),  # rate 0.87
        (3000, 9000, 2, -1.4, "bg1"),  # rate 1/3
        (104, 304, 2, -0.5, "bg2"),  # Z no multiple of a vector
    ],
)
def test_it_is_no_more_than_a_tenth_of_a_db_behind_boxplus(
    k: int, n: int, order: int, snr_db: float, bg: str
) -> None:
    """Given 0.1 dB more it loses no more blocks than Sionna, but for chance (one-sided, 1 %)."""
    encoder = LDPC5GEncoder(k, n, num_bits_per_symbol=order, bg=bg)
    blocks = 256
    info, llr = _received(encoder, snr_db, blocks)
    theirs = tf.function(LDPC5GDecoder(encoder, num_iter=20), jit_compile=True)(llr).numpy()
    info_better, llr_better = _received(encoder, snr_db + 0.1, blocks, seed=1)
    ours = MinSumDecoder(encoder, 20)(llr_better)[0]
    lost, lost_by_boxplus = _lost(ours, info_better), _lost(theirs, info)
    assert 0.05 * blocks < lost_by_boxplus < 0.95 * blocks
    spread = np.sqrt(sum(e * (1 - e / blocks) for e in (lost, lost_by_boxplus)))
    assert lost - lost_by_boxplus < 2.33 * spread


@pytest.mark.parametrize(
    ("k", "n", "order", "snr_db", "bg"),
    [
        (520, 2592, 2, -3.8, "bg2"),  # rate 1/5
        (1032, 3090, 2, -1.5, "bg1"),  # rate 1/3
        (3000, 3456, 4, 12.0, "bg1"),  # rate 0.87
    ],
)
def test_as_a_graph_it_is_the_same_bit_for_bit(
    k: int, n: int, order: int, snr_db: float, bg: str
) -> None:
    """Of blocks that fail, too, and where magnitudes are equal, 0 or without limit."""
    encoder = LDPC5GEncoder(k, n, num_bits_per_symbol=order, bg=bg)
    _, llr = _received(encoder, snr_db, 48)
    llr[40:] = np.round(llr[40:])
    llr[46] = np.where(llr[46] > 0, np.inf, -0.0)
    bits, ok = MinSumDecoder(encoder, 20)(llr)
    again, ok_again = GraphMinSumDecoder(encoder, CRCEncoder("CRC24A"), 20)(llr)
    assert 0 < ok.sum() < 48
    np.testing.assert_array_equal(again, bits)
    np.testing.assert_array_equal(ok_again, ok)


@pytest.mark.parametrize("decoder", [GraphMinSumDecoder, BoxplusDecoder])
def test_graphs_take_any_number_of_blocks(decoder: type[GraphDecoder]) -> None:
    """Each size that is new is compiled anew."""
    encoder = LDPC5GEncoder(104, 144)  # few layers compile fast
    info, llr = _received(encoder, 9.0, 65)
    decode = decoder(encoder, CRCEncoder("CRC24A"), 20)
    for blocks in (65, 64, 1, 0):
        bits, ok = decode(llr[:blocks])
        np.testing.assert_array_equal(bits, info[:blocks])
        assert ok.shape == (blocks,)
        assert ok.numpy().all()


def test_the_flag_says_whether_a_block_is_right() -> None:
    encoder = LDPC5GEncoder(603, 1200)  # an odd number of bits ahead of whole bytes
    info, llr = _received(encoder, 1.2, 200)
    bits, ok = MinSumDecoder(encoder, 20)(llr)
    assert 10 < ok.sum() < 190
    np.testing.assert_array_equal(ok, (bits == info).all(axis=1))


def test_stopping_early_loses_nothing_that_twenty_iterations_find() -> None:
    encoder = LDPC5GEncoder(600, 1200)
    _, llr = _received(encoder, 1.2, 200)
    early, full = (MinSumDecoder(encoder, 20, stop_early=stop)(llr)[1] for stop in (True, False))
    assert 10 < full.sum() < 190
    assert not (full & ~early).any()


def test_a_result_does_not_depend_on_how_blocks_are_shared_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder = LDPC5GEncoder(600, 1200)
    _, llr = _received(encoder, 1.2, 50)
    decode = MinSumDecoder(encoder, 20)
    bits, ok = decode(llr)
    monkeypatch.setattr(min_sum, "CHUNK_BLOCKS", 7)
    again, ok_again = decode(llr)
    np.testing.assert_array_equal(bits, again)
    np.testing.assert_array_equal(ok, ok_again)
    np.testing.assert_array_equal(decode(llr[31:32])[0], bits[31:32])


def test_the_mother_codes_buffer_may_be_given_instead() -> None:
    encoder = LDPC5GEncoder(600, 1200)
    _, llr = _received(encoder, 1.2, 20)
    decode = MinSumDecoder(encoder, 20)
    mother = np.zeros((20, encoder.n_ldpc), np.float32)
    fillers = encoder.k_ldpc - encoder.k
    tail = encoder.k - 2 * encoder.z
    mother[:, 2 * encoder.z : encoder.k] = llr[:, :tail]
    mother[:, encoder.k_ldpc : encoder.k_ldpc + encoder.n - tail] = llr[:, tail:]
    assert fillers > 0
    np.testing.assert_array_equal(decode.decode(mother)[0], decode(llr)[0])


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e30])
def test_certain_bits_do_no_harm(value: float) -> None:
    encoder = LDPC5GEncoder(600, 1200)
    info, _ = _received(encoder, 1.2, 4)
    coded = encoder(tf.constant(info, tf.float32)).numpy()
    llr = np.where(coded > 0.5, value, -value).astype(np.float32)
    bits, ok = MinSumDecoder(encoder, 20, stop_early=False)(llr if value > 0 else -llr)
    assert ok.all()
    np.testing.assert_array_equal(bits, info)


def test_no_blocks_are_decoded_to_none() -> None:
    bits, ok = MinSumDecoder(LDPC5GEncoder(600, 1200), 20)(np.zeros((0, 1200), np.float32))
    assert bits.shape == (0, 600)
    assert ok.shape == (0,)


def test_on_a_gpu_a_link_has_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, crc = LDPC5GEncoder(104, 304), CRCEncoder("CRC24A")
    chosen = {"boxplus": BoxplusDecoder, "min-sum": GraphMinSumDecoder, "auto": GraphMinSumDecoder}
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: [kind])
    for name, kind in chosen.items():
        assert type(DECODERS[name].build(encoder, crc, 20)) is kind
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: [])
    assert type(DECODERS["auto"].build(encoder, crc, 20)) is MinSumDecoder


def test_a_link_may_choose_its_decoder() -> None:
    """Both over the very same noise: the compiled one loses no more, but for 0.1 dB."""
    lost = {}
    for decoder in ("min-sum", "boxplus"):
        config = LinkConfig(channel="rayleigh", subcarriers=24, decoder=decoder)
        counts = BitLink(config, OfdmTransceiver(config)).measure(10.0, 3, 512)
        lost[decoder] = counts.blocks.errors
    assert lost["boxplus"] > 50
    assert lost["min-sum"] == pytest.approx(lost["boxplus"], rel=0.08)
    with pytest.raises(LinksimError, match="did you mean 'min-sum'"):
        LinkConfig(decoder="minsum")
