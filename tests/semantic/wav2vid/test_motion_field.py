"""A held picture follows the motion that is sent of it."""

from fractions import Fraction

import numpy as np
import pytest

from semantic.wav2vid.motion_field import (
    SEGMENT,
    bend,
    fields_of,
    grid,
    moments,
    pack,
    packets,
    unpack,
)

HEIGHT, WIDTH = 120, 180
FPS = Fraction(25)
EVERY = 4


def texture(seed: int = 0) -> np.ndarray:
    """Return a smooth picture with something to follow everywhere: uint8, [H, W, 3]."""
    import cv2

    noise = np.random.default_rng(seed).uniform(0, 255, (HEIGHT // 6, WIDTH // 6, 3))
    return cv2.resize(noise.astype(np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def shifted(picture: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Return the picture moved to the right by so many pixels, one frame each."""
    return np.stack([np.roll(picture, int(p), axis=1) for p in pixels])


def field_of(frames: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Return the field of a clip during which one picture is held."""
    which = moments(len(frames), FPS)
    return fields_of(frames, which, lambda part: np.stack([still] * len(part)), 5)


def test_a_shift_is_found_and_undone():
    still = texture()
    frames = shifted(still, np.arange(1, 9) // 2)
    field = field_of(frames, still)
    steps = -np.array([4, 8]) // 2 * 576 / HEIGHT
    inner = field[:, 1:-1, 2:-2, 0]
    assert np.abs(inner - steps[:, None, None]).max() <= 3
    moved = np.broadcast_to(still, frames.shape).copy()
    before = np.abs(moved[-1, 20:-20, 30:-30].astype(int) - frames[-1, 20:-20, 30:-30]).mean()
    bend(moved, field, FPS)
    after = np.abs(moved[-1, 20:-20, 30:-30].astype(int) - frames[-1, 20:-20, 30:-30]).mean()
    assert after < before / 5


def test_between_moments_the_motion_is_linear():
    still = texture()
    field = np.zeros((1, *grid(HEIGHT, WIDTH, 5), 2), int)
    field[..., 0] = round(8 * 576 / HEIGHT)
    moved = np.stack([still] * EVERY)
    bend(moved, field, FPS)
    for t in range(EVERY):
        by = 2 * (t + 1)
        assert np.abs(moved[t, :, :-8].astype(int) - np.roll(still, -by, 1)[:, :-8]).max() <= 5


@pytest.mark.parametrize("frames", [1, EVERY, EVERY * SEGMENT, EVERY * SEGMENT + 1, 500])
def test_packets_bring_the_field_back(frames):
    shape = (len(moments(frames, FPS)), *grid(HEIGHT, WIDTH, 5), 2)
    rng = np.random.default_rng(frames)
    field = np.cumsum(rng.integers(-3, 4, shape), axis=0)
    packed = list(pack(field))
    assert len(packed) == packets(frames, FPS)
    back, whole = unpack(packed, len(field), grid(HEIGHT, WIDTH, 5))
    assert whole
    np.testing.assert_array_equal(back, field)


def test_a_head_at_rest_costs_next_to_nothing():
    still = texture()
    stills = np.stack([still] * 100)
    field = field_of(stills, still)
    assert not field.any()
    assert sum(map(len, pack(field))) < 40


def test_over_a_lost_packet_the_field_stays():
    field = (
        np.ones((3 * SEGMENT, *grid(HEIGHT, WIDTH, 5), 2), int) * np.arange(75)[:, None, None, None]
    )
    first, _, last = pack(field)
    back, whole = unpack([first, None, last], 75, grid(HEIGHT, WIDTH, 5))
    assert not whole
    assert (back[SEGMENT : 2 * SEGMENT] == SEGMENT - 1).all()
    np.testing.assert_array_equal(back[2 * SEGMENT :], field[2 * SEGMENT :])
    back, _ = unpack([None] * 3, 75, grid(HEIGHT, WIDTH, 5))
    assert not back.any()


@pytest.mark.parametrize(
    ("size", "cells"), [((288, 360), (5, 6)), ((360, 288), (6, 5)), ((64, 64), (5, 5))]
)
def test_cells_are_about_square(size, cells):
    assert grid(*size, 5) == cells


@pytest.mark.parametrize(("fps", "sent"), [(10, [1, 3, 4]), (25, [3, 4]), (60, [4])])
def test_moments_are_as_far_apart_at_any_frame_rate(fps, sent):
    assert moments(5, Fraction(fps)).tolist() == sent
