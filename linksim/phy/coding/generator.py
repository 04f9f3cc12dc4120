"""Encoding of short blocks by their generator matrix, where a graph's start costs more."""

import numpy as np

from linksim.phy.coding.harq import HarqCode

LONGEST = 2048
"""Longest payload in bits whose matrix is worth its memory."""


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
        self._rows = (
            code.encode(np.eye(bits, dtype=np.uint8)).astype(np.float32)
            if bits <= LONGEST
            else None
        )

    def __call__(self, payload: np.ndarray) -> np.ndarray:
        """Return what `HarqCode.encode` does, uint8, [blocks, n], of bits, [blocks, k]."""
        if self._rows is None:
            return self._code.encode(payload)
        return (payload.astype(np.float32) @ self._rows).astype(np.int32).astype(np.uint8) & 1
