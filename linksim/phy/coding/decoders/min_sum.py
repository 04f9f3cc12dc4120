"""Layered min-sum, in Numba on a CPU and as one XLA graph on a GPU."""

from __future__ import annotations

import typing

from linksim.phy.coding.decoders.decoder import Decoder

if typing.TYPE_CHECKING:
    from sionna.phy.fec.crc import CRCEncoder
    from sionna.phy.fec.ldpc import LDPC5GEncoder

    from linksim.phy.coding.decoders.decoder import Decode


class MinSum(Decoder):
    """Layered min-sum decoding that stops block by block; the same bits on CPU and GPU."""

    name = "min-sum"

    def build(self, encoder: LDPC5GEncoder, crc: CRCEncoder, iterations: int) -> Decode:
        """Return the decoder for the processor that there is."""
        import tensorflow as tf

        if tf.config.get_visible_devices("GPU"):
            from linksim.phy.coding.min_sum_gpu import GraphMinSumDecoder

            return GraphMinSumDecoder(encoder, crc, iterations)
        from linksim.phy.coding.min_sum import MinSumDecoder

        return MinSumDecoder(encoder, iterations)


class Auto(MinSum):
    """The decoder that linksim takes where none is asked for: min-sum."""

    name = "auto"


AUTO = Auto()
MIN_SUM = MinSum()
