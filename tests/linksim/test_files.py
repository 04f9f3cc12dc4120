"""Files that are given by name: whatever is no file of text is refused, and nothing hangs."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from linksim.errors import LinksimError
from linksim.files import read_json, read_text
from linksim.media import read as read_clip
from semantic.text.corpus import read as read_corpus
from studies.api.reference import read_reference
from studies.spec.yaml_source import read_source

READERS: list[Callable[[Path], Any]] = [
    read_text,
    read_json,
    read_clip,
    read_corpus,
    read_reference,
    read_source,
]
SPECIAL: dict[str, Callable[[Path], Any]] = {
    "fifo": os.mkfifo,
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "folder": Path.mkdir,
    "loop": lambda path: path.symlink_to(path.name),
    "absent": lambda path: None,
}


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__module__)
@pytest.mark.parametrize("kind", SPECIAL)
def test_what_is_no_file_is_refused_at_once(
    kind: str, reader: Callable[[Path], Any], tmp_path: Path
) -> None:
    path = tmp_path / "given.txt"
    SPECIAL[kind](path)
    with pytest.raises(LinksimError, match=r"given\.txt: "):
        reader(path)


def test_text_is_read_by_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes("é\r\nb\rc\n".encode())
    assert read_text(path) == "é\nb\nc\n"
    with pytest.raises(LinksimError, match=r"lines\.txt: is larger than 4e-06 MB"):
        read_text(path, 4)
    path.write_bytes(b"\xff")
    with pytest.raises(LinksimError, match=r"lines\.txt: is not text in UTF-8"):
        read_text(path)
