"""A long study needs no more memory than a short one."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fake_parts import fake_record

from studies.bench.memory import LEVEL, LOG, run_and_note
from studies.run.plan import Point
from studies.run.runner import run
from studies.run.workers import MOST_LINKS, link_of
from studies.spec.load import load


def noted(point: Point, folder: Path) -> dict[str, Any]:
    """Note the memory after a point that needs no link."""
    return run_and_note(point, folder, fake_record)


def link_and_process(point: Point, folder: Path) -> dict[str, Any]:
    """Note which process was at which link."""
    with (folder / "links.txt").open("a") as file:
        file.write(f"{os.getpid()} {link_of(point)}\n")
    return fake_record(point, folder)


def test_memory_is_flat(study_file: Path, tmp_path: Path) -> None:
    run(load(study_file, overrides=["snr_db=0:24:1", "trials=4"]), tmp_path, work=noted)
    rss = [float(line) for line in (tmp_path / LOG).read_text().split()]
    assert len(rss) == 400
    assert 0.9 * rss[LEVEL - 1] < max(rss[LEVEL - 1 :]) < 1.1 * rss[LEVEL - 1]


def test_no_process_compiles_many_links(
    write_study: Callable[[str], Path], study_text: str, tmp_path: Path
) -> None:
    swept = f"{study_text}sweep: {{feedback.delay_slots: [0, 1, 2, 3]}}\n"
    study = load(write_study(swept), overrides=["snr_db=[0]", "trials=1", "channels=[awgn]"])
    run(study, tmp_path / "out", work=link_and_process)
    links: dict[str, set[str]] = {}
    for line in (tmp_path / "out" / "links.txt").read_text().splitlines():
        pid, link = line.split(maxsplit=1)
        links.setdefault(pid, set()).add(link)
    assert [len(some) for some in links.values()] == [MOST_LINKS, MOST_LINKS, 8 - 2 * MOST_LINKS]
    assert len(set.union(*links.values())) == 8
    assert str(os.getpid()) not in links
