"""Clips for lip-sync networks, and batches of them."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media import Clip, write
from linksim.media.faces.networks import installed
from linksim.media.synthetic.heads import SPEAKERS
from semantic.wav2lip.batches import APART, GeneratorBatches, SyncBatches, shares, spread_starts
from semantic.wav2lip.frames.talk import Talk, kept, load_talks, talk_of
from semantic.wav2lip.training.options import balanced

needs_mesh = pytest.mark.skipif(not installed(), reason="needs linksim[clip]")


def test_windows_of_a_clip_are_apart() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        starts = spread_starts(rng, 37, 8)
        assert starts.min() >= 0
        assert starts.max() < 37
        assert np.diff(starts).min() >= APART


def test_sync_batches(talks: list[Talk]) -> None:
    batches = SyncBatches(talks, clips=3, windows=4, seed=0)
    batch = batches(7)
    assert batch["faces"].shape == (3, 4, 5, 96, 96, 3)
    assert batch["mel"].shape == (3, 4, 80, 16, 1)
    assert {a.dtype for a in batch.values()} == {np.dtype(np.float32)}
    assert all(np.array_equal(a, batches(7)[name]) for name, a in batch.items())
    assert not np.array_equal(batch["faces"], batches(8)["faces"])
    # In sync: the middle face is as bright as the voice is loud.
    bright = batch["faces"][:, :, 2].mean((2, 3, 4))
    loud = batch["mel"].mean((2, 3, 4))
    for faces, voice in zip(bright, loud, strict=True):
        assert np.array_equal(np.argsort(faces), np.argsort(voice))


def test_generator_batches(talks: list[Talk]) -> None:
    batch = GeneratorBatches(talks, batch=2, seed=0)(3)
    assert batch["face"].shape == batch["reference"].shape == (10, 96, 96, 3)
    assert batch["mel"].shape == (10, 80, 16, 1)
    bright, loud = batch["face"].mean((1, 2, 3)), batch["mel"].mean((1, 2, 3))
    for window in (slice(0, 5), slice(5, 10)):
        assert np.array_equal(np.argsort(bright[window]), np.argsort(loud[window]))
    assert not set(bright) & set(batch["reference"].mean((1, 2, 3)))


def test_held_windows_animate_one_frame_as_received(talks: list[Talk]) -> None:
    seen = [replace(talk, seen=255 - talk.faces) for talk in talks]
    batch = GeneratorBatches(seen, batch=2, seed=0, held=1.0)(3)
    assert np.array_equal(batch["face"], batch["reference"])
    bright, loud = batch["target"].mean((1, 2, 3)), batch["mel"].mean((1, 2, 3))
    for window in (slice(0, 5), slice(5, 10)):
        assert np.array_equal(np.argsort(bright[window]), np.argsort(loud[window]))
        assert np.ptp(batch["face"][window], axis=0).max() == 0
    plain = GeneratorBatches(talks, batch=2, seed=0, held=1.0)(3)
    assert np.array_equal(plain["target"], batch["target"])
    assert not np.array_equal(plain["face"], batch["face"])


def test_single_frames_each_have_a_talk_of_their_own(talks: list[Talk]) -> None:
    batch = GeneratorBatches(talks, batch=12, seed=0, held=1.0, frames=1)(3)
    assert {len(part) for part in batch.values()} == {12}
    bright, loud = batch["target"].mean((1, 2, 3)), batch["mel"].mean((1, 2, 3))
    assert np.corrcoef(bright, loud)[0, 1] > 0.9
    assert len(np.unique(batch["reference"].mean((1, 2, 3)))) > 8


def test_talkers_are_drawn_alike_however_many_films_they_have(talks: list[Talk]) -> None:
    films = [replace(talks[0], name=name) for name in ("a_1", "a_2", "a_3", "b_1")]
    made = [replace(talk, name="speaking head 1") for talk in talks[:2]]
    weights = shares(balanced(films, made, 0.4))
    assert weights == pytest.approx([0.2 / 3, 0.2 / 3, 0.2 / 3, 0.2, 0.3, 0.3])
    assert shares(balanced(films, [], 0.4)) == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])
    assert shares(balanced([], made, 0.4)) == pytest.approx([0.5, 0.5])


def test_too_short_for_so_many_windows(talks: list[Talk]) -> None:
    with pytest.raises(LinksimError, match="no clip of 64 frames"):
        SyncBatches(talks, clips=1, windows=20, seed=0)


@needs_mesh
@pytest.mark.parametrize("speaker", SPEAKERS[::10])
def test_speaking_heads_have_a_voice(speaker: str) -> None:
    from linksim.media.synthetic.espeak import speak

    assert len(speak("hello", speaker).samples) > 1000


@needs_mesh
def test_talk_of_a_clip_at_another_rate(tmp_path: Path) -> None:
    from linksim.media.synthetic.heads import speaking_head

    head = speaking_head(0, 0, 1.0)
    assert np.array_equal(head.clip.frames, speaking_head(0, 0, 1.0).clip.frames)
    assert not np.array_equal(head.clip.audio, speaking_head(0, 1, 1.0).clip.audio)
    at_12 = Clip(head.clip.frames[::2], Fraction(25, 2), head.clip.audio, 16_000, "slow")
    talk = talk_of(at_12)
    assert talk.faces.shape == (26, 96, 96, 3)
    assert talk.voice.shape == (26, 80, 16, 1)
    with pytest.raises(LinksimError, match=r"short: lasts 0.4 s, less than a second"):
        talk_of(Clip(head.clip.frames[:10], Fraction(25), head.clip.audio, 16_000, "short"))
    with pytest.raises(LinksimError, match="mute has no audio stream"):
        talk_of(Clip(head.clip.frames, Fraction(25), None, 16_000, "mute"))


def test_talks_are_kept(talks: list[Talk], tmp_path: Path) -> None:
    kept(tmp_path / "faces", "a", lambda: talks[0])
    again = kept(tmp_path / "faces", "a", lambda: talks[1])
    assert np.array_equal(again.faces, talks[0].faces)
    assert again.name == "talk 0"
    (tmp_path / "faces" / "a.npz").write_text("nothing")
    with pytest.raises(LinksimError, match="not a talk"):
        kept(tmp_path / "faces", "a", lambda: talks[1])


@needs_mesh
def test_files_without_a_face_are_left_out(
    small_clip: Clip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(small_clip, tmp_path / "faceless.mp4")
    with pytest.raises(LinksimError, match="no clip to learn from: faceless"):
        load_talks([tmp_path / "faceless.mp4"], 10.0)
    assert "left out: faceless" in capsys.readouterr().out
