"""The systems that a call may use, as blocks that can be timed one by one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from baselines.digital.traditional import Traditional
from baselines.txt2vid import DRIVING, Txt2Vid, to_and_fro
from linksim.endpoint import BitStream, Encoded, Endpoint
from linksim.link.config import LinkConfig
from linksim.link.ideal import delivered
from linksim.media import Clip
from linksim.streams.digital.opus import Opus
from semantic.asc.endpoint import Asc
from semantic.dvst.endpoint import Dvst
from semantic.text.endpoint import Text
from semantic.text.speech import recognise, speak
from semantic.training.weights import trained
from semantic.wav2lip.frames.animate import animate, by_voice, voice_of
from semantic.wav2lip.frames.face import face_boxes, find_box
from semantic.wav2lip.networks.generator import Generator
from semantic.wav2vid.gate import moving_frames, runs
from studies.run.evaluate import link_for

SNR_DB = 10.0
LINK = "estimator=perfect"
SLOT_SECONDS = 1e-3
"""14 OFDM symbols at 15 kHz."""

ASC_DELAY, MEL_DELAY = 2.5, 0.2
"""Seconds that the audio codec waits for, and of voice that a generated frame looks ahead."""

OPUS_LOOKAHEAD, AV1_LOOKAHEAD = 0.0065, 32
"""Look-ahead of the encoders in seconds, and in frames."""


@dataclass(frozen=True)
class Codec:
    """One codec of a system.

    Parameters
    ----------
    name : str
        Content that it codes, e.g. ``"video"``.
    endpoint : Endpoint
        The codec itself.
    clip : Clip
        The clip that it is given.
    delay : float
        Seconds of the clip that are yet to come and that it waits for.
    """

    name: str
    endpoint: Endpoint
    clip: Clip
    delay: float


Block = tuple[str, float, Callable[[], object]]
"""Name of a block, its look-ahead in seconds, and the call that runs it."""


def systems(clip: Clip) -> dict[str, Iterator[Block]]:
    """Return the blocks of each system, each made when it is asked for.

    Txt2Vid is left out where its extra is missing.
    """
    frame = _frame(clip)
    sound = Clip(audio=clip.audio, sample_rate=clip.sample_rate)
    plain, dvst = Traditional(audio_only=True), Dvst(audio="none", link=LINK)
    opus = Opus(bitrate=14_000, frame_ms=60, mcs="robust", link=LINK)
    pcm = Codec("audio", plain, sound, plain.samples_per_packet / clip.sample_rate)
    best = Codec("audio", opus, sound, opus.frame_ms / 1000 + OPUS_LOOKAHEAD)
    h265 = Traditional(audio="none", gop=125, crf=47, mcs="robust", link=LINK)
    av1 = Traditional(audio="none", gop=125, video="av1", crf=66, mcs="robust", link=LINK)
    whole, part = (Codec("audio", Asc(rate=rate), sound, ASC_DELAY) for rate in ("high", "mid"))
    return {
        "Traditional": _coded(pcm, Codec("video", Traditional(audio="none"), clip, frame)),
        "DVST": _coded(whole, Codec("video", dvst, clip, dvst.gop * frame)),
        "Wav2Vid": _wav2vid(part, dvst, clip),
        **({} if Txt2Vid.missing() else {"Txt2Vid": _txt2vid(dvst, clip)}),
        "Opus + H.265": _coded(best, Codec("video", h265, clip, frame)),
        "Opus + AV1": _coded(best, Codec("video", av1, clip, AV1_LOOKAHEAD * frame)),
    }


def _frame(clip: Clip) -> float:
    """Return the duration of a frame in seconds."""
    assert clip.fps is not None
    return float(1 / clip.fps)


def _coded(*codecs: Codec) -> Iterator[Block]:
    """Yield encoders, the link that all of it crosses, and decoders."""
    sent = []
    for codec in codecs:
        sent.append(codec.endpoint.encode(codec.clip))
        yield f"{codec.name} encoder", codec.delay, partial(codec.endpoint.encode, codec.clip)
    streams = tuple(stream for encoded in sent for stream in encoded.streams)
    link = link_for(LinkConfig(estimator="perfect"))
    together = Encoded(streams, b"".join(encoded.setup for encoded in sent))
    depths = [s.interleave_slots or 1 for s in streams if isinstance(s, BitStream)]
    wait = max(depths, default=1) * SLOT_SECONDS
    yield "link", wait, lambda: link.transmit(together, SNR_DB, 1)
    for codec, encoded in zip(codecs, sent, strict=True):
        received = delivered(encoded)
        yield f"{codec.name} decoder", 0.0, partial(codec.endpoint.decode, received)


def _wav2vid(sound: Codec, dvst: Dvst, clip: Clip) -> Iterator[Block]:
    """Yield the gate, the codecs of what it lets through, and the generator of the rest."""
    frames, audio, fps = clip.frames, clip.audio, clip.fps
    assert frames is not None
    assert audio is not None
    assert fps is not None
    sent = moving_frames(frames, fps)
    yield "gate", 0.0, lambda: moving_frames(frames, fps)
    effective = replace(clip, frames=frames[sent], audio=None)
    yield from _coded(sound, Codec("video", dvst, effective, dvst.gop * _frame(clip)))
    generator = trained(Generator, "compact")

    def generate() -> None:
        voice = voice_of(audio, len(frames), fps)
        for start, stop in runs(~sent):
            still = frames[start - 1]
            box = find_box(still)
            if box is not None:
                held = np.broadcast_to(still, frames[start:stop].shape)
                boxes = np.tile(box, (stop - start, 1))
                animate(by_voice(generator, voice[start:stop]), held, boxes)

    yield "generator", MEL_DELAY, generate


def _txt2vid(dvst: Dvst, clip: Clip) -> Iterator[Block]:
    """Yield recognition, which waits for the last word, the codecs, the voice and its lips."""
    frames, audio, fps = clip.frames, clip.audio, clip.fps
    assert frames is not None
    assert audio is not None
    assert fps is not None
    yield "speech recognition", clip.duration, lambda: recognise(audio)
    text = recognise(audio)
    shown = frames[: round(DRIVING * fps)]
    driving = replace(clip, frames=shown, audio=None)
    words = Txt2Vid()
    codec = Codec(
        "text", Text(uses=words.uses_per_character, slots=words.slots), Clip(text=text), 0
    )
    wait = dvst.gop * _frame(clip)
    yield from _coded(codec, Codec("video", dvst, driving, wait))
    yield "speech synthesis", 0.0, lambda: speak(text, len(audio))
    generator, voice = trained(Generator, "compact"), speak(text, len(audio))
    order = to_and_fro(len(shown), len(frames))

    def generate() -> None:
        boxes = face_boxes(list(shown))
        animate(by_voice(generator, voice_of(voice, len(frames), fps)), shown[order], boxes[order])

    yield "generator", MEL_DELAY, generate
