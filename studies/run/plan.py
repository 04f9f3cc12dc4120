"""The points of a study, in order, each with its seed and the hash of all it depends on."""

import hashlib
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from linksim.seeding import derive_seed
from studies.run.clips import NO_CLIP, ClipRef
from studies.spec.scheme import BOUND_CHANNEL, Bound, Scheme
from studies.spec.study import Study


@dataclass(frozen=True)
class Point:
    """One transmission: a pure function of what stands here.

    Parameters
    ----------
    id : str
        Stable, unique within a study and fit for a file name.
    config_hash : str
        Hash of endpoint, options, link, SNR, clip content, trial and seed. Metrics are not
        part of it: they look at the result and do not change it.
    """

    id: str
    study: str
    scheme: Scheme | Bound
    channel: str
    snr_db: float
    clip: ClipRef
    trial: int
    seed: int
    metrics: tuple[str, ...]
    fid_frames: int | None
    config_hash: str


def plan(study: Study, clips: Sequence[ClipRef]) -> list[Point]:
    """Return every point of a study in the order of its results.

    All schemes share the seeds, so that they meet the same fading and noise and their
    differences show sooner.
    """
    simulated: list[Scheme | Bound] = [*study.swept]
    bounds: list[Scheme | Bound] = [*study.bounds]
    snr_db, trials = study.snr_db, range(study.trials)
    every = itertools.chain(
        itertools.product(study.channels, simulated, snr_db, clips, trials),
        itertools.product([BOUND_CHANNEL], bounds, snr_db, clips, [0]),  # nothing random in it
    )
    return [
        _point(study, channel, scheme, snr, clip, trial)
        for channel, scheme, snr, clip, trial in every
        if _sends(scheme, clip)
    ]


def _sends(scheme: Scheme | Bound, clip: ClipRef) -> bool:
    """Tell whether a scheme sends a clip; one that sends random bits sends none."""
    return (isinstance(scheme, Scheme) and scheme.links_alone) == (clip == NO_CLIP)


def _point(
    study: Study, channel: str, scheme: Scheme | Bound, snr_db: float, clip: ClipRef, trial: int
) -> Point:
    seed = derive_seed(study.seed, channel, snr_db, clip.name, trial)
    config_hash = digest(
        scheme.inputs(channel)
        | {
            "snr_db": snr_db,
            "clip": clip.fingerprint,
            "trial": trial,
            "seed": seed,
        }
    )
    words = (scheme.label, channel, f"{snr_db:g}dB", clip.name, f"t{trial}")
    slug = "_".join(_slug(word) for word in words)
    unique = digest([scheme.label, channel, clip.name, config_hash])[:10]
    return Point(
        id=f"{slug}_{unique}",
        study=study.name,
        scheme=scheme,
        channel=channel,
        snr_db=snr_db,
        clip=clip,
        trial=trial,
        seed=seed,
        metrics=tuple(study.metrics),
        fid_frames=study.fid_frames,
        config_hash=config_hash,
    )


def digest(value: Any) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of a value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-.")[:40]
