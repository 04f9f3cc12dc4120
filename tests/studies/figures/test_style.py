"""Styles of figures: the project's own, others over it, and bad ones refused."""

from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import pytest
from fake_parts import fake_record
from matplotlib.font_manager import fontManager

from linksim.errors import LinksimError, LinksimWarning, warn_once
from studies.cli.main import main
from studies.figures.style import STYLE_FILE, load_style, styled
from studies.figures.text import settle_text
from studies.run.runner import run
from studies.spec.load import load


def test_figures_are_one_ieee_column_wide(study_file: Path, tmp_path: Path) -> None:
    run(load(study_file), tmp_path / "out", work=fake_record)
    assert main(["study", "plot", str(tmp_path / "out")]) == 0
    widths = {cv2.imread(str(p)).shape[1] for p in (tmp_path / "out" / "figures").glob("*.png")}
    assert widths == {3.5 * 300}


def test_a_style_file_changes_what_it_names(study_file: Path, tmp_path: Path) -> None:
    wide = tmp_path / "wide.mplstyle"
    wide.write_text("figure.figsize: 7, 3\naxes.prop_cycle: cycler('color', ['r', 'b'])\n")
    run(load(study_file), tmp_path / "out", work=fake_record)
    assert main(["study", "report", str(tmp_path / "out"), "--style", str(wide)]) == 0
    widths = {cv2.imread(str(p)).shape[1] for p in (tmp_path / "out" / "figures").glob("*.png")}
    assert widths == {7 * 300}
    with styled(load_style(str(wide))):
        assert plt.rcParams["font.size"] == 8  # of the project's own style
        assert next(iter(plt.rcParams["axes.prop_cycle"])) == {"color": "r", "marker": ""}


def test_names() -> None:
    assert load_style("ieee") == load_style(str(STYLE_FILE)) == load_style()
    assert load_style("ggplot")["axes.facecolor"] == plt.style.library["ggplot"]["axes.facecolor"]
    assert load_style("ggplot")["figure.figsize"] == [3.5, 2.6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lines.widht: 2\n", "not a style of Matplotlib: Bad key lines.widht"),
        ("lines.linewidth: thick\n", "Could not convert 'thick' to float"),
        ("hello\n", "Missing colon"),
        ("figure.figsize: 0, 0\n", "Matplotlib cannot draw with it: divide by zero"),
        ("axes.prop_cycle: cycler('color', [])\n", "Matplotlib cannot draw with it"),
        ("figure.figsize: 1e6, 2\n", "its figures have sides of more than 10000 pixels"),
        ("figure.figsize: nan, 2\n", "its figures have sides of more than 10000 pixels"),
        ("savefig.dpi: 1e5\n", "its figures have sides of more than 10000 pixels"),
        ("\xff", "not UTF-8 text"),
    ],
)
def test_bad_files(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.mplstyle"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(LinksimError, match=message) as raised:
        load_style(str(path))
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ieeee", "--style ieeee: no such style; did you mean 'ieee'?"),
        ("absent.mplstyle", "--style absent.mplstyle: no such style; give a file"),
        ("/", "--style /: cannot be read: Is a directory"),
    ],
)
@pytest.mark.parametrize("action", ["run", "plot", "report"])
def test_the_command_refuses_bad_styles_first(
    action: str, name: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    target = ["quick", "--out", str(out)] if action == "run" else [str(out)]
    assert main(["study", action, *target, "--style", name]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"linksim: {message}")
    assert err.count("\n") == 1
    assert not out.exists()


def test_letters_that_a_font_lacks_come_from_another(monkeypatch: pytest.MonkeyPatch) -> None:
    warn_once.cache_clear()
    fonts = [font for font in fontManager.ttflist if font.name.startswith(("STIX", "DejaVu"))]
    monkeypatch.setattr(fontManager, "ttflist", fonts)
    with styled(load_style()):
        canvas, axes = plt.subplots()
        axes.set_title("\u0531\u2801 x")  # Armenian and Braille, which STIX lacks and DejaVu has
        axes.set_xlabel("plain \u03b1")
        axes.set_ylabel("\U00012000\U00012001")  # cuneiform, which neither has
        with pytest.warns(LinksimWarning, match="no font here has '\U00012000\U00012001'"):
            settle_text(canvas)
        plt.close(canvas)
    assert axes.title.get_fontfamily()[-1].startswith("DejaVu")
    assert axes.xaxis.label.get_fontfamily() == ["serif"]
