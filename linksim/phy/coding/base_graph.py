"""The parity checks of a 5G LDPC code as cyclic shifts, for decoders of our own."""

from functools import cached_property
from itertools import pairwise

import numpy as np
from sionna.phy.fec.ldpc import LDPC5GEncoder


class BaseGraph:
    """Base graph of TS 38.212, clause 5.3.2, lifted by Z.

    A layer is a row of the base graph, Z checks that share no bit. Check i of an edge of shift s
    has bit (i + s) mod Z of the edge's column.

    Parameters
    ----------
    encoder : LDPC5GEncoder
        The code; its rate matching is that of redundancy version 0.

    Attributes
    ----------
    n, k, k_ldpc, z : int
        Bits sent; information bits without and with fillers; lifting size.
    rows, columns, shifts : np.ndarray
        int64; the first edge of each layer, and one past the last; column and shift of each edge.
    sent : np.ndarray
        int64, [n]; where each bit, in the order of transmission, stands in the mother code.
    width : int
        Bits of the mother code up to the last column that is sent, a multiple of Z.
    """

    def __init__(self, encoder: LDPC5GEncoder) -> None:
        self.n, self.k = int(encoder.n), int(encoder.k)
        self.k_ldpc, self.z = int(encoder.k_ldpc), int(encoder.z)
        parity_check = encoder.pcm.tocsr()
        firsts = [
            np.sort(parity_check[row].indices) for row in range(0, parity_check.shape[0], self.z)
        ]
        self.rows = np.cumsum([0, *map(len, firsts)])
        self.columns, self.shifts = np.divmod(np.concatenate(firsts).astype(np.int64), self.z)
        self.sent = _sent_positions(encoder)
        # A parity bit that was not sent says nothing, nor does the check that it belongs to.
        last = -(-(self.n + 2 * self.z + self.k_ldpc - self.k) // self.z)
        self.width = max(last, self.k_ldpc // self.z + 4) * self.z

    @cached_property
    def layers(self) -> list[list[tuple[int, int]]]:
        """Column and shift of each edge of each layer that the first `width` bits take part in."""
        edges = list(zip(self.columns.tolist(), self.shifts.tolist(), strict=True))
        used = self.rows[: self.layers_of(self.width) + 1]
        return [edges[a:b] for a, b in pairwise(used)]

    def layers_of(self, width: int) -> int:
        """Return the layers of the first `width` bits: each has a parity bit of its own."""
        return (width - self.k_ldpc) // self.z


def _sent_positions(encoder: LDPC5GEncoder) -> np.ndarray:
    z, k, k_ldpc = encoder.z, encoder.k, encoder.k_ldpc
    selected = np.concatenate([np.arange(2 * z, k), np.arange(k_ldpc, encoder.n_ldpc)])
    selected = selected[: encoder.n].astype(np.int64)
    if encoder.num_bits_per_symbol is None:
        return selected
    return selected[np.asarray(encoder.out_int)]
