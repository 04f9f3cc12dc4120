"""Send blocks one after the other, and those that failed again, in later slots.

::

    frame    0   1   2   3   4   5   6   7
    block    0   1   2   3   1'  4   5   3'        round trip of 4: block 1 failed in frame 1, …

What became of a frame is known a round trip after it, so frames of one round trip are simulated
at once. There are as many processes as the round trip needs. Blocks to send again go first.
"""

import heapq

import numpy as np
import tensorflow as tf

from linksim.link.batches import batch_slots
from linksim.link.config import LinkConfig
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.phy.channels.realisation import ChannelRealisation
from linksim.phy.coding.code_block import CodeBlock
from linksim.phy.coding.harq import HarqCode, SoftBuffer
from linksim.phy.graphs import compiled
from linksim.seeding import derive_seed, seed_sionna

BATCH_SLOTS = 64
"""Most slots of one compiled call; part of what a seed reproduces."""

PADDING = (1 + 1j) / 2**0.5
"""Symbol that is sent where there is no block."""


def round_trip_frames(config: LinkConfig) -> int:
    """Return after how many frames a block can be sent again.

    An acknowledgement takes as long as a report of CSI, and is not there before its slot ends.
    """
    wait = max(1, config.feedback_delay_slots) - 1
    return 1 + -(-wait // config.interleave_slots)


class Retransmitter:
    """Hybrid ARQ over the frames of a link.

    An acknowledgement is lost with the probability that a report is; the block is then sent
    again, as one that was not acknowledged.

    Parameters
    ----------
    config : LinkConfig
        HARQ, feedback and decoder.
    transceiver : OfdmTransceiver
        The transceiver that the symbols cross.
    block : CodeBlock
        Sizes.
    modulation : str
        Modulation of the blocks.
    """

    def __init__(
        self, config: LinkConfig, transceiver: OfdmTransceiver, block: CodeBlock, modulation: str
    ) -> None:
        self._most, self._loss = config.harq, config.feedback_loss
        self._round_trip = round_trip_frames(config)
        self._transceiver, self._per_frame = transceiver, block.per_frame
        self._batch = min(
            self._round_trip, max(1, batch_slots(config, BATCH_SLOTS) // config.interleave_slots)
        )
        self._code = HarqCode(
            block, modulation, combining=config.combining, iterations=config.decoder_iterations
        )
        self._pass = compiled(transceiver.transmit)

    def transmit(
        self,
        payload: np.ndarray,
        snr_db: float,
        seed: int,
        fading: ChannelRealisation,
        first_slot: int,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, int, np.ndarray]:
        """Send blocks until each has arrived, or was sent as often as is allowed.

        Parameters
        ----------
        payload : np.ndarray
            uint8, [blocks, 8 * payload bytes]; bits.
        snr_db : float
            Mean Es/N0 per resource element in dB.
        seed : int
            Seed of noise and of lost acknowledgements.
        fading : ChannelRealisation
            The channel realisation.
        first_slot : int
            Slot of `fading` in which the first block starts.

        Returns
        -------
        decoded : np.ndarray
            uint8, as `payload`; what the last decoding of each block gave.
        ok : np.ndarray
            bool, [blocks]; whether a block arrived.
        attempts, delay_slots, first_slots : np.ndarray
            int, [blocks]; as of `BitTransmission`.
        frames : int
            Frames in which something was sent.
        snr : np.ndarray
            float32, [slots]; as of `BitTransmission`.
        """
        depth = self._transceiver.slots_per_frame
        schedule = _Schedule(len(payload), self._per_frame, self._round_trip)
        state = _Receiver(payload, schedule.most_held, self._code)
        answered = np.random.default_rng(derive_seed(seed, "acknowledgements"))
        snr: list[np.ndarray] = []
        frame = 0
        while schedule.pending:
            sent, when, places = schedule.plan(frame, self._batch)
            if not sent.size:  # all wait for an answer
                snr.append(np.full(self._batch * depth, np.nan))
                frame += self._batch
                continue
            state.prepare(sent, frame + when)
            h = fading.slots(first_slot + frame * depth, self._batch * depth)
            seed_sionna(derive_seed(seed, "noise", frame))
            symbols, variance, measured = self._through(
                payload[sent], state.attempts[sent], places, h, noise_variance(snr_db)
            )
            state.receive(sent, frame + when, symbols, variance)
            known = state.ok[sent] & (answered.random(len(sent)) >= self._loss)
            over = known | (state.attempts[sent] == self._most)
            state.release(sent[over])
            schedule.send_again(sent[~over], frame + when[~over])
            busy = np.isin(np.arange(self._batch), when)
            snr.append(np.where(np.repeat(busy, depth), measured, np.nan))
            frame += self._batch
        every = np.concatenate(snr).astype(np.float32)
        used = ~np.isnan(every)
        return (
            state.decoded,
            state.ok,
            state.attempts,
            state.delay * depth,
            first_slot + state.begun * depth,
            int(used.sum()) // depth,
            every[: int(np.flatnonzero(used)[-1]) + 1],
        )

    def _through(
        self,
        payload: np.ndarray,
        attempts: np.ndarray,
        places: np.ndarray,
        h: tf.Tensor,
        no: tf.Tensor,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what is received of blocks sent in places of a batch of frames, and the SNRs."""
        width, size = self._transceiver.symbols_per_frame, self._code.symbols
        blocks = np.full((self._batch * self._per_frame, size), PADDING, np.complex64)
        mother = self._code.encode(payload)
        for attempt in np.unique(attempts):
            these = attempts == attempt
            blocks[places[these]] = self._code.send(mother[these], int(attempt))
        frames = np.full((self._batch, width), PADDING, np.complex64)
        frames[:, : self._per_frame * size] = blocks.reshape(self._batch, -1)
        symbols, variance, snr = (x.numpy() for x in self._pass(frames, h, no))
        symbols, variance = (
            x[:, : self._per_frame * size].reshape(-1, size)[places] for x in (symbols, variance)
        )
        return symbols, variance, snr


class _Schedule:
    """Order of blocks in frames: those to be sent again go before new ones.

    Parameters
    ----------
    blocks : int
        Number of blocks.
    per_frame : int
        Places in a frame.
    round_trip : int
        Frames after which a block can be sent again.
    """

    def __init__(self, blocks: int, per_frame: int, round_trip: int) -> None:
        self._blocks, self._per_frame, self._round_trip = blocks, per_frame, round_trip
        self._next = 0
        self._again: list[tuple[int, int]] = []

    @property
    def pending(self) -> bool:
        """Whether something is left to be sent."""
        return bool(self._again) or self._next < self._blocks

    @property
    def most_held(self) -> int:
        """Blocks that have been begun and not been ended, at most."""
        return min(self._blocks, self._round_trip * self._per_frame)

    def plan(self, first: int, frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Fill frames from `first` on, no more than are sent before any of them is answered.

        Returns
        -------
        sent, when, places : np.ndarray
            int, [sent]; each block, its frame, counted from `first`, and its place in all.
        """
        chosen = [
            (block, frame, frame * self._per_frame + place)
            for frame in range(frames)
            for place, block in enumerate(self._fill(first + frame))
        ]
        sent, when, places = np.array(chosen, int).reshape(-1, 3).T
        return sent, when, places

    def send_again(self, blocks: np.ndarray, frames: np.ndarray) -> None:
        """Have blocks sent again that were sent in these frames."""
        for block, frame in zip(blocks.tolist(), frames.tolist(), strict=True):
            heapq.heappush(self._again, (frame + self._round_trip, block))

    def _fill(self, now: int) -> list[int]:
        blocks: list[int] = []
        while len(blocks) < self._per_frame and self._again and self._again[0][0] <= now:
            blocks.append(heapq.heappop(self._again)[1])
        fresh = min(self._per_frame - len(blocks), self._blocks - self._next)
        blocks += range(self._next, self._next + fresh)
        self._next += fresh
        return blocks


class _Receiver:
    """Receiver's state of each block.

    Parameters
    ----------
    payload : np.ndarray
        uint8, [blocks, 8 * payload bytes]; for its shape.
    held : int
        Blocks that it keeps soft values of at a time, at most.
    code : HarqCode
        Code of the blocks.
    """

    def __init__(self, payload: np.ndarray, held: int, code: HarqCode) -> None:
        blocks = len(payload)
        self._code = code
        self._buffer = SoftBuffer(held, code.versions, code.symbols)
        self._free, self._row = list(range(held)), np.zeros(blocks, int)
        self.begun = np.zeros(blocks, int)
        self.decoded = np.zeros(payload.shape, np.uint8)
        self.ok = np.zeros(blocks, bool)
        self.attempts, self.delay = np.zeros(blocks, int), np.zeros(blocks, int)

    def prepare(self, sent: np.ndarray, frames: np.ndarray) -> None:
        """Count an attempt of blocks, and make room for those that it is the first of."""
        self.attempts[sent] += 1
        first = self.attempts[sent] == 1
        new = sent[first]
        self.begun[new] = frames[first]
        self._row[new] = [self._free.pop() for _ in new]
        self._buffer.clear(self._row[new])

    def receive(
        self, sent: np.ndarray, frames: np.ndarray, symbols: np.ndarray, variance: np.ndarray
    ) -> None:
        """Decode blocks, with all that came before of each."""
        for attempt in np.unique(self.attempts[sent]).tolist():
            these = np.flatnonzero(self.attempts[sent] == attempt)
            got = symbols[these], variance[these]
            bits, ok = self._code.receive(self._buffer, self._row[sent[these]], attempt, *got)
            lacking = ~self.ok[sent[these]]
            self.decoded[sent[these][lacking]] = bits[lacking]
            new = these[lacking & ok]
            self.ok[sent[new]] = True
            self.delay[sent[new]] = frames[new] - self.begun[sent[new]] + 1

    def release(self, blocks: np.ndarray) -> None:
        """Forget the soft values of blocks that are not sent again."""
        self._free += self._row[blocks].tolist()
