"""Faces that are turned in training."""

import cv2
import numpy as np

from semantic.wav2lip.batches import turned


def test_faces_are_turned_as_opencv_turns_them() -> None:
    """Within two of 255: OpenCV has places in steps of a 32nd of a pixel."""
    rng = np.random.default_rng(0)
    face = cv2.GaussianBlur(rng.integers(0, 256, (96, 96, 3)).astype(np.uint8), (0, 0), 3)
    faces = np.stack([face, face[::-1]])
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]]) * [1.1, 0.8]
    shift = np.array([13.3, -22.1])
    made = turned(faces, turn, shift).astype(int)
    expected = [
        cv2.warpAffine(f, np.c_[turn, shift], (96, 96), borderMode=cv2.BORDER_REFLECT)
        for f in faces
    ]
    assert np.abs(made - np.stack(expected)).max() <= 2
    assert np.array_equal(turned(faces, np.eye(2), np.zeros(2)), faces)
