"""Every module stands on one page of the Python interface."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def api() -> ModuleType:
    """The extension that makes the pages."""
    spec = importlib.util.spec_from_file_location("api_pages", DOCS / "api_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def shown(api: ModuleType) -> str:
    """All pages, filled."""
    pages = [[page.read_text(encoding="utf-8")] for page in sorted((DOCS / "api").glob("*.md"))]
    for page in pages:
        api.fill(None, "", page)
    return "\n".join(page[0] for page in pages)


def test_every_module_stands_on_one_page(api: ModuleType, shown: str) -> None:
    modules = [module for module in api.all_modules() if api.section(module)]
    assert len(modules) > 200
    titles = [line[3:] for line in shown.splitlines() if line.startswith("## ")]
    assert sorted(titles) == modules
    assert "<!-- modules" not in shown


def test_every_page_is_in_the_contents() -> None:
    contents = (DOCS / "api" / "index.md").read_text(encoding="utf-8").splitlines()
    for page in (DOCS / "api").glob("*.md"):
        assert page.stem in contents or page.stem == "index"


def test_public_names_are_classes_functions_and_constants(api: ModuleType) -> None:
    names = api.public_names("linksim.options")
    assert {"linksim.options.option", "linksim.options.build"} <= set(names)
    assert not [name for name in names if name.rpartition(".")[2].startswith("_")]
    assert "linksim.options.T" not in names
    assert "linksim.montecarlo.StopRule" in api.public_names("linksim.montecarlo")


def test_a_constant_without_a_docstring_has_an_entry(api: ModuleType) -> None:
    bare = [c for c in api.constants("linksim.files") if not c.documented]
    assert bare
    text = api.section("linksim.files")
    assert all(f".. py:data:: {c.name}\n   :module: linksim.files" in text for c in bare)


def test_formulas_are_escaped_and_literals_are_not(api: ModuleType) -> None:
    lines = ["E|h|^2 of *args, `Clip` and ``a|b``::", "", "    |x|", "", "|y|"]
    api.escape(None, "function", "", None, None, lines)
    assert lines == [r"E\|h\|^2 of \*args, `Clip` and ``a|b``::", "", "    |x|", "", r"\|y\|"]
