"""Matplotlib styles: the one of this project, and others on top of it."""

import difflib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.figure import Figure

from linksim.errors import LinksimError
from linksim.files import regular, replacing
from studies.figures.text import settle_text, without_glyph_warnings

STYLE_FILE = Path(__file__).with_name("linksim.mplstyle")
IEEE = "ieee"
"""The project's own style: one IEEE column."""

MOST_BYTES = 10**6
"""Most bytes of a style file."""
MOST_PIXELS = 10_000
"""Most pixels of a side of a figure, which takes 4 bytes a pixel while it is drawn."""

Style = dict[str, Any]
"""Settings of Matplotlib, by name."""


def load_style(name: str = IEEE) -> Style:
    """Return the project's style, changed by another.

    Parameters
    ----------
    name : str
        `IEEE`, which changes nothing, a style that comes with Matplotlib, or a style file.

    Raises
    ------
    LinksimError
        If there is no such style, or Matplotlib cannot draw with it.
    """
    ours = _read(STYLE_FILE)
    if name == IEEE:
        return ours
    style = ours | (dict(plt.style.library[name]) if name in plt.style.library else _file(name))
    try:
        _try(style)
    except (OSError, ValueError, RuntimeError, RuntimeWarning, MemoryError) as error:
        reason = " ".join(str(error).split())[:120]
        raise LinksimError(f"--style {name}: Matplotlib cannot draw with it: {reason}") from None
    return style


def _try(style: Style) -> None:
    """Draw next to nothing: LaTeX may be missing, or the figure of no size, or of an absurd one."""
    density = style.get("savefig.dpi", "figure")
    dpi = style.get("figure.dpi", 100.0) if density == "figure" else density
    if not all(inches * dpi <= MOST_PIXELS for inches in style["figure.figsize"]):
        raise ValueError(f"its figures have sides of more than {MOST_PIXELS} pixels")
    with styled(style), _warnings(), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        canvas, axes = plt.subplots()
        try:
            axes.set_title("$x$")
            canvas.canvas.draw()
        finally:
            plt.close(canvas)


@contextmanager
def styled(style: Style) -> Iterator[None]:
    """Draw with a style; colours and markers of its cycle are used, and missing ones added."""
    looks = style["axes.prop_cycle"].by_key()
    length = max(map(len, looks.values()))
    cycle = cycler(color=looks.get("color", ["k"] * length))
    cycle += cycler(marker=looks.get("marker", [""] * length))
    with plt.style.context({**style, "axes.prop_cycle": cycle}):
        yield


def save(canvas: Figure, path: Path) -> None:
    """Write a figure in the format of the path's suffix; the same figure gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settle_text(canvas)
    with replacing(path) as temporary, without_glyph_warnings():
        metadata = {"CreationDate": None} if path.suffix == ".pdf" else {}
        canvas.savefig(temporary, metadata=metadata)


def _file(name: str) -> Style:
    path = Path(name)
    if not path.exists():
        near = difflib.get_close_matches(name, [IEEE, *plt.style.available], n=1, cutoff=0.6)
        hint = f"did you mean '{near[0]}'?" if near else f"give a file, {IEEE} or one of Matplotlib"
        raise LinksimError(f"--style {name}: no such style; {hint}")
    if not path.is_dir() and regular(path).st_size > MOST_BYTES:
        raise LinksimError(f"--style {path}: is larger than {MOST_BYTES / 1e6:g} MB")
    try:
        return _read(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise LinksimError(f"--style {path}: cannot be read: {reason}") from None
    except LinksimError:
        raise
    except Exception as error:  # Matplotlib's parsers raise anything
        reason = " ".join(str(error).split())[:120]
        raise LinksimError(f"--style {path}: not a style of Matplotlib: {reason}") from None


def _read(path: Path) -> Style:
    """Read a style file. What Matplotlib merely warns of, such as an unknown key, is an error."""
    with _warnings() as found:
        style = mpl.rc_params_from_file(str(path), use_default_template=False)
    if found:
        reason = found[0].strip().splitlines()[0]
        raise LinksimError(f"--style {path}: not a style of Matplotlib: {reason}")
    return dict(style.items())


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collect what Matplotlib logs instead of printing it."""
    found: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("matplotlib")
    before, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
