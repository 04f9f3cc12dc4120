"""Movements of a head and of a camera, as functions of time in seconds."""

from math import pi, sin

import numpy as np

from linksim.media.synthetic.portrait import Camera, Pose


def pose(t: float) -> Pose:
    """Return the pose of a head that drifts slowly and is turned aside and back every 4 s."""
    turn = _smooth_step((t % 4 - 1.7) / 0.6) - _smooth_step((t % 4 - 2.8) / 0.7)
    side = -1 if t % 8 < 4 else 1
    return Pose(
        yaw=2.0 * sin(0.9 * t + 0.4) + 16 * side * turn,
        pitch=1.5 * sin(1.3 * t + 1.0) + 3 * turn,
        roll=1.2 * sin(0.7 * t) + 2 * side * turn,
        x=2.0 * sin(0.8 * t) + 3 * side * turn,
        y=1.0 * sin(1.1 * t + 2.0),
    )


def calm_pose(t: float) -> Pose:
    """Return the pose of a head that drifts a little and looks aside for 1 s after 6 s and 13 s."""
    turn = sum(_smooth_step((t - s) / 0.4) - _smooth_step((t - s - 1) / 0.4) for s in (6, 13))
    side = -1 if t < 10 else 1
    return Pose(
        yaw=1.2 * sin(0.9 * t + 0.4) + 14 * side * turn,
        pitch=0.8 * sin(1.3 * t + 1.0) + 2 * turn,
        roll=0.7 * sin(0.7 * t),
        x=1.0 * sin(0.8 * t) + 2 * side * turn,
        y=0.5 * sin(1.1 * t + 2.0),
    )


def lively_pose(t: float) -> Pose:
    """Return the pose of a head that looks to one side and the other, and nods."""
    side = sin(2 * pi * t / 1.9)
    return Pose(
        yaw=15 * side + 2 * sin(5.3 * t + 1.0),
        pitch=2 + 6 * sin(2 * pi * t / 0.85),
        roll=3 * sin(2.9 * t) + 2 * side,
        x=4 * side,
        y=2.5 * sin(2 * pi * t / 0.85 - 0.5),
    )


def hand_camera(t: float) -> Camera:
    """Return the view of a camera in a hand that moves about and comes nearer."""
    return Camera(
        x=14 * sin(3.1 * t + 0.3) + 3 * sin(7.1 * t),
        y=11 * sin(1.7 * t + 2.0) + 2 * sin(8.3 * t + 1.0),
        zoom=1.06 + 0.12 * sin(1.5 * t - 1.2),
        roll=2 * sin(1.9 * t + 0.7),
    )


def wander(
    rng: np.random.Generator, times: np.ndarray, reach: tuple[float, ...]
) -> list[list[float]]:
    """Return random smooth movements between - and + `reach`: a list [T, len(reach)]."""
    size = (len(reach), 3, 1)
    waves = np.sin(2 * pi * (rng.uniform(0.1, 1.0, size) * times + rng.uniform(0, 1, size)))
    shares = rng.dirichlet(np.ones(3), len(reach)) * np.array(reach)[:, None]
    return np.einsum("rw,rwt->tr", shares * rng.uniform(0.2, 1), waves).tolist()


def _smooth_step(u: float) -> float:
    u = min(max(u, 0), 1)
    return u * u * (3 - 2 * u)
