"""The endpoint and the channel of the documentation, from modules outside of the project."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy import stats

from linksim.endpoint import make_endpoint
from linksim.errors import LinksimError
from linksim.media import Clip, write
from linksim.phy.channels import parse_channel
from studies.cli.main import main

Blocks = Callable[[str, str], list[str]]
ROOT = Path(__file__).parents[2]
MOST_LINES = {"analog_pcm": 40, "nakagami": 30}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to start linksim in, with a tone; modules in it are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(8000) / 16_000)
    write(Clip(audio=tone.astype(np.float32)), tmp_path / "tone.wav")
    yield tmp_path
    for name in MOST_LINES:
        sys.modules.pop(name, None)


def _save(folder: Path, blocks: Blocks, page: str, module: str, study: str) -> None:
    code = next(b for b in blocks(page, "python"))
    assert len(code.splitlines()) <= MOST_LINES[module]
    (folder / f"{module}.py").write_text(code)
    (folder / f"{study}.yaml").write_text(
        next(b for b in blocks(page, "yaml") if b.startswith(f"name: {study}"))
    )


def _means(folder: Path, metric: str) -> dict[tuple[str, str], list[float]]:
    with (folder / "summary.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == metric]
    means: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        means.setdefault((row["scheme"], row["channel"]), []).append(float(row["mean"]))
    return means


def test_the_endpoint_is_a_curve_without_any_other_edit(folder: Path, blocks: Blocks) -> None:
    _save(folder, blocks, "endpoint.md", "analog_pcm", "pcm")
    small = ["--set", "trials=2", "--set", "snr_db=[0, 20]", "--set", "metrics=[snr]"]
    assert main(["study", "run", "pcm.yaml", "--clip", "tone.wav", *small]) == 0
    out = folder / "results" / "pcm"
    means = _means(out, "snr")
    assert [scheme for scheme, _ in means] == ["Analogue PCM", "Analogue PCM, three copies", "Opus"]
    once, thrice, _ = means.values()
    assert once[1] > once[0] + 10
    assert np.all(np.array(thrice) > np.array(once))
    assert "Analogue PCM, three copies" in (out / "report.html").read_text()


def test_the_channel_is_swept_against_a_built_in_one(folder: Path, blocks: Blocks) -> None:
    _save(folder, blocks, "channel.md", "nakagami", "nakagami")
    small = ["--set", "snr_db=[12]", "--set", "metrics=[snr]"]
    assert main(["study", "run", "nakagami.yaml", "--clip", "tone.wav", *small]) == 0
    bler = _means(folder / "results" / "nakagami", "bler")
    user = ["nakagami.Nakagami:m=1", "nakagami.Nakagami:m=4"]
    assert [channel for _, channel in bler] == ["rayleigh", *user]
    rayleigh, deep, shallow = (values[0] for values in bler.values())
    assert deep > shallow
    assert deep == pytest.approx(rayleigh, abs=0.15)  # m = 1 is Rayleigh fading


def test_the_channel_is_what_it_says(folder: Path, blocks: Blocks) -> None:
    from linksim.phy.grid import Grid
    from linksim.seeding import seed_sionna

    _save(folder, blocks, "channel.md", "nakagami", "nakagami")
    for m in (1, 4):
        seed_sionna(1)
        h = parse_channel(f"nakagami.Nakagami:m={m}").sample(4000, 1, Grid(12, 15e3)).numpy()
        power = np.abs(h[:, 0, 0]) ** 2
        assert stats.kstest(power, "gamma", args=(m, 0, 1 / m)).pvalue > 0.01
        assert np.ptp(np.abs(h), axis=(1, 2)).max() == 0


def test_modules_are_found_where_linksim_is_started(folder: Path, blocks: Blocks) -> None:
    _save(folder, blocks, "endpoint.md", "analog_pcm", "pcm")
    args = "send tone.wav --channel awgn --snr 5 --out out --option copies=17 --scheme"
    argv = [*args.split(), "analog_pcm.AnalogPcm"]
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import studies.cli.main; studies.cli.main.main({argv})"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "linksim: option 'copies' must be between 1 and 16, not 17\n"


def test_points_are_of_the_class_as_it_is_now(folder: Path, blocks: Blocks) -> None:
    from studies.spec.load import load

    _save(folder, blocks, "endpoint.md", "analog_pcm", "pcm")
    ours, theirs = (s for s in load("pcm.yaml").schemes if s.label in ("Analogue PCM", "Opus"))
    before = ours.inputs("rayleigh"), theirs.inputs("rayleigh")
    with (folder / "analog_pcm.py").open("a") as file:
        file.write("# another word\n")
    with pytest.raises(LinksimError, match="has changed since it was loaded"):
        ours.inputs("rayleigh")
    sys.modules.pop("analog_pcm")
    assert ours.inputs("rayleigh") != before[0]
    assert theirs.inputs("rayleigh") == before[1]


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["--scheme", "absent.Mine"], "cannot import 'absent': ModuleNotFoundError"),
        (["--scheme", "broken.Mine"], "cannot import 'broken': ValueError: two lines"),
        (["--scheme", "leaves.Mine"], "cannot import 'leaves': SystemExit"),
        (["--scheme", "good.Absent"], "module 'good' has no class 'Absent'"),
        (["--scheme", "good.NUMBER"], "module 'good' has no class 'NUMBER'"),
        (["--scheme", "good.Plain"], "is not derived from linksim.endpoint.Endpoint"),
        (["--scheme", "good.Half"], "'good.Half' lacks decode"),
        (["--scheme", "good.NoData"], "is no dataclass; put @dataclass(frozen=True) before it"),
        (["--scheme", "good.Whole", "--option", "sizse=2"], "did you mean 'sizes'?"),
        (["--scheme", "good.Whole", "--option", "sizes=2"], "use bool, int, float, str"),
        (["--scheme", "good..Whole"], "is not of the form module.Class"),
        (["--scheme", ".Whole"], "is not of the form module.Class"),
        (["--scheme", "opus", "--channel", "good.Whole"], "not derived from linksim.phy.channels"),
        (["--scheme", "opus", "--channel", "absent.Mine:m=2"], "channel 'absent.Mine': cannot"),
    ],
)
def test_a_bad_path_gives_one_line(
    argv: list[str], line: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.py").write_text("raise ValueError('two\\nlines')")
    (folder / "leaves.py").write_text("import sys; sys.exit(3)")
    (folder / "good.py").write_text(GOOD)
    argv = argv if "--channel" in argv else [*argv, "--channel", "awgn"]
    code = main(["send", "tone.wav", "--snr", "5", "--out", "out", *argv])
    sys.modules.pop("good", None)
    said = capsys.readouterr().err
    assert (code, said.count("\n")) == (2, 1)
    assert line in said
    assert not (folder / "out").exists()


GOOD = """
from dataclasses import dataclass
from linksim.endpoint import Endpoint

