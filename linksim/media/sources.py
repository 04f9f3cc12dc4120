"""Clips by name: those that linksim makes, and files."""

from pathlib import Path

from linksim.digests import file_state
from linksim.kept import kept
from linksim.media.clip import Clip
from linksim.media.limits import LONGEST
from linksim.media.photographs import PHOTOGRAPHS, photograph
from linksim.media.reader import read
from linksim.media.synthetic.drawn import HEADS, drawn_head
from linksim.media.synthetic.sounds import SOUNDS, builtin_sound

BUILTIN = "builtin"
BUILTINS = (*HEADS, *(f"{BUILTIN}:{name}" for name in (*SOUNDS, *PHOTOGRAPHS)))
"""Clips without a file of the user's: the talking head, the same all in motion, one as calm as a
call, the built-in sounds, and photographs."""


def is_builtin(clip: str | Path) -> bool:
    """Return whether a clip is asked for that linksim makes, be there one of this name or not."""
    return str(clip).partition(":")[0] == BUILTIN and "/" not in str(clip)


def clip_name(source: str) -> str:
    """Return what a clip is called in tables and file names."""
    return source.replace(":", "-") if is_builtin(source) else Path(source).stem


def _state(source: str, longest: float = LONGEST) -> tuple[int, ...]:
    is_file = not is_builtin(source) and Path(source).is_file()
    return file_state(Path(source)) if is_file else ()


@kept(8, _state)
def load_clip(source: str, longest: float = LONGEST) -> Clip:
    """Read a clip, or make a built-in one.

    Parameters
    ----------
    source : str
        A name of `BUILTINS`, or a path.
    longest : float
        Refuse files that are longer than this in s.

    Raises
    ------
    LinksimError
        If the file cannot be read, or no built-in clip has this name.
    """
    if source in HEADS:
        return drawn_head(source)
    name = source.removeprefix(f"{BUILTIN}:")
    if is_builtin(source) and name in PHOTOGRAPHS:
        return photograph(name)
    if is_builtin(source):
        return builtin_sound(name)
    return read(Path(source), longest=longest)


def media_suffix(clip: Clip) -> str:
    """Return the kind of file that `linksim.media.write` makes of a clip."""
    if clip.frames is not None and len(clip.frames) == 1 and not clip.has_audio:
        return ".png"
    if clip.has_video:
        return ".mp4"
    return ".wav" if clip.has_audio else ".txt"
