"""Layered min-sum decoding of 5G LDPC codes, compiled for the CPU.

One codeword at a time, so that its state stays in the nearest cache and it stops when it is
done. A layer is a row of the base graph, Z checks that share no bit; every inner loop runs over
these Z, of which the compiler makes vector instructions. Nothing but sums, products, minima and
signs of single elements: the result is the same bit for bit on every processor, whatever the
number of threads.

A check answers all of its bits but one by the box-plus of its two least magnitudes, a <= b, with
ln(1 + exp(-x)) = max(0, ln 2 - x/4), and the one that is the least by b; each times a factor for
the inputs that were left out. It is what the lambda-min rule does with lambda = 2, at the price
of min-sum, and works at code rate 1/5 as at 0.9, where one factor alone would not.

Two things would keep a loop from being vectorised: a signed index, for it may count from the end
of an array, and more arrays in one loop than the compiler is ready to check for overlap.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import extending, types
from sionna.phy.fec.ldpc import LDPC5GEncoder

from linksim.phy.coding.base_graph import BaseGraph
from linksim.phy.coding.stopping import GENERATORS, SURE, crc_table, decide, holds

FACTOR, FACTOR_LEAST = np.float32(0.9), np.float32(0.8)
"""Factors of an answer, and of that to the bit of least magnitude."""

LN2, SLOPE = np.float32(0.6931472), np.float32(0.25)
"""Start and slope of the straight line for ln(1 + exp(-x)).

A power of two, by which products are exact: a compiler may then fuse them with the sum.
"""

_intrinsic: Any = extending.intrinsic
THREADS: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]

LARGEST = np.float32(1e4)
"""Magnitude to which log-likelihood ratios from the channel are limited."""

CERTAIN = np.float32(1e6)
"""Log-likelihood ratio of a filler bit."""

CHUNK_BLOCKS = 16
"""Blocks that a thread takes at a time."""

LANES = 16
"""Z is padded to a multiple of this, so that vectors of up to 512 bits leave no rest."""

ZERO = np.float32(0.0)

SIGN, MAGNITUDE = np.int32(-(2**31)), np.int32(2**31 - 1)
"""The bits of a float that are its sign, and the others."""
_U = np.uintp


class MinSumDecoder:
    """Decode 5G LDPC code blocks that end in a CRC.

    Parameters
    ----------
    encoder : LDPC5GEncoder
        The code; its rate matching is that of redundancy version 0.
    iterations : int
        Most iterations; an iteration passes through all layers once. Layers use what those
        before them found, so it is worth nearly two of a flooding decoder.
    stop_early : bool
        Whether a block ends as soon as its CRC passes and, with CRC-16, so do parity checks.
    crc : str
        The CRC, a name in `GENERATORS`.

    Notes
    -----
    Guilloud, Boutillon and Danger, "Lambda-min decoding algorithm of regular and irregular LDPC
    codes", 2003; Hocevar, "A reduced complexity decoder architecture via layered decoding of LDPC
    codes", 2004.
    """

    def __init__(
        self,
        encoder: LDPC5GEncoder,
        iterations: int,
        *,
        stop_early: bool = True,
        crc: str = "CRC24A",
    ) -> None:
        self._graph = graph = BaseGraph(encoder)
        arrays = graph.rows, graph.columns, graph.shifts, graph.sent
        self._rows, self._columns, self._shifts, self._sent = (x.astype(_U) for x in arrays)
        self._stop = iterations, stop_early, crc_table(GENERATORS[crc]), SURE.get(crc, 0)

    def __call__(self, llr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Decode received blocks.

        Parameters
        ----------
        llr : np.ndarray
            float32, [blocks, n]; logits ln P(1)/P(0), as demapped.

        Returns
        -------
        bits : np.ndarray
            uint8, [blocks, k]; hard decisions.
        ok : np.ndarray
            bool, [blocks]; whether the CRC of each passes.
        """
        return self._run(llr, self._sent, self._graph.width)

    def decode(self, mother: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Decode from log-likelihood ratios of the mother code's bits.

        Parameters
        ----------
        mother : np.ndarray
            float32, [blocks, columns * Z]; logits ln P(1)/P(0) of the bits of the mother code,
            its first 2 Z included, 0 where nothing was received. Columns at the end that
            nothing was received of may be left out. Fillers are known and not looked at.

        Returns
        -------
        bits, ok : np.ndarray
            As `__call__`.
        """
        width = mother.shape[1]
        return self._run(mother, np.arange(width, dtype=_U), width)

    def _run(self, llr: np.ndarray, where: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Decode from logits of those bits of the mother code's first `width` that are named."""
        graph, blocks = self._graph, len(llr)
        bits, ok = np.empty((blocks, graph.k), np.uint8), np.empty(blocks, np.bool_)
        rows = self._rows[: graph.layers_of(width) + 1]
        edges = rows, self._columns, self._shifts, int(np.diff(rows).max())
        sizes = width, graph.z, graph.k_ldpc

        def part(start: int) -> None:
            these = slice(start, start + CHUNK_BLOCKS)
            _decode(llr[these], where, edges, sizes, self._stop, bits[these], ok[these])

        _run_parts(part, range(0, blocks, CHUNK_BLOCKS))
        return bits, ok


@cache
def _pool() -> ThreadPoolExecutor:
    # One for each processor of this process, unless the environment tells Numba otherwise.
    return ThreadPoolExecutor(THREADS, "min-sum")


def _run_parts(part: Callable[[int], None], starts: Iterable[int]) -> None:
    """Run the parts on all processors of this process; the compiled code lets go of the GIL."""
    list(_pool().map(part, starts))


@_intrinsic
def _as_int(context, value):  # type: ignore[no-untyped-def]
    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), generate


