"""Hybrid ARQ: transmissions of a block that the receiver brings together before it decodes.

::

    payload ─CRC─▶ mother code ─▶ version of attempt 1, 2, … ─scramble─▶ QAM ─▶ link
                                                                                 │
    payload, flag ◀─CRC─ decoder ◀── + ◀── demapper of each version ◀─ soft buffer ◀─┘

A block of several code blocks is cut after its CRC; each has a CRC and a rate matching of its own.

Versions sent again are the same symbols again. They are added in the buffer, weighted by the
inverse of their noise (maximum ratio combining), before they are demapped: two logits of one bit
of 16QAM know less than both received symbols do.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import tensorflow as tf
from sionna.phy.fec.crc import CRCEncoder
from sionna.phy.nr.utils import generate_prng_seq

from linksim.phy.coding.code_block import CRC_BITS, CodeBlock
from linksim.phy.coding.min_sum import MinSumDecoder
from linksim.phy.coding.rate_matching import MotherEncoder, RateMatcher, select
from linksim.phy.coding.redundancy import VERSIONS
from linksim.phy.coding.transport_block import segment_lengths
from linksim.phy.modulations import MODULATIONS, Modulation

SCRAMBLING_INIT = 2**15 + 1
"""c_init of TS 38.211, 7.3.1.1, for n_RNTI = 1, q = 0 and n_ID = 1."""


class SoftBuffer:
    """Soft buffer of blocks: symbols over their noise, summed, of each version.

    Parameters
    ----------
    blocks : int
        Number of blocks, or processes.
    versions : int
        Redundancy versions.
    symbols : int
        Symbols of one transmission.
    """

    def __init__(self, blocks: int, versions: int, symbols: int) -> None:
        self._weighted = np.zeros((blocks, versions, symbols), np.complex64)
        self._weight = np.zeros((blocks, versions, symbols), np.float32)

    def clear(self, blocks: np.ndarray) -> None:
        """Forget what was received of these blocks; int, [n]."""
        self._weighted[blocks] = 0.0
        self._weight[blocks] = 0.0

    def add(
        self, blocks: np.ndarray, version: int, symbols: np.ndarray, noise_variance: np.ndarray
    ) -> None:
        """Add a transmission of blocks; complex64 and float32, [n, symbols]."""
        self._weighted[blocks, version] += symbols / noise_variance
        self._weight[blocks, version] += 1.0 / noise_variance

    def read(self, blocks: np.ndarray, version: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the combined symbols of a version and their noise variance, [n, symbols]."""
        weight = self._weight[blocks, version]
        return self._weighted[blocks, version] / weight, 1.0 / weight


