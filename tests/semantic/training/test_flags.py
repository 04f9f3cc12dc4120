"""Flags of training commands, which come from the fields of recipes."""

import argparse
import dataclasses

import pytest

from linksim.errors import LinksimError
from linksim.flags import add_flags, from_flags
from linksim.options import option
from semantic.asc.recipe import Recipe as AscRecipe
from semantic.dvst.training.recipe import Recipe as DvstRecipe
from semantic.text.recipe import Recipe as TextRecipe
from semantic.training.registry import trainings
from semantic.wav2lip.training.recipe import ExpertRecipe, GeneratorRecipe, MouthRecipe
from studies.cli.main import main

DATA = {
    "asc": ["--audio", "x"],
    "text": ["--text", "x"],
    "dvst": ["--video", "x"],
    "sync-expert": ["--generated", "1"],
    "mouth": ["--generated", "1"],
    "generator": ["--generated", "1"],
    "wav2vid": ["--generated", "1"],
}


def test_every_command_is_found() -> None:
    assert set(trainings()) == set(DATA)
    assert [name for name, each in trainings().items() if each.through_link] == ["wav2vid"]


@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        ("asc", AscRecipe()),
        ("text", TextRecipe()),
        ("dvst", DvstRecipe()),
        ("sync-expert", ExpertRecipe()),
        ("mouth", MouthRecipe()),
        ("generator", GeneratorRecipe(expert="x")),
    ],
)
def test_no_flags_give_the_plain_recipe(name: str, recipe: object) -> None:
    parser = argparse.ArgumentParser()
    trainings()[name].add_arguments(parser)
    more = ["--expert", "x"] if name == "generator" else []
    args = parser.parse_args([*DATA[name], "--out", "x", *more])
    assert from_flags(type(recipe), args) == recipe


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize(("flag", "value"), [("--seed", "-1"), ("--save-every", "0")])
def test_bad_numbers_get_one_line(
    name: str, flag: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", name, *DATA[name], "--out", "x", flag, value]) == 2
    error = capsys.readouterr().err
    assert f"{flag} must be between" in error
    assert error.count("\n") == 1


@dataclasses.dataclass(frozen=True)
class Plan:
    """A recipe of each kind of field."""

    lam: float = option(0.5, "weight of the error", within=(0.0, 1.0), flag="lambda")
    batch_size: int = option(4, "crops per step", "crops", within=(1, 8))
    form: str = option("a", "form of it", choices=("a", "b"))
    start: str | None = option(None, "file to start from")
    fixed: int = 3


def test_flags_are_the_fields(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser, Plan)

    def plan(*argv: str) -> Plan:
        return from_flags(Plan, parser.parse_args(argv))

    assert plan() == Plan()
    given = plan("--lambda", "1", "--batch-size", "8", "--form", "b", "--start", "x")
    assert given == Plan(1.0, 8, "b", "x")
    assert isinstance(given.lam, float)
    with pytest.raises(LinksimError, match="--lambda must be between 0 and 1, not 2"):
        plan("--lambda", "2")
    with pytest.raises(SystemExit):
        plan("--form", "c")
    capsys.readouterr()
    shown = parser.format_help()
    assert "crops per step (default 4 crops)" in shown
    assert "file to start from (default none)\n" in shown
    assert "fixed" not in shown
