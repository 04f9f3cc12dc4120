"""The coded link made of Sionna's own blocks, to compare with."""

import tensorflow as tf
from sionna.phy.channel import OFDMChannel, RayleighBlockFading
from sionna.phy.fec.crc import CRCEncoder
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import BinarySource, Demapper, Mapper
from sionna.phy.mimo import StreamManagement
from sionna.phy.ofdm import LMMSEEqualizer, LSChannelEstimator, ResourceGridMapper

from linksim.link.config import LinkConfig
from linksim.link.transceiver import grid_of
from linksim.phy.modulations import MODULATIONS


class PlainSionna:
    """The chain of `linksim.link.bit_link.BitLink`, assembled from Sionna's blocks as its users do.

    Parameters
    ----------
    config : LinkConfig
        A Rayleigh link with ls-linear estimation and one code block a slot.
    """

    def __init__(self, config: LinkConfig) -> None:
        block = config.code_block()
        order = MODULATIONS[config.modulation].bits
        grid = grid_of(config).sionna
        self._payload_bits = 8 * block.payload_bytes
        self._source = BinarySource()
        self._crc = CRCEncoder("CRC24A")
        self._encode = LDPC5GEncoder(block.info_bits, block.coded_bits, num_bits_per_symbol=order)
        self._map = Mapper("qam", order)
        self._grid = ResourceGridMapper(grid)
        fading = RayleighBlockFading(num_rx=1, num_rx_ant=1, num_tx=1, num_tx_ant=1)
        self._channel = OFDMChannel(fading, grid, normalize_channel=False)
        self._estimate = LSChannelEstimator(grid, interpolation_type="lin")
        self._equalise = LMMSEEqualizer(grid, StreamManagement([[1]], 1))
        self._demap = Demapper("app", "qam", order)
        self._decode = LDPC5GDecoder(self._encode, num_iter=config.decoder_iterations)

    def __call__(self, batch_size: tf.Tensor, ebno_db: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Send a batch of blocks; return information bits sent and decided.

        `sim_ber` calls its abscissa ``ebno_db``; here it is Es/N0.
        """
        no = tf.pow(10.0, -tf.cast(ebno_db, tf.float32) / 10.0)
        info = self._crc(self._source([batch_size, 1, 1, self._payload_bits]))
        y = self._channel(self._grid(self._map(self._encode(info))), no)
        h_hat, error = self._estimate(y, no)
        symbols, variance = self._equalise(y, h_hat, error, no)
        return info, self._decode(self._demap(symbols, variance))
