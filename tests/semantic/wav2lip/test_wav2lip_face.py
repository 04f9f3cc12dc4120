"""Faces cut out and put back, and which sound goes with which frame."""

from fractions import Fraction

import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media.faces.networks import installed
from semantic.wav2lip.frames.alignment import at_training_rate, mel_start, mel_windows
from semantic.wav2lip.frames.animate import animate, by_voice, voice_of
from semantic.wav2lip.frames.blend import lower_face_mask, paste
from semantic.wav2lip.frames.face import crop, face_boxes, mesh_box, smooth, to_frame
from semantic.wav2lip.frames.mel import SILENCE, mel_spectrogram

RATES = [Fraction(10), Fraction(25), Fraction(30_000, 1001), Fraction(60)]


# -- alignment -----------------------------------------------------------------------


def test_windows_start_where_the_reference_has_them() -> None:
    assert [mel_start(i + 2, Fraction(25)) for i in range(100)] == [
        int(80 * i / 25) for i in range(100)
    ]


@pytest.mark.parametrize("fps", RATES)
def test_the_middle_of_the_window_is_that_of_the_frame(fps: Fraction) -> None:
    for frame in (0, 1, 7, 1000, 100_001):
        seconds = (frame + 0.5) / float(fps)
        assert -1e-6 <= seconds - (mel_start(frame, fps) + 8) / 80 < 1 / 80 + 1e-6


@pytest.mark.parametrize("fps", RATES)
def test_a_click_is_heard_in_the_frames_around_it(fps: Fraction) -> None:
    sound = np.zeros(32_000, np.float32)
    sound[16_000] = 1.0  # at 1 s
    count = int(2 * fps)
    windows = mel_windows(mel_spectrogram(sound), count, fps)
    assert windows.shape == (count, 80, 16, 1)
    assert windows.dtype == np.float32
    heard = (windows > SILENCE).any((1, 3))  # [frames, columns]
    nearest = np.abs((np.arange(count) + 0.5) / float(fps) - 1).argmin()
    middle = heard[nearest].nonzero()[0].mean()
    offset = 80 * (1 - (nearest + 0.5) / float(fps))  # columns from the frame's to the click
    assert middle == pytest.approx(8 + offset, abs=1.0)
    loud = heard.any(1).nonzero()[0]
    assert np.all(np.abs((loud + 0.5) / float(fps) - 1) < 0.125 + 1 / 80)


def test_there_is_silence_where_there_is_no_sound() -> None:
    mel = np.zeros((80, 20), np.float32)
    windows = mel_windows(mel, 50, Fraction(25))
    assert np.all(windows[0, :, :7] == SILENCE)
    assert np.all(windows[0, :, 8:] == 0)
    assert np.all(windows[20:] == SILENCE)


@pytest.mark.parametrize("fps", RATES)
def test_video_is_brought_to_25_frames_a_second(fps: Fraction) -> None:
    shown = at_training_rate(int(4 * fps), fps)
    assert len(shown) in (99, 100)
    seconds = (np.arange(len(shown)) + 0.5) / 25
    assert np.all(shown / float(fps) <= seconds + 1e-9)
    assert np.all((shown + 1) / float(fps) > seconds - 1e-9)
    assert np.array_equal(at_training_rate(75, Fraction(25)), np.arange(75))


def test_no_frame_rate() -> None:
    for wrong in (mel_start, at_training_rate):
        with pytest.raises(LinksimError, match="fps must be positive"):
            wrong(1, Fraction(0))


# -- faces ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def frame() -> np.ndarray:
    """A smooth picture, uint8 [200, 240, 3]."""
    y, x = np.mgrid[:200, :240]
    waves = np.stack([np.sin(x / 17 + k) * np.cos(y / (21 + k)) for k in range(3)], -1)
    return np.round(128 + 80 * waves).astype(np.uint8)


BOX = np.array([118.3, 96.8, 110.0, 0.12])


def test_crop_is_where_the_box_is(frame: np.ndarray) -> None:
    view = to_frame(BOX, 96)
    assert view @ (47.5, 47.5, 1) == pytest.approx(BOX[:2])
    across = view @ (95.5, 47.5, 1) - view @ (-0.5, 47.5, 1)
    assert np.linalg.norm(across) == pytest.approx(110)
    assert np.arctan2(across[1], across[0]) == pytest.approx(0.12)
    x, y = np.round(view @ (30, 60, 1)).astype(int)
    assert np.abs(crop(frame, BOX)[60, 30].astype(int) - frame[y, x]).max() < 6
    big = crop(frame, np.array([119.5, 99.5, 192, 0.0]))
    assert big.shape == (96, 96, 3)
    mean = frame[4:196, 24:216].reshape(96, 2, 96, 2, 3).mean((1, 3))
    assert np.abs(big - mean).max() < 2


def test_mask_fades_to_nothing_at_every_border() -> None:
    mask = lower_face_mask()
    assert mask[:49].max() == 0
    assert max(mask[-2:].max(), mask[:, :2].max(), mask[:, -2:].max()) == 0
    assert np.all(mask[66:78, 18:78] == 1)
    assert np.abs(np.diff(mask, axis=0)).max() < 0.14
    assert np.abs(np.diff(mask, axis=1)).max() < 0.14


