"""When min-sum decoding of a block may stop: CRC, and parity checks; compiled for the CPU.

Numba keeps the decoder compiled for as long as its own file is the same: touch that one after a
change here.
"""

from functools import cache

import numba
import numpy as np

GENERATORS = {"CRC24A": 0x864CFB, "CRC24B": 0x800063, "CRC16": 0x1021 << 8}
"""Generator polynomials of TS 38.212, clause 5.1, without the leading term, times x^8 for CRC-16:
a word is a multiple of g exactly if it is one of x^8 g after 24 zeros."""

SURE = {"CRC16": 4}
"""Layers whose checks must hold, too, where a decoder stops at a CRC too short to be asked after
every iteration: 20 of a wrong word let one in 3,300 pass. The first four have most of the edges."""

_U = np.uintp


@cache
def crc_table(generator: int) -> np.ndarray:
    """Return the remainder of each byte times x^24: uint32, [256]."""
    table = np.arange(256, dtype=np.uint32) << 16
    for _ in range(8):
        table = (table << 1) ^ np.where(table & 0x800000, generator, 0).astype(np.uint32)
    return table & np.uint32(0xFFFFFF)


@numba.njit(nogil=True, cache=True)
def holds(app, parity, graph, layers, z):  # type: ignore[no-untyped-def]
    """Return whether hard decisions fulfil the checks of the first layers."""
    rows, columns, shifts, _ = graph
    for layer in range(layers):
        parity[:] = 0
        for edge in range(rows[layer], rows[layer + 1]):
            column, shift = columns[edge] * _U(z), shifts[edge]
            for i in range(_U(z)):
                turned = i + shift if i + shift < _U(z) else i + shift - _U(z)
                parity[i] ^= np.int32(app[column + turned] < 0.0)
        if parity.any():
            return False
    return True


@numba.njit(nogil=True, cache=True)
def decide(app, crc_table, bits):  # type: ignore[no-untyped-def]
    """Write the hard decisions; return whether their CRC passes."""
    for i in range(bits.size):
        bits[i] = app[i] < 0.0
    mask, remainder = np.uint32(0xFFFFFF), np.uint32(0)
    odd = bits.size % 8
    for i in range(odd):  # zeros ahead change no remainder, so these are a byte of their own
        remainder = (remainder << np.uint32(1)) | np.uint32(bits[i])
    remainder = crc_table[remainder]
    for start in range(odd, bits.size, 8):
        byte = np.uint32(0)
        for i in range(8):
            byte = (byte << np.uint32(1)) | np.uint32(bits[start + i])
        index = (remainder >> np.uint32(16)) ^ byte
        remainder = ((remainder << np.uint32(8)) & mask) ^ crc_table[index]
    return remainder == 0
