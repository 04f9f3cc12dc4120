"""Motion of the video codec: matching, the pyramid, warping, and the codec of motion."""

import numpy as np
import pytest
from dvst_arrays import array, normal
from scipy.ndimage import gaussian_filter, map_coordinates

from semantic.dvst.networks.motion import SEARCH, MotionEstimation, matched, smoothed
from semantic.dvst.networks.motion_codec import flow_of, motion_latents
from semantic.dvst.networks.reference import LEAK, leaky
from semantic.dvst.networks.sizes import LATENT_STRIDE
from semantic.warp import enlarge, warp


def texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A smooth picture, float64, [height, width, 3], of values around 0.5."""
    rough = gaussian_filter(rng.normal(size=(height, width, 3)), (4, 4, 0), mode="wrap")
    return np.clip(0.5 + 0.2 * rough / rough.std(), 0.0, 1.0)


def displaced(x: np.ndarray, right: float, down: float) -> np.ndarray:
    """Return a picture whose every pixel lies so far away in `x`."""
    rows, columns = np.indices(x.shape[:2])
    at = [rows + down, columns + right]
    moved = [map_coordinates(x[..., c], at, order=3, mode="nearest") for c in range(3)]
    return np.stack(moved, axis=-1)


def batched(*pictures: np.ndarray) -> list[np.ndarray]:
    return [p[None].astype(np.float32) for p in pictures]


@pytest.mark.parametrize("motion", [(0.4, -0.7), (-1.3, 0.0), (1.5, 1.5)])
def test_matching_tells_fractions_of_a_pixel(
    motion: tuple[float, float], rng: np.random.Generator
) -> None:
    reference = texture(rng, 64, 80)
    found = array(matched(*batched(displaced(reference, *motion), reference)))[0]
    assert np.abs(found).max() <= SEARCH
    inner = found[6:-6, 6:-6].reshape(-1, 2)
    assert np.allclose(np.median(inner, axis=0), motion, atol=0.25)
    assert np.mean(np.abs(inner - motion).max(axis=1) < 0.5) > 0.9


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("motion", [(3.4, -2.3), (-9.0, 6.5)])
def test_pyramid_finds_motion_beyond_the_search(
    motion: tuple[float, float], stride: int, rng: np.random.Generator
) -> None:
    reference = texture(rng, 96, 128)
    found = array(MotionEstimation(stride)(*batched(displaced(reference, *motion), reference)))
    assert found.shape == (1, 96 // stride, 128 // stride, 2)
    margin = 16 // stride
    inner = stride * found[0, margin:-margin, margin:-margin].reshape(-1, 2)
    assert np.allclose(np.median(inner, axis=0), motion, atol=0.25 * stride)
    # What it predicts is far nearer than the reference itself.
    frame, still = (
        x.reshape(1, 96 // stride, stride, 128 // stride, stride, 3).mean((2, 4))
        for x in batched(displaced(reference, *motion), reference)
    )
    errors = [
        np.mean((frame - prediction)[:, margin:-margin, margin:-margin] ** 2)
        for prediction in (still, array(warp(still, found)))
    ]
    assert errors[1] < 0.2 * errors[0]


def test_nothing_moves_between_equal_frames(rng: np.random.Generator) -> None:
    estimation = MotionEstimation(2)
    (frame,) = batched(texture(rng, 48, 64))
    assert not array(estimation(frame, frame)).any()
    grey = np.full_like(frame, 0.5)
    assert np.abs(array(matched(grey, grey))).max() < 1e-6


@pytest.mark.parametrize("window", [3, 7])
def test_smoothing_is_a_mean(window: int, rng: np.random.Generator) -> None:
    x = normal(rng, 1, 6, 9, 2)
    half = window // 2
    padded = np.pad(x, [(0, 0), (half, half), (half, half), (0, 0)], mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, (window, window), axis=(1, 2))
    assert np.allclose(array(smoothed(x, window)), around.mean(axis=(-1, -2)), atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_motion_of_blocks_comes_back(stride: int) -> None:
    flow = np.broadcast_to(np.float32([1.5, -0.5]), (1, 48 // stride, 64 // stride, 2))
    latents = motion_latents(flow, stride, 5)
    assert latents.shape == (1, 3, 4, 5)
    assert not array(latents[..., 2:]).any()
    assert np.allclose(array(flow_of(latents, stride)), flow, atol=1e-5)
    # Where nothing is sent, nothing moves.
    assert not array(flow_of(np.zeros((1, 3, 4, 5), np.float32), stride)).any()


def test_reference_keeps_what_is_not_sent(rng: np.random.Generator) -> None:
    picture, base = (normal(rng, 1, 32, 48, 3) for _ in range(2))
    rates = np.array([[[0, 1, 0], [3, 0, 0]]], np.int32)
    sent = (rates > 0).repeat(LATENT_STRIDE, axis=1).repeat(LATENT_STRIDE, axis=2)[..., None]
    out = array(leaky(picture, base, rates))
    damped = base + LEAK * (picture - base)
    assert np.allclose(out, np.where(sent, damped, picture), atol=1e-6)
    assert 0.0 < LEAK < 1.0


def test_warp_is_bilinear_with_border(rng: np.random.Generator) -> None:
    x, flow = normal(rng, 2, 7, 9, 3), 4.0 * normal(rng, 2, 7, 9, 2)
    rows, columns = np.indices((7, 9))
    out = array(warp(x, flow))
    for b in range(2):
        at = [rows + flow[b, ..., 1], columns + flow[b, ..., 0]]
        for c in range(3):
            expected = map_coordinates(x[b, ..., c], at, order=1, mode="nearest")
            assert np.allclose(out[b, ..., c], expected, atol=1e-4)


def test_enlarged_flow_moves_by_as_much() -> None:
    flow = np.full((1, 3, 4, 2), 1.5, np.float32)
    assert np.allclose(array(enlarge(flow, 2)), np.full((1, 6, 8, 2), 3.0))
