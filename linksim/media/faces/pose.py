"""Head pose from frame to frame: HdPoseEst of eq. (3) of the Wav2Vid paper.

::

    first face ──mesh──▶ points in 3-D ───────────┬──────────────────────┐
         │                                        ▼                      ▼
         │           frame ──mesh──▶ points ──▶ solvePnP ──rough pose──▶ solvePnP ──▶ pose
         └──────────────┴── the face seen alike ──optical flow──points───┘

The mesh network alone is out by some degrees where a head is turned: it pulls towards the
faces it knows. So it says roughly how the head is turned, and where the skin really went is
then measured by optical flow. Both fit one fixed 3-D model, the mesh of the clip's first
face, so that no difference between this face and a generic head is taken for a turn.

References: Y. Bouguet, "Pyramidal Implementation of the Lucas Kanade Feature Tracker", 2001
(optical flow); Lepetit and Fua, "Monocular Model-Based 3D Tracking of Rigid Objects", 2005.
"""

from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np

from linksim.errors import LinksimError
from linksim.media.faces.detector import find_faces
from linksim.media.faces.mesh import OUTER_EYES, upright_mesh
from linksim.media.faces.networks import installed

# Eye corners, the nose, its root and what is between the brows: no lip, lid or jaw moves them.
RIGID = (33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 55, 285, 9, 8, 107, 336)

DEPTH = 0.85
"""Depth of a head over that of its mesh, for which rendered heads turn as much as they do.

One number for all: on heads of four people, 0.85 to 0.9 are equally good, and 1 is out by 8 %.
"""

INSIDE = 0.9
"""Share of the mesh that must be inside the picture."""

NOSE_TIP = 1
PROFILE = 0.95
"""Place of the tip of the nose on the way from one eye's outer corner to the other's from which on
a face counts as seen from the side: at a yaw of some 45 degrees."""

FOCAL_LENGTH = 100
"""Focal length of the camera in sides of the picture: next to no perspective, as it is not known.

A head that only moves sideways is then not taken for one that turns.
"""

# The reference view, in distances between the outer eye corners: from their middle.
SKIN_X, SKIN_Y = (-0.62, 0.62), (-0.45, 0.6)  # where skin is followed: from brows to nose
VIEW = 160  # pixels on a side
EYES = 85  # pixels between the eyes

WINDOW = 9  # pixels on a side of a patch that is followed: small, as nearby depths differ
ROUND_TRIP = 1.0  # pixels by which a patch may miss its start when followed back
MISFIT = 1.0  # pixels of the view by which a point may lie off the turned model
LEAST = 24  # points to trust the flow


def head_pose(frames: np.ndarray) -> np.ndarray:
    """Estimate how the head has turned since the first frame that shows one face.

    A pose is NaN where the picture has no face or several, where the face is seen from the
    side, or where more than a tenth of its mesh is outside the picture. A gate must count such
    a frame as moved.

    Rendered heads that start frontal and turn by up to 25 degrees are followed to within 1
    degree RMS an axis. The further the first face is turned, the less its mesh says of its
    depth: from a yaw of 20 degrees, a turn of 45 comes out as about 40.

    Parameters
    ----------
    frames : np.ndarray
        uint8, shape [T, H, W, 3], RGB.

    Returns
    -------
    np.ndarray
        float64, shape [T, 3]: yaw, pitch and roll in degrees, zero to within 0.1 in the first
        frame with one face; positive turns the nose to the right, down, and the head clockwise,
        as seen in the image.

    Raises
    ------
    LinksimError
        If the frames have another shape or type or the extra ``clip`` is not installed.
    """
    pictures = isinstance(frames, np.ndarray) and frames.dtype == np.uint8 and frames.ndim == 4
    if not pictures or frames.shape[3] != 3 or 0 in frames.shape[1:3]:
        raise LinksimError("frames to find a head in must be uint8 RGB of shape [T, H, W, 3]")
    if not installed():
        raise LinksimError("the head pose needs a face mesh: pip install 'linksim[clip]'")
    poses = np.full((len(frames), 3), np.nan)
    head, mesh = None, None
    for pose, frame in zip(poses, frames, strict=True):
        mesh = only_face(frame, mesh)
        if mesh is None:
            continue
        head = head or Head.seen_in(frame, mesh)
        pose[:] = head.pose(frame, mesh)
    return poses


