"""The clips of a study: where they come from, and a fingerprint of their content."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from linksim.media import Clip, read
from linksim.media.synthetic.sounds import builtin_sound
from studies.run.kinds import BITS, MUSIC, SPEECH, Kind
from studies.spec.study import BUILTIN, MOVING, TALK, Study, clip_name, is_builtin


@dataclass(frozen=True)
class ClipRef:
    """A clip by name, source and content.

    Parameters
    ----------
    name : str
        Such as ``"builtin-music"``, or the file's name without suffix.
    source : str
        One of `studies.spec.study.BUILTINS` or a path.
    fingerprint : str
        Hash of the decoded content; paths are not part of it.
    kind : {"speech", "music", "bits"}
        Kind of content, which says what can be measured.
    seconds : float
        Its length; 0 of text.
    pixels : int
        Pixels of all frames together; 0 without video.
    """

    name: str
    source: str
    fingerprint: str
    kind: Kind
    seconds: float
    pixels: int = 0  # a study.json from before they were counted lacks them until the next run


NO_CLIP = ClipRef("bits", "", "", BITS, 0.0)
"""Stands where a clip would, in a study of links alone."""


@lru_cache(maxsize=8)
def load_clip(source: str) -> Clip:
    """Read a clip, or make the built-in one.

    Raises
    ------
    LinksimError
        If the file cannot be read.
    """
    if source == BUILTIN:
        from linksim.media.synthetic.heads import builtin_clip

        return builtin_clip()
    if source == MOVING:
        from linksim.media.synthetic.heads import moving_clip

        return moving_clip()
    if source == TALK:
        from linksim.media.synthetic.heads import talk_clip

        return talk_clip()
    if is_builtin(source):
        return builtin_sound(source.removeprefix(f"{BUILTIN}:"))
    return read(Path(source))


def clip_refs(study: Study) -> list[ClipRef]:
    """Load the clips of a study, speech first, and take their fingerprints."""
    if study.links_alone:
        return [NO_CLIP]
    kinds = [(source, SPEECH) for source in study.clips] + [(s, MUSIC) for s in study.music]
    return [_clip_ref(source, kind) for source, kind in kinds]


def _clip_ref(source: str, kind: Kind) -> ClipRef:
    clip = load_clip(source)
    pixels = 0 if clip.frames is None else clip.frames[..., 0].size
    return ClipRef(clip_name(source), source, clip.fingerprint(), kind, clip.duration, pixels)


def media_suffix(clip: Clip) -> str:
    """Return the kind of file that `linksim.media.write` makes of a clip."""
    if clip.has_video:
        return ".mp4"
    return ".wav" if clip.has_audio else ".txt"
