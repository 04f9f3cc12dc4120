"""Streams that share the slots of a call."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from linksim.endpoint import ABSENT, BitStream, Encoded, SymbolStream
from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.transmission import Link
from linksim.timing import Times

COUNT = 40
STEP = 0.02


def every(step: float, count: int, wait: float) -> Times:
    captured = tuple(step * i for i in range(count))
    return Times(captured, tuple(t + wait for t in captured))


@pytest.fixture(scope="module")
def call() -> Encoded:
    """Sound in packets, latents, and pictures at an MCS of their own."""
    rng = np.random.default_rng(0)
    sound = BitStream(
        "sound", tuple(rng.bytes(30) for _ in range(COUNT)), times=every(STEP, COUNT, 0.0265)
    )
    loudness = np.repeat(10.0 ** rng.uniform(-2, 2, COUNT), 41)
    latents = SymbolStream(
        "latents",
        (loudness * rng.normal(size=41 * COUNT)).astype(np.float32),
        units=(41,) * COUNT,
        times=every(STEP, COUNT, 0.06),
    )
    pictures = BitStream(
        "pictures",
        tuple(rng.bytes(200) for _ in range(10)),
        times=every(0.08, 10, 0.0),
        adaptive=True,
        keep_late=True,
    )
    return Encoded((sound, latents, pictures), b"set-up")


@cache
def link(**options: Any) -> Link:
    """Return a link, compiled once for all tests."""
    return Link(
        LinkConfig(
            **{
                "subcarriers": 24,
                "modulation": "qpsk",
                "code_rate": 1 / 3,
                "delay_budget": 150.0,
                "harq": 4,
                **options,
            }
        )
    )


@pytest.mark.parametrize("grant", ["as-needed", "2/5", "as-needed:150"])
def test_elements_of_the_slots_used_are_those_that_streams_pay_for(
    call: Encoded, grant: str
) -> None:
    over = link(channel="rayleigh", grant=grant)
    sent = over.transmit(call, 12.0, 1, COUNT * STEP)
    cost, slots = sent.accounting, sent.slots
    assert slots is not None
    elements = over.config.slot_resource_elements
    assert cost.channel_uses + cost.overhead_uses == slots.used * elements
    assert slots.used <= slots.granted + 20  # those of set-up and scales are beside the grant
    assert cost.side_info_bits == 8 * len(call.setup) + 8 * COUNT
    for name in ("sound", "latents", "pictures"):
        assert sent.per_stream[name].channel_uses > 0
    assert sent.per_stream["sound"].payload_bits == 8 * 30 * COUNT
    assert sent.slots.seconds == pytest.approx(max(COUNT * STEP, sent.slots.seconds))


def test_all_of_it_arrives_as_it_was_over_a_good_channel(call: Encoded) -> None:
    sent = link(channel="awgn", grant="2/5").transmit(call, 25.0, 1, COUNT * STEP)
    sound, latents, pictures = call.streams
    assert isinstance(sound, BitStream)
    assert isinstance(pictures, BitStream)
    assert isinstance(latents, SymbolStream)
    assert sent.received.streams["sound"].packets == dict(enumerate(sound.packets))
    assert sent.received.streams["pictures"].packets == dict(enumerate(pictures.packets))
    got = sent.received.streams["latents"]
    error = np.abs(got.latents - latents.latents) ** 2
    # Each unit has its own scale: the error is that of its noise variance, whatever its loudness.
    ratio = error.reshape(COUNT, -1).mean(axis=1) / got.noise_variance.reshape(COUNT, -1).mean(
        axis=1
    )
    assert 0.75 < np.mean(ratio) < 1.25
    assert not sent.deliveries["latents"].lost.any()
    assert sent.adaptation["pictures"].mcs > 5


def test_delays_have_parts_that_add_up(call: Encoded) -> None:
    sent = link(channel="rayleigh", grant="2/5").transmit(call, 12.0, 1, COUNT * STEP)
    for name, delivery in sent.deliveries.items():
        parts = delivery.delays_s
        assert np.nansum(np.abs(
            parts["algorithmic"] + parts["queue"] + parts["air"] - parts["total"]
        )) < 1e-9  # fmt: skip
        assert (parts["queue"][~np.isnan(parts["queue"])] > -1e-9).all(), name
        summary = delivery.summary()
        assert summary["units"] == len(delivery.lost)
        if summary["p50_ms"] is not None:
            assert summary["p50_ms"] <= summary["p95_ms"] <= summary["p99_ms"]
    assert sent.deliveries["latents"].delays_s["total"].max() <= 0.150 + 1e-9


def test_latents_that_did_not_come_are_told_from_those_that_did(call: Encoded) -> None:
    over = link(channel="rayleigh", grant="1/10")  # too little for all
    sent = over.transmit(call, 12.0, 1, COUNT * STEP)
    got, latents = sent.received.streams["latents"], call.streams[1]
    assert isinstance(latents, SymbolStream)
    energy = np.square(latents.latents).reshape(COUNT, -1).mean(axis=1).repeat(41)
    absent = got.noise_variance > 0.5 * ABSENT * energy
    assert 0.02 < absent.mean() < 1.0
    assert not got.latents[absent].any()
    assert sent.deliveries["latents"].lost.mean() > 0.02
    assert sent.deliveries["sound"].late.sum() == 0  # what is late is not sent at all


def test_a_grant_too_small_leaves_units_behind_and_ends(call: Encoded) -> None:
    sent = link(channel="awgn", grant="1/100").transmit(call, 12.0, 1, COUNT * STEP)
    lost = {name: d.lost.mean() for name, d in sent.deliveries.items()}
    assert lost["sound"] > 0.5
    assert lost["pictures"] > 0.5


def test_nothing_is_sent_after_the_last_moment_is_played() -> None:
    """However much waits: these pictures take more than four seconds."""
    pictures = BitStream(
        "pictures",
        tuple(bytes(2000) for _ in range(25)),
        times=every(0.04, 25, 0.0),
        keep_late=True,
    )
    over = link(channel="awgn", grant="1/2")
    sent = over.transmit(Encoded((pictures,)), 12.0, 1, 1.0)
    assert sent.slots is not None
    assert sent.slots.used == sent.slots.granted == 575  # of 1.15 s
    delivery = sent.deliveries["pictures"]
    assert delivery.late.any()
    assert sent.received.streams["pictures"].late
    assert delivery.lost[-1]
    whole = over.transmit(Encoded((pictures,)), 12.0, 1, 10.0)
    assert not whole.deliveries["pictures"].lost.any()


def test_same_seed_same_call(call: Encoded) -> None:
    over = link(channel="tdl-a:speed=3", grant="2/5")
    one, two = (over.transmit(call, 8.0, 5, COUNT * STEP) for _ in range(2))
    assert np.array_equal(
        one.received.streams["latents"].latents, two.received.streams["latents"].latents
    )
    assert one.accounting == two.accounting
    other = over.transmit(call, 8.0, 6, COUNT * STEP)
    assert not np.array_equal(
        one.received.streams["latents"].latents, other.received.streams["latents"].latents
    )


def test_streams_without_times_are_ready_when_the_clip_ends() -> None:
    whole = Encoded((BitStream("data", (b"x" * 30, b"y" * 30)),))
    sent = link(channel="awgn", delay_budget=None, pace="clock").transmit(whole, 15.0, 1, 0.5)
    assert sent.deliveries["data"].ready_s.tolist() == [0.5, 0.5]
    assert (sent.deliveries["data"].arrived_s > 0.5).all()
    assert sent.slots is not None
    assert sent.slots.seconds > 0.5


def test_a_budget_below_what_a_stream_waits_for_is_refused() -> None:
    whole = Encoded((BitStream("data", (b"x" * 30,)),))
    with pytest.raises(LinksimError, match=r"stream 'data' is ready 500.0 ms .* 150 ms is too"):
        link(channel="awgn").transmit(whole, 15.0, 1, 0.5)


def test_two_antennas_share_slots_too(call: Encoded) -> None:
    over = link(channel="rayleigh:rx_antennas=2,tx_antennas=2", grant="2/5", subcarriers=12)
    sent = over.transmit(call, 25.0, 1, COUNT * STEP)
    cost = sent.accounting
    assert sent.slots is not None
    elements = over.config.slot_resource_elements
    assert cost.channel_uses + cost.overhead_uses == sent.slots.used * elements
    assert sent.deliveries["sound"].lost.mean() < 0.5


def test_nothing_waits_for_nothing() -> None:
    sent = link(channel="awgn").transmit(Encoded(()), 15.0, 1, 0.2)
    assert sent.slots is not None
    assert (sent.slots.used, sent.slots.granted) == (0, 200)


def test_a_stream_may_have_no_units_at_all() -> None:
    none = SymbolStream("none", np.zeros(0, np.float32), (), Times((), ()))
    empty = BitStream("empty", (), times=Times((), ()))
    sent = link(channel="awgn").transmit(Encoded((none, empty)), 15.0, 1, 0.5)
    assert sent.received.streams["none"].latents.size == 0
    assert sent.deliveries["none"].summary()["units"] == 0
    assert sent.slots is not None
    assert sent.slots.used == 0