def pose_change(pose: np.ndarray, since: np.ndarray) -> np.ndarray:
    """Add up the changes in yaw, pitch and roll: HdPoseEst of eq. (3).

    Parameters
    ----------
    pose, since : np.ndarray
        float, shape [..., 3], in degrees; they broadcast.

    Returns
    -------
    np.ndarray
        float, shape [...], in degrees; NaN where a pose is.
    """
    return np.abs(np.asarray(pose) - since).sum(-1)


def only_face(frame: np.ndarray, before: np.ndarray | None = None) -> np.ndarray | None:
    """Return the mesh [468, 3] of a frame's one face; None by the rule of `head_pose`.

    The mesh in the frame before, if known, saves time.
    """
    faces = find_faces(frame)
    mesh = upright_mesh(frame, faces[0], before) if len(faces) == 1 else None
    if mesh is None:
        return None
    inside = ((mesh[:, :2] >= 0) & (mesh[:, :2] < frame.shape[1::-1])).all(1)
    return mesh if inside.mean() >= INSIDE and not _from_the_side(mesh) else None


def _from_the_side(mesh: np.ndarray) -> bool:
    """Return whether the nose of a mesh [468, 3] hides an eye, or nearly so."""
    left, right = mesh[list(OUTER_EYES), :2]
    across = right - left
    place = (mesh[NOSE_TIP, :2] - left) @ across / (across @ across)
    return not 1 - PROFILE < place < PROFILE


@dataclass(frozen=True)
class Head:
    """One head as first seen: the fixed 3-D model.

    Parameters
    ----------
    view : np.ndarray
        uint8, shape [160, 160]: the face, its eyes 85 pixels apart.
    rigid : np.ndarray
        float64, shape [n, 3]: the points of the mesh that are found again by the network.
    skin : np.ndarray
        float64, shape [m, 3]: those found again by optical flow. All points are in pixels
        of the view, from its middle.
    """

    view: np.ndarray
    rigid: np.ndarray
    skin: np.ndarray

    @classmethod
    def seen_in(cls, frame: np.ndarray, mesh: np.ndarray) -> Self:
        """Take the model from a frame, uint8 [H, W, 3], and its mesh [468, 3]."""
        eyes = mesh[list(OUTER_EYES), :2]
        scale = np.linalg.norm(eyes[1] - eyes[0]) / EYES
        right = (eyes[1] - eyes[0]) / (scale * EYES)
        from_eyes = (mesh[:, :2] - eyes.mean(0)) / (scale * EYES)
        x, y = from_eyes @ right, from_eyes @ (-right[1], right[0])
        skin = (x > SKIN_X[0]) & (x < SKIN_X[1]) & (y > SKIN_Y[0]) & (y < SKIN_Y[1])
        middle = mesh[skin].mean(0)
        points = (mesh - middle) * (1, 1, DEPTH) / scale
        view = _seen_alike(frame, scale * np.eye(2), middle[:2])
        return cls(view, points[list(RIGID)], points[skin])

    def pose(self, frame: np.ndarray, mesh: np.ndarray) -> np.ndarray:
        """Estimate the pose, float64 [3], in a frame [H, W, 3] of known mesh [468, 3]."""
        camera = _camera(frame)
        motion = self._start(mesh, camera)
        motion = _fit(self.rigid, mesh[list(RIGID), :2], motion, camera)
        for _ in range(2):  # the first brings the views nearer to each other
            motion = self._refine(frame, motion, camera)
        return _angles(motion)

    def _start(self, mesh: np.ndarray, camera: np.ndarray) -> np.ndarray:
        """Return the motion [2, 3] of a head that is not turned, as far away as the mesh says."""
        corners = mesh[list(OUTER_EYES), :2]
        away = camera[0, 0] * EYES / np.linalg.norm(corners[1] - corners[0])
        x, y = (mesh[list(RIGID), :2].mean(0) - camera[:2, 2]) * away / camera[0, 0]
        return np.array([[0, 0, 0], [x, y, away]])

    def _refine(self, frame: np.ndarray, motion: np.ndarray, camera: np.ndarray) -> np.ndarray:
        """Measure where the skin is, and fit the model to it; without enough skin, keep as is."""
        import cv2

        if not np.isfinite(motion).all():
            return motion
        # Turned back as if it were flat, the face differs from the reference by its relief only.
        flat = camera[0, 0] / motion[1, 2] * cv2.Rodrigues(motion[0])[0][:2, :2]
        middle = camera[:2, 2] + camera[0, 0] / motion[1, 2] * motion[1, :2]
        now = _seen_alike(frame, flat, middle)
        expected = (_project(self.skin, motion, camera) - middle) @ np.linalg.inv(flat).T
        found, followed = _follow(self.view, now, self.skin[:, :2], expected)
        if followed.sum() < LEAST:
            return motion
        points, refined, fits = found @ flat.T + middle, motion, followed
        for _ in range(2):  # once more without what moved by itself: lids, brows, shadows
            refined = _fit(self.skin[fits], points[fits], refined, camera)
            off = (_project(self.skin, refined, camera) - points) @ np.linalg.inv(flat).T
            error = np.linalg.norm(off, axis=1)
            fits = followed & (error < max(MISFIT, 2 * np.median(error[followed])))
        return refined


