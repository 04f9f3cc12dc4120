"""The configuration of a link, checked before anything heavy is loaded."""

import warnings
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from math import inf, log10
from typing import Any

from linksim.endpoint import BitStream, Endpoint
from linksim.errors import LinksimError, LinksimWarning
from linksim.link.call.grant import AS_NEEDED
from linksim.link.checks import check_channel, check_code, check_pace
from linksim.link.doubts import doubts
from linksim.options import (
    build,
    by_name,
    check_choices,
    check_range,
    convert_options,
    option,
    split_spec,
)
from linksim.phy.channels import Channel, describe, parse_channel
from linksim.phy.coding.code_block import CodeBlock, fit_code_block
from linksim.phy.coding.codes import CODES
from linksim.phy.coding.decoders import DECODERS
from linksim.phy.coding.mcs import Mcs
from linksim.phy.coding.redundancy import VERSIONS
from linksim.phy.equalisers import EQUALISERS
from linksim.phy.estimators import ESTIMATORS
from linksim.phy.modulations import MODULATIONS
from linksim.phy.pilots import SYMBOLS_PER_SLOT, PilotLayout, parse_pilot_symbols, slot_duration

LATER_FIELDS = (
    "pilots", "pilot_spacing", "noise", "domain", "harq", "combining", "mcs_table", "code",
    "delay_budget", "pace", "grant",
)  # fmt: skip
"""Fields that a link did not have from the first."""

NOISE = ("known", "estimated")
DOMAINS = ("frequency", "time")
PACES = ("auto", "clock", "burst")


