"""Any option as an axis: schemes multiply, tables and figures follow."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_parts import fake_record

from linksim.errors import LinksimError
from studies.cli.main import main
from studies.figures.curves import panels
from studies.figures.draw import draw
from studies.figures.panel import Panel
from studies.run.plan import plan
from studies.run.runner import run
from studies.run.store import Store
from studies.spec.load import load

SWEPT = """\
name: small
clips: [tone.wav]
snr_db: [0, 10]
seed: 7
metrics: [nrmse]
schemes:
  - label: one
    scheme: fake
    link: {modulation: qpsk}
  - label: pcm
    scheme: traditional
sweep:
  link.channel: [rayleigh, awgn]
  link.estimator: [perfect, lmmse]
  fake.quality: [1, 2, 3]
figures:
  - {metric: bler, schemes: [one]}
  - {metric: nrmse, name: quality, against: fake.quality, snr_db: 10}
  - {metric: nrmse, name: estimator, against: link.estimator, snr_db: 0, schemes: [pcm]}
"""


@pytest.fixture
def swept(write_study: Callable[[str], Path]) -> Path:
    """A study of two schemes, one of which has one axis more."""
    return write_study(SWEPT)


def test_every_scheme_stands_everywhere_on_its_axes(swept: Path) -> None:
    study = load(swept)
    assert [scheme.label for scheme in study.swept] == [
        *(f"one, estimator {e}, quality {q}" for e in ("perfect", "lmmse") for q in (1, 2, 3)),
        "pcm, estimator perfect",
        "pcm, estimator lmmse",
    ]
    assert study.channels == ["rayleigh", "awgn"]
    fifth = study.swept[4]
    assert fifth.options == {"quality": 2}
    assert fifth.link == {"modulation": "qpsk", "estimator": "lmmse"}
    assert fifth.axes == {"link.estimator": "lmmse", "fake.quality": 2}


def test_tables_have_a_column_an_axis(swept: Path, tmp_path: Path) -> None:
    run(load(swept), tmp_path / "out", work=fake_record)
    for name in ("results.csv", "summary.csv"):
        table = Store(tmp_path / "out").read_table(name)
        assert list(table[0])[-2:] == ["link.estimator", "fake.quality"]
        places = {(r["scheme"], r["link.estimator"], r["fake.quality"]) for r in table}
        assert ("one, estimator lmmse, quality 3", "lmmse", "3") in places
        assert ("pcm, estimator lmmse", "lmmse", "") in places
        assert len(places) == 8


def test_an_axis_grows_and_what_is_done_is_kept(swept: Path, tmp_path: Path) -> None:
    few = load(swept, overrides=["sweep.fake.quality=[1, 3]"])
    done = run(few, tmp_path / "out", work=fake_record).points
    assert done == 2 * 2 * 6
    result = run(load(swept), tmp_path / "out", work=fake_record)
    assert (result.kept, result.points) == (done, 2 * 2 * 8)


def test_figures_are_drawn_against_an_axis(swept: Path, tmp_path: Path) -> None:
    run(load(swept), tmp_path / "out", work=fake_record)
    shown: dict[str, Panel] = {}
    for panel in panels(Store(tmp_path / "out")):
        shown.setdefault(panel.figure.file_name, panel)
    assert {c.name.partition(",")[0] for c in shown["bler"].curves} == {"one"}
    quality = [c for c in shown["quality"].curves if c.channel == "awgn"]
    assert {c.name for c in quality} == {"one, estimator perfect", "one, estimator lmmse"}
    assert quality[0].x.tolist() == [1, 2, 3]
    means = {
        (r["channel"], r["scheme"]): float(r["mean"])
        for r in Store(tmp_path / "out").read_table("summary.csv")
        if (r["metric"], r["snr_db"]) == ("nrmse", "10.0")
    }
    for curve in quality:
        wanted = [means["awgn", f"{curve.name}, quality {q}"] for q in (1, 2, 3)]
        assert curve.mean.tolist() == wanted
    (axes,) = draw(shown["estimator"]).axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["perfect", "lmmse"]
    assert axes.get_xlabel() == "Estimator"
    assert main(["study", "report", str(tmp_path / "out")]) == 0


def test_feedback_is_short_for_link_feedback(swept: Path) -> None:
    swept.write_text(
        swept.read_text().replace(
            "link.estimator: [perfect, lmmse]", "feedback.delay_slots: [0, 4, 16]"
        )
    )
    study = load(swept, overrides=["figures=[]"])
    assert study.swept[-1].label == "pcm, feedback delay slots 16"
    assert study.swept[-1].link_config("awgn").feedback_delay_slots == 16


ESTIMATORS = "link.estimator: [perfect, lmmse]"
FAR_TOO_MANY = f"link.subcarriers: {list(range(12, 1512))}\n  link.feedback_bits: [1, 2, 3, 4]"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("link.estimator:", "link.estimater:", "small.yaml:14: sweep.link.estimater: unknown axis"),
        ("link.estimator:", "link.estimater:", "did you mean 'link.estimator'?"),
        ("fake.quality: [", "fake.qualty: [", "did you mean 'fake.quality'?"),
        ("fake.quality: [", "options.quality: [", "unknown axis 'options.quality'"),
        ("lmmse]", "lmsme]", "small.yaml:14: sweep.link.estimator.1: unknown estimator 'lmsme'"),
        ("[1, 2, 3]", "[1, high]", "sweep.fake.quality.1: scheme 'fake': option 'quality' must"),
        ("[1, 2, 3]", "[]", "sweep.fake.quality: should have a value"),
        ("[1, 2, 3]", "[1, 1]", "sweep.fake.quality: '1' is given twice"),
        ("[1, 2, 3]", "3", "sweep.fake.quality: should be a valid list"),
        (ESTIMATORS, "link.modulation: [qpsk]", "'one' sets 'modulation' as well"),
        (ESTIMATORS, "trials: [1, 2]", "sweep.trials: is an axis of every study; give its values"),
        ("name: small", "name: small\nchannels: [awgn]", "'channels' gives the same axis"),
        ("[rayleigh, awgn]", "[raileigh]", "channels.0: unknown channel 'raileigh'; did you mean"),
        ("against: fake.quality", "against: quality", "did you mean 'fake.quality'?"),
        ("snr_db: 10}", "snr_db: 5}", "figures.1.snr_db: 5 dB is not among"),
        (", snr_db: 10}", "}", "'snr_db' is missing, which 'against: fake.quality' needs"),
        ("snr_db: 10}", "snr_db: 10, curves: {a: [pcm]}}", "use 'schemes'"),
        (ESTIMATORS, FAR_TOO_MANY, "sweep: makes"),
    ],
)
def test_bad_axes(old: str, new: str, message: str, swept: Path) -> None:
    swept.write_text(swept.read_text().replace(old, new, 1))
    with pytest.raises(LinksimError) as caught:
        load(swept)
    assert message in str(caught.value)


def test_a_point_does_not_depend_on_how_its_scheme_was_written(swept: Path, tmp_path: Path) -> None:
    """A swept scheme's points are those of the same scheme written out."""
    from studies.run.clips import clip_refs

    study = load(swept)
    scheme = study.swept[4]
    alone = study.model_copy(update={"sweep": {}, "figures": [], "schemes": [scheme]})
    hashes = [
        {p.config_hash for p in plan(s, clip_refs(s)) if p.scheme.label == scheme.label}
        for s in (study, alone)
    ]
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == 4
