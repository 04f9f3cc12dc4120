"""Batches: as many slots as memory allows, by the link alone."""

from linksim.link.batches import batch_slots
from linksim.link.config import LinkConfig

CARRIER = {"subcarriers": 3276, "channel": "tdl-a:rx_antennas=2,tx_antennas=2"}


def test_a_full_carrier_is_sent_in_small_batches() -> None:
    """273 resource blocks of two antennas a side; a batch takes some 200 bytes an element."""
    assert batch_slots(LinkConfig(), 64) == 64
    slots = batch_slots(LinkConfig(**CARRIER), 64)
    assert slots == 11
    assert 200 * slots * 14 * 3276 * 4 < 0.5e9
    assert batch_slots(LinkConfig(**CARRIER, domain="time"), 64) == 1
    assert batch_slots(LinkConfig(channel="tdl-a", domain="time"), 64) == 64
