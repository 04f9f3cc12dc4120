"""Impulse responses traced through a scene by Sionna RT, once, and kept on disk."""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

from linksim.errors import LinksimError, unknown
from linksim.files import cache_folder
from linksim.options import check_range, option
from linksim.phy.channels.channel import MAX_ANTENNAS
from linksim.phy.channels.cir_file import Cir, read_cir
from linksim.phy.channels.models.cir import Drawn

SYMBOL_RATE = 14e3
"""Times a second that are kept, in Hz: the OFDM symbols at 15 kHz spacing."""

PROBE = """
import os, drjit
backends = drjit.JitBackend.LLVM, drjit.JitBackend.CUDA
os._exit(not any(map(drjit.has_backend, backends)))
"""
"""Exits with 0 where rays can be traced, past the clean-up of Dr.Jit, which may never end."""

PROBES, PROBE_SECONDS = 3, 60.0
"""Dr.Jit hangs in one process of thousands, so it is asked again after so long, so many times."""


@dataclass(frozen=True, kw_only=True)
class Rt(Drawn):
    """Ray-traced scene of Sionna RT: a base station and receivers on the ground.

    Receivers are dropped at random, and kept where a path leads. At each place the powers of
    the paths add up to 1: path loss and shadowing are left to the SNR. What they add up to on the
    grid has unit mean power over all places.
    """

    name: ClassVar[str] = "rt"
    positional: ClassVar[str] = "scene"
    scene: str = option("", "a scene that comes with sionna-rt")
    realisations: int = option(256, "places of the receiver")
    radius: float = option(200.0, "half the side of the square that receivers are in", "m")
    duration: int = option(8, "length of a realisation", "ms")
    max_depth: int = option(3, "most reflections of a path")
    speed: float = option(0.8333, "speed of the receiver, in a random direction", "m/s")
    carrier: float = option(3.5e9, "carrier frequency", "Hz")
    rx_antennas: int = option(1, "receive antennas")
    tx_antennas: int = option(1, "transmit antennas, one stream each")
    seed: int = option(1, "seed of places and directions")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.scene:
            raise LinksimError("channel 'rt' needs a scene; write it as rt:SCENE")
        if self.scene not in scene_names():
            raise unknown("scene", self.scene, scene_names())
        for field, low, high in (
            ("realisations", 1, 100_000),
            ("radius", 1.0, 1e5),
            ("duration", 1, 1000),
            ("max_depth", 0, 10),
            ("speed", 0.0, 1e4),
            ("carrier", 1e8, 1e12),
            ("rx_antennas", 1, MAX_ANTENNAS),
            ("tx_antennas", 1, MAX_ANTENNAS),
            ("seed", 0, 2**31 - 1),
        ):
            check_range(f"channel 'rt': {field}", getattr(self, field), low, high)
        if not self.path.exists():
            require_backend()

    @property
    def times(self) -> int:
        """Times of a realisation."""
        return int(self.duration * SYMBOL_RATE / 1e3)

    @property
    def sampling_frequency(self) -> float:
        """Times a second, in Hz."""
        return SYMBOL_RATE

    @property
    def path(self) -> Path:
        """File that the impulse responses are kept in."""
        here = ("normalise", "repeat")
        traced = {key: value for key, value in asdict(self).items() if key not in here}
        key = json.dumps([traced, version("sionna-rt")], sort_keys=True)
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        return cache_folder() / f"rt-{self.scene}-{digest}.npz"

    @cached_property
    def _cir(self) -> Cir:  # type: ignore[override]
        if not self.path.exists():
            require_backend()
            arguments = ("-m", "linksim.phy.channels.ray_tracing", json.dumps(asdict(self)))
            traced = _apart(*arguments, str(self.path))
            if traced.returncode:
                reason = traced.stderr.strip().splitlines() or [f"exit code {traced.returncode}"]
                raise LinksimError(f"channel 'rt': tracing '{self.scene}' failed: {reason[-1]}")
        return read_cir(self.path)


def scene_names() -> list[str]:
    """Return the names of the scenes that come with sionna-rt, without importing it."""
    found = importlib.util.find_spec("sionna")
    folders = found.submodule_search_locations if found else None
    scenes = [p for f in folders or () for p in (Path(f) / "rt" / "scenes").glob("*/*.xml")]
    return sorted({path.stem for path in scenes})


def require_backend() -> None:
    """Raise `LinksimError` where Dr.Jit, which traces rays, finds neither LLVM nor CUDA."""
    for _ in range(PROBES):
        try:
            missing = _apart("-c", PROBE, seconds=PROBE_SECONDS).returncode
        except subprocess.TimeoutExpired:
            continue
        if missing:
            raise LinksimError(
                "channel 'rt': ray tracing needs the library libLLVM, which is not found; install "
                "it (Debian: libllvm19), or set DRJIT_LIBLLVM_PATH to its file"
            )
        return
    raise LinksimError(
        f"channel 'rt': Dr.Jit, which traces rays, gave no answer within {PROBE_SECONDS:g} s, "
        f"{PROBES} times"
    )


def _apart(*arguments: str, seconds: float | None = None) -> "subprocess.CompletedProcess[str]":
    """Run Python in a process without TensorFlow, beside which Dr.Jit aborts in the end."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
