"""``linksim ber``: what its flags and ``--link`` make of a link."""

import json
from pathlib import Path

import pytest

from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from studies.cli.ber import link_configs
from studies.cli.main import command_parser, main


def described(*words: str) -> LinkConfig:
    """Return the only link of a command line."""
    (link,) = link_configs(command_parser().parse_args(["ber", *words]))
    return link


def test_any_field_of_a_link_can_be_given() -> None:
    words = ["--modulation", "qpsk", "--interleave-slots", "4"]
    for option in ("pilots=2+7+11", "pilot_spacing=2", "noise=estimated", "decoder_iterations=8"):
        words += ["--link", option]
    assert described(*words, "--link", "estimator=ls-linear") == LinkConfig(
        modulation="qpsk",
        interleave_slots=4,
        pilots="2+7+11",
        pilot_spacing=2,
        noise="estimated",
        decoder_iterations=8,
    )


def test_defaults_are_those_of_a_link() -> None:
    assert described() == LinkConfig()
    assert described("--estimator", "lmmse") == LinkConfig(estimator="lmmse")


def test_flags_given_again_are_curves() -> None:
    words = ["--channel", "rayleigh", "--channel", "tdl-c", "--modulation", "qpsk"]
    links = link_configs(command_parser().parse_args(["ber", *words]))
    assert links == [LinkConfig(channel=c, modulation="qpsk") for c in ("rayleigh", "tdl-c")]


def test_several_links_are_one_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = tmp_path / "ref.csv"
    reference.write_text("ebn0_db,bler\n0,1\n12,0.3\n")
    files = ["--plot", str(tmp_path / "out.svg"), "--json", str(tmp_path / "out.json")]
    words = ["--channel", "awgn", "--channel", "rayleigh", "--ebn0", "0:12:12", *files]
    words += ["--link", "subcarriers=24", "--max-blocks", "500", "--reference", str(reference)]
    assert main(["ber", *words]) == 0
    document = json.loads((tmp_path / "out.json").read_text())
    assert [link["channel"] for link in document["links"]] == ["awgn", "rayleigh"]
    assert [r["link"] for r in document["records"]] == ["awgn", "awgn", "rayleigh", "rayleigh"]
    assert [r["ebn0_db"] for r in document["records"]] == pytest.approx([0, 12, 0, 12])
    ratio = document["records"][1]
    link = LinkConfig(subcarriers=24)
    gained = 8 * link.code_block().payload_bytes * (1 - ratio["bler"]) / 1e-3
    assert ratio["goodput_bps"] == pytest.approx(gained)
    assert ratio["efficiency"] == pytest.approx(gained / (24 * 15e3))
    drawing = (tmp_path / "out.svg").read_text()
    assert drawing.count("<svg") == 1
    assert "2 links" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--link", "feedback_loss=0.5"], "so feedback_loss says nothing here"),
        (["--link", "mcs_table=2"], "so mcs_table says nothing here"),
        (["--uncoded", "--link", "decoder_iterations=5"], "--uncoded has no code"),
        (["--channel", "awgn", "--channel", "awgn"], "--channel is given twice with one value"),
        (["--channel", "awgn", "--link", "channel=tdl-a"], "channel is given by --channel"),
    ],
)
def test_fields_that_say_nothing_are_refused(words: list[str], line: str) -> None:
    with pytest.raises(LinksimError, match=line):
        described(*words)


def test_a_link_without_a_closed_form_has_null_for_it(tmp_path: Path) -> None:
    """An array without dimensions, which JSON has no word for, ended the command."""
    words = ["--uncoded", "--channel", "tdl-a", "--estimator", "perfect", "--snr", "10"]
    words += ["--link", "subcarriers=12", "--max-blocks", "100", "--json"]
    assert main(["ber", *words, str(tmp_path / "out.json")]) == 0
    (record,) = json.loads((tmp_path / "out.json").read_text())["records"]
    assert record["theory_ber"] is None
    assert 0 < record["ber"] < 1
