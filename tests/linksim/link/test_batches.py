"""Batches: as many slots as memory allows, by the link alone."""

import subprocess
import sys

import pytest

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


SEND = """
import resource, sys
from linksim.endpoint import BitStream, Encoded
from linksim.link.config import LinkConfig
from linksim.link.transmission import Link

channel, domain, estimator = sys.argv[1:]
link = Link(LinkConfig(subcarriers=3276, channel=channel, domain=domain, estimator=estimator))
sent = link.transmit(Encoded((BitStream("bits", (bytes(3000),)),)), 30.0, 1)
assert sent.block_ok["bits"].all()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory in the unit of Linux")
@pytest.mark.parametrize(
    ("channel", "domain", "estimator"),
    [
        ("tdl-a", "frequency", "perfect"),
        (CARRIER["channel"], "time", "perfect"),
        (CARRIER["channel"], "frequency", "lmmse"),
    ],
)
def test_a_full_carrier_takes_less_than_two_gigabytes(
    channel: str, domain: str, estimator: str
) -> None:
    """The whole process, libraries included: its fading, its estimate and its blocks."""
    words = [sys.executable, "-c", SEND, channel, domain, estimator]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 2e9
