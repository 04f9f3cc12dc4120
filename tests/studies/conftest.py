"""A study small enough to run at once, with an endpoint installed for the tests alone."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from linksim.media import Clip, write

HERE = Path(__file__).parent
STUDY = """\
name: small
title: A small <study>
clips: [tone.wav]
channels: [rayleigh, awgn]
snr_db: 0:10:5
trials: 2
seed: 7
metrics: [pesq, nrmse]
schemes:
  - label: plain, 16QAM
    scheme: fake
    options: {quality: 2}
    link: {modulation: 16qam, code_rate: 0.5}
  - label: interleaved
    scheme: fake
    link: {interleave_slots: 4}
"""


@pytest.fixture(autouse=True)
def _fake_endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the entry point ``fake`` for this process and those it starts."""
    monkeypatch.setenv("LINKSIM_IMPORT", "")  # which studies beside modules add to
    monkeypatch.setattr(sys, "path", list(sys.path))
    site = tmp_path / "site"
    info = site / "fake_parts-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-parts\nVersion: 0\n")
    (info / "entry_points.txt").write_text("[linksim.endpoints]\nfake = fake_parts:FakeEndpoint\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(site), str(HERE), *filter(None, sys.path)])
    )


@pytest.fixture(scope="module", autouse=True)
def _stay_in_this_process() -> Iterator[None]:
    """Let the small study's four links, which compile nothing, run here, where tests reach them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("studies.run.runner.MOST_LINKS", 4)
        yield


@pytest.fixture
def study_text() -> str:
    """The small study as YAML."""
    return STUDY


@pytest.fixture
def write_study(tmp_path: Path) -> Callable[[str], Path]:
    """Write a study and its clip; give the file's path."""

    def write_it(text: str) -> Path:
        tone = np.sin(np.arange(8000, dtype=np.float32)) / 2
        write(Clip(audio=tone), tmp_path / "tone.wav")
        path = tmp_path / "small.yaml"
        path.write_text(text)
        return path

    return write_it


@pytest.fixture
def study_file(write_study: Callable[[str], Path]) -> Path:
    """The small study's file, with its clip beside it."""
    return write_study(STUDY)
