"""Numbers in YAML and arguments that are none, or none that anything can be done with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from linksim.errors import LinksimError
from studies.cli.main import main
from studies.spec.load import load

HUGE = "9" * 399


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("!!bool abc", "'abc' is no bool"),
        ("!!float ''", "'' is no float"),
        ("!!int ''", "'' is no int"),
        ("!!int [1]", "is no int"),
        ("!!timestamp abc", "tag !!timestamp is not for plain data; leave it out"),
        ("!!timestamp 2020-01-01", "tag !!timestamp is not for plain data"),
        ("!!binary x", "tag !!binary is not for plain data"),
        ("!!set {a, b}", "tag !!set is not for plain data"),
        ("!!python/name:os.system", "tag !!python/name:os.system is not for plain data"),
        ("!mine 1", "tag !mine is not for plain data"),
        ("!!map [1]", "not valid YAML"),
    ],
)
@pytest.mark.parametrize("field", ["trials", "seed", "title", "snr_db"])
def test_tags_give_the_line(
    field: str, value: str, line: str, study_text: str, write_study: Callable[[str], Path]
) -> None:
    lines = [text for text in study_text.splitlines() if not text.startswith(f"{field}:")]
    text = "\n".join([f"{field}: {value}", *lines]) + "\n"
    with pytest.raises(LinksimError, match=r"small.yaml:1: not valid YAML: ") as error:
        load(write_study(text))
    assert line in str(error.value)
    with pytest.raises(LinksimError, match=rf"--set {field}=.* is not valid YAML"):
        load(write_study(study_text), overrides=[f"{field}={value}"])


@pytest.mark.parametrize("number", [HUGE, f"-{HUGE}", "1e999", "-1e999"])
@pytest.mark.parametrize(
    "field", ["trials", "seed", "snr_db", "fid_frames", "schemes.0.options.quality",
              "schemes.0.link.code_rate", "schemes.0.link.subcarriers", f"schemes.{'1' * 30}.label"]
)  # fmt: skip
def test_huge_numbers_give_one_line(
    field: str, number: str, study_text: str, write_study: Callable[[str], Path]
) -> None:
    with pytest.raises(LinksimError) as error:
        load(write_study(study_text), overrides=[f"{field}={number}"])
    assert len(str(error.value)) < 1200


@pytest.mark.parametrize(
    "words",
    [
        ["ber", "--seed", HUGE],
        ["ber", "--max-blocks", HUGE],
        ["ber", "--interleave-slots", HUGE],
        ["ber", "--code-rate", HUGE],
        ["ber", "--snr", HUGE],
        ["ber", "--snr", f"0:{HUGE}:1"],
        ["ber", "--snr", f"0:1:1e-{HUGE}"],
        ["ber", "--link", f"pilots={HUGE}"],
        ["ber", "--channel", f"tdl-a:speed={HUGE}"],
        ["adapt", "--links", HUGE],
        ["adapt", "--delay", HUGE],
        ["adapt", "--mcs", HUGE],
        ["models", "--fps", HUGE],
        ["models", "--size", f"{HUGE}x1"],
        ["lips", "--generated", HUGE],
        ["study", "run", "quick", "--workers", HUGE],
        ["harq", "--seed", HUGE],
        ["send", "builtin", "--scheme", "opus", "--channel", "awgn", "--snr", "1", "--out", "x",
         "--seed", HUGE],
    ],
)  # fmt: skip
def test_huge_arguments_give_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    err = capsys.readouterr().err
    assert err.startswith("linksim: ")
    assert err.count("\n") == 1
