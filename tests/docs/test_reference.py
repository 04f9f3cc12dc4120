"""The tables that the reference is filled with."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    """The extension that fills pages in."""
    spec = importlib.util.spec_from_file_location("reference_pages", DOCS / "reference_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("commands", "### linksim study run"),
        ("commands", "### linksim train asc"),
        ("schemes", "| `bitrate` | `24000` | bit/s | target bit rate, 6000 to 256000 |"),
        ("links", "| `block_length` | `none` | bit |"),
        ("channels", "### tdl-a, tdl-b, tdl-c, tdl-d, tdl-e"),
        ("channels", "| `carrier` | `3.5e+09` | Hz | carrier frequency |"),
    ],
)
def test_tables_come_from_the_code(pages: ModuleType, name: str, line: str) -> None:
    assert line in pages.FILL[name]()


def test_no_mark_is_left(pages: ModuleType) -> None:
    for page in DOCS.glob("*.md"):
        source = [page.read_text(encoding="utf-8")]
        pages.fill(None, page.stem, source)
        assert "<!-- fill" not in source[0]


def test_the_documentation_is_of_cards_that_there_are() -> None:
    for page in (*DOCS.glob("*.md"), *DOCS.glob("cards/*.md")):
        for line in page.read_text(encoding="utf-8").splitlines():
            if line.startswith("```{include} "):
                assert (page.parent / line.split()[1]).is_file()
    cards = {path.stem for path in (DOCS.parent / "semantic" / "presets").glob("*.md")}
    assert {path.stem for path in (DOCS / "cards").glob("*.md")} == cards
