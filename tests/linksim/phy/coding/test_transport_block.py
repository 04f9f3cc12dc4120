"""Transport blocks of the MCS tables: sizes by the standard's text, CRCs, segmentation."""

import math

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.fec.crc import CRCEncoder
from sionna.phy.fec.ldpc import LDPC5GEncoder

from linksim.errors import LinksimError
from linksim.phy.coding.generator import Generator
from linksim.phy.coding.harq import HarqCode, SoftBuffer
from linksim.phy.coding.mcs import MCS_TABLES
from linksim.phy.coding.min_sum import MinSumDecoder
from linksim.phy.coding.transport_block import (
    base_graph,
    holds_block,
    segment_lengths,
    transport_block,
)
from linksim.phy.modulations import MODULATIONS


def _long_block(info: float, rate: float) -> tuple[int, int]:
    """Return size and code blocks above 3824 bits, step 4 of TS 38.214, clause 5.1.3.2."""
    n = math.floor(math.log2(info - 24)) - 5
    quantised = max(3840, 2**n * math.floor((info - 24) / 2**n + 0.5))
    longest = 3816 if rate <= 1 / 4 else 8424
    count = -(-(quantised + 24) // longest) if rate <= 1 / 4 or quantised > 8424 else 1
    return 8 * count * -(-(quantised + 24) // (8 * count)) - 24, count


@pytest.mark.parametrize("table", [1, 2, 3])
def test_what_holds_no_block_is_refused_and_what_holds_one_has_one(table: int) -> None:
    """24 bits and a CRC-16 need 22 symbols of QPSK: 40 of 42 bits is more than the rate 0.95."""
    for mcs in MCS_TABLES[table]:
        order = MODULATIONS[mcs.modulation].bits
        least = math.ceil(40 / 0.95 / order) + 1
        assert not holds_block(mcs, least - 1)
        with pytest.raises(LinksimError, match=f"{least - 1} data symbols .* no transport block"):
            transport_block(mcs, least - 1)
        block = transport_block(mcs, least)
        assert 8 * block.payload_bytes >= 24
        assert block.info_bits <= 0.95 * block.coded_bits


@pytest.mark.parametrize("table", [1, 2, 3])
def test_sizes_are_those_of_the_standard(table: int) -> None:
    for mcs in MCS_TABLES[table]:
        order = MODULATIONS[mcs.modulation].bits
        for subcarriers in (24, 72, 300, 1200, 3276):
            block = transport_block(mcs, 12 * subcarriers)
            info = 12 * subcarriers * order * mcs.code_rate
            payload = 8 * block.payload_bytes
            assert block.info_bits == payload + block.crc_bits
            if info > 3824:
                assert (payload, block.segments) == _long_block(info, mcs.code_rate)
                assert block.crc_bits == 24
            else:  # the table's steps are of at most 6 % from 208 bits on, and of 8 bits below
                assert (block.crc_bits, block.segments) == (16 if payload <= 3824 else 24, 1)
                assert abs(payload - info) <= max(8, 0.065 * info)
            lengths = segment_lengths(block, order)
            assert sum(lengths) == block.coded_bits
            assert all(length % order == 0 for length in lengths)
            assert block.segment_bits <= (8448 if block.graph == "bg1" else 3840)


@pytest.mark.parametrize(
    ("table", "index", "subcarriers", "bits"),
    # N_info 67.5, 382.5, 4349 and 9598.5: 64 and 376 in the table, and steps of 128 and 256.
    [(1, 0, 24, 64), (1, 10, 24, 384), (1, 16, 141, 4352), (1, 28, 144, 9480)],
)
def test_sizes_worked_out_by_hand(table: int, index: int, subcarriers: int, bits: int) -> None:
    assert 8 * transport_block(MCS_TABLES[table][index], 12 * subcarriers).payload_bytes == bits


def test_code_rates_can_be_decoded() -> None:
    for subcarriers in range(12, 60):
        for mcs in MCS_TABLES[2]:
            block = transport_block(mcs, 12 * subcarriers)
            assert block.info_bits <= 0.95 * block.coded_bits


@pytest.mark.parametrize(
    ("payload", "rate", "graph"),
    [(292, 0.9, "bg2"), (3824, 0.67, "bg2"), (3824, 0.68, "bg1"), (3840, 0.26, "bg1"),
     (9000, 0.25, "bg2")],
)  # fmt: skip
def test_base_graphs_are_those_of_the_standard(payload: int, rate: float, graph: str) -> None:
    assert base_graph(payload, rate) == graph


@pytest.mark.parametrize("crc", ["CRC24A", "CRC24B", "CRC16"])
def test_the_decoder_checks_the_crc_that_it_is_told(crc: str) -> None:
    bits = np.random.default_rng(0).integers(0, 2, (4, 160))
    word = CRCEncoder(crc)(tf.constant(bits, tf.float32))
    encoder = LDPC5GEncoder(word.shape[1], 2 * word.shape[1])
    llr = 20.0 * (2.0 * encoder(word).numpy() - 1.0)
    for other in ("CRC24A", "CRC24B", "CRC16"):
        decided, ok = MinSumDecoder(encoder, 10, crc=other)(llr.astype(np.float32))
        np.testing.assert_array_equal(decided, word)
        assert (ok == (other == crc)).all()


@pytest.mark.parametrize(
    ("index", "symbols", "segments"), [(0, 288, 1), (27, 3001, 2), (4, 16003, 2), (3, 16001, 3)]
)
def test_blocks_arrive_whole_in_any_number_of_code_blocks(
    index: int, symbols: int, segments: int
) -> None:
    """One code block that is lost loses the transport block, and a second version brings it."""
    mcs = MCS_TABLES[1][index]
    block = transport_block(mcs, symbols)
    assert block.segments == segments
    how = "chase" if mcs.code_rate > 0.8 else "ir"  # version 2 alone is too little of such a code
    code = HarqCode(block, mcs.modulation, combining=how, iterations=20)
    payload = np.random.default_rng(1).integers(0, 2, (3, 8 * block.payload_bytes))
    mother, buffer = code.encode(payload), SoftBuffer(3, code.versions, code.symbols)
    noise = np.full((3, code.symbols), 1e-2, np.float32)
    noise[1, : code.symbols // segments] = 1e4  # of which nothing is known
    rng = np.random.default_rng(2)
    unit = (rng.normal(size=noise.shape) + 1j * rng.normal(size=noise.shape)) / np.sqrt(2)
    sent = code.send(mother, 1)
    assert sent.shape == (3, symbols)
    received = (sent + unit * np.sqrt(noise)).astype(np.complex64)
    decoded, ok = code.receive(buffer, np.arange(3), 1, received, noise)
    assert ok.tolist() == [True, False, True]
    np.testing.assert_array_equal(decoded[[0, 2]], payload[[0, 2]])
    again = code.send(mother[1:2], 2), np.full((1, code.symbols), 1e-2, np.float32)
    decoded, ok = code.receive(buffer, np.array([1]), 2, *again)
    assert ok.all()
    np.testing.assert_array_equal(decoded, payload[1:2])


@pytest.mark.parametrize(("index", "symbols"), [(0, 288), (10, 72)])
def test_a_wrong_word_passes_no_more_often_than_its_crc_lets_it(index: int, symbols: int) -> None:
    """Noise alone: of 30,000 words 0.5 pass a CRC-16; asked after each iteration, 8 and 9 did."""
    mcs = MCS_TABLES[1][index]
    block = transport_block(mcs, symbols)
    code = HarqCode(block, mcs.modulation, combining="chase", iterations=20)
    rng, passed = np.random.default_rng(4), 0
    for _ in range(30):
        unit = rng.normal(size=(2, 1000, code.symbols))
        received = ((unit[0] + 1j * unit[1]) / np.sqrt(2)).astype(np.complex64)
        buffer = SoftBuffer(1000, code.versions, code.symbols)
        noise = np.full(received.shape, 1.0, np.float32)
        passed += int(code.receive(buffer, np.arange(1000), 1, received, noise)[1].sum())
    assert passed <= 3


@pytest.mark.parametrize(("index", "symbols"), [(0, 72), (10, 144), (27, 288)])
def test_the_generator_matrix_gives_what_the_code_does(index: int, symbols: int) -> None:
    mcs = MCS_TABLES[1][index]
    code = HarqCode(transport_block(mcs, symbols), mcs.modulation, combining="ir", iterations=20)
    bits = np.random.default_rng(0).integers(0, 2, (3, 8 * code.block.payload_bytes))
    words = Generator(code)(bits.astype(np.uint8))
    assert words.dtype == np.uint8
    assert np.array_equal(words, code.encode(bits))
