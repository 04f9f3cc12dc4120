"""Sionna's 5G LDPC decoding, ended when the CRC says so."""

import numpy as np
import tensorflow as tf
from sionna.phy.fec.crc import CRCDecoder, CRCEncoder
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder

CHUNK_BLOCKS = 32
"""Blocks that are decoded together, and stop together."""


class BoxplusDecoder:
    """Decode blocks where the link runs, on a CPU or a GPU.

    Parameters
    ----------
    encoder, crc, iterations
        As `EarlyStopDecoder`.
    """

    def __init__(self, encoder: LDPC5GEncoder, crc: CRCEncoder, iterations: int) -> None:
        self._decoder = EarlyStopDecoder(encoder, crc, iterations)
        self._check = CRCDecoder(crc)
        self._run = tf.function(self._decode, jit_compile=True)

    def __call__(self, llr: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Decode received blocks.

        Input
        -----
        llr : tf.float32, [blocks, n]
            Logits, ln P(1)/P(0).

        Output
        ------
        bits : tf.uint8, [blocks, k]
            Hard decisions.
        ok : tf.bool, [blocks]
            Whether the CRC of each passes.
        """
        return self._run(llr)

    def _decode(self, llr: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        bits = decode_in_chunks(self._decoder, llr)
        return tf.cast(bits, tf.uint8), self._check(bits)[1][:, 0]


class EarlyStopDecoder(LDPC5GDecoder):
    """Sionna's belief-propagation decoder, ended as soon as every block passes its CRC.

    Only the stopping condition and the arithmetic of the check node differ from
    `sionna.phy.fec.ldpc.LDPC5GDecoder`: phi(x) = -ln tanh(x/2) is evaluated with one
    hyperbolic tangent and one logarithm instead of two of each.

    Parameters
    ----------
    encoder : LDPC5GEncoder
        The code.
    crc : CRCEncoder
        The CRC that ends each block of k information bits.
    iterations : int
        Most iterations.

    Input
    -----
    llr : tf.float32, [blocks, n]
        Logits, ln P(1)/P(0).

    Output
    ------
    tf.float32, [blocks, k]
        Hard decisions.
    """

    def __init__(self, encoder: LDPC5GEncoder, crc: CRCEncoder, iterations: int) -> None:
        # Sionna cuts the last 0 rows off, which leaves none, where nothing is punctured.
        fillers = encoder.k_ldpc - encoder.k
        punctured = encoder.n_ldpc - fillers - 2 * encoder.z - encoder.n
        super().__init__(encoder, num_iter=iterations, cn_update=boxplus, prune_pcm=punctured > 0)
        self._checks = tf.constant(crc_parity_matrix(crc, encoder.k), tf.float32)

    def _stop_cond(self, msg_v2c, msg_c2v, llr_ch, x_hat, it, num_iter):  # type: ignore[no-untyped-def]
        bits = tf.cast(x_hat[: self.encoder.k] <= 0.0, tf.float32)
        odd = tf.math.floormod(tf.matmul(self._checks, bits, transpose_a=True), 2.0)
        return (it < num_iter) & tf.reduce_any(odd > 0.0)


def crc_parity_matrix(crc: CRCEncoder, k: int) -> np.ndarray:
    """Return H, [k, CRC length], such that u passes the CRC exactly if u H = 0 mod 2."""
    data = k - crc.crc_length
    parity = crc(tf.eye(data)).numpy()[:, data:]
    return np.concatenate([parity, np.eye(crc.crc_length)])


def boxplus(messages: tf.RaggedTensor, llr_max: tf.Tensor) -> tf.RaggedTensor:
    """Update check nodes by the box-plus rule in the phi domain.

    Input
    -----
    messages : tf.RaggedTensor, float32, [check nodes, None, blocks]
        Variable-to-check log-likelihood ratios.
    llr_max : tf.float32
        Clipping value of the outgoing messages.
    """
    x, nodes = messages.flat_values, messages.value_rowids()
    sign = tf.where(x < 0.0, -1.0, 1.0)
    size = _phi(tf.abs(x))
    total = tf.reduce_sum(messages.with_flat_values(size), axis=1)
    parity = tf.reduce_prod(messages.with_flat_values(sign), axis=1)
    out = sign * tf.gather(parity, nodes) * _phi(tf.gather(total, nodes) - size)
    return messages.with_flat_values(tf.clip_by_value(out, -llr_max, llr_max))


def _phi(x: tf.Tensor) -> tf.Tensor:
    # Beyond these limits float32 cannot tell tanh(x/2) from 0 or from 1.
    x = tf.clip_by_value(x, 8.5e-8, 16.635532)
    return -tf.math.log(tf.tanh(0.5 * x))


def decode_in_chunks(decoder: EarlyStopDecoder, llr: tf.Tensor) -> tf.Tensor:
    """Decode blocks in order of reliability, a chunk at a time.

    Sorting puts the blocks that need few iterations together and leaves those that will
    never converge, the ones in a deep fade, in a chunk of their own.

    Input
    -----
    llr : tf.float32, [blocks, n]; the number of blocks is static.

    Output
    ------
    tf.float32, [blocks, k]
    """
    blocks, n = llr.shape
    chunk = next(c for c in range(min(CHUNK_BLOCKS, blocks), 0, -1) if blocks % c == 0)
    order = tf.argsort(tf.reduce_mean(tf.abs(llr), axis=1))
    chunks = tf.reshape(tf.gather(llr, order), [-1, chunk, n])
    decoded = tf.map_fn(decoder, chunks)
    flat = tf.reshape(decoded, [blocks, decoder.encoder.k])
    return tf.gather(flat, tf.argsort(order))
