"""Results of a call: what came of each stream, when, and what it cost."""

from math import nan

import numpy as np

from linksim.endpoint import Encoded
from linksim.link.accounting import frame_pilots, frame_uses, shared, side_frames
from linksim.link.call.bit_queue import BitQueue
from linksim.link.call.call_link import Queue, Sent
from linksim.link.call.clock import Clock
from linksim.link.call.delivery import SlotUse
from linksim.link.config import LinkConfig
from linksim.link.feedback import CsiFeedback
from linksim.link.results import (
    Accounting,
    Adaptation,
    Retransmissions,
    StreamResult,
    Transmission,
    clusters_of,
    tally_of,
)
from linksim.phy.coding.mcs import MCS_TABLES


def transmission_of(
    sent: Sent,
    encoded: Encoded,
    config: LinkConfig,
    clock: Clock,
    duration_s: float,
    seed: int,
    *,
    first_slot: int,
    cluster: int,
) -> Transmission:
    """Return the result of a call.

    Parameters
    ----------
    sent : Sent
        What was sent, and what came.
    encoded : Encoded
        What was to be sent.
    config : LinkConfig
        The link.
    clock : Clock
        Its slots and delay budget.
    duration_s : float
        Length of the clip in s.
    seed : int
        Seed of lost reports.
    first_slot : int
        Slot of the channel realisation with which the call began.
    cluster : int
        Slots of a cluster of dependent blocks.
    """
    used = int((~np.isnan(sent.snr)).sum())
    data = shared(sent.symbols, used * config.slot_data_elements)
    pilots = shared(
        sent.symbols, used * (config.slot_resource_elements - config.slot_data_elements)
    )
    results = {
        queue.stream.name: _result(queue, int(d), int(p), config, first_slot, cluster)
        for queue, d, p in zip(sent.queues, data, pilots, strict=True)
    }
    bits = 8 * len(encoded.setup) + sum(queue.side_bits for queue in sent.queues)
    frames = side_frames(bits, config)
    feedback = CsiFeedback.of(config)
    span = max(len(sent.snr), round(duration_s / clock.slot_s))
    return Transmission(
        setup=encoded.setup,
        streams=results,
        side_information=Accounting(
            side_info_bits=bits,
            channel_uses=frames * frame_uses(config),
            overhead_uses=frames * frame_pilots(config),
        ),
        csi=feedback.average(feedback.reports(sent.snr, seed)),
        slots=SlotUse(
            used + frames * config.interleave_slots,
            clock.grant.usable(span),
            span * clock.slot_s,
        ),
    )


def _result(
    queue: Queue,
    uses: int,
    pilots: int,
    config: LinkConfig,
    first_slot: int,
    cluster: int,
) -> StreamResult:
    accounting = Accounting(channel_uses=uses, overhead_uses=pilots)
    none = np.zeros(0, np.float32)
    if not isinstance(queue, BitQueue):
        return StreamResult(queue.received(), accounting, none, delivery=queue.delivery)
    payload = Accounting(payload_bits=8 * sum(map(len, queue.stream.packets)))
    begun = np.array([first_slot + block.begun for block in queue.blocks], int)
    ok = np.array([block.arrived is not None for block in queue.blocks], bool)
    clusters = clusters_of(begun, 1, cluster)
    return StreamResult(
        queue.received(),
        accounting + payload,
        none,
        block_ok=ok,
        clusters=clusters,
        harq=_retransmissions(queue) if config.harq > 1 and queue.blocks else None,
        adaptation=_adaptation(queue, config, clusters) if queue.stream.adaptive else None,
        delivery=queue.delivery,
    )


def _retransmissions(queue: BitQueue) -> Retransmissions:
    took = [block.delay_slots for block in queue.blocks if block.delay_slots]
    return Retransmissions(
        transmissions=float(np.mean([block.attempts for block in queue.blocks])),
        delay_slots=float(np.mean(took)) if took else nan,
    )


def _adaptation(queue: BitQueue, config: LinkConfig, clusters: np.ndarray) -> Adaptation | None:
    if not queue.blocks:
        return None
    table = MCS_TABLES[config.mcs_table]
    first_ok = np.array([block.first_ok for block in queue.blocks], bool)
    mcs = float(np.mean([table.index(block.mcs) for block in queue.blocks]))
    return Adaptation(mcs, tally_of(first_ok, clusters))
