"""Facial expressions: landmarks of a still picture move, and thin plates take the skin along."""

from dataclasses import dataclass

import numpy as np

from linksim.media.faces.mesh import LOWER_LIP, UPPER_LIP
from linksim.media.synthetic.bending import Box, fill, mix, redraw, thin_plate

# Points of the mesh, each contour from the left of the image to the right.
UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
CHIN = (150, 149, 176, 148, 152, 377, 400, 378, 379)
FIXED = (1, 2, 98, 327, 50, 280, 117, 346, 132, 361, 58, 288, 172, 397)
EYES = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    ((362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)),
)
BROWS = (46, 53, 52, 65, 55, 285, 295, 282, 283, 276)

LIP_EDGE = (0, 2)  # canvas pixels from the mesh's inner contours to where the skin begins
LID_OVERLAP = (0, 3)  # canvas pixels by which a closed lid covers the lower rim
CAVITY, TONGUE = np.array([(38, 14, 14), (135, 62, 60)], np.float32)  # RGB


@dataclass(frozen=True)
class Expression:
    """A facial expression: mouth and eyelids.

    Parameters
    ----------
    opening : float
        Opening of the mouth: 0 closed, 1 wide open.
    width : float
        Width of the mouth: -1 rounded, 0 at rest, 1 widest.
    blink : float
        Closing of the eyes: 0 open, 1 closed.
    """

    opening: float = 0.0
    width: float = 0.0
    blink: float = 0.0


def express(still: np.ndarray, mesh: np.ndarray, expression: Expression) -> np.ndarray:
    """Return a picture of a face at rest with another expression.

    Parameters
    ----------
    still : np.ndarray
        uint8, shape [H, W, 3], RGB: the face at rest.
    mesh : np.ndarray
        float64, shape [468, 3], in its pixels.
    expression : Expression
        The expression.

    Returns
    -------
    np.ndarray
        uint8, shape [H, W, 3], RGB.
    """
    canvas = still.copy()
    _draw_mouth(canvas, still, mesh[:, :2], expression)
    if expression.blink > 0:
        for upper, lower in EYES:
            _draw_eye(canvas, mesh[:, :2], upper, lower, expression.blink)
    return canvas


def shape_lips(
    upper: np.ndarray, lower: np.ndarray, expression: Expression
) -> tuple[np.ndarray, np.ndarray]:
    """Move the inner lip contours to an expression.

    Parameters
    ----------
    upper, lower : np.ndarray
        float64, shape [11, 2]: the contours as photographed, corner to corner.
    expression : Expression
        What the mouth does.

    Returns
    -------
    tuple of np.ndarray
        The contours as they should be, like the inputs.
    """
    closed = upper + 0.35 * (lower - upper)
    middle, width = closed.mean(0), np.ptp(closed[:, 0])
    stretch = 0.94 + (0.10 if expression.width > 0 else 0.34) * expression.width
    line = middle + (closed - middle) * (stretch, 0.8)  # less of a smile than photographed
    bow = np.sin(np.linspace(0, np.pi, len(line))) ** 0.8
    bow = np.outer(bow, (0, expression.opening * width))
    return line - 0.05 * bow, line + 0.33 * bow


def _draw_mouth(
    canvas: np.ndarray, still: np.ndarray, points: np.ndarray, expression: Expression
) -> None:
    upper, lower = points[list(UPPER_INNER)], points[list(LOWER_INNER)]
    upper_lip, lower_lip = points[list(UPPER_LIP)], points[list(LOWER_LIP)]
    chin, fixed = points[list(CHIN)], points[list(FIXED)]
    to_upper, to_lower = shape_lips(upper, lower, expression)
    drop = (to_lower - lower)[5, 1]  # of the middle of the lower lip
    jaw = np.outer(np.hanning(len(chin) + 2)[1:-1] ** 0.5, (0, 0.75 * drop))

    box = Box.around(np.concatenate([upper_lip, chin, fixed]), margin=40)
    above = thin_plate(
        box,
        np.concatenate([upper - LIP_EDGE, upper_lip, fixed]),
        np.concatenate([to_upper, upper_lip + to_upper - upper, fixed]),
    )
    below = thin_plate(
        box,
        np.concatenate([lower + LIP_EDGE, lower_lip, chin, fixed]),
        np.concatenate([to_lower, lower_lip + to_lower - lower, chin + jaw, fixed]),
    )
    redraw(canvas, box, above, below, (to_upper + to_lower) / 2)
    light = min(1, 0.3 + 3 * expression.opening)  # little of it falls between closed lips
    _fill_mouth(canvas, still, points, box, to_upper, to_lower, light)


def _fill_mouth(
    canvas: np.ndarray,
    still: np.ndarray,
    points: np.ndarray,
    box: Box,
    upper: np.ndarray,
    lower: np.ndarray,
    light: float,
) -> None:
    """Paint the cavity, its teeth still with the skull, its tongue moving with the jaw."""
    import cv2

    middle, width = lower[5] - (box.left, box.top), np.ptp(lower[:, 0])
    spot = np.zeros((box.height, box.width), np.float32)
    axes = (int(0.3 * width), int(0.13 * width))
    cv2.ellipse(spot, middle.astype(int).tolist(), axes, 0, 0, 360, 1, -1)
    tongue = cv2.GaussianBlur(spot, (0, 0), 5)[..., None]
    teeth = fill(box, points[list(UPPER_INNER)], points[list(LOWER_INNER)])
    inside = mix(CAVITY, TONGUE, tongue)
    inside = mix(inside, still[box.slices], teeth) * light
    hole = fill(box, upper, lower)
    canvas[box.slices] = np.round(mix(canvas[box.slices], inside, hole))


def _draw_eye(
    canvas: np.ndarray,
    points: np.ndarray,
    upper: tuple[int, ...],
    lower: tuple[int, ...],
    blink: float,
) -> None:
    top, bottom, brows = points[list(upper)], points[list(lower)], points[list(BROWS)]
    lid = top + blink * (bottom - top + LID_OVERLAP)
    box = Box.around(np.concatenate([top, bottom]), margin=36)
    above = thin_plate(box, np.concatenate([top, brows]), np.concatenate([lid, brows]))
    redraw(canvas, box, above, np.zeros_like(above), lid)
