"""The contract of a decoder of 5G LDPC."""

from __future__ import annotations

import typing
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

if typing.TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf
    from sionna.phy.fec.crc import CRCEncoder
    from sionna.phy.fec.ldpc import LDPC5GEncoder

    Decode = Callable[[tf.Tensor], tuple[np.ndarray | tf.Tensor, np.ndarray | tf.Tensor]]


class Decoder(ABC):
    """A way to decode 5G LDPC."""

    name: ClassVar[str]
    """Name in a link's configuration."""

    @abstractmethod
    def build(self, encoder: LDPC5GEncoder, crc: CRCEncoder, iterations: int) -> Decode:
        """Return the decoder of a code.

        Parameters
        ----------
        encoder : LDPC5GEncoder
            The code.
        crc : CRCEncoder
            The CRC-24A that each block ends in.
        iterations : int
            Greatest number of iterations.

        Returns
        -------
        callable
            Takes logits ln P(1)/P(0), float32 [blocks, n]; gives the information bits,
            [blocks, k], and whether the CRC of each passes, bool [blocks].
        """
