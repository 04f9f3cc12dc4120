"""Trace the paths of a scene with Sionna RT. Needs Dr.Jit's LLVM or CUDA backend.

::

    python -m linksim.phy.channels.ray_tracing '{"scene": "munich", …}' FILE.npz
"""

import json
import os
import sys
import traceback
from pathlib import Path

import numpy as np

from linksim.errors import LinksimError
from linksim.files import replacing
from linksim.phy.channels.cir_file import write_cir
from linksim.phy.channels.models.traced import Rt

BATCH = 128
"""Receivers that are traced at once."""

MAX_BATCHES = 50
"""A scene whose receivers are seldom reached is given up after so many."""

RAYS = 100_000
"""Shot from the base station to find which walls reflect."""

RECEIVER_HEIGHT = 1.5
"""Height of a user in m above the ground, as in TR 38.901."""

HEIGHTS = (0.9, 1.1)
"""Heights of the base station over that of the scene: below the roofs or above them."""


def trace(channel: Rt, path: Path) -> None:
    """Drop receivers, trace their paths and write the impulse responses.

    The base station is above the middle of the scene, at that of two heights from which more of
    the first receivers are reached. Nothing passes through walls.

    Parameters
    ----------
    channel : Rt
        Scene, sizes and seed.
    path : Path
        The file; it appears whole or not at all, whoever else writes it.

    Raises
    ------
    LinksimError
        If too few receivers are reached.
    """
    scene = _Scene(channel)
    reached = [scene.reached(height) for height in HEIGHTS]
    scene.place_base(HEIGHTS[int(np.argmax(reached))])
    rng = np.random.default_rng(channel.seed)
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for _ in range(MAX_BATCHES):
        found.extend(scene.impulse_responses(rng))
        if len(found) >= channel.realisations or not found:
            break
    if len(found) < channel.realisations:
        raise LinksimError(
            f"only {len(found)} receivers are reached by {channel.max_depth} reflections; "
            "raise max_depth or ask for fewer realisations"
        )
    found = found[: channel.realisations]
    paths = max(tau.size for _, tau in found)
    a = np.stack([np.pad(x, ((0, 0), (0, 0), (0, paths - t.size), (0, 0))) for x, t in found])
    tau = np.stack([np.pad(t, (0, paths - t.size)) for _, t in found])
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        write_cir(temporary, a, tau, channel.sampling_frequency)


class _Scene:
    """A scene with a base station and places for receivers."""

    def __init__(self, channel: Rt) -> None:
        from sionna import rt

        self._channel, self._rt = channel, rt
        self._scene = rt.load_scene(getattr(rt.scene, channel.scene))
        self._scene.frequency = channel.carrier
        for side, antennas in (("tx", channel.tx_antennas), ("rx", channel.rx_antennas)):
            row = rt.PlanarArray(num_rows=1, num_cols=antennas, pattern="iso", polarization="V")
            setattr(self._scene, f"{side}_array", row)
        box = self._scene.mi_scene.bbox()
        self._low, self._high = np.array(box.min).ravel(), np.array(box.max).ravel()
        self._solve = rt.PathSolver()

    def place_base(self, height: float) -> None:
        """Put the base station at a height over that of the scene."""
        if "base" in self._scene.transmitters:
            self._scene.remove("base")
        place = (self._low + self._high) / 2
        place[2] = self._low[2] + height * (self._high[2] - self._low[2])
        self._scene.add(self._rt.Transmitter("base", [float(x) for x in place]))

    def reached(self, height: float) -> int:
        """Return how many of a batch of receivers are reached from a height."""
        self.place_base(height)
        return len(self.impulse_responses(np.random.default_rng(self._channel.seed)))

    def impulse_responses(self, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
        """Drop a batch of receivers; return coefficients and delays of those that are reached.

        Coefficients are complex, [rx, tx, paths, times], of unit power; delays are in s from
        that of the first path.
        """
        middle, radius = (self._low + self._high) / 2, self._channel.radius
        low = np.maximum(self._low, middle - radius)
        high = np.minimum(self._high, middle + radius)
        places = rng.uniform(low, high, (BATCH, 3))
        places[:, 2] = self._low[2] + RECEIVER_HEIGHT
        headings = rng.uniform(0.0, 2.0 * np.pi, BATCH)
        for i, (place, heading) in enumerate(zip(places, headings, strict=True)):
            way = self._channel.speed * np.array([np.cos(heading), np.sin(heading), 0.0])
            self._scene.add(
                self._rt.Receiver(
                    f"receiver-{i}", [float(x) for x in place], velocity=[float(x) for x in way]
                )
            )
        paths = self._solve(
            self._scene,
            max_depth=self._channel.max_depth,
            samples_per_src=RAYS,
            refraction=False,
            seed=int(rng.integers(2**31)),
        )
        a, tau = paths.cir(
            sampling_frequency=self._channel.sampling_frequency,
            num_time_steps=self._channel.times,
            out_type="numpy",
        )
        for i in range(BATCH):
            self._scene.remove(f"receiver-{i}")
        return [_unit_power(a[i, :, 0], tau[i, 0]) for i in range(BATCH) if np.any(a[i])]


def _unit_power(a: np.ndarray, tau: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop paths that do not arrive, [rx, tx, paths, times], and scale the rest."""
    arrives = np.any(a != 0, axis=(0, 1, 3))
    a, tau = a[:, :, arrives], tau[arrives]
    power = np.mean(np.sum(np.abs(a) ** 2, axis=2))
    return a / np.sqrt(power), np.maximum(tau, 0.0)


def main() -> int:
    """Trace what the arguments name; return the exit code."""
    try:
        trace(Rt(**json.loads(sys.argv[1])), Path(sys.argv[2]))
    except LinksimError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    code = 1
    try:
        code = main()
    except BaseException:
        traceback.print_exc()
    finally:  # What Dr.Jit cleans up at exit is not needed, and may never end.
        sys.stderr.flush()
        os._exit(code)