NUMBER = 3

class Plain:
    pass

@dataclass(frozen=True)
class Half(Endpoint):
    def encode(self, clip, csi=None): ...

class NoData(Endpoint):
    def encode(self, clip, csi=None): ...
    def decode(self, received): ...

@dataclass(frozen=True)
class Whole(NoData):
    sizes: list[int] = None
"""


def test_a_class_without_a_file_cannot_be_told_from_another(folder: Path) -> None:
    module = ModuleType("typed_in")
    exec(GOOD, module.__dict__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "typed_in", module)
        with pytest.raises(LinksimError, match=r"'typed_in\.Whole' stands in no file"):
            make_endpoint("typed_in.Whole")


def test_a_bad_path_in_a_study_names_its_line(
    folder: Path, blocks: Blocks, capsys: pytest.CaptureFixture[str]
) -> None:
    _save(folder, blocks, "endpoint.md", "analog_pcm", "pcm")
    text = (folder / "pcm.yaml").read_text().replace("analog_pcm.AnalogPcm", "analog_pcm.Pcm", 1)
    (folder / "pcm.yaml").write_text(text)
    assert main(["study", "run", "pcm.yaml", "--clip", "tone.wav"]) == 2
    place = 1 + text.splitlines().index("    scheme: analog_pcm.Pcm")
    assert f"pcm.yaml:{place}: schemes.0.scheme" in (said := capsys.readouterr().err)
    assert "module 'analog_pcm' has no class 'Pcm'" in said
