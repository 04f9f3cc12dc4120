"""Sitters for portraits: any number of faces, made from photographs or painted.

::

    photograph, mesh ─┬─ reshape ─┬─ recolour ─────────────▶ photographed sitter
    blended portraits ┘           └─ paint skin, eyes, lips ▶ painted sitter

A face mesh goes with each picture, so that whatever moves the photograph moves them all.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from linksim.media.synthetic.blending import blended
from linksim.media.synthetic.painting import paint
from linksim.media.synthetic.sitter import INNER_LIPS, LIPS, OVAL, Sitter, astronaut, soft_fill

LEVELS = (10, 168, 2, 13, 152)
"""Points of the mesh from the forehead to the chin, which faces have at different heights."""

EYES_AT, MOUTH_AT = (33, 133, 263, 362), (61, 291)

REACH = 150.0
"""Pixels from the middle of the face at which nothing is reshaped any more."""

Shift = Callable[[np.ndarray], np.ndarray]
"""Function from points, float64 [n, 2], to where they go."""


def sitter(rng: np.random.Generator, portraits: Sequence[Path] = ()) -> Sitter:
    """Make a face of another shape and colour.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of all that is drawn.
    portraits : sequence of Path
        Pictures of faces, two of which are blended; none: from `astronaut`, and a third is
        painted, not photographed.

    Raises
    ------
    LinksimError
        If a portrait cannot be read, or too few show a face.
    """
    if portraits:
        return recoloured(reshaped(blended(portraits, rng), rng), rng)
    shaped = reshaped(astronaut(), rng)
    return paint(shaped, rng) if rng.random() < 1 / 3 else recoloured(shaped, rng)


def reshaped(one: Sitter, rng: np.random.Generator) -> Sitter:
    """Give a face other proportions: height, width, jaw, eyes and mouth."""
    import cv2

    move = _shift(one.mesh, rng)
    rows, columns = one.photograph.shape[:2]
    y, x = np.mgrid[:rows, :columns].astype(np.float64)
    goal = np.stack([x, y], -1).reshape(-1, 2)
    source = goal
    for _ in range(6):  # `move` says where a point goes; a picture needs where it comes from
        source = source + goal - move(source)
    at_x, at_y = source.reshape(rows, columns, 2).astype(np.float32).transpose(2, 0, 1)
    picture = cv2.remap(one.photograph, at_x, at_y, cv2.INTER_CUBIC, None, cv2.BORDER_REPLICATE)
    return Sitter(picture, np.c_[move(one.mesh[:, :2]), one.mesh[:, 2]])


def _shift(mesh: np.ndarray, rng: np.random.Generator) -> Shift:
    points = mesh[:, :2]
    levels, middle = points[list(LEVELS), 1], points[list(EYES_AT + MOUTH_AT)].mean(0)
    height = levels[-1] - levels[0]
    down = rng.uniform(-0.045, 0.045, len(LEVELS)) * height
    wide = rng.uniform(-0.12, 0.12, 3)  # at the forehead, the nose and the chin
    bulges = [
        (points[list(pair)].mean(0), rng.uniform(-0.16, 0.16, 2), 0.13 * height)
        for pair in (EYES_AT[:2], MOUTH_AT)
    ]
    _, scale, size = bulges[0]  # both eyes alike
    bulges.append((points[list(EYES_AT[2:])].mean(0), scale, size))

    def move(at: np.ndarray) -> np.ndarray:
        away = np.linalg.norm(at - middle, axis=1, keepdims=True)
        near = np.clip(1 - away / REACH, 0, 1)
        near = near * near * (3 - 2 * near) / (0.5 + 0.5 * near)
        stretch = np.interp(at[:, 1], levels[[0, 2, 4]], wide)
        shift = np.stack([(at[:, 0] - middle[0]) * stretch, np.interp(at[:, 1], levels, down)], -1)
        for centre, scale, size in bulges:
            offset = at - centre
            fade = np.exp(-(offset**2).sum(1, keepdims=True) / (2 * size**2))
            shift = shift + scale * offset * fade
        return at + near * shift

    return move


def recoloured(one: Sitter, rng: np.random.Generator) -> Sitter:
    """Give a picture another light, and a face another skin, lips, freckles or a beard."""
    colours = one.photograph / 255.0
    colours = colours ** np.exp(rng.uniform(-0.35, 0.6)) * np.exp(rng.uniform(-0.15, 0.15, 3))
    y, x = np.mgrid[-1:1:512j, -1:1:512j]
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + rng.uniform(0, 0.6) * (np.cos(angle) * (x + 0.13) + np.sin(angle) * (y + 0.5))
    colours = colours * light[..., None]
    colours = _textured(colours, one.mesh, rng)
    if rng.random() < 0.5:
        colours = _bearded(colours, one.mesh, rng)
    lips = soft_fill(one.mesh[list(LIPS), :2], 2) - soft_fill(one.mesh[list(INNER_LIPS), :2], 1)
    tint = np.array([rng.uniform(0.7, 1.15), rng.uniform(0.6, 1.1), rng.uniform(0.6, 1.1)])
    colours = colours * (1 + np.clip(lips, 0, 1)[..., None] * (tint - 1))
    if rng.random() < 0.15:
        colours = np.repeat(colours.mean(-1, keepdims=True), 3, -1)
    return Sitter(np.clip(np.round(255 * colours), 0, 255).astype(np.uint8), one.mesh)


def _textured(colours: np.ndarray, mesh: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Roughen the skin, more for some than for others."""
    import cv2

    grain = rng.standard_normal((512, 512))
    fine, coarse = (cv2.GaussianBlur(grain, (0, 0), s) * s for s in (1.0, 3.0))
    rough = rng.uniform(0, 0.05) * fine + rng.uniform(0, 0.05) * coarse
    skin = soft_fill(mesh[list(OVAL), :2], 4)
    return colours * (1 + (skin * rough)[..., None])


def _bearded(colours: np.ndarray, mesh: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Darken jaw and upper lip by hair, from a shadow to a beard."""
    import cv2

    below = np.clip((np.mgrid[:512, :512][0] - mesh[2, 1]) / 8.0, 0, 1)
    skin = soft_fill(mesh[list(OVAL), :2], 3) - soft_fill(mesh[list(LIPS), :2], 2)
    hair = cv2.GaussianBlur(rng.standard_normal((512, 512)), (0, 0), 0.8)
    share = np.clip(skin, 0, 1) * below * rng.uniform(0.15, 0.85) * (1 + 0.5 * hair)
    shade = np.array([0.16, 0.11, 0.08]) * rng.uniform(0.5, 3.0)
    return colours + np.clip(share, 0, 1)[..., None] * (shade - colours)
