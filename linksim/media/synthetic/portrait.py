"""A photograph that moves: lips, eyelids and head, warped by a face mesh.

::

    photograph ──mesh──▶ canvas ──lips, lids──▶ expression ──head──▶ frame
                         (still)     2-D thin plates      2.5-D rotation

The canvas has twice the resolution of a frame, so that two warps in a row do not blur.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from linksim.media.synthetic.expression import Expression, express
from linksim.media.synthetic.sitter import Sitter, astronaut

SIZE = 288  # frame side in pixels: MS-SSIM needs more than 160
CANVAS = 2 * SIZE
MARGIN = 80  # frame pixels on each side that a moving camera may see in addition

# Measured on scikit-image's `astronaut` (512 x 512), in its pixels.
CROP_X, CROP_Y, CROP = 116, 0, 216
HAIR_CENTRE, HAIR_AXES = (227, 78), (74, 64)

EARS = (234, 454)
"""Points of the mesh."""


@dataclass(frozen=True)
class Pose:
    """Pose of the head, relative to the photograph.

    Parameters
    ----------
    yaw, pitch, roll : float
        Angles in degrees; positive turns the nose to the right, down, and the head clockwise,
        as seen in the image.
    x, y : float
        Translation in frame pixels, right and down.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Camera:
    """View of the whole scene, relative to the frame without a camera.

    Parameters
    ----------
    x, y : float
        Point that it looks at: right and down from the middle of the frame, in its pixels.
    zoom : float
        Magnification.
    roll : float
        Angle in degrees; positive turns the scene anticlockwise in the image.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    roll: float = 0.0

    def scene(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where in the scene the pixels (x, y) of a frame lie, like the inputs."""
        middle, roll = (SIZE - 1) / 2, np.radians(self.roll)
        cos, sin = np.cos(roll) / self.zoom, np.sin(roll) / self.zoom
        right, down = x - middle, y - middle
        scene_x = middle + self.x + cos * right - sin * down
        scene_y = middle + self.y + sin * right + cos * down
        return scene_x.astype(x.dtype), scene_y.astype(y.dtype)


