"""Pages of the Python interface, made from docstrings when the site is built.

A page holds ``<!-- modules: ROOM -->`` where the modules of a room are to stand: those of a
package and its sub-packages, but for sub-packages that have a mark of their own. A new module needs
no mark.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

ROOT = Path(__file__).parents[1]
PACKAGES = ("linksim", "semantic", "baselines", "studies")
MARK = re.compile(r"<!-- modules: ([\w.]+) -->")
WIDEST_VALUE = 60
"""Characters of a constant's value that a page shows at most."""

MARKUP = re.compile(r"``.*?``|`[^`]*`_?|([|*])|(?<=\w)(_)(?=\W|$)")
"""Literals and references, which stay, or a character that reStructuredText reads as markup."""


class Constant(NamedTuple):
    """A public name that a module assigns a value to."""

    name: str
    value: str
    documented: bool


def all_modules() -> list[str]:
    """Return every module and package of the project by its dotted name."""
    files = (p.relative_to(ROOT) for top in PACKAGES for p in (ROOT / top).rglob("*.py"))
    return sorted(".".join(p.with_suffix("").parts).removesuffix(".__init__") for p in files)


def modules_of(room: str) -> list[str]:
    """Return the modules of a room that has a mark, without those of rooms within it."""
    return [module for module in all_modules() if _room(module) == room]


def _room(module: str) -> str:
    """Return the nearest package above a module, or itself, that a page has a mark for."""
    while module not in _rooms():
        module = module.rpartition(".")[0]
    return module


@cache
def _rooms() -> frozenset[str]:
    pages = (ROOT / "docs" / "api").glob("*.md")
    return frozenset(room for p in pages for room in MARK.findall(p.read_text(encoding="utf-8")))


def public_names(module: str) -> list[str]:
    """Return the dotted names of all that a module defines for others."""
    defined = (n for n in _tree(module).body if isinstance(n, ast.FunctionDef | ast.ClassDef))
    names = [*(node.name for node in defined), *(c.name for c in constants(module))]
    return [f"{module}.{name}" for name in names if not name.startswith("_")]


def constants(module: str) -> Iterator[Constant]:
    """Yield the public constants of a module; type variables are none."""
    body = _tree(module).body
    for node, after in zip_longest(body, body[1:]):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            value = ast.unparse(node.value)
            documented = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = (n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name))
            if not value.startswith(("TypeVar(", "ParamSpec(")):
                yield from (Constant(n, value, documented) for n in names if n[0] != "_")


def section(module: str) -> str:
    """Return the section of one module; a package that defines nothing has none."""
    if not _tree(module).body:
        return ""
    bare = "".join(_entry(module, c) for c in constants(module) if not c.documented)
    return f"## {module}\n\n```{{eval-rst}}\n.. automodule:: {module}\n\n{bare}```\n"


def _entry(module: str, constant: Constant) -> str:
    """Return the entry of a constant without a docstring, which automodule leaves out."""
    short = len(constant.value) <= WIDEST_VALUE
    value = f"   :value: {constant.value}\n" if short else ""
    return f".. py:data:: {constant.name}\n   :module: {module}\n{value}\n"


def _tree(module: str) -> ast.Module:
    path = ROOT / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def fill(app: Any, page: str, source: list[str]) -> None:
    """Put sections of modules into a page that is about to be read."""
    source[0] = MARK.sub(lambda mark: "\n".join(map(section, modules_of(mark[1]))), source[0])


def escape(app: Any, what: str, name: str, of: Any, options: Any, lines: list[str]) -> None:
    """Escape what is a formula in a docstring, and would be markup on a page."""
    literal: int | None = None
    for i, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if literal is not None and line.strip() and indent <= literal:
            literal = None
        if literal is None:
            lines[i] = MARKUP.sub(lambda m: f"\\{m[0]}" if m[1] or m[2] else m[0], line)
            literal = indent if line.rstrip().endswith("::") else None
    if what in ("attribute", "data", "property"):
        lines.insert(0, "")  # or Napoleon takes what is before a colon for a type


def skip(app: Any, what: str, name: str, of: Any, skipped: bool, options: Any) -> bool | None:
    """Leave out type variables, and members of classes that have no docstring."""
    if isinstance(of, TypeVar):
        return True
    return True if what == "class" and not getattr(of, "__doc__", None) else None


def check(app: Any, env: Any) -> None:
    """Warn of public names that stand on no page."""
    from sphinx.util import logging

    there = env.domains.python_domain.objects
    for module in all_modules():
        for name in public_names(module):
            if name not in there:
                logging.getLogger(__name__).warning("%s stands on no page of docs/api", name)


def setup(app: Any) -> dict[str, bool]:
    """Sphinx calls this to load the extension."""
    app.connect("source-read", fill)
    app.connect("autodoc-process-docstring", escape, priority=400)  # before Napoleon
    app.connect("autodoc-skip-member", skip)
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True}
