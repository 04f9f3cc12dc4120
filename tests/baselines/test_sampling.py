"""Smaller and fewer pictures, and what the receiver makes of them."""

from fractions import Fraction

import numpy as np
import pytest
from video_packets import deliver, stream

from baselines.digital.traditional import Traditional
from linksim.errors import LinksimError
from linksim.metrics import evaluate
from linksim.streams.digital.sampling import restored, thinned


def ramp(count: int, height: int, width: int) -> np.ndarray:
    """Return pictures that are smooth, each brighter than the one before: uint8, [T, H, W, 3]."""
    y, x = np.mgrid[:height, :width]
    still = 60 + 80 * (x / width) + 40 * (y / height)
    return (
        np.round(still[None, ..., None] + 3 * np.arange(count)[:, None, None, None])
        .repeat(3, axis=-1)
        .astype(np.uint8)
    )


def test_what_is_left_is_every_nth_and_smaller() -> None:
    frames = ramp(7, 90, 120)
    small, fps = thinned(frames, Fraction(25), 0.5, 3)
    assert small.shape == (3, 44, 60, 3)  # 45 rows are odd
    assert fps == Fraction(25, 3)
    back = restored(small, (7, 90, 120), 3)
    assert back.shape == frames.shape
    assert np.abs(back[[0, 3, 6]].astype(int) - frames[[0, 3, 6]]).max() <= 2
    assert np.array_equal(back[1], back[0])
    assert np.array_equal(back[5], back[3])


def test_whole_pictures_are_left_as_they_are() -> None:
    frames = ramp(4, 48, 64)
    same, fps = thinned(frames, Fraction(25), 1.0, 1)
    assert np.array_equal(same, frames)
    assert fps == 25
    assert np.array_equal(restored(same, (4, 48, 64), 1), frames)


@pytest.mark.parametrize("low_delay", [False, True])
def test_a_call_of_fewer_pixels_keeps_its_size_and_costs_less(make_clip, low_delay: bool) -> None:
    clip = make_clip(count=12, height=96, width=128)
    whole = Traditional(crf=20.0, preset="ultrafast", low_delay=low_delay)
    half = Traditional(crf=20.0, preset="ultrafast", scale=0.5, every=2, low_delay=low_delay)
    sent = [scheme.encode(clip) for scheme in (whole, half)]
    sizes = [sum(map(len, stream(encoded, "video").packets)) for encoded in sent]
    assert sizes[1] < 0.8 * sizes[0]
    assert len(stream(sent[1], "video").packets) == 6
    out = half.decode(deliver(sent[1]))
    assert (out.frames.shape, out.fps) == (clip.frames.shape, clip.fps)
    assert np.array_equal(out.frames[1], out.frames[0])
    assert evaluate(("psnr",), clip, out)["psnr"].value > 20
    if low_delay:
        times = stream(sent[1], "video").times
        assert times.captured_s == pytest.approx([t / float(clip.fps) for t in range(0, 12, 2)])


@pytest.mark.parametrize(
    ("options", "message"),
    [({"scale": 0.1}, "'scale' must be between 0.25 and 1"), ({"every": 0}, "'every' must be")],
)
def test_options_out_of_range(options: dict, message: str) -> None:
    with pytest.raises(LinksimError, match=message):
        Traditional(**options)
