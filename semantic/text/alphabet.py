"""Characters that the text codec sends, and how any text becomes a row of them."""

import re
import unicodedata

import numpy as np

from semantic.text.sizes import CHUNK

CHARACTERS = "".join(chr(code) for code in range(32, 127) if not chr(code).isupper())
"""Printable ASCII without capitals, the space first; the index of each, plus 1, is its token."""

NONE = 0
"""Token of a place without character."""

TOKENS = len(CHARACTERS) + 1

_FOLDED = str.maketrans({
    "‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "−": "-", "…": "...",
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ð": "d", "þ": "th",
})  # fmt: skip
_OTHER = re.compile(f"[^{re.escape(CHARACTERS)}]+")
_TOKEN_OF = {character: index + 1 for index, character in enumerate(CHARACTERS)}


def normalise(text: str) -> str:
    """Return a text as it can be sent.

    Lower case; letters without their accents; typographic quotes and dashes as their plain
    kin; whatever else is no printable ASCII as a space; and one space between words, none at
    either end. Speech is the same with and without; a text that is so already stays as it is.
    """
    text = unicodedata.normalize("NFKD", text.lower().translate(_FOLDED))
    text = "".join(c for c in text if not unicodedata.combining(c)).lower()
    return " ".join(_OTHER.sub(" ", text).split())


def to_tokens(text: str) -> np.ndarray:
    """Return the tokens of a normalised text: uint8, [characters]."""
    return np.array([_TOKEN_OF[character] for character in text], np.uint8)


def to_text(tokens: np.ndarray) -> str:
    """Return the text of tokens; nothing for `NONE`."""
    return "".join(CHARACTERS[token - 1] for token in tokens if token != NONE)


def chunks(text: str) -> list[str]:
    """Cut a normalised text into as few stretches of at most `CHUNK` characters as words allow.

    Joined by spaces they are the text again, unless a word was longer than a chunk and had to
    be cut itself.
    """
    cut, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) <= CHUNK:
            line = f"{line} {word}"
            continue
        if line:
            cut.append(line)
        *whole, line = [word[i : i + CHUNK] for i in range(0, len(word), CHUNK)]
        cut.extend(whole)
    return [*cut, line] if line else cut


def lost_letters(text: str) -> int:
    """Return how many letters and digits of a text `normalise` has nothing for."""
    return sum(c.isalnum() and not any(map(str.isalnum, normalise(c))) for c in text)
