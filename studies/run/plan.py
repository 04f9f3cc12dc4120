"""The points of a study, in order, each with its seed and the hash of all it depends on."""

import hashlib
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from linksim.metrics import METRICS
from linksim.seeding import derive_seed
from studies.run.clips import NO_CLIP, ClipRef
from studies.spec.scheme import BOUND_CHANNEL, Bound, Scheme
from studies.spec.study import Study

Inputs = dict[tuple[str, str], dict[str, Any]]
"""What a curve depends on apart from clip, SNR and seed, by its channel and its label."""


@dataclass(frozen=True)
class Point:
    """One transmission: a pure function of what stands here.

    Parameters
    ----------
    id : str
        Stable, unique within a study and fit for a file name.
    config_hash : str
        Hash of endpoint, options, link, SNR, clip content, trial and seed. Metrics are not
        part of it, unless their code is not linksim's: they look at the result and do not
        change it.
    inputs : dict
        What it depends on, see `curve_inputs`.
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
    inputs: dict[str, Any] = field(hash=False)


def inputs_of(study: Study) -> Inputs:
    """Return what each curve depends on, see `curve_inputs`.

    Raises
    ------
    LinksimError
        If a file is missing.
    """
    curves: list[tuple[str, Scheme | Bound]] = [
        *itertools.product(study.channels, study.swept),
        *((BOUND_CHANNEL, bound) for bound in study.bounds),
    ]
    return {(c, s.label): curve_inputs(s, c, study.metrics) for c, s in curves}


def curve_inputs(scheme: Scheme | Bound, channel: str, metrics: Sequence[str]) -> dict[str, Any]:
    """Return what a scheme over a channel depends on, files and code by their contents.

    Metrics that come with linksim are no part of it: they look at the result and do not change it.
    """
    codes = {f"code of {name}": METRICS.code_digest(name) for name in metrics}
    return scheme.inputs(channel) | {name: code for name, code in codes.items() if code}


def plan(study: Study, clips: Sequence[ClipRef], inputs: Inputs | None = None) -> list[Point]:
    """Return every point of a study in the order of its results.

    All schemes share the seeds, so that they meet the same fading and noise and their
    differences show sooner.

    Parameters
    ----------
    study : Study
        The study.
    clips : sequence of ClipRef
        Its clips.
    inputs : Inputs, optional
        What its curves depended on when it ran; by default what they depend on now.
    """
    simulated: list[Scheme | Bound] = [*study.swept]
    bounds: list[Scheme | Bound] = [*study.bounds]
    snr_db, trials = study.snr_db, range(study.trials)
    every = itertools.chain(
        itertools.product(study.channels, simulated, snr_db, clips, trials),
        itertools.product([BOUND_CHANNEL], bounds, snr_db, clips, [0]),  # nothing random in it
    )
    known = inputs_of(study) if inputs is None else inputs
    return [
        _point(study, known[channel, scheme.label], channel, scheme, snr, clip, trial)
        for channel, scheme, snr, clip, trial in every
        if _sends(scheme, clip)
    ]


def _sends(scheme: Scheme | Bound, clip: ClipRef) -> bool:
    """Tell whether a scheme sends a clip; one that sends random bits sends none."""
    return (isinstance(scheme, Scheme) and scheme.links_alone) == (clip == NO_CLIP)


def point_at(
    study: Study, clips: Sequence[ClipRef], inputs: Inputs, record: Mapping[str, Any]
) -> Point | None:
    """Return the point that a record is of, be its SNR and trial among the study's or not.

    None where it is of no curve or clip of the study.
    """
    curves: list[Scheme | Bound] = [*study.swept, *study.bounds]
    scheme = next((s for s in curves if s.label == record["scheme"]), None)
    clip = next((c for c in clips if c.name == record["clip"]), None)
    key = (record["channel"], record["scheme"])
    if scheme is None or clip is None or key not in inputs:
        return None
    return _point(
        study, inputs[key], key[0], scheme, float(record["snr_db"]), clip, record["trial"]
    )


def _point(
    study: Study,
    inputs: dict[str, Any],
    channel: str,
    scheme: Scheme | Bound,
    snr_db: float,
    clip: ClipRef,
    trial: int,
) -> Point:
    seed = derive_seed(study.seed, channel, snr_db, clip.name, trial)
    config_hash = digest(
        inputs
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
        inputs=inputs,
    )


def digest(value: Any) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of a value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-.")[:40]
