"""Values that a study and its overrides may have."""

from pathlib import Path

import pytest

from linksim.errors import LinksimError
from studies.spec.load import load
from studies.spec.scheme import Scheme
from studies.spec.snr import parse_snr


def test_overrides(study_file: Path) -> None:
    changes = ["trials=5", "snr_db=5:30:5", "schemes.0.options.quality=9", "schemes.1.link={}"]
    study = load(study_file, overrides=changes)
    assert study.trials == 5
    assert study.snr_db == [5.0, 10.0, 15.0, 20.0, 25.0, 30.0]  # not base 60
    assert study.schemes[0].endpoint().quality == 9
    assert study.schemes[1].link == {}


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        ("0:20:5", [0, 5, 10, 15, 20]),
        ("-1:1:0.5", [-1, -0.5, 0, 0.5, 1]),
        ("0:0.3:0.1", [0, 0.1, 0.2, 0.3]),
        ("0:9:5", [0, 5]),
        ("3, 1", [3, 1]),
        ([0, "1e1"], [0, 10]),
        (7, [7]),
    ],
)
def test_parse_snr(spec: object, values: list[float]) -> None:
    assert parse_snr(spec) == values


def test_parse_snr_refuses_infinity() -> None:
    with pytest.raises(LinksimError, match="outside"):
        parse_snr("inf")


def test_channels_on_the_command_line_replace_those_of_the_study() -> None:
    spec = "tdl-a:delay_spread=300e-9,speed=3"
    assert load("quick", channels=[spec, "awgn"]).channels == [spec, "awgn"]
    with pytest.raises(LinksimError, match=r"--channel tdl-z: .*did you mean"):
        load("quick", channels=["tdl-z"])


def test_harq_is_refused_where_each_transmission_counts_by_itself() -> None:
    Scheme(label="a", scheme="link", link={"harq": 1}).check(["rayleigh"])
    with pytest.raises(LinksimError, match="use 'linksim adapt'"):
        Scheme(label="a", scheme="link", link={"harq": 4}).check(["rayleigh"])
