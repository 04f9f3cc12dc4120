"""Belief propagation with the exact check-node rule, over a flooding schedule."""

from __future__ import annotations

import typing

from linksim.phy.coding.decoders.decoder import Decoder

if typing.TYPE_CHECKING:
    from sionna.phy.fec.crc import CRCEncoder
    from sionna.phy.fec.ldpc import LDPC5GEncoder

    from linksim.phy.coding.decoders.decoder import Decode


class BeliefPropagation(Decoder):
    """Flooding belief propagation with boxplus at the check nodes, as Sionna's decoder has it."""

    name = "boxplus"

    def build(self, encoder: LDPC5GEncoder, crc: CRCEncoder, iterations: int) -> Decode:
        """Return the decoder as one TensorFlow graph."""
        from linksim.phy.coding.belief_propagation import BoxplusDecoder

        return BoxplusDecoder(encoder, crc, iterations)


BOXPLUS = BeliefPropagation()
