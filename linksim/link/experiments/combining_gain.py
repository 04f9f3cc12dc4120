"""Gain of HARQ combining: block error rates after each of a block's transmissions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any

import numpy as np
import tensorflow as tf

from linksim.errors import LinksimError, unknown
from linksim.link.adaptation.slot_codes import own_block
from linksim.link.config import LinkConfig
from linksim.link.transceiver import OfdmTransceiver, noise_variance
from linksim.montecarlo import Tally
from linksim.phy.coding.code_block import CodeBlock
from linksim.phy.coding.harq import HarqCode, SoftBuffer
from linksim.phy.coding.rate_matching import gather, select
from linksim.phy.coding.redundancy import VERSIONS
from linksim.phy.graphs import compiled
from linksim.seeding import derive_seed, seed_sionna

BATCH_BLOCKS = 256
"""Blocks that are sent together; part of what a seed reproduces."""

REFERENCES = {
    "mother": "a code of the combined rate, the same mother code from version 0 on",
    "bits": "the very bits that were combined, in the order of the buffer",
    "rate": "a code of the combined rate, its base graph by that rate",
}
"""References for incremental redundancy: one transmission over all the slots, of

- the mother code of the first transmission, whose bits are read off the circular buffer from
  version 0 on. It repeats none before it has sent all, as versions do where they overlap;
- the bits that were combined, each as often, in the order of the buffer. What differs from
  the versions is which bits the interleaver of TS 38.212, 5.4.2.2, gives the reliable places of
  QAM symbols;
- the code that TS 38.212, 7.2.2, would choose for a block of the combined rate. Its base
  graph, and with it the lifting size, may be another one."""


@dataclass(frozen=True)
class Combined:
    """Blocks lost at one SNR after so many transmissions, all of them made.

    Parameters
    ----------
    snr_db : float
        Mean Es/N0 per resource element of one transmission, in dB.
    transmissions : int
        Number of transmissions that were combined.
    lost : Tally
        Blocks that the CRC fails.
    reference : Tally
        Blocks that one transmission loses which ought to be as good. For Chase combining it is
        one of the summed SNR, whose channel has the power of all, on each resource element.
        For incremental redundancy it is one code over all the slots, one of `REFERENCES`.
    """

    snr_db: float
    transmissions: int
    lost: Tally
    reference: Tally


def combining_gain(
    config: LinkConfig,
    snr_db: Sequence[float],
    *,
    batches: int,
    seed: int,
    reference: str = "mother",
) -> Iterator[Combined]:
    """Send every block ``config.harq`` times, and decode after each.

    Each transmission meets a channel realisation of its own.

    Parameters
    ----------
    config : LinkConfig
        The link; its `harq` and `combining` are used.
    snr_db : sequence of float
        Es/N0 per resource element in dB.
    batches : int
        Batches of 256 blocks at each SNR.
    seed : int
        Every point is a pure function of the link, its SNR and this; what the transmissions
        lose does not depend on the reference.
    reference : str
        A name in `REFERENCES`, for incremental redundancy.

    Raises
    ------
    LinksimError
        If there is no such reference, more than one code block fills the slot, or the channel has
        several antennas or is applied in time.
    """
    gain = _Gain(config, reference)
    for snr in map(float, snr_db):
        lost = [Tally()] * config.harq
        alone = list(lost)
        for batch in range(batches):
            counted = gain.batch(snr, derive_seed(config.identity(), snr, seed, batch))
            for index, (ours, other) in enumerate(counted):
                lost[index] += ours
                alone[index] += other
        for index in range(config.harq):
            yield Combined(snr, index + 1, lost[index], alone[index])


class _Gain:
    """A link, and the codes of one transmission and of those that it is compared with."""

    def __init__(self, config: LinkConfig, reference: str) -> None:
        if reference not in REFERENCES:
            raise unknown("reference", reference, REFERENCES)
        if config.combining == "chase" and reference != "mother":
            raise LinksimError(
                f"Chase combining is compared with the summed SNR; reference {reference} is for ir"
            )
        self._block = own_block(config, config.mcs)
        self._config, self._reference = config, reference
        self._chase = config.combining == "chase"
        if config.domain == "time" or config.channel_model.rx_antennas > 1:
            raise LinksimError(
                "transmissions are compared over one antenna a side and in the frequency domain, "
                f"not over '{config.channel_text}' in domain {config.domain}"
            )
        self._transceiver = OfdmTransceiver(config)
        self._pass = compiled(self._transceiver.transmit)
        self._code = self._make(self._block)
        counts = range(1, config.harq + 1)
        self._alone = [self._code if self._chase else self._single(count) for count in counts]

    def _make(self, block: CodeBlock, **options: Any) -> HarqCode:
        return HarqCode(
            block,
            self._config.modulation,
            combining=self._config.combining,
            iterations=self._config.decoder_iterations,
            **options,
        )

    def _single(self, count: int) -> HarqCode:
        """Return the code of one transmission that ought to be as good as so many."""
        once = self._block.coded_bits
        whole = replace(self._block, coded_bits=once * count)
        if self._reference == "rate":
            return self._make(whole)
        mother, versions = self._code.mother, VERSIONS["ir"]
        selected = select(mother, 0, whole.coded_bits)
        if self._reference == "bits":
            sent = islice(cycle(versions), count)
            selected = gather([select(mother, version, once) for version in sent])
        return self._make(whole, mother=mother, selections=[selected])

    def batch(self, snr_db: float, seed: int) -> Iterator[tuple[Tally, Tally]]:
        """Yield what is lost after each transmission, and what its reference loses."""
        no = noise_variance(snr_db)
        seed_sionna(seed)
        shape = (BATCH_BLOCKS, 8 * self._block.payload_bytes)
        payload = np.random.default_rng(seed).integers(0, 2, shape)
        channels = [self._transceiver.draw(BATCH_BLOCKS) for _ in self._alone]
        code, every = self._code, np.arange(BATCH_BLOCKS)
        mother = code.encode(payload)
        buffer = SoftBuffer(BATCH_BLOCKS, code.versions, code.symbols)
        for count, h in enumerate(channels, 1):
            received = self._through(code.send(mother, count), h, no)
            _, ok = code.receive(buffer, every, count, *received)
            yield Tally.of(~ok, 1), self._send_alone(payload, channels[:count], no)

    def _send_alone(self, payload: np.ndarray, channels: list[tf.Tensor], no: tf.Tensor) -> Tally:
        """Return what one transmission loses that meets all of these channels."""
        code = self._alone[len(channels) - 1]
        symbols = code.send(code.encode(payload), 1)
        if self._chase:
            power = tf.add_n([tf.abs(h) ** 2 for h in channels])
            together = tf.cast(tf.sqrt(power), tf.complex64)
        else:
            symbols = symbols.reshape(BATCH_BLOCKS * len(channels), -1)
            together = tf.reshape(tf.stack(channels, axis=1), [-1, *channels[0].shape[1:]])
        received = self._through(symbols, together, no)
        buffer = SoftBuffer(BATCH_BLOCKS, 1, code.symbols)
        _, ok = code.receive(buffer, np.arange(BATCH_BLOCKS), 1, *received)
        return Tally.of(~ok, 1)

    def _through(
        self, symbols: np.ndarray, h: tf.Tensor, no: tf.Tensor
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return received symbols and their noise variance, a row for each block."""
        symbols, variance = (x.numpy() for x in self._pass(symbols, h, no)[:2])
        return symbols.reshape(BATCH_BLOCKS, -1), variance.reshape(BATCH_BLOCKS, -1)
