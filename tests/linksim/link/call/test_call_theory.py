"""A call against theory: queues, retransmissions, deadlines and fading in time."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import j0
from sionna.phy import config as sionna_config

from linksim.endpoint import BitStream, Encoded, SymbolStream
from linksim.link.config import LinkConfig
from linksim.link.transmission import CSI_SLOTS, Link
from linksim.phy.channels import Channel
from linksim.phy.grid import Grid
from linksim.timing import Times

SLOT_S = 1e-3
PLAIN = {"subcarriers": 24, "estimator": "perfect", "pace": "clock"}
PAYLOAD = 14
"""Bytes of a packet; with its header more than half of a slot's block at QPSK 1/3, but not all."""


@dataclass(frozen=True)
class Outage(Channel):
    """Each slot is dead with a probability, and all but free of noise otherwise; of any phase."""

    dead: float = 0.3
    name = "outage"

    @property
    def flat(self) -> bool:
        return True

    def sample(self, bursts: int, slots: int, grid: Grid) -> tf.Tensor:
        drawn = sionna_config.tf_rng.uniform([bursts * slots, 1, 1])
        gain = tf.where(drawn < self.dead, 1e-4, (1.0 - self.dead) ** -0.5)
        phase = sionna_config.tf_rng.uniform([bursts * slots, 1, 1], 0.0, 6.28)
        h = tf.complex(gain * tf.cos(phase), gain * tf.sin(phase))
        return h * tf.ones([1, *grid.shape], tf.complex64)


def stream(ready_s: np.ndarray, **options: object) -> BitStream:
    packets = tuple(np.random.default_rng(0).bytes(PAYLOAD) for _ in ready_s)
    times = Times(tuple(ready_s.tolist()), tuple(ready_s.tolist()))
    return BitStream("data", packets, times=times, **options)  # type: ignore[arg-type]


def block_bytes(link: Link) -> int:
    return link._call_link._codes.payload_bytes(link.config.mcs, 8)


