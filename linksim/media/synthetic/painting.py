"""Paint a face over a mesh: shaded skin, eyes, brows, nose, lips and hair, no photograph."""

import numpy as np

from linksim.media.faces.networks import Point
from linksim.media.synthetic.sitter import INNER_LIPS, LIPS, OVAL, Sitter, soft_fill

# Points of the mesh, in the order of an outline or a line.
EYES = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
)
BROWS = ((46, 53, 52, 65, 55), (276, 283, 282, 295, 285))
NOSTRILS = (98, 327)

HAIR_CENTRE, HAIR_AXES = (227, 78), (78, 70)
SIZE = 512
SKINS = ((0.93, 0.76, 0.66), (0.80, 0.60, 0.48), (0.60, 0.42, 0.31), (0.36, 0.24, 0.17))
HAIRS = ((0.08, 0.07, 0.06), (0.30, 0.19, 0.11), (0.70, 0.56, 0.34), (0.55, 0.54, 0.53))


def paint(shape: Sitter, rng: np.random.Generator) -> Sitter:
    """Paint a face of the shape of a sitter's; nothing of the photograph remains."""
    mesh = shape.mesh
    skin = np.array(SKINS[rng.integers(len(SKINS))]) * np.exp(rng.uniform(-0.08, 0.08, 3))
    hair = np.array(HAIRS[rng.integers(len(HAIRS))]) * np.exp(rng.uniform(-0.3, 0.3))
    picture = _background(rng)
    picture = _over(picture, hair, _ellipse(HAIR_CENTRE, HAIR_AXES, 3))
    picture = _over(picture, 0.8 * skin, _neck(mesh))
    relief = _relief(mesh, rng)[..., None]
    picture = _over(picture, skin * relief, soft_fill(mesh[list(OVAL), :2], 2))
    picture = _over(picture, hair, _fringe(mesh))
    iris = np.array([0.25, 0.2, 0.15]) * np.exp(rng.uniform(-0.6, 0.6, 3))
    for outline in EYES:
        picture = _eye(picture, mesh[list(outline), :2], iris)
    for brow in BROWS:
        picture = _over(picture, hair, _line(mesh[list(brow), :2], rng.uniform(3, 7), 1.2), 0.8)
    for nostril in NOSTRILS:
        picture = _over(picture, 0.3 * skin, _ellipse(mesh[nostril, :2], (3, 2), 1.2), 0.7)
    lips = skin * (1.0, 0.62, 0.62) * np.exp(rng.uniform(-0.15, 0.1))
    picture = _over(picture, lips * relief, soft_fill(mesh[list(LIPS), :2], 1.2))
    picture = _over(picture, [0.92, 0.9, 0.86], soft_fill(mesh[list(INNER_LIPS), :2], 0.8))
    grain = 0.02 * rng.standard_normal((SIZE, SIZE, 1))
    picture = np.clip(np.round(255 * (picture + grain)), 0, 255).astype(np.uint8)
    return Sitter(picture, mesh)


def _over(
    under: np.ndarray, colour: np.ndarray | list[float], share: np.ndarray, most: float = 1.0
) -> np.ndarray:
    return under + most * share[..., None] * (colour - under)


def _background(rng: np.random.Generator) -> np.ndarray:
    """A wall with a gradient, and shoulders before it."""
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    slope = rng.uniform(-0.2, 0.2) * x + rng.uniform(-0.2, 0.2) * y
    wall = rng.uniform(0.2, 0.8) * np.exp(rng.uniform(-0.15, 0.15, 3)) * (1 + slope[..., None])
    shoulders = _ellipse((222, 330), (150, 110), 3)
    return _over(wall, rng.uniform(0.1, 0.8, 3), shoulders)


def _neck(mesh: np.ndarray) -> np.ndarray:
    chin = mesh[152, :2]
    return _ellipse((chin[0], chin[1] + 10), (36, 50), 3)


def _fringe(mesh: np.ndarray) -> np.ndarray:
    """Hair above the forehead."""
    top = mesh[10, :2]
    return _ellipse((top[0], top[1] - 8), (62, 20), 4)


def _relief(mesh: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light on the face from one side: about 1, [512, 512]."""
    import cv2
    from scipy.interpolate import RBFInterpolator

    step = 8
    grid = np.stack(np.meshgrid(*[np.arange(0, SIZE, step)] * 2), -1).reshape(-1, 2)
    near = np.abs(grid - mesh[:, :2].mean(0)).max(1) < 130
    coarse = np.zeros(len(grid))
    # Smoothed a little: a mesh is not exact in depth.
    coarse[near] = -RBFInterpolator(mesh[:, :2], mesh[:, 2], smoothing=20.0)(grid[near])
    small = coarse.reshape(SIZE // step, -1).astype(np.float32)
    depth = cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    down, right = np.gradient(depth.astype(np.float64))
    light = np.array([rng.uniform(-0.5, 0.5), -0.4, 1.0])
    facing = (-right * light[0] - down * light[1] + light[2]) / np.sqrt(right**2 + down**2 + 1)
    shade = np.clip(facing / np.linalg.norm(light), 0, 1)
    return 0.45 + 0.6 * cv2.GaussianBlur(shade, (0, 0), 2)


def _eye(picture: np.ndarray, outline: np.ndarray, iris: np.ndarray) -> np.ndarray:
    white = soft_fill(outline, 0.8)
    picture = _over(picture, [0.88, 0.87, 0.85], white)
    middle, size = outline.mean(0), 0.22 * np.ptp(outline[:, 0])
    picture = _over(picture, iris, _ellipse(middle, (size, size), 0.8) * white)
    picture = _over(
        picture, [0.02, 0.02, 0.02], _ellipse(middle, (size / 2, size / 2), 0.6) * white
    )
    return _over(picture, [0.1, 0.07, 0.06], _line(outline[:9], 1.6, 0.6), 0.8)


def _ellipse(centre: Point, axes: tuple[float, float], blur: float) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return soft_fill(np.array(centre) + np.stack([np.cos(angles), np.sin(angles)], 1) * axes, blur)


def _line(points: np.ndarray, width: float, blur: float) -> np.ndarray:
    """Draw a line of so many pixels, thinner towards its ends."""
    along = np.gradient(points, axis=0)
    across = along[:, ::-1] * (-1, 1) / np.linalg.norm(along, axis=1, keepdims=True)
    half = across * (width / 2 * np.sin(np.linspace(0.3, np.pi - 0.3, len(points))))[:, None]
    return soft_fill(np.concatenate([points + half, (points - half)[::-1]]), blur)
