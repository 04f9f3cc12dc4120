"""Speech and music in one study, and the ceilings beside its curves."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fake_parts import fake_record

from linksim.errors import LinksimError
from linksim.files import CACHE_VARIABLE
from linksim.media import Clip, write
from linksim.media.sources import load_clip
from studies.cli.main import main
from studies.figures.curves import panels
from studies.figures.panel import Curve, Panel
from studies.figures.style import load_style, styled
from studies.run.bounds import bitrate
from studies.run.clips import clip_refs
from studies.run.plan import Point, plan
from studies.run.point import run_point
from studies.run.record import rows
from studies.run.runner import run
from studies.run.store import Store
from studies.spec.figure import Figure
from studies.spec.load import load
from studies.spec.scheme import Bound
from studies.spec.study import Study

BOTH = """
music: [band.wav]
bounds:
  - {label: ceiling, scheme: opus, uses_per_sample: 0.25}
figures:
  - {metric: nrmse, schemes: [interleaved, ceiling], name: few}
  - {metric: pesq}
"""


@pytest.fixture
def both(study_file: Path) -> Path:
    """The small study with music, a bound and figures of its own."""
    random = np.random.default_rng(1)
    write(
        Clip(audio=0.1 * random.standard_normal(16000).astype(np.float32)),
        study_file.with_name("band.wav"),
    )
    study_file.write_text(study_file.read_text() + BOTH)
    return study_file


def for_speech_alone(point: Point, folder: Path) -> dict[str, Any]:
    """Score as the link would: without PESQ for music."""
    record = fake_record(point, folder)
    if point.clip.kind == "music":
        record["metrics"]["pesq"] = {"value": None, "n": 0, "reason": "not defined for music"}
    return record


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for the results of the study, which take a while to draw."""
    return tmp_path_factory.mktemp("kinds") / "out"


@pytest.fixture
def folder(both: Path, once: Path, tmp_path: Path) -> Path:
    """The study, run; a copy for each test."""
    if not once.exists():
        run(load(both), once, work=for_speech_alone)
    shutil.copytree(once, tmp_path / "out")
    return tmp_path / "out"


def test_kinds_have_curves_of_their_own(folder: Path) -> None:
    table = Store(folder).read_table("summary.csv")
    music = [r for r in table if r["kind"] == "music"]
    speech = [r for r in table if r["kind"] == "speech"]
    assert len(music) == len(speech) == (2 * 2 + 1) * 3 * 3
    assert {r["mean"] for r in music if r["metric"] == "pesq"} == {"nan"}
    assert {r["n"] for r in music if r["metric"] == "nrmse" and r["scheme"] != "ceiling"} <= {
        "0", "1", "2",
    }  # fmt: skip
    results = list(csv.DictReader((folder / "results.csv").read_text().splitlines()))
    assert {(r["clip"], r["kind"]) for r in results} == {("tone", "speech"), ("band", "music")}


