"""The bit link: bytes in, bytes and block flags out."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from sionna.phy.fec.crc import CRCEncoder
from sionna.phy.mapping import BinarySource
from sionna.phy.nr.utils import generate_prng_seq

from linksim.link.batches import batch_slots
from linksim.link.config import LinkConfig
from linksim.link.harq_link import BATCH_SLOTS, Retransmitter
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.montecarlo import Counts, Tally
from linksim.phy.channels.realisation import ChannelRealisation
from linksim.phy.coding.codes import CODES
from linksim.phy.coding.harq import SCRAMBLING_INIT
from linksim.phy.coding.mcs import Mcs
from linksim.phy.graphs import compiled
from linksim.phy.modulations import MODULATIONS
from linksim.seeding import derive_seed, seed_sionna


@dataclass(frozen=True)
class BitTransmission:
    """Result of sending a payload.

    Parameters
    ----------
    blocks : tuple of bytes or None
        Payload of each transport block; None where the CRC failed.
    bit_errors : int
        Wrong information bits, failed blocks included.
    channel_uses : int
        Data resource elements, padding included.
    overhead_uses : int
        Pilot resource elements.
    snr : np.ndarray
        float32, [slots]; effective SNR of each slot as measured, linear; NaN where nothing was
        sent.
    attempts, delay_slots : np.ndarray
        int, [blocks]; transmissions of each block, and slots from the start of the first to the
        end of that with which it arrived, 0 if none did.
    first_slots : np.ndarray
        int, [blocks]; slot of the channel realisation in which the first transmission begins.
    """

    blocks: tuple[bytes | None, ...]
    bit_errors: int
    channel_uses: int
    overhead_uses: int
    snr: np.ndarray
    attempts: np.ndarray
    delay_slots: np.ndarray
    first_slots: np.ndarray

    @property
    def block_ok(self) -> np.ndarray:
        """bool, [blocks]; whether the CRC of each block passed."""
        return np.array([b is not None for b in self.blocks], dtype=bool)


class BitLink:
    """Transport blocks over the shared transceiver (TS 38.212 and 38.211).

    ::

        bytes ─CRC-24A─▶ LDPC + bit interleaving ─▶ scramble ─▶ QAM ─▶ transceiver
                                                                          │
        bytes, flags ◀─CRC─ LDPC decoder ◀─ descramble ◀─ APP demapper ◀──┘

    Scrambling matters here: without it a silent passage, all zeros, would be one
    constellation point sent over and over, and not of unit energy.

    Parameters
    ----------
    config : LinkConfig
        Grid, interleaving, block length and decoder iterations.
    transceiver : OfdmTransceiver
        The transceiver, which the symbol link shares.
    mcs : Mcs or None
        Modulation and code rate; None takes those of `config`.
    """

    def __init__(
        self, config: LinkConfig, transceiver: OfdmTransceiver, mcs: Mcs | None = None
    ) -> None:
        mcs = mcs or config.mcs
        self.block = config.code_block(mcs)
        modulation = MODULATIONS[mcs.modulation]
        self._transceiver = transceiver
        self._batch_slots = batch_slots(config, BATCH_SLOTS)
        self._frame_bits = transceiver.symbols_per_frame * modulation.bits
        self._crc = CRCEncoder("CRC24A")
        codec = CODES[config.code].build(
            self.block.info_bits,
            self.block.coded_bits,
            modulation.bits,
            self._crc,
            decoder=config.decoder,
            iterations=config.decoder_iterations,
        )
        self._encode, self._decode = codec.encode, codec.decode
        self._retransmitter = (
            Retransmitter(config, transceiver, self.block, mcs.modulation)
            if config.harq > 1
            else None
        )
        self._map, self._demap = modulation.mapper(), modulation.demapper()
        sequence = generate_prng_seq(self._frame_bits, SCRAMBLING_INIT)
        self._scramble = tf.constant(sequence, tf.float32)
        self._source = BinarySource()
        self._send = compiled(self._send_payload)
        self._send_random = compiled(self._send_random_payload)
        self._count = compiled(self._count_errors)

    def transmit(
        self,
        payload: bytes,
        snr_db: float,
        seed: int,
        *,
        fading: ChannelRealisation | None = None,
        first_slot: int = 0,
    ) -> BitTransmission:
        """Send a payload in consecutive slots, failed blocks up to ``config.harq`` times.

        Parameters
        ----------
        payload : bytes
            Cut into transport blocks; the last is padded with zeros.
        snr_db : float
            Mean Es/N0 per resource element in dB.
        seed : int
            Seed of the noise, and of the channel if no realisation is given.
        fading : ChannelRealisation or None
            The channel realisation.
        first_slot : int
            Slot of `fading` in which the payload starts.
        """
        bits = np.unpackbits(np.frombuffer(payload, np.uint8))
        return self.transmit_bits(bits, snr_db, seed, fading=fading, first_slot=first_slot)[1]

    def transmit_bits(
        self,
        bits: np.ndarray,
        snr_db: float,
        seed: int,
        *,
        fading: ChannelRealisation | None = None,
        first_slot: int = 0,
    ) -> tuple[np.ndarray, BitTransmission]:
        """Send bits as `transmit` sends bytes.

        Parameters
        ----------
        bits : np.ndarray
            uint8, [n]; 0 or 1.
        snr_db, seed, fading, first_slot
            Those of `transmit`.

        Returns
        -------
        bits : np.ndarray
            uint8, [n]; as decoded, those of lost blocks included.
        transmission : BitTransmission
            The result for each block.
        """
        sent = self._blocks_of(bits)
        frames = -(-len(sent) // self.block.per_frame)
        if not frames:
            nothing = np.zeros(0, np.float32)
            return bits, BitTransmission((), 0, 0, 0, nothing, *[np.zeros(0, int)] * 3)
        fading = fading or self._transceiver.realisation(seed)
        if self._retransmitter:
            result = self._retransmitter.transmit(sent, snr_db, seed, fading, first_slot)
        else:
            result = self._send_once(sent, frames, snr_db, seed, fading, first_slot)
        return result[0].reshape(-1)[: bits.size], self._transmission(sent, *result)

    def _send_once(
        self,
        sent: np.ndarray,
        frames: int,
        snr_db: float,
        seed: int,
        fading: ChannelRealisation,
        first_slot: int,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, int, np.ndarray]:
        """Send each block once; for what is returned see `Retransmitter.transmit`."""
        depth = self._transceiver.slots_per_frame
        per_batch = max(1, self._batch_slots // depth)
        no = noise_variance(snr_db)
        received, flags, snr = [], [], []
        for start in range(0, frames, per_batch):
            blocks = sent[start * self.block.per_frame :][: per_batch * self.block.per_frame]
            slots = min(per_batch, frames - start) * depth
            h = fading.slots(first_slot + start * depth, slots)
            seed_sionna(derive_seed(seed, "noise", start))
            llr, measured = self._send(
                _padded(blocks, per_batch * self.block.per_frame),
                _padded(h, per_batch * depth),
                no,
            )
            bits, ok = self._decode(llr[: len(blocks)])
            received.append(np.asarray(bits)[:, : 8 * self.block.payload_bytes])
            flags.append(np.asarray(ok))
            snr.append(measured.numpy()[: len(h)])
        ok, once = np.concatenate(flags), np.ones(len(sent), int)
        begun = first_slot + np.arange(len(sent)) // self.block.per_frame * depth
        return np.concatenate(received), ok, once, depth * ok, begun, frames, np.concatenate(snr)

    def _transmission(
        self,
        sent: np.ndarray,
        decoded: np.ndarray,
        ok: np.ndarray,
        attempts: np.ndarray,
        delay_slots: np.ndarray,
        first_slots: np.ndarray,
        frames: int,
        snr: np.ndarray,
    ) -> BitTransmission:
        return BitTransmission(
            blocks=tuple(b if good else None for b, good in zip(_bytes(decoded), ok, strict=True)),
            bit_errors=int(np.sum(decoded != sent)),
            channel_uses=frames * self._transceiver.uses_per_frame,
            overhead_uses=frames * self._transceiver.pilots_per_frame,
            snr=snr,
            attempts=attempts,
            delay_slots=delay_slots,
            first_slots=first_slots,
        )

    def measure(self, snr_db: float, seed: int, frames: int) -> Counts:
        """Send one batch of random payload and count errors, a cluster a frame.

        Parameters
        ----------
        snr_db : float
            Mean Es/N0 per resource element in dB.
        seed : int
            Seed of payload, channel and noise.
        frames : int
            Interleaver frames of the batch, each with a channel realisation of its own.
        """
        seed_sionna(seed)
        info, llr = self._send_random(noise_variance(snr_db), frames)
        bit_errors, block_errors = self._count(info, self._decode(llr)[0], frames)
        per_frame = self.block.per_frame
        return Counts(
            bits=Tally.of(bit_errors.numpy(), per_frame * self.block.info_bits),
            blocks=Tally.of(block_errors.numpy(), per_frame),
        )

    def _send_random_payload(self, no: tf.Tensor, frames: int) -> tuple[tf.Tensor, tf.Tensor]:
        blocks = frames * self.block.per_frame
        info = self._crc(self._source([blocks, self.block.payload_bytes * 8]))
        llr, _ = self._through(info, self._transceiver.draw(frames), no)
        return tf.cast(info, tf.uint8), llr

    def _count_errors(
        self, info: tf.Tensor, decoded: tf.Tensor, frames: int
    ) -> tuple[tf.Tensor, tf.Tensor]:
        wrong = tf.cast(tf.not_equal(decoded, info), tf.int32)
        bit_errors = tf.reduce_sum(tf.reshape(wrong, [frames, -1]), axis=1)
        block_wrong = tf.reshape(tf.reduce_max(wrong, axis=1), [frames, -1])
        return bit_errors, tf.reduce_sum(block_wrong, axis=1)

    def _send_payload(
        self, payload: tf.Tensor, h: tf.Tensor, no: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return self._through(self._crc(tf.cast(payload, tf.float32)), h, no)

    def _through(self, info: tf.Tensor, h: tf.Tensor, no: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Carry information bits, [blocks, k], over the link; return logits and the slots' SNR."""
        per_frame, used = self.block.per_frame, self.block.per_frame * self.block.coded_bits
        coded = tf.reshape(self._encode(info), [-1, used])
        coded = tf.pad(coded, [[0, 0], [0, self._frame_bits - used]])
        equalised = self._transceiver(self._map(tf.abs(coded - self._scramble)), h, no)
        llr = self._demap(equalised.symbols, equalised.noise_variance)
        llr = (llr * (1.0 - 2.0 * self._scramble))[:, :used]
        return tf.reshape(llr, [info.shape[0], llr.shape[1] // per_frame]), equalised.snr

    def _blocks_of(self, bits: np.ndarray) -> np.ndarray:
        size = 8 * self.block.payload_bytes
        count = -(-bits.size // size)
        return np.pad(bits, (0, count * size - bits.size)).reshape(count, size)


def _padded(rows: np.ndarray | tf.Tensor, count: int) -> tf.Tensor:
    """Repeat the last row up to `count`, so that every call has the compiled shape."""
    missing = count - int(rows.shape[0])
    return tf.concat([rows, tf.repeat(rows[-1:], missing, axis=0)], axis=0)


def _bytes(bits: np.ndarray) -> list[bytes]:
    return [row.tobytes() for row in np.packbits(bits, axis=1)]
