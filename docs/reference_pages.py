"""Tables of commands, schemes, links and channels, made from the code when the site is built.

A page holds ``<!-- fill: NAME -->`` where the table of that name is to stand.
"""

import argparse
import dataclasses
import os
import re
from collections.abc import Iterator
from typing import Any

from linksim.endpoint import ENDPOINTS
from linksim.link.config import LinkConfig
from linksim.phy.channels import CHANNELS
from studies.cli.main import command_parser

MARK = re.compile(r"<!-- fill: (\w+) -->")
COLUMNS = "96"
"""Width of help texts in characters."""


def commands() -> str:
    """Return a section with the help text of each command."""
    os.environ["COLUMNS"] = COLUMNS  # which argparse reads
    leaves = _leaves(command_parser())
    return "\n\n".join(f"### {p.prog}\n\n```text\n{p.format_help()}```" for p in leaves)


def _leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not below:
        yield parser
    for action in below:
        for child in action.choices.values():
            yield from _leaves(child)


def schemes() -> str:
    """Return a section with the options of each installed scheme."""
    return "\n\n".join(_section(name, cls) for name, cls in sorted(ENDPOINTS.items()))


def channels() -> str:
    """Return a section with the options of each channel; those that are alike share one."""
    alike: dict[str, list[str]] = {}
    for name, channel in CHANNELS.items():
        alike.setdefault(_body(channel), []).append(name)
    return "\n\n".join(f"### {', '.join(names)}\n\n{body}" for body, names in alike.items())


def links() -> str:
    """Return the table of what a link is made of."""
    return _table(LinkConfig)


def _section(name: str, cls: type) -> str:
    return f"### {name}\n\n{_body(cls)}"


def _body(cls: type) -> str:
    about = (cls.__doc__ or "").strip().splitlines()[0]
    return f"{about}\n\n{_table(cls)}"


def _table(cls: type) -> str:
    rows = [_row(field) for field in dataclasses.fields(cls)]
    head = "| Option | Default | Unit | Meaning |\n| --- | --- | --- | --- |\n"
    return head + "\n".join(rows) if rows else "No options."


def _row(field: dataclasses.Field[Any]) -> str:
    default = "none" if field.default is None else field.default
    default = f"{default:g}" if type(default) is float else default
    cells = (f"`{field.name}`", f"`{default}`", field.metadata["unit"], field.metadata["help"])
    return f"| {' | '.join(cells)} |"


FILL = {"commands": commands, "schemes": schemes, "channels": channels, "links": links}
"""What makes each table."""


def fill(app: Any, page: str, source: list[str]) -> None:
    """Put tables into a page that is about to be read."""
    source[0] = MARK.sub(lambda mark: FILL[mark[1]](), source[0])


def setup(app: Any) -> dict[str, bool]:
    """Sphinx calls this to load the extension."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True}
