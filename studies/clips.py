"""The clips of a study: where they come from, and a fingerprint of their content."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from linksim.media import Clip, read
from studies.schema import BUILTIN


@dataclass(frozen=True)
class ClipRef:
    """A clip by name, source and content.

    Parameters
    ----------
    name : str
        ``"builtin"`` or the file's name without suffix.
    source : str
        ``"builtin"`` or a path.
    fingerprint : str
        Hash of the decoded content; paths are not part of it.
    """

    name: str
    source: str
    fingerprint: str


@lru_cache(maxsize=2)
def load_clip(source: str) -> Clip:
    """Read a clip, or make the built-in one.

    Raises
    ------
    LinksimError
        If the file cannot be read.
    """
    if source == BUILTIN:
        from semantic.synthetic import builtin_clip

        return builtin_clip()
    return read(Path(source))


def clip_ref(source: str) -> ClipRef:
    """Load a clip and take its fingerprint."""
    return ClipRef(Path(source).stem, source, load_clip(source).fingerprint())


def media_suffix(clip: Clip) -> str:
    """Return the kind of file that `linksim.media.write` makes of a clip."""
    return ".mp4" if clip.has_video else ".wav"
