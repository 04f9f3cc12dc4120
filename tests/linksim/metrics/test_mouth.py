"""The mouth region: where it is, and what is measured in it."""

from fractions import Fraction

import numpy as np
import pytest

from linksim.media import Clip
from linksim.media.faces import networks as facemesh
from linksim.media.synthetic import heads as synthetic
from linksim.metrics import evaluate, mouth

missing = [name for name in synthetic.EXTRA if synthetic.find_spec(name) is None]
needs_extra = pytest.mark.skipif(bool(missing), reason=f"linksim[clip] lacks {missing}")

NOISE = Clip(np.random.default_rng(0).integers(0, 256, (6, 96, 128, 3), np.uint8), Fraction(25))


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(mouth, "_boxes", {})


@pytest.fixture(scope="module")
def head():
    return synthetic.talking_head(1.2).clip


def measure(reference, received):
    return evaluate(["mouth_psnr"], reference, received)["mouth_psnr"]


@needs_extra
def test_the_box_holds_what_an_open_mouth_shows(head):
    from linksim.media.synthetic.expression import Expression
    from linksim.media.synthetic.portrait import Portrait, Pose

    portrait = Portrait()
    shut, wide = (portrait.render(Expression(opening=o), Pose()).max(-1) for o in (0, 1))
    cavity = (wide < 70) & (shut > 120)
    box = mouth.mouth_box(head)
    assert cavity[box].sum() == cavity.sum() > 100
    assert cavity[box].size < 0.1 * cavity.size


@needs_extra
def test_only_the_box_is_measured(head):
    rows, columns = mouth.mouth_box(head)
    inside = head.frames.astype(int)
    inside[:, rows, columns] ^= 4  # every value is off by 4
    outside = head.frames.astype(int) ^ 4
    outside[:, rows, columns] ^= 4
    value = measure(head, Clip(inside.astype(np.uint8), head.fps))
    assert value.value == pytest.approx(20 * np.log10(255 / 4))
    assert value.n == len(head.frames)
    assert measure(head, Clip(outside.astype(np.uint8), head.fps)).value == 100.0


@needs_extra
def test_the_box_is_cut_to_the_picture(head):
    rows, _ = mouth.mouth_box(head)
    cut = Clip(np.ascontiguousarray(head.frames[:, : rows.stop - 8]), head.fps)
    assert mouth.mouth_box(cut)[0].stop == rows.stop - 8


@needs_extra
def test_the_mouth_is_looked_for_once_a_clip(head, monkeypatch):
    looked, find = [], mouth.find_mesh

    def spy(frame):
        looked.append(frame)
        return find(frame)

    monkeypatch.setattr(mouth, "find_mesh", spy)
    first, again = measure(head, head), measure(head, head)
    assert first == again
    assert len(looked) == len(head.frames)


@needs_extra
def test_half_of_the_frames_must_show_a_face(head):
    blank = np.full_like(head.frames, 128)
    for faces, defined in ((15, True), (14, False)):
        frames = np.concatenate([head.frames[:faces], blank[faces:]])
        assert isinstance(mouth.mouth_box(Clip(frames, head.fps)), str) is not defined


@needs_extra
def test_no_face_is_nan():
    value = measure(NOISE, NOISE)
    assert np.isnan(value.value)
    assert value.reason == "0 of 6 frames of the reference show a face of 18 pixels or more"


def test_without_the_extra_it_is_nan(monkeypatch):
    monkeypatch.setattr(facemesh, "find_spec", lambda name: None)
    value = measure(NOISE, NOISE)
    assert np.isnan(value.value)
    assert "pip install 'linksim[clip]'" in value.reason


@needs_extra
def test_what_cannot_be_compared_is_nan(head):
    sound = Clip(audio=np.ones(9, np.float32))
    assert measure(sound, head).reason == "the reference has no video"
    assert measure(head, sound).reason == "the received clip has no video"
    assert "picture sizes differ" in measure(head, NOISE).reason