def test_figures_choose_their_curves(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[tuple[str, ...], str] = {}
    import studies.figures.draw as figures

    draw = figures.draw

    def spy(panel: Panel) -> Any:
        drawn[panel.figure.metric, panel.heading] = sorted({c.name for c in panel.curves})
        return draw(panel)

    monkeypatch.setattr(figures, "draw", spy)
    names = sorted(path.stem for path in figures.draw_all(folder) if path.suffix == ".png")
    assert names == ["few", "few_music", "pesq_awgn", "pesq_rayleigh"]
    assert drawn == {
        ("nrmse", "speech"): ["ceiling", "interleaved"],
        ("nrmse", "music"): ["ceiling", "interleaved"],
        ("pesq", "speech"): ["ceiling", "interleaved", "plain, 16QAM"],
    }


def test_a_bound_is_dashed_and_has_no_channel_of_its_own(folder: Path) -> None:
    from studies.figures.draw import draw

    values, ones, zero = np.array([1.0, 2.0]), np.ones(2), np.zeros(2)
    rest = (values, values, ones, zero, ("s", "s"), ((), ()), np.full(2, np.nan))
    curves = [
        Curve("s", "awgn", False, values, values, *rest),
        Curve("ceiling", "rayleigh", True, values, values + 1, *rest),
    ]
    (axes,) = draw(Panel("pesq", Figure(metric="pesq"), curves, "speech")).axes
    assert axes.get_title() == "Speech, channel: awgn"
    bound = next(line for line in axes.lines if line.get_label() == "ceiling")
    assert (bound.get_linestyle(), bound.get_marker()) == ("--", "")


def test_a_scheme_looks_the_same_in_all_figures(folder: Path) -> None:
    from studies.figures.draw import looks

    found: dict[str, set[tuple[str, str]]] = {}
    shown = panels(Store(folder))
    with styled(load_style()):
        for panel in shown:
            for curve, look in zip(panel.curves, looks(panel), strict=True):
                found.setdefault(curve.name, set()).add((look["color"], look["marker"]))
        assert len({frozenset(c.name for c in panel.curves) for panel in shown}) > 1
        assert {len(drawn) for drawn in found.values()} == {1}
        crowd = replace(shown[0], names=tuple(map(str, range(15))))
        assert looks(crowd)[0]["color"] == "#0072B2"  # of its own, from the first on


def test_a_bound_runs_once_a_clip_and_snr(both: Path) -> None:
    study = load(both)
    points = plan(study, clip_refs(study))
    ceiling = [p for p in points if isinstance(p.scheme, Bound)]
    assert len(points) == 2 * 2 * 3 * 2 * 2 + 3 * 2
    assert [(p.snr_db, p.clip.name, p.trial) for p in ceiling[:3]] == [
        (0.0, "tone", 0),
        (0.0, "band", 0),
        (5.0, "tone", 0),
    ]


def test_bit_rate_follows_capacity_within_what_the_codec_takes() -> None:
    quarter = Bound(label="b", scheme="opus", uses_per_sample=0.25)
    assert bitrate(quarter, 0.0) is None  # 3.4 kb/s
    assert bitrate(quarter, 10.0) == pytest.approx(0.25 * 16000 * 2.9066, abs=2)
    assert bitrate(Bound(label="b", scheme="opus", uses_per_sample=9.0), 20.0) == 256_000


def test_a_bound_is_measured_without_a_link(both: Path, tmp_path: Path) -> None:
    study = load(both, overrides=["snr_db=[0, 10]"])
    points = [p for p in plan(study, clip_refs(study)) if isinstance(p.scheme, Bound)]
    (tmp_path / "media").mkdir()
    speech_low, music_low, _, music = (run_point(p, tmp_path) for p in points)
    for record in (speech_low, music_low):
        assert record["status"] == "ok"
        assert {m["value"] for m in record["metrics"].values()} == {None}
        assert "least bit rate of opus" in record["metrics"]["nrmse"]["reason"]
        assert {row["channel_uses"] for row in rows(record, study_metrics(study))} != {0}
    assert music["metrics"]["pesq"] == {"value": None, "n": 0, "reason": "not defined for music"}
    assert 0.05 < music["metrics"]["nrmse"]["value"] < 1.5
    spent = music["accounting"]
    assert spent["channel_uses"] == pytest.approx(0.25 * 16000, rel=0.3)
    assert spent["channel_uses"] * 2.9066 == pytest.approx(
        spent["payload_bits"] + spent["side_info_bits"], rel=0.01
    )
    *_, bler = rows(music, study_metrics(study))
    assert np.isnan(bler["value"])


def study_metrics(study: Study) -> tuple[str, ...]:
    return tuple(study.metrics)


def test_workers_do_not_matter(both: Path, tmp_path: Path) -> None:
    for workers in (1, 2):
        run(load(both), tmp_path / f"{workers}", work=fake_record, workers=workers)
    one, two = ((tmp_path / n / "results.csv").read_bytes() for n in "12")
    assert one == two
    assert one.count(b"ceiling") == 3 * 2 * 3


def test_what_was_speech_cannot_become_music(both: Path, folder: Path) -> None:
    other = load(both, clips=[both.with_name("band.wav")], music=[both.with_name("tone.wav")])
    with pytest.raises(LinksimError, match=r"clips\.band\.kind is 'music' there and 'speech' here"):
        run(other, folder, work=for_speech_alone)


def test_clips_and_music_on_the_command_line(both: Path) -> None:
    study = load(both, clips=["builtin:speech2"], music=["builtin:music"])
    assert (study.clips, study.music) == (["builtin:speech2"], ["builtin:music"])
    (clip,) = clip_refs(study.model_copy(update={"clips": []}))
    assert (clip.name, clip.kind, clip.seconds) == ("builtin-music", "music", 8.0)


def test_the_clip_that_moves_is_one_of_those_built_in(
    both: Path, small_clip: Clip, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = SimpleNamespace(clip=small_clip)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr("linksim.media.synthetic.heads.moving_head", lambda: made)
    assert load(both, clips=["builtin:moving"]).clips == ["builtin:moving"]
    clip = load_clip.__wrapped__("builtin:moving", 60.0)  # not kept for other tests
    assert clip.fingerprint() == small_clip.fingerprint()


def test_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "table", str(folder), "--metric", "nrmse", "--kind", "music"]) == 0
    head, rule, *lines, _, note = capsys.readouterr().out.splitlines()
    assert head == "| Scheme | Uses per sample | 0 dB | 5 dB | 10 dB |"
    assert rule == "| --- | ---: | ---: | ---: | ---: |"
    assert [line.split(" | ")[0] for line in lines] == [
        "| plain, 16QAM",
        "| interleaved",
        "| ceiling",
    ]
    summary = Store(folder).read_table("summary.csv")
    means = {
        (r["scheme"], r["snr_db"]): float(r["mean"])
        for r in summary
        if (r["channel"], r["metric"], r["kind"]) == ("rayleigh", "nrmse", "music")
    }
    cells = lines[0].strip("| ").split(" | ")
    assert float(cells[1]) == pytest.approx(420 / 16000, rel=0.01)
    assert float(cells[4]) == pytest.approx(means["plain, 16QAM", "10.0"], rel=0.01)
    assert "1 × 2 clips × trials (music: band)" in note
    assert "`rayleigh`" in note


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--metric", "psnr"], "unknown metric 'psnr'"),
        (["--channel", "awng"], "unknown channel 'awng'; did you mean 'awgn'?"),
        (["--kind", "musik"], "unknown kind of clip 'musik'; did you mean 'music'?"),
    ],
)
def test_table_of_what_is_not_there(
    arguments: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", "table", str(folder), *arguments]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert message in err


def test_report_keeps_kinds_apart(folder: Path) -> None:
    assert main(["study", "report", str(folder)]) == 0
    page = (folder / "report.html").read_text()
    assert "plain, 16QAM over rayleigh, music</h3>" in page
    assert "opus: at capacity, 0.25 uses per sample" in page


@pytest.mark.parametrize("name", ["quick", "fig5", "asc_card", "text", "waterfall"])
def test_packaged_studies_are_sound(name: str) -> None:
    study = load(name)
    assert study.name == name
    assert Study.model_validate(study.model_dump(mode="json")) == study
