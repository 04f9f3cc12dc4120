"""Time and delay of each block of each system that a call may use, on this machine."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from baselines.digital.opus import Opus
from baselines.digital.traditional import Traditional
from baselines.txt2vid import DRIVING, Txt2Vid, to_and_fro
from linksim.endpoint import BitStream, Encoded, Endpoint, delivered
from linksim.link.config import LinkConfig
from linksim.media import Clip
from semantic.asc.endpoint import Asc
from semantic.dvst.endpoint import Dvst
from semantic.text.endpoint import Text
from semantic.text.speech import recognise, speak
from semantic.training.weights import trained
from semantic.wav2lip.frames.animate import animate, voice_of
from semantic.wav2lip.frames.face import face_boxes, find_box
from semantic.wav2lip.networks.generator import Generator
from semantic.wav2vid.gate import moving_frames, runs
from studies.run.evaluate import link_for

SNR_DB = 10.0
REPEATS = 2
"""Of each block at least, after one to warm up: an interval needs two."""

LINK = "estimator=perfect"
ROBUST = {"mcs": "robust", "link": LINK}
SLOT_SECONDS = 1e-3
"""14 OFDM symbols at 15 kHz."""

ASC_DELAY, MEL_DELAY = 2.5, 0.2
"""Seconds that the audio codec spreads over, and of voice that a generated frame looks ahead."""

OPUS_LOOKAHEAD, AV1_LOOKAHEAD = 0.0065, 32
"""Seconds, and frames."""


@dataclass(frozen=True)
class Codec:
    """One codec of a system.

    Parameters
    ----------
    name : str
        Of what.
    endpoint : Endpoint
        Which encodes and decodes.
    clip : Clip
        What it is given.
    delay : float
        Seconds of what is yet to come that it waits for.
    """

    name: str
    endpoint: Endpoint
    clip: Clip
    delay: float


Block = tuple[str, float, Callable[[], object]]
"""Its name, its delay in seconds and what it does."""


def bench_call(
    clip: Clip, *, seconds: float, report: Callable[[str], object] = print
) -> dict[str, Any]:
    """Time every block of every system on one clip.

    Parameters
    ----------
    clip : Clip
        With video and sound at 16 kHz.
    seconds : float
        How long each block is timed at least, whole clips, after one to warm up.
    report : callable
        Is told what goes on.

    Returns
    -------
    dict
        ``systems``: by system and block, the seconds that each repeat took for the whole clip;
        ``delays``: likewise, the seconds of what is yet to come that a block waits for;
        ``seconds``, ``width`` and ``height`` of the clip.
    """
    times: dict[str, dict[str, list[float]]] = {}
    delays: dict[str, dict[str, float]] = {}
    for system, blocks in _systems(clip).items():
        times[system], delays[system] = {}, {}
        for name, delay, call in blocks:
            report(f"{system}: {name}")
            call()
            measured: list[float] = []
            while len(measured) < REPEATS or sum(measured) < seconds:
                began = time.perf_counter()
                call()
                measured.append(time.perf_counter() - began)
            times[system][name], delays[system][name] = measured, delay
    height, width = clip.frames.shape[1:3]
    return {
        "seconds": clip.duration,
        "width": width,
        "height": height,
        "systems": times,
        "delays": delays,
    }


def _systems(clip: Clip) -> dict[str, Iterator[Block]]:
    """Return the blocks of each system, each made when it is asked for.

    Txt2Vid is left out where its extra is missing.
    """
    frame = float(1 / clip.fps)
    sound = Clip(audio=clip.audio, sample_rate=clip.sample_rate)
    plain, dvst = Traditional(audio_only=True), Dvst(audio="none", link=LINK)
    opus = Opus(bitrate=14_000, frame_ms=60, **ROBUST)
    pcm = Codec("audio", plain, sound, plain.samples_per_packet / clip.sample_rate)
    best = Codec("audio", opus, sound, opus.frame_ms / 1000 + OPUS_LOOKAHEAD)
    h265 = Traditional(audio="none", gop=125, crf=47, **ROBUST)
    av1 = Traditional(audio="none", gop=125, video="av1", crf=66, **ROBUST)
    whole, part = (Codec("audio", Asc(rate=rate), sound, ASC_DELAY) for rate in ("high", "mid"))
    return {
        "Traditional": _coded(pcm, Codec("video", Traditional(audio="none"), clip, frame)),
        "DVST": _coded(whole, Codec("video", dvst, clip, dvst.gop * frame)),
        "Wav2Vid": _wav2vid(part, dvst, clip),
        **({} if Txt2Vid.missing() else {"Txt2Vid": _txt2vid(dvst, clip)}),
        "Opus + H.265": _coded(best, Codec("video", h265, clip, frame)),
        "Opus + AV1": _coded(best, Codec("video", av1, clip, AV1_LOOKAHEAD * frame)),
    }


def _coded(*codecs: Codec) -> Iterator[Block]:
    """Yield encoders, the link that carries all of it, and decoders."""
    sent = []
    for codec in codecs:
        sent.append(codec.endpoint.encode(codec.clip))
        encode = codec.endpoint.encode
        yield f"{codec.name} encoder", codec.delay, lambda e=encode, c=codec.clip: e(c)
    streams = tuple(stream for encoded in sent for stream in encoded.streams)
    link = link_for(LinkConfig(estimator="perfect"))
    together = Encoded(streams, b"".join(encoded.setup for encoded in sent))
    depths = [s.interleave_slots or 1 for s in streams if isinstance(s, BitStream)]
    wait = max(depths, default=1) * SLOT_SECONDS
    yield "link", wait, lambda: link.transmit(together, SNR_DB, 1)
    for codec, encoded in zip(codecs, sent, strict=True):
        decode, received = codec.endpoint.decode, delivered(encoded)
        yield f"{codec.name} decoder", 0.0, lambda d=decode, r=received: d(r)


def _wav2vid(sound: Codec, dvst: Dvst, clip: Clip) -> Iterator[Block]:
    """Yield the gate, the codecs of what it lets through, and the generator of the rest."""
    sent = moving_frames(clip.frames, clip.fps)
    yield "gate", 0.0, lambda: moving_frames(clip.frames, clip.fps)
    effective = replace(clip, frames=clip.frames[sent], audio=None)
    yield from _coded(sound, Codec("video", dvst, effective, dvst.gop * float(1 / clip.fps)))
    generator = trained(Generator, "compact")

    def generate() -> None:
        voice = voice_of(clip.audio, len(clip.frames), clip.fps)
        for start, stop in runs(~sent):
            still = clip.frames[start - 1]
            box = find_box(still)
            if box is not None:
                held = np.broadcast_to(still, clip.frames[start:stop].shape)
                animate(generator, held, np.tile(box, (stop - start, 1)), voice[start:stop])

    yield "generator", MEL_DELAY, generate


def _txt2vid(dvst: Dvst, clip: Clip) -> Iterator[Block]:
    """Yield recognition, which waits for the last word, the codecs, the voice and its lips."""
    yield "speech recognition", clip.duration, lambda: recognise(clip.audio)
    text = Clip(text=recognise(clip.audio))
    driving = replace(clip, frames=clip.frames[: round(DRIVING * clip.fps)], audio=None)
    words = Txt2Vid()
    codec = Text(uses=words.uses_per_character, slots=words.slots)
    wait = dvst.gop * float(1 / clip.fps)
    yield from _coded(Codec("text", codec, text, 0.0), Codec("video", dvst, driving, wait))
    count, samples = len(clip.frames), len(clip.audio)
    yield "speech synthesis", 0.0, lambda: speak(text.text, samples)
    generator, voice = trained(Generator, "compact"), speak(text.text, samples)
    shown = to_and_fro(len(driving.frames), count)

    def generate() -> None:
        boxes = face_boxes(driving.frames)
        animate(generator, driving.frames[shown], boxes[shown], voice_of(voice, count, clip.fps))

    yield "generator", MEL_DELAY, generate
