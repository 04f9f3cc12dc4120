"""What a link is made of, checked before anything heavy is loaded."""

from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

from linksim.endpoint import Mcs
from linksim.errors import LinksimError, unknown
from linksim.options import build, check_range, option, split_spec
from linksim.phy.channels import Channel, Multipath, parse_channel
from linksim.phy.pilots import SYMBOLS_PER_SLOT, PilotLayout, parse_pilot_symbols

MODULATIONS = {"qpsk": 2, "16qam": 4, "64qam": 6, "256qam": 8}
"""Bits per symbol of each modulation."""

VERSIONS = {"chase": (0,), "ir": (0, 2, 3, 1)}
"""Redundancy versions of a block's transmissions, over and over: Chase combining repeats the
first (Chase, 1985), incremental redundancy goes by TS 38.214, Table 5.1.2.1-2."""

LATER_FIELDS = ("pilots", "pilot_spacing", "noise", "domain", "harq", "combining", "mcs_table")
"""Fields that a link did not have from the first."""

ESTIMATORS = ("perfect", "ls-nearest", "ls-linear", "lmmse", "lmmse-f-t")
EQUALIZERS = ("zf", "lmmse")
DECODERS = ("auto", "min-sum", "boxplus")
NOISE = ("known", "estimated")
DOMAINS = ("frequency", "time")

CRC_BITS = 24
MIN_CODE_RATE, MAX_CODE_RATE = 0.2, 0.95  # TS 38.212, 5.4.2.1; below 1/5 needs repetition
# TS 38.212, 5.2.2. Between rates 1/4 and 1/3 base graph 1, which starts at 3825 bits, has no code.
MAX_CODE_BLOCK_BITS = {1 / 4: 3840, 1 / 3: 3824, 1.0: 8448}


@dataclass(frozen=True, kw_only=True)
class LinkConfig:
    """One link: channel, grid, front end, modulation and code, feedback.

    Raises
    ------
    LinksimError
        If a field names nothing known or lies outside what the standard has.
    """

    channel: str = option("rayleigh", "channel model, name:key=value,…")
    modulation: str = option("16qam", "qpsk, 16qam, 64qam or 256qam")
    code_rate: float = option(0.5, "5G LDPC code rate, CRC included")
    block_length: int | None = option(None, "coded bits per code block; none fills a slot", "bit")
    estimator: str = option("ls-linear", "perfect, ls-nearest, ls-linear, lmmse or lmmse-f-t")
    equalizer: str = option("lmmse", "zf or lmmse")
    interleave_slots: int = option(1, "slots over which symbols are interleaved", "slot")
    subcarriers: int = option(72, "subcarriers of the resource grid")
    subcarrier_spacing: float = option(15e3, "subcarrier spacing", "Hz")
    pilots: int | str = option("2+11", "OFDM symbols of a slot that carry pilots, joined by +")
    pilot_spacing: int = option(1, "subcarriers from one pilot to the next; others carry data")
    noise: str = option("known", "noise variance at the receiver: known, or estimated from pilots")
    domain: str = option("frequency", "frequency; or time, where subcarriers and symbols interfere")
    decoder: str = option("auto", "min-sum (layered), boxplus (flooding) or auto: min-sum")
    decoder_iterations: int = option(20, "most iterations of the LDPC decoder")
    feedback_bits: int = option(4, "bits of one CSI report", "bit")
    feedback_delay_slots: int = option(4, "age of a report when it is used", "slot")
    feedback_loss: float = option(0.0, "probability that a report is lost")
    harq: int = option(1, "most transmissions of a block; 1 sends each once")
    combining: str = option(
        "ir", "what is sent again: ir, redundancy versions 0, 2, 3, 1, or chase"
    )
    mcs_table: int = option(1, "of TS 38.214, for streams whose MCS is adapted: 1, 2 or 3")

    def __post_init__(self) -> None:
        if self.modulation not in MODULATIONS:
            raise unknown("modulation", self.modulation, MODULATIONS)
        if self.estimator not in ESTIMATORS:
            raise unknown("estimator", self.estimator, ESTIMATORS)
        if self.equalizer not in EQUALIZERS:
            raise unknown("equalizer", self.equalizer, EQUALIZERS)
        if self.decoder not in DECODERS:
            raise unknown("decoder", self.decoder, DECODERS)
        if self.noise not in NOISE:
            raise unknown("noise", self.noise, NOISE)
        if self.domain not in DOMAINS:
            raise unknown("domain", self.domain, DOMAINS)
        check_range("interleave_slots", self.interleave_slots, 1, 1024)
        check_range("subcarriers", self.subcarriers, 12, 3276)
        check_range("subcarrier_spacing", self.subcarrier_spacing, 1e3, 960e3)
        check_range("decoder_iterations", self.decoder_iterations, 1, 200)
        check_range("feedback_bits", self.feedback_bits, 1, 16)
        check_range("feedback_delay_slots", self.feedback_delay_slots, 0, 10_000)
        check_range("feedback_loss", self.feedback_loss, 0.0, 1.0)
        check_range("harq", self.harq, 1, 32)
        check_range("mcs_table", self.mcs_table, 1, 3)
        if self.combining not in VERSIONS:
            raise unknown("combining", self.combining, VERSIONS)
        channel = parse_channel(self.channel)
        channel.check_grid(slot_duration(self.subcarrier_spacing))
        self._check_channel(channel)
        self.pilot_layout.check(self.subcarriers)
        code_block(self, self.mcs)

    def _check_channel(self, channel: Channel) -> None:
        if not channel.pilots_inform and self.estimator != "perfect":
            raise LinksimError(
                f"channel '{self.channel}' fades every resource element on its own, so pilots tell "
                f"nothing of the data; use estimator perfect, not {self.estimator}"
            )
        if channel.tx_antennas > channel.rx_antennas:
            raise LinksimError(
                f"channel '{self.channel}' has {channel.tx_antennas} transmit antennas, one stream "
                f"each, which {channel.rx_antennas} receive antenna(s) cannot tell apart; have at "
                "least as many rx_antennas as tx_antennas"
            )
        if self.domain == "time" and not isinstance(channel, Multipath):
            raise LinksimError(
                f"domain time needs a channel of paths, as tdl-a; '{self.channel}' stands still "
                "over a slot, so use domain frequency"
            )

    @cached_property
    def streams(self) -> int:
        """Streams that are sent at once, one a transmit antenna."""
        return parse_channel(self.channel).tx_antennas

    @property
    def pilot_layout(self) -> PilotLayout:
        """Where the pilots are."""
        return PilotLayout(parse_pilot_symbols(self.pilots), self.pilot_spacing, self.streams)

    def identity(self) -> dict[str, Any]:
        """Return what results depend on.

        A field that came later counts only where it is not at its default, so that seeds and
        records from before it hold.
        """
        defaults = {field.name: field.default for field in fields(self)}
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in LATER_FIELDS or value != defaults[name]
        }

    @property
    def mcs(self) -> Mcs:
        """The link's own modulation and coding scheme."""
        return Mcs(self.modulation, self.code_rate)

    @property
    def slot_data_symbols(self) -> int:
        """Data symbols of one slot: one of each stream on each data resource element."""
        return self.streams * self.slot_data_elements

    @property
    def slot_data_elements(self) -> int:
        """Data resource elements of one slot."""
        return self.slot_resource_elements - self.pilot_layout.count(self.subcarriers)

    @property
    def slot_resource_elements(self) -> int:
        """All resource elements of one slot, pilots included."""
        return self.subcarriers * SYMBOLS_PER_SLOT


