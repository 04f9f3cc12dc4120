"""Speed of the lip-sync generator, of the head pose, and of a whole call."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from linksim.link.config import LinkConfig
from linksim.media import Clip
from linksim.media.faces.pose import head_pose
from semantic.training.weights import trained
from semantic.wav2lip.frames.animate import animate, voice_of
from semantic.wav2lip.frames.face import face_boxes
from semantic.wav2lip.networks.generator import Generator
from semantic.wav2vid.endpoint import Wav2Vid
from studies.bench.dvst import HEIGHT, WIDTH, scaled
from studies.run.evaluate import evaluate, link_for

SECONDS, SNR_DB = 3.0, 10.0
"""Length of the clip that is sent as a whole, and at which Es/N0."""


def bench_generator(
    clip: Clip, *, seconds: float, report: Callable[[str], object] = print
) -> dict[str, Any]:
    """Time what a call does beside its codecs, and a call as a whole.

    Parameters
    ----------
    clip : Clip
        With video and sound; its frames are scaled to 360x288, and all after 3 s is left out.
    seconds : float
        How long each is timed at least, whole clips, after one to warm up.
    report : callable
        Is told what goes on.

    Returns
    -------
    dict
        ``generator`` and ``head_pose``, frames per second: of the generator with crop and blend,
        without looking for the face, which is done once for a frame that is held; ``send_s``,
        seconds of a whole transmission with models loaded, and ``clip_s``, of its clip.
    """
    frames = scaled(clip.frames[: round(SECONDS * clip.fps)])
    audio = clip.audio[: round(SECONDS * clip.sample_rate)]
    small = replace(clip, frames=frames, audio=audio)
    generator = trained(Generator, "compact")
    boxes, voice = face_boxes(small.frames), voice_of(audio, len(frames), clip.fps)
    link = link_for(LinkConfig(channel="rayleigh"))

    def timed(name: str, call: Callable[[], object]) -> float:
        report(name)
        call()
        times: list[float] = []
        while sum(times) < seconds:
            began = time.perf_counter()
            call()
            times.append(time.perf_counter() - began)
        return float(np.mean(times))

    made = timed("generator", lambda: animate(generator, small.frames, boxes, voice))
    posed = timed("head pose", lambda: head_pose(small.frames))
    sent = timed("send", lambda: evaluate(small, Wav2Vid(), link, SNR_DB, 1, ()))
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "generator": len(frames) / made,
        "head_pose": len(frames) / posed,
        "send_s": sent,
        "clip_s": small.duration,
    }