@by_name("a link")
@dataclass(frozen=True, kw_only=True)
class LinkConfig:
    """One link: channel, resource grid, receiver, modulation and code, feedback.

    Raises
    ------
    LinksimError
        If a field names nothing known or lies outside what the standard has.

    Examples
    --------
    >>> LinkConfig(channel="tdl-a:speed=3", modulation="64qam", code_rate=0.75).code_block()
    CodeBlock(info_bits=3888, coded_bits=5184, per_frame=1)
    """

    channel: str | Channel = option("rayleigh", "channel model, as name:key=value,…")
    modulation: str = option("16qam", "modulation", choices=MODULATIONS)
    code_rate: float = option(0.5, "code rate, CRC included; ldpc repeats bits below 1/5")
    block_length: int | None = option(
        None, "coded bits of a code block; by default a block fills a slot", "bit"
    )
    estimator: str = option("ls-linear", "channel estimator", choices=ESTIMATORS)
    equalizer: str = option("lmmse", "equaliser", choices=EQUALISERS)
    interleave_slots: int = option(1, "interleaver depth", "slot")
    subcarriers: int = option(72, "subcarriers of the resource grid")
    subcarrier_spacing: float = option(15e3, "subcarrier spacing", "Hz")
    pilots: int | str = option("2+11", "OFDM symbols of a slot that carry pilots, joined by +")
    pilot_spacing: int = option(1, "subcarriers from one pilot to the next; others carry data")
    noise: str = option("known", "noise variance as the receiver has it", choices=NOISE)
    domain: str = option(
        "frequency",
        "domain that the channel is applied in; in time subcarriers and symbols interfere",
        choices=DOMAINS,
    )
    decoder: str = option("auto", "decoder; auto is the code's own choice", choices=DECODERS)
    decoder_iterations: int = option(20, "greatest number of iterations of the decoder")
    feedback_bits: int = option(4, "bits of one CSI report", "bit")
    feedback_delay_slots: int = option(4, "age of a CSI report when it is used", "slot")
    feedback_loss: float = option(0.0, "probability that a CSI report is lost")
    harq: int = option(1, "maximum HARQ transmissions per transport block (1: no retransmission)")
    combining: str = option(
        "ir",
        "HARQ combining: ir sends redundancy versions 0, 2, 3, 1, chase the first again",
        choices=VERSIONS,
    )
    mcs_table: int = option(1, "MCS table of TS 38.214 for streams with link adaptation, 1 to 3")
    code: str = option("ldpc", "channel code", choices=CODES)
    delay_budget: float | None = option(
        None, "longest time from capture to playout; later is lost; by default none", "ms"
    )
    pace: str = option(
        "auto",
        "clock to send what is ready when it is, burst to send all back to back; auto is clock "
        "with a delay budget",
        choices=PACES,
    )
    grant: str = option(
        AS_NEEDED,
        "slots that a call may use: as-needed, as-needed:SLOTS for a cap a second, or SLOTS/MS",
    )

    def __post_init__(self) -> None:
        self._tidy()
        check_choices(self)
        check_range("interleave_slots", self.interleave_slots, 1, 1024)
        check_range("subcarriers", self.subcarriers, 12, 3276)
        check_range("subcarrier_spacing", self.subcarrier_spacing, 1e3, 960e3)
        check_range("decoder_iterations", self.decoder_iterations, 1, 200)
        check_range("feedback_bits", self.feedback_bits, 1, 16)
        check_range("feedback_delay_slots", self.feedback_delay_slots, 0, 10_000)
        check_range("feedback_loss", self.feedback_loss, 0.0, 1.0)
        check_range("harq", self.harq, 1, 32)
        check_range("mcs_table", self.mcs_table, 1, 3)
        self.channel_model.check_grid(slot_duration(self.subcarrier_spacing))
        check_channel(self.channel_model, self.channel_text, self.estimator, self.domain)
        check_code(self.code, self.harq, self.decoder)
        check_pace(self.pace, self.delay_budget, self.grant, self.subcarrier_spacing)
        self.pilot_layout.check(self.subcarriers)
        self.code_block()
        self._warn()

    def _tidy(self) -> None:
        """Bring spellings that mean the same into one form, and refuse wrong types."""
        if not isinstance(self.channel, str | Channel):
            raise LinksimError(
                f"channel must be text, as 'tdl-a:speed=3', or a Channel, not {self.channel!r}"
            )
        if not isinstance(self.pilots, str | int):
            object.__setattr__(self, "pilots", "+".join(map(str, self.pilots)))
        convert_options(self, but=("channel",))
        if self.modulation.lower() in MODULATIONS:
            object.__setattr__(self, "modulation", self.modulation.lower())

    def _warn(self) -> None:
        lines = doubts(
            self.channel_model,
            self.channel_text,
            domain=self.domain,
            subcarrier_spacing=self.subcarrier_spacing,
            feedback_delay=self.feedback_delay_slots,
        )
        for line in lines:
            warnings.warn(line, LinksimWarning, stacklevel=4)

    @cached_property
    def channel_model(self) -> Channel:
        """The channel that `channel` describes or is."""
        return parse_channel(self.channel) if isinstance(self.channel, str) else self.channel

    @property
    def channel_text(self) -> str:
        """The channel as text; of an object, its class, options and a digest of its source."""
        return self.channel if isinstance(self.channel, str) else describe(self.channel)

    @property
    def paced(self) -> bool:
        """Whether slots have a clock, and what is sent is sent when it is ready."""
        return self.pace == "clock" or (self.pace == "auto" and self.delay_budget is not None)

    def form_of(self, endpoint: Endpoint) -> Endpoint:
        """Return the form that a scheme takes over this link: for conversations on a slot clock.

        Raises
        ------
        LinksimError
            If the delay budget is below what the scheme waits for.
        """
        if not self.paced:
            return endpoint
        return endpoint.within(inf if self.delay_budget is None else 1e-3 * self.delay_budget)

    @property
    def streams(self) -> int:
        """Streams that are sent at once, one a transmit antenna."""
        return self.channel_model.tx_antennas

    @property
    def pilot_layout(self) -> PilotLayout:
        """Pilots of a slot."""
        return PilotLayout(parse_pilot_symbols(self.pilots), self.pilot_spacing, self.streams)

    def identity(self) -> dict[str, Any]:
        """Return all that results depend on.

        A field that came later counts only where it is not at its default, so that seeds and
        records from before it hold.
        """
        defaults = {field.name: field.default for field in fields(self)}
        return {
            name: value
            for name, value in (asdict(self) | {"channel": self.channel_text}).items()
            if name not in LATER_FIELDS or value != defaults[name]
        }

    @property
    def mcs(self) -> Mcs:
        """The link's own modulation and coding scheme."""
        return Mcs(self.modulation, self.code_rate)

    def code_block(self, mcs: Mcs | None = None) -> CodeBlock:
        """Return the sizes of the transport blocks that fill an interleaver frame.

        Parameters
        ----------
        mcs : Mcs, optional
            Modulation and code rate; by default the link's own.

        Raises
        ------
        LinksimError
            If no such block exists.
        """
        return fit_code_block(
            mcs or self.mcs,
            self.slot_data_symbols,
            slots=self.interleave_slots,
            block_length=self.block_length,
            code=self.code,
        )

    def for_stream(self, stream: BitStream) -> "LinkConfig":
        """Return the link with the MCS and the interleaver depth that a stream takes.

        Raises
        ------
        LinksimError
            If there is no such link.
        """
        mcs = stream.mcs or self.mcs
        depth = self.interleave_slots
        if stream.interleave_slots is not None:
            depth = stream.interleave_slots
        try:
            return replace(
                self,
                modulation=mcs.modulation,
                code_rate=mcs.code_rate,
                interleave_slots=depth,
            )
        except LinksimError as error:
            raise LinksimError(f"stream '{stream.name}': {error}") from error

    def ebn0_offset_db(self, *, coded: bool = True) -> float:
        """Return what Eb/N0 in dB lacks to Es/N0 in dB.

        The energy of a resource element is shared by the information bits, CRC included, of all
        streams on it; pilots are not counted.

        Parameters
        ----------
        coded : bool
            Whether bits are information bits of the code; if not, those of the symbols.
        """
        block = self.code_block()
        rate = block.info_bits / block.coded_bits if coded else 1.0
        return 10.0 * log10(self.streams * MODULATIONS[self.modulation].bits * rate)

    def goodput_bps(self, bler: float) -> float:
        """Return the payload bits in bit/s that arrive where blocks are lost at a rate.

        Pilots, cyclic prefixes, parity and CRCs take their share; each block is sent once.
        """
        block = self.code_block()
        bits = 8 * block.payload_bytes * block.per_frame
        duration = self.interleave_slots * slot_duration(self.subcarrier_spacing)
        return (1.0 - bler) * bits / duration

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


def link_of_option(text: str | None) -> LinkConfig:
    """Return the link that the option ``link`` of a scheme describes, ``key=value,…``.

    Raises
    ------
    LinksimError
        If it describes none.
    """
    _, options = split_spec(f"link:{text or ''}", "option")
    return build(LinkConfig, options, "option 'link'")
