"""Every linksim command that the documentation shows is one that there is."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from studies.cli.main import command_parser, common_parser
from studies.spec.scheme import Scheme

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def _commands(page: Path) -> Iterator[list[str]]:
    for block in re.findall(r"^```sh\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("linksim "):
                yield shlex.split(line, comments=True)[1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_parse(page: Path) -> None:
    for words in _commands(page):
        if words != ["--help"]:
            _, rest = common_parser().parse_known_args(words)
            command_parser().parse_args(rest)


def test_pages_show_commands() -> None:
    assert sum(1 for page in PAGES for _ in _commands(page)) > 40


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_schemes_of_shown_studies_are_schemes() -> None:
    import yaml

    text = (ROOT / "docs" / "quickstart.md").read_text()
    (study,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    for scheme in yaml.safe_load(study)["schemes"]:
        Scheme.model_validate(scheme).endpoint()


def test_the_swept_study_that_is_shown_is_a_study(tmp_path: Path) -> None:
    from studies.spec.load import load

    text = (ROOT / "docs" / "scale.md").read_text()
    shown = next(s for s in re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    (tmp_path / "shown.yaml").write_text(shown)
    study = load(tmp_path / "shown.yaml")
    assert "16QAM 1/2, estimator lmmse, interleave slots 4" in [s.label for s in study.swept]
