"""An endpoint and a point's work that need no link, importable by worker processes."""

import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from linksim.endpoint import BitStream, Csi, Encoded, Endpoint, Received
from linksim.media import Clip
from linksim.montecarlo import Tally
from linksim.options import option
from linksim.seeding import derive_seed
from studies.run.plan import Point
from studies.run.record import head


@dataclass(frozen=True)
class FakeEndpoint(Endpoint):
    """Sends the clip's name."""

    name: ClassVar[str] = "fake"
    uses_csi: bool = option(False, "whether encode reads the CSI")
    quality: int = option(1, "anything")

    def encode(self, clip: Clip, csi: Csi | None = None) -> Encoded:
        return Encoded((BitStream("data", (clip.name.encode(), b"", b"x")),), b"setup")

    def decode(self, received: Received) -> Clip:
        raise NotImplementedError


def fake_record(point: Point, folder: Path) -> dict[str, Any]:
    """Return a record whose values depend on the point alone."""
    draw = derive_seed(point.config_hash, point.seed) / 2**63
    lost = int(20 * draw / (1 + point.snr_db))
    undefined = {"value": None, "n": 0, "reason": "silence"}
    value = {"value": point.snr_db + draw, "n": 3, "reason": ""}
    return head(point, "ok") | {
        "metrics": {
            m: undefined if point.snr_db < 5 and draw < 0.5 else value for m in point.metrics
        },
        "blocks": {"data": {"blocks": 20, "errors": lost}},
        "block_errors": asdict(Tally.of(np.arange(20) < lost, 1)),
        "accounting": {
            "payload_bits": 800,
            "side_info_bits": 40,
            "channel_uses": 420,
            "overhead_uses": 70,
        },
        "per_stream": {},
        "csi_snr_db": None,
        "versions": {"linksim": "test"},
        "elapsed_s": 0.1,
    }


def fails_above_5_db(point: Point, folder: Path) -> dict[str, Any]:
    """Raise at high SNR unless the folder holds a file called ``repaired``."""
    if point.snr_db > 5 and not (folder / "repaired").exists():
        raise ValueError("first line\nsecond line")
    return fake_record(point, folder)


def dies_above_5_db(point: Point, folder: Path) -> dict[str, Any]:
    """End the process, as the system does when memory runs out."""
    if point.snr_db > 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return fake_record(point, folder)


def dies_once(point: Point, folder: Path) -> dict[str, Any]:
    """End the process the first time, in one trial over AWGN."""
    mark = folder / f"{point.id}.tried"
    fatal = (point.snr_db, point.trial, point.channel) == (10, 0, "awgn")
    if fatal and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return fake_record(point, folder)


def slow_record(point: Point, folder: Path) -> dict[str, Any]:
    """Take a moment."""
    time.sleep(0.2)
    return fake_record(point, folder)


def interrupted_above_5_db(point: Point, folder: Path) -> dict[str, Any]:
    """Act as Ctrl-C does."""
    if point.snr_db > 5:
        raise KeyboardInterrupt
    return fake_record(point, folder)