@pytest.mark.parametrize(
    "box",
    [
        *(BOX, [30.0, 40.0, 110.0, 0.0], [118.0, 190.0, 64.0, -0.4]),
        *([120.0, 100.0, 300.0, 0.1], [900.0, 900.0, 50.0, 0.0]),
    ],
)
def test_pixels_outside_the_mask_are_not_touched(frame: np.ndarray, box: list[float]) -> None:
    box = np.asarray(box)
    noise = np.random.default_rng(0).integers(0, 255, (96, 96, 3)).astype(np.uint8)
    out = paste(frame, noise, box)
    y, x = np.mgrid[:200, :240]
    view = np.vstack([to_frame(box, 96), (0, 0, 1)])
    at = np.linalg.inv(view) @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    inside = ((at[:2] > (((-1,), (46,)))) & (at[:2] < 97)).all(0).reshape(200, 240)
    assert np.array_equal(out[~inside], frame[~inside])
    assert inside.sum() == 0 or not np.array_equal(out, frame)


def test_a_face_put_back_as_it_was_changes_nothing(frame: np.ndarray) -> None:
    assert np.array_equal(paste(frame, crop(frame, BOX), BOX), frame)
    as_float = crop(frame, BOX).astype(np.float32) / 255
    assert np.abs(paste(frame, as_float, BOX).astype(int) - frame).max() <= 1


def test_no_seam_and_no_colour_shift(frame: np.ndarray) -> None:
    darker = np.clip(crop(frame, BOX).astype(int) - 25, 0, 255).astype(np.uint8)
    assert np.abs(paste(frame, darker, BOX).astype(int) - frame).max() <= 3
    # A slope of brightness, which is not a mere shift, leaves no edge at the border either.
    slope = np.linspace(-40, 40, 96)[None, :, None]
    tilted = np.clip(crop(frame, BOX) + slope, 0, 255).astype(np.uint8)
    out = paste(frame, tilted, BOX).astype(int)
    for axis in (0, 1):
        steps = np.abs(np.diff(out - frame.astype(int), axis=axis))
        assert steps.max() <= 6
    assert np.abs(out - frame).max() > 15


class Louder:
    """A generator that makes faces darker the louder the voice is, from left to right."""

    compiled = True

    def predict_on_batch(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        assert len(inputs["face"]) == 25
        loud = (inputs["mel"].mean((1, 2, 3), keepdims=True) + 4) / 8
        return inputs["reference"] * (1 - loud * np.linspace(0, 1, 96)[:, None])


@pytest.mark.parametrize("fps", [Fraction(10), Fraction(30_000, 1001)])
def test_lips_follow_the_voice_at_any_rate(frame: np.ndarray, fps: Fraction) -> None:
    count = int(2 * fps)
    sound = np.zeros(32_000, np.float32)
    sound[16_000:20_000] = np.random.default_rng(0).normal(0, 0.1, 4000)  # 1 to 1.25 s
    voice = voice_of(sound, count, fps)
    out = animate(by_voice(Louder(), voice), np.stack([frame] * count), np.tile(BOX, (count, 1)))
    assert out.shape == (count, 200, 240, 3)
    seconds = (np.arange(count) + 0.5) / float(fps)
    moves = (out != frame).any((1, 2, 3))
    assert moves[(seconds > 0.95) & (seconds < 1.3)].all()
    assert not moves[(seconds < 0.87) | (seconds > 1.38)].any()
    with pytest.raises(LinksimError, match="each frame needs a box"):
        animate(by_voice(Louder(), voice), out, BOX[None])


def test_smoothing_keeps_what_stands_still() -> None:
    still = np.tile(BOX, (9, 1))
    assert smooth(still) == pytest.approx(still)
    shaky = still + np.random.default_rng(0).normal(size=(9, 4))
    assert smooth(shaky).std(0).max() < shaky.std(0).min()


def test_box_does_not_follow_the_chin() -> None:
    mesh = np.random.default_rng(0).normal(100, 20, (468, 3))
    moved = mesh.copy()
    moved[[152, 17, 14, 377, 148]] += (0, 15, 0)
    assert np.array_equal(mesh_box(mesh), mesh_box(moved))
    upright = np.zeros((468, 3))
    upright[[33, 263, 2]] = (80, 100, 0), (120, 100, 0), (100, 120, 5)
    assert mesh_box(upright) == pytest.approx([100, 116, 76, 0])


@pytest.mark.skipif(not installed(), reason="needs linksim[clip]")
def test_faces_of_the_built_in_clip() -> None:
    from linksim.media.synthetic.heads import talking_head

    frames = talking_head(1.0).clip.frames[:6]
    boxes = face_boxes(frames)
    assert boxes.shape == (6, 4)
    assert np.ptp(boxes[:, :2], axis=0).max() < 3
    without = list(frames)
    without[2] = np.zeros_like(frames[2])
    assert face_boxes(without) == pytest.approx(boxes, abs=1.5)
    with pytest.raises(LinksimError, match="the clip: 0 of 2 frames show a face"):
        face_boxes(np.zeros((2, 96, 96, 3), np.uint8))
