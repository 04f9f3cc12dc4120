"""Words of a text, and how many of them arrive."""

import re
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case: letters and digits, apostrophes within them.

    Punctuation and capitals are not heard, and so are no part of a word.
    """
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def edits(sent: Sequence[str], received: Sequence[str]) -> int:
    """Return the fewest words to put in, leave out or replace to make one text of another.

    The Levenshtein distance over words, by dynamic programming, a row at a time.
    """
    row = list(range(len(received) + 1))
    for i, word in enumerate(sent, 1):
        above, row[0] = row[0], i
        for j, other in enumerate(received, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (word != other))
    return row[-1]