class Portrait:
    """A face that can be rendered with any expression, pose and camera.

    Parameters
    ----------
    sitter : Sitter or None
        The face; None takes that of `linksim.media.synthetic.sitter.astronaut`.
    """

    def __init__(self, sitter: Sitter | None = None) -> None:
        import cv2

        sitter = sitter or astronaut()
        self._photograph = photograph = sitter.photograph
        self.scale = CANVAS / CROP
        crop = photograph[CROP_Y : CROP_Y + CROP, CROP_X : CROP_X + CROP]
        self.canvas = cv2.resize(crop, (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)
        self.mesh = (sitter.mesh - (CROP_X, CROP_Y, 0)) * self.scale

    def render(
        self, expression: Expression, pose: Pose, camera: Camera | None = None
    ) -> np.ndarray:
        """Draw one frame.

        Parameters
        ----------
        expression : Expression
            Expression of the face.
        pose : Pose
            Pose of the head in the scene.
        camera : Camera or None
            View of the scene; None stands still.

        Returns
        -------
        np.ndarray
            uint8, shape [288, 288, 3], RGB.
        """
        return self._turn(express(self.canvas, self.mesh, expression), pose, camera)

    # The head: one smooth depth map, turned as a solid and faded out around the hair.

    @cached_property
    def _depth(self) -> np.ndarray:
        """Distance in front of the ears: float32, shape [288, 288], in frame pixels."""
        import cv2
        from scipy.interpolate import RBFInterpolator

        ears = self.mesh[list(EARS), 2].mean()
        centre, axes = self._hair
        angles = np.linspace(np.pi, 2 * np.pi, 13)
        hair = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * axes  # its upper rim
        known = np.concatenate([self.mesh[:, :2], hair])
        depth = np.concatenate([ears - self.mesh[:, 2], np.zeros(len(hair))])
        step = 8
        grid = np.stack(np.meshgrid(*[np.arange(0, CANVAS, step)] * 2), -1).reshape(-1, 2)
        # Smoothed, for a steep nose would fold over itself when it turns.
        fit = RBFInterpolator(known, depth, smoothing=1e3)(grid)
        coarse = np.maximum(fit, 0).reshape(CANVAS // step, -1).astype(np.float32)
        smooth = cv2.GaussianBlur(coarse, (0, 0), 1.0)
        return cv2.resize(smooth, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC) / 2

    @property
    def _hair(self) -> tuple[np.ndarray, np.ndarray]:
        """Centre and half axes of an ellipse around the hair, in canvas pixels."""
        centre = (np.array(HAIR_CENTRE) - (CROP_X, CROP_Y)) * self.scale
        return centre, np.array(HAIR_AXES) * self.scale

    @cached_property
    def _weight(self) -> np.ndarray:
        """1 on the head, 0 on the background: float32, shape [288, 288]."""
        import cv2
        from scipy.ndimage import distance_transform_edt

        large = np.zeros((CANVAS, CANVAS), np.uint8)
        centre, axes = self._hair
        cv2.ellipse(large, centre.astype(int).tolist(), axes.astype(int).tolist(), 0, 0, 360, 1, -1)
        cv2.fillConvexPoly(large, cv2.convexHull(self.mesh[:, :2].astype(np.int32)), 1)
        head = cv2.resize(large, (SIZE, SIZE), interpolation=cv2.INTER_NEAREST)
        # OpenCV's own transform differs in the last bit from one call to the next.
        away = distance_transform_edt(1 - head).astype(np.float32)
        fade = np.clip(1 - away / 40, 0, 1)
        return cv2.GaussianBlur(fade * fade * (3 - 2 * fade), (0, 0), 3)

    @cached_property
    def _surroundings(self) -> np.ndarray:
        """The canvas with a margin: more of the photograph, and above it its first row's colours.

        That row shows nothing but a background out of focus.
        """
        import cv2

        margin, side = round(2 * MARGIN / self.scale), CANVAS + 4 * MARGIN
        wide = cv2.copyMakeBorder(self._photograph, margin, 0, 0, 0, cv2.BORDER_REPLICATE)
        wide[:margin] = cv2.GaussianBlur(wide, (0, 0), 6)[:margin]
        wide = wide[CROP_Y:, CROP_X - margin :][: CROP + 2 * margin, : CROP + 2 * margin]
        return cv2.resize(wide, (side, side), interpolation=cv2.INTER_CUBIC)

    def _turn(self, canvas: np.ndarray, pose: Pose, camera: Camera | None) -> np.ndarray:
        import cv2

        y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
        pivot = self.mesh[152, :2] / 2  # the chin: heads turn on the neck
        points = np.stack([x - pivot[0], y - pivot[1], self._depth], -1)
        turned = points @ _rotation(pose).T
        shift = turned[..., :2] - points[..., :2] + np.array([pose.x, pose.y], np.float32)
        shift = (shift * self._weight[..., None]).astype(np.float32)
        margin, beyond = 0, cv2.BORDER_CONSTANT
        if camera is not None:
            wide, margin = self._surroundings.copy(), 2 * MARGIN
            wide[margin:-margin, margin:-margin] = canvas
            # Above the head, what is next to it goes with it.
            canvas, beyond = wide, cv2.BORDER_REPLICATE
            x, y = camera.scene(x, y)
        # `shift` says where a canvas point goes; a frame needs where its pixels come from.
        from_x, from_y = x, y
        for _ in range(6):
            here = cv2.remap(shift, from_x, from_y, cv2.INTER_LINEAR, None, beyond)
            from_x, from_y = x - here[..., 0], y - here[..., 1]
        from_x, from_y = 2 * from_x + 0.5 + margin, 2 * from_y + 0.5 + margin
        return cv2.remap(canvas, from_x, from_y, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)


def _rotation(pose: Pose) -> np.ndarray:
    """Roll after pitch after yaw, with x right, y down and z towards the viewer."""
    yaw, pitch, roll = np.radians((pose.yaw, pose.pitch, pose.roll))
    about_y = [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
    about_x = [[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]]
    about_z = [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    return (np.array(about_z) @ about_x @ about_y).astype(np.float32)
