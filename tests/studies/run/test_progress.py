"""Progress without a terminal: a line every so often, with what is left."""

import io
import time

from rich.console import Console

from studies.run.progress import Lines, progress_bar


def test_a_line_tells_what_is_done_and_left() -> None:
    text = io.StringIO()
    with Lines(Console(file=text), every=0.05) as progress:
        task = progress.add_task("points", total=10, completed=4)
        assert progress.line().endswith("left: unknown")
        progress.advance(task)
        time.sleep(0.2)
    lines = text.getvalue().splitlines()
    assert len(lines) >= 2
    assert lines[-1].startswith("5 of 10 points, ")
    assert "left: 0 s" in lines[-1] or "left: 1 s" in lines[-1]


def test_nothing_is_said_of_what_is_over_soon() -> None:
    text = io.StringIO()
    with Lines(Console(file=text)) as progress:
        progress.add_task("points", total=1)
    assert text.getvalue() == ""


def test_without_a_terminal_there_are_lines() -> None:
    assert isinstance(progress_bar(), Lines)
