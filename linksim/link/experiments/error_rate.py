"""Error rates of a link against SNR, point by point."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from linksim.link import theory
from linksim.link.batches import batch_slots
from linksim.link.bit_link import BitLink
from linksim.link.config import LinkConfig
from linksim.link.contents import kept_by_contents
from linksim.link.transceiver import OfdmTransceiver
from linksim.link.uncoded_link import UncodedLink
from linksim.montecarlo import Counts, StopRule, simulate
from linksim.phy.channels.models.flat import Rician

MEASURE_SLOTS = 256
"""Slots of one compiled batch at most."""


@dataclass(frozen=True)
class ErrorRate:
    """Error rates at one SNR.

    Parameters
    ----------
    snr_db : float
        Mean Es/N0 per resource element in dB.
    ber, bler : float
        Bit and block error rate; `bler` is NaN if uncoded.
    ci_low, ci_high : float
        Interval of `bler` (of `ber`, if uncoded) at the stated confidence, clustered by channel
        realisation.
    bits, bit_errors, blocks, block_errors : int
        Counts; information bits, CRC included. Uncoded, a block is a frame.
    theory_ber : float
        Closed form with perfect CSI, NaN where there is none.
    stop : str
        Condition that ended the point.
    """

    snr_db: float
    ber: float
    bler: float
    ci_low: float
    ci_high: float
    bits: int
    bit_errors: int
    blocks: int
    block_errors: int
    theory_ber: float
    stop: str


class ErrorCounter:
    """A compiled link that counts errors; one graph serves every SNR.

    Parameters
    ----------
    config : LinkConfig
        The link.
    coded : bool
        Whether 5G LDPC is used.

    Raises
    ------
    LinksimError
        If the link sends blocks again.
    """

    def __init__(self, config: LinkConfig, *, coded: bool) -> None:
        if config.harq > 1:
            raise LinksimError(
                f"harq {config.harq}: each transmission is counted by itself here; use harq 1, or "
                "combining_gain or ParallelLinks, which send blocks again"
            )
        transceiver = OfdmTransceiver(config)
        self._coded = coded
        self._link = BitLink(config, transceiver) if coded else UncodedLink(config, transceiver)
        self._frames = max(1, measure_slots(config) // config.interleave_slots)

    def count(self, snr_db: float, stop: StopRule, *seed_parts: object) -> tuple[Counts, str]:
        """Simulate one SNR, as `linksim.montecarlo.simulate`, until `stop` says so.

        Parameters
        ----------
        snr_db : float
            Mean Es/N0 per resource element in dB.
        stop : StopRule
            Watches the block error rate, of an uncoded link the bit error rate.
        *seed_parts : object
            All that the counts depend on besides the link and its SNR.
        """
        return simulate(
            lambda seed: self._link.measure(snr_db, seed, self._frames),
            stop,
            self._coded,
            *seed_parts,
        )


def error_rates(
    config: LinkConfig,
    snr_db: Iterable[float],
    *,
    coded: bool,
    stop: StopRule,
    seed: int,
    confidence: float = 0.95,
) -> Iterator[ErrorRate]:
    """Simulate a link, one SNR after the other, with one compiled graph for all.

    Parameters
    ----------
    config : LinkConfig
        The link.
    snr_db : iterable of float
        Es/N0 per resource element in dB.
    coded : bool
        Whether 5G LDPC is used.
    stop : StopRule
        When a point is done.
    seed : int
        Every point is a pure function of the link, its SNR and this.
    confidence : float
        Confidence of the intervals.
    """
    for snr in map(float, snr_db):
        yield error_rate(config, snr, coded=coded, stop=stop, seed=seed, confidence=confidence)


def error_rate(
    config: LinkConfig,
    snr_db: float,
    *,
    coded: bool,
    stop: StopRule,
    seed: int,
    confidence: float = 0.95,
) -> ErrorRate:
    """Simulate a link at one SNR; for the parameters see `error_rates`."""
    counter = counter_of(config, coded=coded)
    counts, reason = counter.count(snr_db, stop, config.identity(), coded, snr_db, seed)
    low, high = (counts.blocks if coded else counts.bits).interval(confidence)
    return ErrorRate(
        snr_db=snr_db,
        ber=counts.bits.rate,
        bler=counts.blocks.rate if coded else float("nan"),
        ci_low=low,
        ci_high=high,
        bits=counts.bits.trials,
        bit_errors=counts.bits.errors,
        blocks=counts.blocks.trials,
        block_errors=counts.blocks.errors,
        theory_ber=float("nan") if coded else float(theory_ber(config, snr_db)),
        stop=reason,
    )


@kept_by_contents(4)
def counter_of(config: LinkConfig, *, coded: bool) -> ErrorCounter:
    """Return this process's counter of a link; one takes seconds to compile."""
    return ErrorCounter(config, coded=coded)


def measure_slots(config: LinkConfig) -> int:
    """Return the slots of one batch, at least one frame of which is sent."""
    return batch_slots(config, MEASURE_SLOTS)


def theory_ber(config: LinkConfig, snr_db: Any) -> Any:
    """Return the uncoded bit error rate with perfect CSI; NaN if the channel has no closed form.

    Of AWGN, Rician and Rayleigh fading. With several receive antennas it is that of maximum ratio
    combining, with several streams that of the zero-forcing equaliser.
    """
    snr = 10.0 ** (np.asarray(snr_db, float) / 10.0)
    channel = config.channel_model
    if channel.name == "awgn":
        return theory.ber_awgn(config.modulation, snr)
    if isinstance(channel, Rician):
        return theory.ber_rician(config.modulation, snr, channel.k_factor)
    if channel.name != "rayleigh" or (config.streams > 1 and config.equalizer != "zf"):
        return np.full_like(snr, np.nan)
    branches = channel.rx_antennas - config.streams + 1
    return theory.ber_rayleigh(config.modulation, snr / config.streams, branches)