class HarqCode:
    """The code of one kind of block, however often it is sent.

    Parameters
    ----------
    block : CodeBlock
        Sizes; n is that of one transmission. Only a block of one code block has a mother code or
        selections that are given.
    modulation : str
        Name of a modulation.
    combining : str
        Way of combining, a name in `VERSIONS`.
    iterations : int
        Greatest number of iterations of the decoder.
    mother : MotherEncoder, optional
        The mother code, where it is not that of one transmission of the block.
    selections : sequence of np.ndarray, optional
        Bits of the mother code that transmissions send in turn, where they are not the redundancy
        versions of `combining`; int64, [n] each.
    """

    def __init__(
        self,
        block: CodeBlock,
        modulation: str,
        *,
        combining: str,
        iterations: int,
        mother: MotherEncoder | None = None,
        selections: Sequence[np.ndarray] | None = None,
    ) -> None:
        kind = MODULATIONS[modulation]
        order = kind.bits
        self.block = block
        self.symbols = block.coded_bits // order
        self._scramble = generate_prng_seq(block.coded_bits, SCRAMBLING_INIT).astype(np.uint8)
        self._crc, self._inner = CRCEncoder(block.crc), CRCEncoder("CRC24B")
        self._lengths = segment_lengths(block, order)
        self.mother = mother or MotherEncoder(block.segment_bits, self._lengths[0], block.graph)
        if selections is None:
            self._matchers = [self._matcher(v, order) for v in VERSIONS[combining]]
        else:
            self._matchers = [[RateMatcher(selected, order)] for selected in selections]
        last = "CRC24B" if block.segments > 1 else block.crc
        self._decoder = MinSumDecoder(self.mother, iterations, crc=last)
        self._map, self._demap = _modem(kind, self.symbols)

    def _matcher(self, version: int, order: int) -> list[RateMatcher]:
        """Return the rate matching of each code block in a version."""
        of = {n: RateMatcher(select(self.mother, version, n), order) for n in set(self._lengths)}
        return [of[n] for n in self._lengths]

    @property
    def versions(self) -> int:
        """Versions of which a soft buffer keeps account."""
        return len(self._matchers)

    def encode(self, payload: np.ndarray) -> np.ndarray:
        """Return code words of the mother code.

        Parameters
        ----------
        payload : np.ndarray
            [blocks, 8 * payload bytes]; bits.

        Returns
        -------
        np.ndarray
            uint8, [blocks, code blocks * n_ldpc].
        """
        info = self._crc(tf.constant(payload, tf.float32))
        if self.block.segments > 1:
            cut = tf.reshape(info, [-1, self.block.info_bits // self.block.segments])
            info = self._inner(cut)
        return self.mother(info).numpy().astype(np.uint8).reshape(len(payload), -1)

    def send(self, mother: np.ndarray, attempt: int) -> np.ndarray:
        """Return the symbols, complex64, [blocks, symbols], of an attempt; the first is 1."""
        each = np.split(mother, self.block.segments, axis=1)
        matchers = self._matchers[self._place(attempt)]
        sent = [matcher.send(word) for matcher, word in zip(matchers, each, strict=True)]
        bits = np.concatenate(sent, axis=1)
        return self._map((bits ^ self._scramble).astype(np.float32)).numpy()

    def receive(
        self,
        buffer: SoftBuffer,
        blocks: np.ndarray,
        attempt: int,
        symbols: np.ndarray,
        noise_variance: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Add an attempt to all those before it, and decode.

        Parameters
        ----------
        buffer : SoftBuffer
            Holds the attempts before this one.
        blocks : np.ndarray
            int, [n]; their places in the buffer.
        attempt : int
            Number of this attempt, the same for all these blocks.
        symbols, noise_variance : np.ndarray
            complex64 and float32, [n, symbols]; equalised.

        Returns
        -------
        payload : np.ndarray
            uint8, [n, 8 * payload bytes].
        ok : np.ndarray
            bool, [n]; whether the CRC passes.
        """
        buffer.add(blocks, self._place(attempt), symbols, noise_variance)
        used = range(min(attempt, self.versions))
        mother = np.zeros((self.block.segments, len(blocks), self._columns(used)), np.float32)
        ends = np.cumsum(self._lengths)[:-1]
        for place in used:
            llr = self._demap(*buffer.read(blocks, place)).numpy()
            llr = np.where(self._scramble, -llr, llr)
            of_each = zip(self._matchers[place], mother, np.split(llr, ends, axis=1), strict=True)
            for matcher, word, part in of_each:
                matcher.combine(word, part)
        bits, ok = self._decoder.decode(mother.reshape(-1, mother.shape[2]))
        if self.block.segments > 1:
            cut = bits[:, :-CRC_BITS].reshape(self.block.segments, len(blocks), -1)
            bits = cut.transpose(1, 0, 2).reshape(len(blocks), -1)
            ok = np.logical_and.reduce(ok.reshape(self.block.segments, -1))
        return bits[:, : -self.block.crc_bits], ok

    def _place(self, attempt: int) -> int:
        return (attempt - 1) % self.versions

    def _columns(self, used: range) -> int:
        """Return the columns of the mother code, whole Z, up to the last that was sent of."""
        z = self.mother.z
        last = max(int(m.positions.max()) for place in used for m in self._matchers[place])
        core = self.mother.k_ldpc + 4 * z  # which all codes of a base graph share
        return max(-(-(last + 1) // z) * z, core)


@lru_cache(maxsize=32)
def _modem(
    kind: Modulation, symbols: int
) -> tuple[Callable[..., tf.Tensor], Callable[..., tf.Tensor]]:
    """Return the mapper and the demapper of blocks of so many symbols, which many codes share."""
    bits = tf.TensorSpec([None, symbols * kind.bits], tf.float32)
    received = [tf.TensorSpec([None, symbols], kind) for kind in (tf.complex64, tf.float32)]
    return (
        tf.function(kind.mapper(), input_signature=[bits]),
        tf.function(kind.demapper(), input_signature=received),
    )
