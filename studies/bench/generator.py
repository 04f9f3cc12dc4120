"""Speed of the lip-sync generator, of the head pose, and of a whole transmission."""

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from studies.bench.bench import Bench, Report, add_clip, begin_with_clip
from studies.bench.dvst import HEIGHT, WIDTH, scaled
from studies.bench.timing import repeat

if TYPE_CHECKING:
    from rich.table import Table

    from linksim.media import Clip

SECONDS, SNR_DB = 3.0, 10.0
"""Length of the clip that is sent as a whole, and the Es/N0 at which it is."""


def bench_generator(clip: "Clip", *, seconds: float, report: Report = print) -> dict[str, Any]:
    """Time what a call does beside its codecs, and a call as a whole.

    Parameters
    ----------
    clip : Clip
        Clip with video and audio; its frames are scaled to 360x288, and all after 3 s is left out.
    seconds : float
        Shortest time for which each is timed, whole clips, after one to warm up.
    report : callable
        Receives what is being timed, in a few words.

    Returns
    -------
    dict
        ``generator`` and ``head_pose``, frames per second: of the generator with crop and blend,
        without looking for the face, which is done once for a frame that is held; ``send_s``,
        seconds of a whole transmission with models loaded, and ``clip_s``, of its clip.
    """
    from statistics import fmean

    from linksim.link.config import LinkConfig
    from linksim.media.faces.pose import head_pose
    from semantic.training.weights import trained
    from semantic.wav2lip.frames.animate import animate, by_voice, voice_of
    from semantic.wav2lip.frames.face import face_boxes
    from semantic.wav2lip.networks.generator import Generator
    from semantic.wav2vid.endpoint import Wav2Vid
    from studies.run.evaluate import evaluate, link_for

    assert clip.frames is not None
    assert clip.audio is not None
    assert clip.fps is not None
    fps = clip.fps
    frames = scaled(clip.frames[: round(SECONDS * fps)])
    audio = clip.audio[: round(SECONDS * clip.sample_rate)]
    small = replace(clip, frames=frames, audio=audio)
    generator = trained(Generator, "compact")
    boxes, voice = face_boxes(list(frames)), voice_of(audio, len(frames), fps)
    link = link_for(LinkConfig(channel="rayleigh"))

    def timed(name: str, call: Callable[[], object]) -> float:
        report(name)
        call()
        return fmean(repeat(call, seconds))

    made = timed("generator", lambda: animate(by_voice(generator, voice), frames, boxes))
    posed = timed("head pose", lambda: head_pose(frames))
    sent = timed("send", lambda: evaluate(small, Wav2Vid(), link, SNR_DB, 1, ()))
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "generator": len(frames) / made,
        "head_pose": len(frames) / posed,
        "send_s": sent,
        "clip_s": small.duration,
    }


def _measure(args: Namespace, report: Report) -> dict[str, Any]:
    clip = begin_with_clip(args)
    return bench_generator(clip, seconds=args.seconds, report=report)


def _table(result: dict[str, Any]) -> "Table":
    from rich.table import Table

    table = Table("part of a call", "speed", title=f"{result['width']}x{result['height']}")
    table.add_row("generator, crop and blend", f"{result['generator']:.1f} frames/s")
    table.add_row("head pose", f"{result['head_pose']:.1f} frames/s")
    table.add_row(f"send of {result['clip_s']:g} s", f"{result['send_s']:.1f} s")
    return table


_add_flags = partial(add_clip, default="builtin")
BENCH = Bench(
    "generator",
    "time the lip-sync generator, the head pose and a whole transmission",
    _add_flags,
    _measure,
    _table,
)
