"""The gate: which frames of a talk are sent as video, from how the head is turned.

::

    pose ──▶ change since the last frame sent ──▶ ≥ ε ──▶ start an effective clip ─┐
                                                                                   ▼
    sent ◀── until it has its least length and the head is at rest ◀──────── send frames

Between the effective clips only the voice is sent: eq. (3) of the Wav2Vid paper. The gate
looks at no frame that is yet to come.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np

from linksim.errors import LinksimError
from linksim.media.faces.pose import head_pose, pose_change


@dataclass(frozen=True)
class Gate:
    """When to send video.

    Parameters
    ----------
    epsilon : float
        Degrees of `pose_change` since the last frame sent from which video is sent again.
    hysteresis : float
        Degrees under `epsilon` by which the change must be for the head to be at rest.
    minimum : float
        Seconds: the least length of an effective clip, and how long a head must be at rest
        before its clip ends.

    Raises
    ------
    LinksimError
        If `epsilon` is not above 0, `hysteresis` not from 0 to under `epsilon`, or `minimum`
        not above 0.
    """

    epsilon: float = 7.0
    hysteresis: float = 2.5
    minimum: float = 0.4

    def __post_init__(self) -> None:
        if not 0 < self.epsilon < float("inf"):
            raise LinksimError(f"epsilon must be above 0 degrees, not {self.epsilon}")
        if not 0 <= self.hysteresis < self.epsilon:
            raise LinksimError(
                f"hysteresis must be from 0 to under epsilon = {self.epsilon} degrees, "
                f"not {self.hysteresis}"
            )
        if not 0 < self.minimum < float("inf"):
            raise LinksimError(f"minimum must be above 0 seconds, not {self.minimum}")

    def __call__(self, poses: np.ndarray, fps: float) -> "GateResult":
        """Pick the frames to send.

        Parameters
        ----------
        poses : np.ndarray
            float, shape [T, 3]: yaw, pitch and roll in degrees; a frame with NaN is sent.
        fps : float
            Frames per second.

        Returns
        -------
        GateResult
            The first frame is always sent.

        Raises
        ------
        LinksimError
            If the poses have another shape or `fps` is not above 0.
        """
        poses = np.asarray(poses, float)
        if poses.ndim != 2 or poses.shape[1] != 3:
            raise LinksimError(f"poses must have shape [T, 3], not {list(poses.shape)}")
        if not 0 < fps < float("inf"):
            raise LinksimError(f"fps must be above 0, not {fps}")
        least = max(ceil(round(self.minimum * float(fps), 6)), 1)
        sent = np.zeros(len(poses), bool)
        start: int | None = 0  # of the clip that is being sent
        for t, pose in enumerate(poses):
            if start is not None and t - start >= least and self._at_rest(poses[t - least : t]):
                start, reference = None, poses[t - 1]
            # Of a NaN no comparison is true: it starts a clip, and no head with it is at rest.
            if start is None and not pose_change(pose, reference) < self.epsilon:
                start = t
            sent[t] = start is not None
        return GateResult(sent, runs(sent))

    def _at_rest(self, poses: np.ndarray) -> bool:
        """Return whether the last of some poses [n, 3] is near each of them."""
        change = pose_change(poses, poses[-1])
        return bool((change < self.epsilon - self.hysteresis).all())


@dataclass(frozen=True)
class GateResult:
    """The frames that a gate lets through.

    Parameters
    ----------
    sent : np.ndarray
        bool, shape [T]: whether the frame is sent.
    clips : tuple of tuple of int
        The effective clips, in order: the first frame, and the one after the last.
    """

    sent: np.ndarray
    clips: tuple[tuple[int, int], ...]


def moving_frames(frames: np.ndarray, fps: Fraction, epsilon: float = Gate.epsilon) -> np.ndarray:
    """Return which frames of a video a gate sends: bool, shape [T].

    Parameters
    ----------
    frames : np.ndarray
        uint8, shape [T, H, W, 3], RGB.
    fps : Fraction
        Frames per second.
    epsilon : float
        Option of `Gate`, in degrees; at a small one hysteresis is half of it.

    Raises
    ------
    LinksimError
        If `Gate` or `head_pose` does.
    """
    gate = Gate(epsilon, min(Gate.hysteresis, epsilon / 2))
    return gate(head_pose(frames), float(fps)).sent


def runs(sent: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Return where each run of True starts and ends."""
    edges = np.flatnonzero(np.diff(np.r_[False, sent, False]))
    return tuple((start, end) for start, end in edges.reshape(-1, 2).tolist())