def slot_duration(subcarrier_spacing: float) -> float:
    """Return the duration of a slot in s for a spacing in Hz: 1 ms at 15 kHz."""
    return 15.0 / subcarrier_spacing


def link_of_option(text: str | None) -> LinkConfig:
    """Return the link that the option ``link`` of a scheme describes, ``key=value,…``.

    Raises
    ------
    LinksimError
        If it describes none.
    """
    _, options = split_spec(f"link:{text or ''}", "option")
    return build(LinkConfig, options, "option 'link'")


@dataclass(frozen=True)
class CodeBlock:
    """Sizes of one transport block, which is one 5G LDPC code block.

    Parameters
    ----------
    info_bits : int
        k, CRC included; a whole number of payload bytes plus 24.
    coded_bits : int
        n.
    per_frame : int
        Blocks in one frame of `interleave_slots` slots.
    """

    info_bits: int
    coded_bits: int
    per_frame: int

    @property
    def payload_bytes(self) -> int:
        """Bytes that one block carries."""
        return (self.info_bits - CRC_BITS) // 8


def code_block(config: LinkConfig, mcs: Mcs, *, repetition: bool = False) -> CodeBlock:
    """Fit 5G LDPC code blocks into a frame (TS 38.212, 5.2.2 and 5.4.2).

    Unless `block_length` says otherwise a block fills one slot, or an equal share of it
    where one block would be longer than the standard allows. Code rates below 1/5, for which
    bits are repeated, are for those who can repeat them.

    Raises
    ------
    LinksimError
        If no such code exists.
    """
    rate, lowest = mcs.code_rate, 0.0 if repetition else MIN_CODE_RATE
    if mcs.modulation not in MODULATIONS:
        raise unknown("modulation", mcs.modulation, MODULATIONS)
    check_range("code_rate", rate, lowest, MAX_CODE_RATE)
    order = MODULATIONS[mcs.modulation]
    slot_bits = config.slot_data_symbols * order
    frame_bits = slot_bits * config.interleave_slots
    if config.block_length is None:
        coded = _largest_share(slot_bits, rate, order)
    else:
        coded = config.block_length
        if not 0 < coded <= frame_bits:
            raise LinksimError(
                f"block_length {coded} must be between 1 and the {frame_bits} coded bits of a "
                f"frame ({config.interleave_slots} slot(s), {mcs.modulation})"
            )
        if coded % order:
            raise LinksimError(
                f"block_length {coded} must be a multiple of {order}, the bits of one "
                f"{mcs.modulation} symbol"
            )
    info = (int(coded * rate + 1e-6) - CRC_BITS) // 8 * 8 + CRC_BITS
    if info < CRC_BITS + 8:
        raise LinksimError(
            f"block_length {coded} at code rate {rate:g} leaves no payload after the "
            f"{CRC_BITS}-bit CRC; use a longer block or a higher rate"
        )
    if info > max_info_bits(rate):
        raise LinksimError(
            f"block_length {coded} at code rate {rate:g} needs {info} information bits; 5G LDPC "
            f"has at most {max_info_bits(rate)} at this rate"
        )
    if info / coded < lowest:  # rounding to whole bytes may fall below what the code has
        info += 8
    return CodeBlock(info, coded, frame_bits // coded)


def max_info_bits(rate: float) -> int:
    """Return the longest code block, in bits, at a code rate (TS 38.212, 5.2.2)."""
    return next(bits for limit, bits in MAX_CODE_BLOCK_BITS.items() if rate <= limit)


def _largest_share(slot_bits: int, rate: float, order: int) -> int:
    parts = 1
    while int(slot_bits // parts * rate) > max_info_bits(rate):
        parts += 1
    return slot_bits // parts // order * order
