"""Encoding of short blocks by their generator matrix, where a graph's start costs more."""

import numpy as np

from linksim.phy.coding.harq import HarqCode

LONGEST = 2048
"""Longest payload in bits whose matrix is worth its memory, of 3 MB at most."""


class Generator:
    """Code words of one code as sums of the rows of a matrix.

    CRC and LDPC code are linear: the code word of a payload is the sum, modulo 2, of those of its
    bits. The rows are what the code itself gives for one bit at a time.

    Parameters
    ----------
    code : HarqCode
        The code.
    """

    def __init__(self, code: HarqCode) -> None:
        self._code, bits = code, 8 * code.block.payload_bytes
        rows = code.encode(np.eye(bits, dtype=np.uint8)) if bits <= LONGEST else None
        self._rows = None if rows is None else np.packbits(rows, axis=1)
        self._length = 0 if rows is None else rows.shape[1]

    def __call__(self, payload: np.ndarray) -> np.ndarray:
        """Return what `HarqCode.encode` does, uint8, [blocks, n], of bits, [blocks, k]."""
        if self._rows is None:
            return self._code.encode(payload)
        words = [np.bitwise_xor.reduce(self._rows[bits != 0], axis=0) for bits in payload]
        return np.unpackbits(np.array(words), axis=1, count=self._length)
