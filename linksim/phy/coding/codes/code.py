"""The contract of a channel code."""

from __future__ import annotations

import typing
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

if typing.TYPE_CHECKING:
    import tensorflow as tf
    from sionna.phy.fec.crc import CRCEncoder

    from linksim.phy.coding.decoders.decoder import Decode


@dataclass(frozen=True)
class Codec:
    """Encoder and decoder of blocks of one size.

    Parameters
    ----------
    encode : callable
        Takes information bits, float32 [blocks, k]; gives coded bits, float32 [blocks, n]. It is
        compiled with XLA.
    decode : callable
        Takes logits ln P(1)/P(0), float32 [blocks, n]; gives the information bits, [blocks, k],
        and whether the CRC of each block passes, bool [blocks].
    """

    encode: Callable[[tf.Tensor], tf.Tensor]
    decode: Decode


class Code(ABC):
    """A family of block codes, from which a link takes the one of its size and rate."""

    name: ClassVar[str]
    """Name in a link's configuration."""

    min_rate: ClassVar[float]
    max_rate: ClassVar[float]
    """Least code rate without repetition, and greatest; CRC included."""

    repeats: ClassVar[bool] = False
    """Whether coded bits are repeated below `min_rate`."""

    retransmits: ClassVar[bool] = False
    """Whether it has redundancy versions, which HARQ and adaptive streams send."""

    @abstractmethod
    def max_info_bits(self, rate: float) -> int:
        """Return the length in bits of the longest block at a code rate, CRC included."""

    @abstractmethod
    def build(
        self,
        info_bits: int,
        coded_bits: int,
        bits_per_symbol: int,
        crc: CRCEncoder,
        *,
        decoder: str,
        iterations: int,
    ) -> Codec:
        """Return encoder and decoder of a block.

        Parameters
        ----------
        info_bits, coded_bits : int
            k, of which the last bits are the CRC, and n.
        bits_per_symbol : int
            Bits of a symbol, for bit interleaving.
        crc : CRCEncoder
            The CRC that each block ends in.
        decoder : str
            The decoder that the link asks for; ``"auto"`` is the code's own choice.
        iterations : int
            Greatest number of iterations of an iterative decoder.

        Raises
        ------
        LinksimError
            If the code has no such decoder.
        """
