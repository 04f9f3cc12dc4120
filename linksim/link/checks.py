"""Checks of what the fields of a link say together."""

from linksim.errors import LinksimError
from linksim.link.call.grant import Grant
from linksim.options import check_range
from linksim.phy.channels import Channel, Multipath
from linksim.phy.coding.codes import CODES
from linksim.phy.estimators import ESTIMATORS
from linksim.phy.pilots import slot_duration


def check_channel(channel: Channel, text: str, estimator: str, domain: str) -> None:
    """Raise `LinksimError` where estimator, antennas or domain do not go with a channel."""
    name = f"channel '{text}'"
    if not channel.pilots_inform and ESTIMATORS[estimator].needs_pilots:
        raise LinksimError(
            f"{name} draws every resource element by itself, so pilots tell "
            f"nothing of the data; use estimator perfect, not {estimator}"
        )
    if channel.tx_antennas > channel.rx_antennas:
        raise LinksimError(
            f"{name} has {channel.tx_antennas} transmit antennas, one stream "
            f"each, which {channel.rx_antennas} receive antenna(s) cannot tell apart; have at "
            "least as many rx_antennas as tx_antennas"
        )
    if domain == "time" and not isinstance(channel, Multipath):
        raise LinksimError(
            f"domain time needs a channel of paths, as tdl-a; {name} stands still over a slot, "
            "so use domain frequency"
        )


def check_code(code: str, harq: int, decoder: str) -> None:
    """Raise `LinksimError` where HARQ or decoder do not go with a code."""
    if CODES[code].retransmits:
        return
    if harq > 1:
        raise LinksimError(
            f"code '{code}' has no redundancy versions to send again; use harq 1, or ldpc"
        )
    if decoder != "auto":
        raise LinksimError(f"decoder '{decoder}' is for code ldpc; code '{code}' takes auto")


def check_pace(pace: str, budget_ms: float | None, grant: str, subcarrier_spacing: float) -> None:
    """Raise `LinksimError` for a grant that there is not, or a budget that allows of nothing."""
    slot_s = slot_duration(subcarrier_spacing)
    Grant.parse(grant, slot_s)
    if budget_ms is None:
        return
    if pace == "burst":
        raise LinksimError("a delay_budget needs slots with a clock; use pace clock or auto")
    check_range("delay_budget", budget_ms, 1e3 * slot_s, 1e6)