def test_packets_of_a_slot_wait_as_in_a_slotted_queue() -> None:
    """Poisson arrivals, one slot of service each: W = T / (2 (1 - rho)), M/D/1 in slots."""
    link = Link(LinkConfig(channel="awgn", modulation="qpsk", code_rate=1 / 3, **PLAIN))
    assert PAYLOAD + 8 <= block_bytes(link) < 2 * PAYLOAD + 8  # one packet takes one block
    rho, count = 0.7, 2500
    gaps = np.random.default_rng(1).exponential(SLOT_S / rho, count)
    ready = np.cumsum(gaps)
    sent = link.transmit(Encoded((stream(ready),)), 15.0, 1, float(ready[-1]))
    delivery = sent.deliveries["data"]
    assert not delivery.lost.any()
    waits = delivery.delays_s["queue"]
    assert delivery.delays_s["air"] == pytest.approx(np.full(count, SLOT_S))
    parts = waits[: count // 25 * 25].reshape(25, -1).mean(axis=1)
    expected = SLOT_S / (2 * (1 - rho))
    assert abs(parts.mean() - expected) < 3.5 * parts.std(ddof=1) / 5
    assert parts.std(ddof=1) / 5 < 0.2 * expected


def test_harq_takes_as_long_as_the_geometric_law_says() -> None:
    """A slot is dead with probability q: attempt k is enough with (1 - q) q^(k-1)."""
    q, trip = 0.3, 4
    channel = Outage(q)
    options = {
        **PLAIN,
        "channel": channel,
        "harq": 4,
        "feedback_delay_slots": trip,
        "combining": "chase",
    }
    link = Link(LinkConfig(modulation="qpsk", code_rate=1 / 3, **options))
    count = 600
    ready = 0.002 * np.arange(count)
    sent = link.transmit(Encoded((stream(ready),)), 30.0, 2, float(ready[-1]))
    delivery = sent.deliveries["data"]
    slots = np.rint(delivery.delays_s["air"] / SLOT_S)
    # Blocks sent again may push one that is new back, never themselves.
    shares = [np.mean(slots == 1 + k * trip) for k in range(4)] + [np.mean(delivery.lost)]
    expected = [(1 - q) * q**k for k in range(4)] + [q**4]
    for share, p in zip(shares, expected, strict=True):
        assert abs(share - p) < 3.5 * np.sqrt(p * (1 - p) / count) + 1e-9
    assert sum(shares) == pytest.approx(1.0)
    assert sent.streams["data"].harq is not None


def test_a_block_that_filled_a_slot_goes_again_beside_what_comes_first() -> None:
    """Latents with priority have a part of every slot, so that no slot is free for it alone."""
    options = {**PLAIN, "channel": Outage(0.5), "harq": 4, "combining": "chase"}
    over = Link(LinkConfig(modulation="qpsk", code_rate=1 / 3, **options))
    steps = np.arange(1, 300) * SLOT_S
    times = Times(tuple(steps.tolist()), tuple(steps.tolist()))
    units = (over.config.slot_data_symbols // 2,) * len(steps)  # a quarter of a slot
    latents = np.random.default_rng(0).normal(size=sum(units)).astype(np.float32)
    first = SymbolStream("first", latents, units, times)
    for seed in range(4):
        packet = BitStream("data", (bytes(block_bytes(over) - 10),), times=Times((0.0,), (0.0,)))
        sent = over.transmit(Encoded((first, packet)), 30.0, seed, float(steps[-1]))
        begun = sent.streams["data"].harq
        assert begun is not None
        if begun.transmissions > 1:
            break
    air = sent.deliveries["data"].delays_s["air"]
    assert air[0] == pytest.approx((begun.transmissions - 1) * 5 * SLOT_S + SLOT_S, abs=4 * SLOT_S)


def test_what_is_late_is_what_took_longer_without_a_deadline() -> None:
    options = {**PLAIN, "channel": "rayleigh", "harq": 4, "grant": "1/2"}
    free = LinkConfig(modulation="qpsk", code_rate=1 / 3, **options)
    ready = np.sort(np.random.default_rng(3).uniform(0, 0.6, 200))
    encoded = Encoded((stream(ready, keep_late=True),))
    without = Link(free).transmit(encoded, 4.0, 4, 2.0)
    with_it = Link(replace(free, delay_budget=6.0)).transmit(encoded, 4.0, 4, 2.0)
    took = without.deliveries["data"].delays_s["total"]
    late = with_it.deliveries["data"].late
    assert np.array_equal(late, np.nan_to_num(took, nan=0.0) > 0.006 + 1e-9)
    assert 0.05 < late.mean() < 0.95
    received = with_it.streams["data"].received
    assert set(received.late) == set(np.flatnonzero(late).tolist())
    assert not set(received.late) & set(received.packets)


@pytest.mark.parametrize("kmh", [3, 30, 120])
def test_units_meet_the_channel_of_their_moment(kmh: int) -> None:
    """Over 18 s, h at a lag of 10 ms is correlated as J0(2 pi fD tau) has it (Clarke)."""
    speed, lag = kmh / 3.6, 10
    config = LinkConfig(channel=f"tdl-a:speed={speed:.4f}", **{**PLAIN, "subcarriers": 12})
    link = Link(config)
    expected = j0(2 * np.pi * speed * 3.5e9 / 299_792_458 * lag * SLOT_S)
    found = []
    for seed in range(3):
        fading = link._fading(seed)
        for start in range(CSI_SLOTS, 18_000, 1024):
            h = fading.slots(start, 64).numpy()[:, 0, 0]
            found.append(np.stack([h[lag:] * h[:-lag].conj(), np.abs(h[lag:]) ** 2]).mean(axis=1))
    values = np.array(found)
    ratio = values[:, 0].real.sum() / values[:, 1].real.sum()
    residual = values[:, 0].real - ratio * values[:, 1].real
    error = residual.std(ddof=1) * np.sqrt(len(values)) / values[:, 1].real.sum()
    assert abs(ratio - expected) < 3.5 * error
    assert error < 0.1


def test_packets_that_are_kept_are_sent_anew_after_their_last_transmission() -> None:
    """A slot is dead with probability q: k rounds of two transmissions lose q^(2 k) of them."""
    q = 0.5
    options = {**PLAIN, "channel": Outage(q), "harq": 2, "combining": "chase"}
    link = Link(LinkConfig(modulation="qpsk", code_rate=1 / 3, **options))
    ready = 0.004 * np.arange(200)
    lost = []
    for keeps in (False, True):
        encoded = Encoded((stream(ready, keep_late=keeps),))
        sent = link.transmit(encoded, 30.0, 6, float(ready[-1]))
        lost.append(int(sent.deliveries["data"].lost.sum()))
        received = sent.streams["data"].received
        assert len(received.packets) == len(ready) - lost[-1]
        assert all(
            received.packets[p] == d
            for p, d in enumerate(encoded.streams[0].packets)
            if p in received.packets
        )
    assert abs(lost[0] / len(ready) - q**2) < 3.5 * np.sqrt(q**2 * (1 - q**2) / len(ready))
    assert lost[1] == 0  # q^16 of 200 packets
