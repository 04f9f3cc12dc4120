"""Blocks of a call are timed one by one, and the table and the claims read what is written."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from linksim.media import Clip
from semantic.asc.endpoint import Asc
from studies.bench.call import bench_call
from studies.bench.systems import call as bench
from studies.cli.main import main


@pytest.fixture
def two_systems(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for the real systems; tells what was called."""
    calls: list[str] = []

    def call(name: str) -> None:
        calls.append(name)
        time.sleep(0.06)

    def blocks(*names: str) -> Iterator[bench.Block]:
        for name in names:
            yield name, 0.5, lambda n=name: call(n)

    def systems(clip: Clip) -> dict[str, Iterator[bench.Block]]:
        return {"A": blocks("encoder", "link"), "B": blocks("gate")}

    monkeypatch.setattr(bench, "systems", systems)
    return calls


def test_each_block_is_warmed_up_and_timed_twice(two_systems: list[str], small_clip: Clip) -> None:
    result = bench_call(small_clip, seconds=0.0, report=lambda text: None)
    assert two_systems == ["encoder"] * 3 + ["link"] * 3 + ["gate"] * 3
    assert {s: list(b) for s, b in result["systems"].items()} == {
        "A": ["encoder", "link"],
        "B": ["gate"],
    }
    assert all(len(times) == 2 for b in result["systems"].values() for times in b.values())
    assert result["seconds"] == pytest.approx(0.48)


def test_the_command_prints_and_writes(
    two_systems: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bench_call.json"
    argv = ["bench", "call", "--clip", "builtin", "--seconds", "0.1", "--json", str(path)]
    assert main([*argv[:4], "--seconds", "0", *argv[6:]]) == 2
    capsys.readouterr()
    assert main(argv) == 0
    assert "a call of 4 s" in capsys.readouterr().out
    assert json.loads(path.read_text())["delays"]["B"] == {"gate": 0.5}


def test_a_coded_system_has_every_block(small_clip: Clip) -> None:
    sound = Clip(audio=small_clip.audio, sample_rate=small_clip.sample_rate)
    video = bench.Traditional(audio="none", preset="ultrafast")
    codecs = (
        bench.Codec("audio", Asc(), sound, 2.5),
        bench.Codec("video", video, small_clip, 0.04),
    )
    blocks = list(bench._coded(*codecs))
    assert [(name, delay) for name, delay, _ in blocks] == [
        ("audio encoder", 2.5),
        ("video encoder", 0.04),
        ("link", 0.001),
        ("audio decoder", 0.0),
        ("video decoder", 0.0),
    ]
    shown = blocks[-1][2]()
    assert shown.frames.shape == small_clip.frames.shape
    assert len(blocks[-2][2]().audio) == len(small_clip.audio)


def test_txt2vid_is_timed_where_its_extra_is_installed(
    small_clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    for reason, known in (("", True), ("needs the extra txt2vid", False)):
        monkeypatch.setattr(bench.Txt2Vid, "missing", classmethod(lambda cls, r=reason: r))
        assert ("Txt2Vid" in bench.systems(small_clip)) is known


def test_txt2vid_has_every_block(small_clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a listener and a speaker of our own, so that the extra is not needed."""
    monkeypatch.setattr(bench, "recognise", lambda audio: "good morning")
    monkeypatch.setattr(bench, "speak", lambda text, samples: np.zeros(samples, np.float32))
    names, delays = [], []
    blocks = bench._txt2vid(bench.Dvst(audio="none", link=bench.LINK), small_clip)
    for name, delay, _ in blocks:
        names.append(name)
        delays.append(delay)
        if name == "speech synthesis":
            break
    assert names == [
        "speech recognition",
        "text encoder",
        "video encoder",
        "link",
        "text decoder",
        "video decoder",
        "speech synthesis",
    ]
    assert delays[0] == small_clip.duration
