"""Text in figures as it stands: formulas that are none, and letters that the font lacks."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.text import Text

from linksim.errors import warn_once
from studies.spec.mathtext import math_fault


def settle_text(canvas: Figure) -> None:
    """Let a figure show each text that Matplotlib cannot read as a formula as it stands.

    Letters that its font lacks come from another font of this machine; a warning names those that
    none has, which are drawn as boxes.
    """
    for text in canvas.findobj(Text):
        shown = text.get_text()
        if any(map(math_fault, shown.splitlines())):
            text.set_parse_math(False)
        if not shown.isascii():
            _find_glyphs(text, shown)


@contextmanager
def without_glyph_warnings() -> Iterator[None]:
    """Draw without Matplotlib's own warning of each glyph that is missing."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        yield


def _find_glyphs(text: Text, shown: str) -> None:
    font = text.get_fontproperties()
    letters = {letter for letter in shown if letter.isprintable() and not letter.isspace()}
    lacking = frozenset(letters - _glyphs(font_manager.findfont(font)))
    if not lacking:
        return
    name = _font_with(lacking)
    if name:
        text.set_fontfamily([*FontProperties.get_family(font), name])
    else:
        letters_shown = "".join(sorted(lacking))[:20]
        warn_once(f"no font here has '{letters_shown}' of '{shown[:60]}'; figures show boxes there")


@lru_cache(maxsize=64)
def _glyphs(path: str) -> frozenset[str]:
    return frozenset(map(chr, get_font(path).get_charmap()))


@lru_cache(maxsize=64)
def _font_with(letters: frozenset[str]) -> str:
    """Return the family of an upright font that has all these letters; empty if none has.

    A font of last resort has a box for each, and one for formulas parts of brackets for some.
    """
    for font in fontManager.ttflist:
        of_letters = not any(word in font.name for word in ("Last Resort", "NonUnicode", "Size"))
        if font.style == "normal" and of_letters and letters <= _glyphs(font.fname):
            return str(font.name)
    return ""
