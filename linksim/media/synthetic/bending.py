"""Warping of a picture by thin-plate splines, and of two sheets that meet at a line."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Box:
    """A rectangle of a picture, in pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, points: np.ndarray, margin: int) -> "Box":
        """Return the box that holds points, of shape [n, 2], and a margin."""
        low, high = points.min(0).astype(int) - margin, points.max(0).astype(int) + margin
        return cls(*low.tolist(), *high.tolist())

    @property
    def slices(self) -> tuple[slice, slice]:
        """The index of the box in an array [H, W, ...]."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.bottom - self.top

    @property
    def pixels(self) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates x and y of each pixel from the top left of the box, each float32."""
        y, x = np.mgrid[: self.height, : self.width].astype(np.float32)
        return x, y


def fill(box: Box, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Fill between two contours, softly: float32, shape [height, width, 1], in [0, 1]."""
    import cv2

    mask = np.zeros((box.height, box.width), np.uint8)
    outline = np.concatenate([upper, lower[::-1]]) - (box.left, box.top)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    return cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 1.5)[..., None]


def mix(under: np.ndarray, over: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Blend two pictures; `share`, in [0, 1], is that of `over`."""
    return under + share * (over - np.float32(under))


def thin_plate(box: Box, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return for each pixel of a box where it comes from if `source` points go to `target`.

    Returns
    -------
    np.ndarray
        float32, shape [height, width, 2]: offsets (x, y) in pixels, 0 along the rim.
    """
    import cv2
    from scipy.interpolate import RBFInterpolator

    step = 4  # skin bends smoothly: a coarse grid is enough
    grid_x, grid_y = np.arange(0, box.width, step), np.arange(0, box.height, step)
    rim = [(x, y) for x in np.linspace(0, box.width, 8) for y in (0, box.height)]
    rim += [(x, y) for x in (0, box.width) for y in np.linspace(0, box.height, 8)[1:-1]]
    known = np.concatenate([target - (box.left, box.top), rim])
    moved = np.concatenate([source - target, np.zeros((len(rim), 2))])
    grid = np.stack(np.meshgrid(grid_x, grid_y), -1).reshape(-1, 2)
    coarse = RBFInterpolator(known, moved)(grid).reshape(len(grid_y), len(grid_x), 2)
    x, y = box.pixels
    shift = cv2.remap(
        coarse.astype(np.float32), x / step, y / step, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
    )
    inwards = np.minimum(np.minimum(x, box.width - 1 - x), np.minimum(y, box.height - 1 - y))
    return shift * np.clip(inwards / 10, 0, 1)[..., None]


def redraw(
    canvas: np.ndarray, box: Box, above: np.ndarray, below: np.ndarray, line: np.ndarray
) -> None:
    """Redraw a box with one shift above a line of points and another below it.

    Two sheets meet at the line. Beyond its ends they are one, so there they blend over a
    height that grows with the distance.
    """
    import cv2

    x, y = box.pixels
    line = line - (box.left, box.top)
    level = np.interp(x, line[:, 0], line[:, 1])
    beyond = np.maximum(line[0, 0] - x, 0) + np.maximum(x - line[-1, 0], 0)
    share = np.clip(0.5 + (y - level) / (1 + 2 * beyond), 0, 1)[..., None]
    patch = canvas[box.slices].copy()

    def pull(shift: np.ndarray) -> np.ndarray:
        at_x, at_y = x + shift[..., 0], y + shift[..., 1]
        return cv2.remap(patch, at_x, at_y, cv2.INTER_CUBIC, None, cv2.BORDER_REPLICATE)

    canvas[box.slices] = np.round(mix(pull(above), pull(below), share))
