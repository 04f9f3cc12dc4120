"""Files of text, read as normalised sentences."""

import re
from collections.abc import Sequence
from pathlib import Path

from linksim.errors import LinksimError
from linksim.files import read_text
from semantic.text.alphabet import normalise
from semantic.text.sizes import CHUNK

HELD_OUT_EVERY = 50
"""Distance of held-out sentences: one in so many of a file is validated on instead."""

MIN_CHARACTERS = 4 * CHUNK
"""Least size of a file; with less there is nothing to draw from."""

_SENTENCE_END = re.compile(r"(?<=[.?!]) |(?<=[.?!][\"')]) ")


def read(path: Path) -> list[str]:
    """Return the sentences of a file of UTF-8 text, normalised.

    An empty line ends a sentence, and so do full stop, question and exclamation mark.

    Raises
    ------
    LinksimError
        If it is no such file, or holds too little text.
    """
    paragraphs = map(normalise, re.split(r"\n\s*\n", read_text(path)))
    found = [s for paragraph in paragraphs for s in _SENTENCE_END.split(paragraph) if s]
    characters = sum(map(len, found))
    if characters < MIN_CHARACTERS:
        raise LinksimError(
            f"{path}: {characters} characters are too little to train on; "
            f"it takes {MIN_CHARACTERS} or more"
        )
    return found


def divide(sentences: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the sentences to train on, and those held out: one in `HELD_OUT_EVERY`."""
    held_out = list(sentences[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY])
    return [s for i, s in enumerate(sentences) if (i + 1) % HELD_OUT_EVERY], held_out
