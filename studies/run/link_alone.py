"""The link by itself: random bits instead of a clip, until the block error rate is known.

A point of a study is then one Monte Carlo run of `linksim.link.experiments.error_rate`, and a
trial another one.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from linksim.endpoint import Csi, Encoded, Endpoint, Received
from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.media import Clip
from linksim.montecarlo import StopRule
from linksim.options import check_range, option
from studies.spec.scheme import LINK_ALONE

if TYPE_CHECKING:
    from linksim.link.experiments.error_rate import ErrorCounter


@dataclass(frozen=True)
class LinkAlone(Endpoint):
    """Random bits over LDPC and QAM, to count lost blocks; a point ends at what is met first."""

    name: ClassVar[str] = LINK_ALONE
    block_errors: int | None = option(200, "block errors wanted, or none")
    relative_width: float | None = option(None, "width of the 95 % interval over the rate wanted")
    max_blocks: int = option(20_000, "budget of blocks")

    def __post_init__(self) -> None:
        if self.block_errors is not None:
            check_range("block_errors", self.block_errors, 1, 10**9)
        if self.relative_width is not None:
            check_range("relative_width", self.relative_width, 1e-4, 10.0)
        check_range("max_blocks", self.max_blocks, 1, 10**9)

    @property
    def stop(self) -> StopRule:
        """Rule that says when a point is done."""
        return StopRule(self.block_errors, self.relative_width, self.max_blocks)

    def encode(self, clip: Clip, csi: Csi | None = None) -> Encoded:
        """Raise: there is no clip in random bits."""
        raise LinksimError(
            f"scheme '{self.name}' sends random bits and no clip; use it in a study, "
            "or 'linksim ber'"
        )

    def decode(self, received: Received) -> Clip:
        """Raise: there is no clip in random bits."""
        raise NotImplementedError


def counter_for(config: LinkConfig) -> "ErrorCounter":
    """Return this process's counter of a configuration; a link takes seconds to compile."""
    from linksim.link.experiments.error_rate import counter_of

    return counter_of(config, coded=True)


def count(config: LinkConfig, stop: StopRule, snr_db: float, seed: int) -> dict[str, Any]:
    """Simulate one point; return what its record holds beside its head.

    Parameters
    ----------
    config : LinkConfig
        The link.
    stop : StopRule
        Rule that says when the point is done.
    snr_db : float
        Mean Es/N0 per resource element in dB.
    seed : int
        Seed of payload, fading and noise.
    """
    from dataclasses import asdict

    from linksim.link.accounting import frame_pilots, frame_uses

    counts, reason = counter_for(config).count(snr_db, stop, "link", seed)
    blocks, frames = counts.blocks, counts.blocks.clusters
    return {
        "metrics": {},
        "blocks": {LINK_ALONE: {"blocks": blocks.trials, "errors": blocks.errors}},
        "block_errors": asdict(blocks),
        "bit_errors": asdict(counts.bits),
        "stop": reason,
        "accounting": {
            "payload_bits": 8 * config.code_block().payload_bytes * blocks.trials,
            "side_info_bits": 0,
            "channel_uses": frames * frame_uses(config),
            "overhead_uses": frames * frame_pilots(config),
        },
        "per_stream": {},
    }
