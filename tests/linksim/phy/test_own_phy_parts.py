"""An estimator, an equaliser, a decoder, a modulation and a code from a file outside of linksim."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.link.bit_link import BitLink
from linksim.link.config import LinkConfig
from linksim.link.transceiver import OfdmTransceiver
from linksim.phy.modulations import Modulation

PARTS = '''
"""Parts of a user."""

import numpy as np
import tensorflow as tf

from linksim.phy.coding.codes import Code, Codec
from linksim.phy.coding.decoders import DECODERS, Decoder
from linksim.phy.equalisers import EQUALISERS, Equaliser
from linksim.phy.estimators import ESTIMATORS, Estimator
from linksim.phy.modulations import Modulation

used = []
angles = np.pi / 4 * np.array([0, 1, 3, 2, 7, 6, 4, 5])
PSK8 = Modulation("psk8", 3, tuple(complex(p) for p in np.exp(1j * angles)))


class Doubled(Estimator):
    """Linear interpolation that believes in twice the error."""

    name = "doubled"

    def interpolators(self, grid, channel):
        def twice(interpolate):
            def run(h_ls, no):
                used.append("estimator")
                h, error = interpolate(h_ls, no)
                return h, 2.0 * error
            return run
        return [twice(i) for i in ESTIMATORS["ls-linear"].interpolators(grid, channel)]


class MatchedFilter(Equaliser):
    """Zero forcing, counted."""

    name = "counted"

    def build(self, grid, streams):
        inner = EQUALISERS["zf"].build(grid, streams)

        def run(*inputs):
            used.append("equaliser")
            return inner(*inputs)
        return run


class OneIteration(Decoder):
    """Min-sum that stops after one iteration."""

    name = "one"

    def build(self, encoder, crc, iterations):
        used.append("decoder")
        return DECODERS["min-sum"].build(encoder, crc, 1)


class Repetition(Code):
    """Every bit three times."""

    name = "repetition"
    min_rate, max_rate = 0.3, 0.34

    def max_info_bits(self, rate):
        return 4096

    def build(self, info_bits, coded_bits, bits_per_symbol, crc, *, decoder, iterations):
        used.append("code")
        left = coded_bits - 3 * info_bits

        def encode(bits):
            return tf.pad(tf.tile(bits, [1, 3]), [[0, 0], [0, left]])

        def decode(llr):
            sums = tf.reduce_sum(tf.reshape(llr[:, : 3 * info_bits], [-1, 3, info_bits]), axis=1)
            bits = tf.cast(sums > 0, tf.float32)
            from sionna.phy.fec.crc import CRCDecoder
            _, ok = CRCDecoder(crc)(bits)
            return tf.cast(bits, tf.uint8).numpy(), ok[:, 0].numpy()
        return Codec(encode, decode)
'''
PLAIN = {"channel": "rayleigh", "subcarriers": 24}


@pytest.fixture
def used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Write the user's module; give what it notes of its use."""
    (tmp_path / "users_phy.py").write_text(PARTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    import users_phy

    yield users_phy.used
    del sys.modules["users_phy"]


@pytest.mark.parametrize(
    ("field", "part", "noted"),
    [
        ("estimator", "users_phy.Doubled", "estimator"),
        ("equalizer", "users_phy.MatchedFilter", "equaliser"),
        ("decoder", "users_phy.OneIteration", "decoder"),
        ("code", "users_phy.Repetition", "code"),
    ],
)
def test_a_part_of_ones_own_is_used(used: list[str], field: str, part: str, noted: str) -> None:
    config = LinkConfig(**PLAIN, **{field: part}, code_rate=1 / 3)
    link = BitLink(config, OfdmTransceiver(config))
    payload = np.random.default_rng(0).bytes(4 * link.block.payload_bytes)
    sent = link.transmit(payload, 40.0, 1)
    assert noted in used
    assert b"".join(block for block in sent.blocks if block) == payload


def test_a_modulation_of_ones_own_is_used(used: list[str]) -> None:
    config = LinkConfig(**PLAIN, modulation="users_phy.PSK8")
    link = BitLink(config, OfdmTransceiver(config))
    assert link.block.coded_bits == 3 * config.slot_data_symbols
    payload = np.random.default_rng(0).bytes(3 * link.block.payload_bytes)
    assert b"".join(b or b"" for b in link.transmit(payload, 40.0, 1).blocks) == payload
    lost = link.transmit(payload * 20, -5.0, 1)
    assert not lost.block_ok.all()


def test_a_code_without_redundancy_versions_is_not_sent_again(used: list[str]) -> None:
    with pytest.raises(LinksimError, match="no redundancy versions"):
        LinkConfig(code="users_phy.Repetition", code_rate=1 / 3, harq=2)
    with pytest.raises(LinksimError, match="takes auto"):
        LinkConfig(code="users_phy.Repetition", code_rate=1 / 3, decoder="min-sum")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("users_phy.Nothing", "is no instance of"),
        ("nowhere.Part", "cannot import 'nowhere'"),
        ("lmsme", "did you mean 'lmmse'"),
        ("users_phy.PSK8", "is no instance of"),
    ],
)
def test_what_is_no_estimator_is_refused(used: list[str], name: str, message: str) -> None:
    with pytest.raises(LinksimError, match=message):
        LinkConfig(estimator=name)


def test_points_of_a_modulation_are_checked() -> None:
    with pytest.raises(LinksimError, match="mean energy"):
        Modulation("large", 1, (2, -2))
    with pytest.raises(LinksimError, match="need 4"):
        Modulation("few", 2, (1, -1))
