"""The clips of a study: where they come from, and a fingerprint of their content."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from linksim.media import Clip
from linksim.media.limits import LONGEST
from linksim.media.sources import clip_name, load_clip
from studies.run.kinds import BITS, MUSIC, SPEECH, Kind
from studies.spec.study import Study


@dataclass(frozen=True)
class ClipRef:
    """A clip by name, source and content.

    Parameters
    ----------
    name : str
        Such as ``"builtin-music"``, or the file's name without suffix.
    source : str
        One of `linksim.media.sources.BUILTINS` or a path.
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
    seconds: Annotated[float, Field(ge=0.0, lt=1e9)]
    pixels: Annotated[int, Field(ge=0, lt=2**63)] = 0


NO_CLIP = ClipRef("bits", "", "", BITS, 0.0)
"""Stands where a clip would for a scheme that sends random bits."""


def clip_refs(study: Study, longest: float = LONGEST) -> list[ClipRef]:
    """Load the clips of a study, speech first, and take their fingerprints.

    `NO_CLIP` stands before them where a scheme sends random bits. Longer ones than `longest` in s
    are refused.
    """
    none = [NO_CLIP] if any(scheme.links_alone for scheme in study.schemes) else []
    kinds = [(source, SPEECH) for source in study.clips] + [(s, MUSIC) for s in study.music]
    return none + [_clip_ref(source, kind, longest) for source, kind in kinds]


def clip_of(ref: ClipRef) -> Clip:
    """Load a clip that was found short enough when its fingerprint was taken."""
    return load_clip(ref.source, max(LONGEST, ref.seconds + 1))


def _clip_ref(source: str, kind: Kind, longest: float) -> ClipRef:
    clip = load_clip(source, longest)
    pixels = 0 if clip.frames is None else clip.frames[..., 0].size
    return ClipRef(clip_name(source), source, clip.fingerprint(), kind, clip.duration, pixels)
