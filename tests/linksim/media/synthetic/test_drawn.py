"""Built-in heads on disk: drawn once, and anew where what is kept cannot be used."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from linksim.files import CACHE_VARIABLE
from linksim.media import Clip
from linksim.media.synthetic import drawn, heads
from linksim.media.synthetic.drawn import drawn_head


@pytest.fixture
def made(small_clip: Clip, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Put a small clip in the place of a head, and note when it is drawn."""
    times: list[str] = []

    def draw() -> SimpleNamespace:
        times.append("drawn")
        return SimpleNamespace(clip=small_clip)

    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setattr(heads, "moving_head", draw)
    return times


def test_a_head_is_drawn_once(made: list[str], small_clip: Clip) -> None:
    clips = [drawn_head("builtin:moving") for _ in range(2)]
    assert made == ["drawn"]
    assert [clip.fingerprint() for clip in clips] == [small_clip.fingerprint()] * 2
    assert (clips[1].fps, clips[1].sample_rate, clips[1].name) == (
        *(small_clip.fps, small_clip.sample_rate, small_clip.name),
    )


def test_it_is_drawn_again_where_what_is_kept_is_damaged(
    made: list[str], small_clip: Clip, tmp_path: Path
) -> None:
    drawn_head("builtin:moving")
    (file,) = (tmp_path / "kept").iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    assert drawn_head("builtin:moving").fingerprint() == small_clip.fingerprint()
    drawn_head("builtin:moving")
    assert made == ["drawn"] * 2


def test_it_is_drawn_again_by_other_libraries(
    made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn_head("builtin:moving")
    monkeypatch.setattr(drawn, "_version", lambda library: "another")
    drawn_head("builtin:moving")
    assert made == ["drawn"] * 2


def test_a_folder_that_cannot_be_written_is_done_without(
    made: list[str], monkeypatch: pytest.MonkeyPatch, small_clip: Clip, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    assert drawn_head("builtin:moving").fingerprint() == small_clip.fingerprint()