def _follow(
    then: np.ndarray, now: np.ndarray, points: np.ndarray, expected: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Follow points [n, 2], from the middle of one view, into another; return whether it went."""
    import cv2

    flow = partial(
        cv2.calcOpticalFlowPyrLK,
        winSize=(WINDOW, WINDOW),
        maxLevel=0,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    start, guess = (
        (p + VIEW / 2).astype(np.float32).reshape(-1, 1, 2).copy(order="C")
        for p in (points, expected)
    )
    there, seen, _ = flow(then, now, start, guess)
    back, again, _ = flow(now, then, there, start.copy())
    missed = np.linalg.norm(back - start, axis=2)[:, 0]
    followed = (seen[:, 0] > 0) & (again[:, 0] > 0) & (missed < ROUND_TRIP)
    return there[:, 0].astype(float) - VIEW / 2, followed


def _seen_alike(frame: np.ndarray, axes: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Return a grey view whose pixel steps right and down are columns [2, 2] in the frame."""
    import cv2

    corner = middle - axes @ (VIEW / 2, VIEW / 2)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    view = cv2.warpAffine(
        frame, np.c_[axes, corner], (VIEW, VIEW), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)


def _camera(frame: np.ndarray) -> np.ndarray:
    """Return the intrinsic matrix, [3, 3], of the camera that is supposed."""
    height, width = frame.shape[:2]
    focal = FOCAL_LENGTH * max(height, width)
    return np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])


def _fit(
    model: np.ndarray, points: np.ndarray, motion: np.ndarray, camera: np.ndarray
) -> np.ndarray:
    """Find the motion [2, 3], rotation vector and translation, that brings model to points."""
    import cv2

    rotation, translation = motion[0].copy(), motion[1].copy()  # OpenCV writes into them
    _, rotation, translation = cv2.solvePnP(
        model, points, camera, None, rotation, translation, True, cv2.SOLVEPNP_ITERATIVE
    )
    return np.stack([rotation.ravel(), translation.ravel()])


def _project(model: np.ndarray, motion: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """Return where points [n, 3] are seen: float64, [n, 2], in pixels of the frame."""
    import cv2

    return cv2.projectPoints(model, motion[0], motion[1], camera, None)[0][:, 0]


def _angles(motion: np.ndarray) -> np.ndarray:
    """Return yaw, pitch and roll, of roll after pitch after yaw, in degrees: float64 [3]."""
    import cv2

    turn = cv2.Rodrigues(motion[0])[0]  # x right, y down, z away from the camera
    yaw = np.arctan2(turn[2, 0], turn[2, 2])
    pitch = np.arcsin(np.clip(turn[2, 1], -1, 1))
    roll = np.arctan2(-turn[0, 1], turn[1, 1])
    return np.degrees([yaw, pitch, roll])