@_intrinsic
def _as_float(context, value):  # type: ignore[no-untyped-def]
    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), generate


@numba.njit(nogil=True, cache=True)
def _decode(llr, positions, graph, sizes, stop, bits, ok):  # type: ignore[no-untyped-def]
    """Decode the logits, [blocks, positions], of bits of the mother code."""
    rows, columns, shifts, degree = graph
    width, z, k_ldpc = sizes
    iterations, stop_early, table, sure = stop
    layers = rows.size - 1
    padded = (z + LANES - 1) // LANES * LANES
    codeword = np.empty(width, np.float32)
    to_bits = np.empty(np.int64(rows[layers]) * padded, np.float32)
    to_checks = np.zeros(degree * padded, np.float32)
    least, second = np.empty(padded, np.int32), np.empty(padded, np.int32)
    parity = np.empty(padded, np.int32)
    answer, answer_least = np.empty(padded, np.int32), np.empty(padded, np.int32)
    for block in range(len(llr)):
        codeword[:] = 0.0
        for i in range(positions.size):
            codeword[positions[i]] = -min(max(llr[block, i], -LARGEST), LARGEST)
        codeword[bits.shape[1] : k_ldpc] = CERTAIN
        to_bits[:] = 0.0
        ok[block] = False
        for _ in range(iterations):
            for layer in range(layers):
                first, last = rows[layer], rows[layer + 1]
                where = columns, shifts, first, last, _U(z), _U(padded)
                _ask(codeword, to_bits, to_checks, least, second, parity, where)
                _conclude(least, second, parity, answer, answer_least)
                _tell(codeword, to_bits, to_checks, least, answer, answer_least, where)
            if stop_early:
                ok[block] = decide(codeword, table, bits[block])
                if ok[block] and sure:
                    ok[block] = holds(codeword, parity, graph, min(sure, layers), z)
                if ok[block]:
                    break
        if not ok[block]:
            ok[block] = decide(codeword, table, bits[block])


@numba.njit(nogil=True, cache=True)
def _ask(app, to_bits, to_checks, least, second, parity, where):  # type: ignore[no-untyped-def]
    """Collect what the bits of a layer tell its checks; keep signs and two least magnitudes."""
    columns, shifts, first, last, z, padded = where
    for i in range(padded):
        least[i] = MAGNITUDE
        second[i] = MAGNITUDE
        parity[i] = 0
    for edge in range(first, last):
        column, shift, rest = columns[edge] * z, shifts[edge], z - shifts[edge]
        check, bit = (edge - first) * padded, edge * padded
        for i in range(rest):
            to_checks[check + i] = app[column + shift + i]
        for i in range(shift):
            to_checks[check + rest + i] = app[column + i]
        for i in range(padded):
            message = to_checks[check + i] - to_bits[bit + i]
            to_checks[check + i] = message
            word = _as_int(message)
            parity[i] ^= word
            # Magnitudes of floats are ordered as the integers that they are stored as.
            magnitude = word & MAGNITUDE
            larger = least[i] if least[i] > magnitude else magnitude
            second[i] = second[i] if second[i] < larger else larger
            least[i] = least[i] if least[i] < magnitude else magnitude


@numba.njit(nogil=True, cache=True)
def _conclude(least, second, parity, answer, answer_least):  # type: ignore[no-untyped-def]
    """Work out what the checks of a layer answer, but for the sign of the bit that is told."""
    for i in range(_U(least.size)):
        a, b = _as_float(least[i]), _as_float(second[i])
        near, far = LN2 - SLOPE * (b - a), LN2 - SLOPE * (b + a)
        near = near if near > ZERO else ZERO
        far = far if far > ZERO else ZERO
        sign = parity[i] & SIGN
        answer[i] = _as_int(FACTOR * (a - near + far)) ^ sign
        answer_least[i] = _as_int(FACTOR_LEAST * b) ^ sign


@numba.njit(nogil=True, cache=True)
def _tell(app, to_bits, to_checks, least, answer, answer_least, where):  # type: ignore[no-untyped-def]
    """Give the bits of a layer the answers of its checks."""
    columns, shifts, first, last, z, padded = where
    for edge in range(first, last):
        column, shift, rest = columns[edge] * z, shifts[edge], z - shifts[edge]
        check, bit = (edge - first) * padded, edge * padded
        for i in range(padded):
            message = to_checks[check + i]
            word = _as_int(message)
            others = answer_least[i] if (word & MAGNITUDE) == least[i] else answer[i]
            update = _as_float(others ^ (word & SIGN))
            to_bits[bit + i] = update
            to_checks[check + i] = message + update
        for i in range(rest):
            app[column + shift + i] = to_checks[check + i]
        for i in range(shift):
            app[column + i] = to_checks[check + rest + i]
