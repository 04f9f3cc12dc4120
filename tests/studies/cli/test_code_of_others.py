"""Code that lies in a folder runs when it is named, and never because results are read there."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from studies.cli.main import main
from studies.run.store import Store
from studies.spec.load import load

NAMED = """\
from pathlib import Path
Path(__file__).with_suffix(".ran").touch()

from dataclasses import dataclass
from typing import ClassVar
from fake_parts import FakeEndpoint
from linksim.metrics.value import Metric, MetricValue
from linksim.phy.channels import Channel


@dataclass(frozen=True)
class Codec(FakeEndpoint):
    name: ClassVar[str] = "codec"


@dataclass(frozen=True)
class Still(Channel):
    name: ClassVar[str] = "still"

    def sample(self, bursts, slots, grid):
        import tensorflow as tf
        return tf.ones([bursts * slots, *grid.shape], tf.complex64)
"""
LURES = ("uarray", "jax", "dill", "torch", "cupy", "IPython", "h5netcdf", "xarray", "sparse")
"""Modules that libraries import where they find them."""
READERS = (
    ("status",), ("plot",), ("report",), ("table", "--metric", "bler"), ("cost",), ("parquet",),
    ("fair", "--scheme", "plain, 16QAM"),
)  # fmt: skip


def _linksim(*words: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    code = "import sys; from studies.cli.main import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-P", "-c", code, *words], cwd=cwd, capture_output=True, text=True
    )


@pytest.fixture
def received(study_text: str, write_study: Callable[[str], Path], tmp_path: Path) -> Path:
    """A folder of results of a codec and a channel of somebody's own, with other code beside."""
    from fake_parts import fake_record

    from studies.run.runner import run

    (tmp_path / "named.py").write_text(NAMED)
    text = study_text.replace("[rayleigh, awgn]", "[named.Still, awgn]")
    study = write_study(text.replace("scheme: fake", "scheme: named.Codec", 1))
    out = tmp_path / "out"
    try:
        run(load(study), out, work=fake_record)
    finally:
        sys.modules.pop("named", None)
    assert (tmp_path / "named.ran").exists()
    for name in ("named", *LURES):
        (out / f"{name}.py").write_text(NAMED)
    return out


def test_reading_results_runs_no_code_of_their_folder(received: Path) -> None:
    for words in READERS:
        done = _linksim("study", words[0], ".", *words[1:], cwd=received)
        assert "Traceback" not in done.stderr, done.stderr
        lines = ("Parquet needs fastparquet", "the study has no digital scheme")
        expected = any(line in done.stderr for line in lines)
        assert done.returncode == 0 or expected, (words, done.stderr)
        assert not list(received.glob("*.ran")), words
    done = _linksim("study", "diff", ".", ".", cwd=received)
    assert (done.returncode, list(received.glob("*.ran"))) == (0, [])


def test_results_that_name_a_metric_say_how_it_is_loaded(
    received: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = received / "study.json"
    path.write_text(path.read_text().replace('"nrmse"', '"named.METRIC"'))
    assert main(["study", "report", str(received)]) == 2
    line = "metric 'named.METRIC' is code that results name; to run it name its folder by --import"
    assert line in capsys.readouterr().err
    assert not (received / "named.ran").exists()


def test_a_study_finds_modules_beside_its_file(
    received: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = load(received.parent / "small.yaml")
    assert [scheme.scheme for scheme in study.schemes] == ["named.Codec", "fake"]
    assert Store(received).planned()
    sys.modules.pop("named", None)


def test_a_study_runs_no_module_beside_it_that_it_does_not_name(
    study_text: str, write_study: Callable[[str], Path], tmp_path: Path
) -> None:
    write_study(study_text + "figures: [{metric: blre}]\n")
    for name in LURES:
        (tmp_path / f"{name}.py").write_text(NAMED)
    done = _linksim("study", "run", "small.yaml", cwd=tmp_path)
    assert "unknown metric 'blre'" in done.stderr
    assert not list(tmp_path.glob("*.ran"))


def test_a_dotted_path_is_looked_for_where_import_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "own_still.py").write_text(NAMED)
    monkeypatch.chdir(folder)
    words = ["ber", "--channel", "own_still.Still", "--snr", "0:x"]
    done = _linksim(*words, cwd=folder)
    assert "cannot import 'own_still'" in done.stderr
    assert main([*words, "--import", "."]) == 2
    assert "SNR '0:x' is not understood" in capsys.readouterr().err
    assert main(["--import", "absent", *words]) == 2
    assert "absent: is no folder to import from" in capsys.readouterr().err
    sys.modules.pop("own_still", None)
