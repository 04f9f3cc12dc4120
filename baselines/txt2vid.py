"""A call by text: words go over the link, and a synthetic voice moves the lips of a short clip."""

import struct
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linksim.endpoint import Csi, Encoded, Endpoint, Received
from linksim.errors import LinksimError
from linksim.link.accounting import channel_uses, frame_uses, stream_uses
from linksim.link.config import link_of_option
from linksim.media import Clip, audio_of, video_of
from linksim.options import check_range, option
from semantic.dvst.bitstream.conditions import ETA
from semantic.dvst.endpoint import SETUP_BYTES, Dvst
from semantic.text.endpoint import MOST_SLOTS, STREAM, Text
from semantic.text.layout import SLOT_USES
from semantic.text.speech import SAMPLE_RATE, missing, recognise, speak

if TYPE_CHECKING:
    from semantic.wav2lip.networks.generator import Generator

DRIVING = 3.0
"""Seconds of the driving clip, if nothing else is asked for."""

_SETUP = struct.Struct("<IIH")  # frames and samples of the clip, slots of text at least


@dataclass(frozen=True, kw_only=True)
class Txt2Vid(Endpoint):
    """A video call whose sound is text, after Txt2Vid.

    ::

        sound ──▶ recognition ─▶ text codec ─▶ "text" ───▶ text codec ─▶ synthesis ─┬─▶ sound
        first frames ─▶ DVST ─▶ "video", "side" ─▶ DVST ─▶ to and fro ─▶ generator ◀┘
                                                                             └────────▶ frames

    Tandon et al., "Txt2Vid: ultra-low bitrate compression of talking-head videos via text", IEEE J.
    Sel. Areas Commun. 41(1), 2023, sent as the Wav2Vid paper has it. The driving clip is the
    start of the video. The receiver plays it forwards and backwards, again and again, and
    generates the lips of all frames by the synthetic voice, those of the driving clip too, since
    they said it at another time. What `uses` leave where one more frame is too much goes to
    further copies of the text. The voice starts at once, and is stretched as far as
    `semantic.text.speech.SPEED` lets, for it has no times to go by. Frames without a face are
    shown as they came. Where no text arrives there is silence.

    Raises
    ------
    LinksimError
        If an option lies outside its range, or two contradict each other.
    """

    name: ClassVar[str] = "txt2vid"
    uses_csi = True

    driving: float | None = option(
        None, f"length of the video that is sent, none for {DRIVING:g}", "s"
    )
    uses: float | None = option(
        None, "budget of channel uses of all streams and the set-up, which limits the video sent"
    )
    text: str = option("semantic", "form of the text: semantic, or digital, see scheme 'text'")
    uses_per_character: float = option(64.0, "minimum channel uses per character of the text")
    slots: int = option(8, "minimum slots of the text", "slot")
    eta: float = option(ETA, "latent reals sent per bit of video, at 10 dB")
    link: str | None = option(None, "options of the link as the transmitter knows it, key=value,…")
    gop: int = option(38, "distance from one intra-coded frame to the next", "frame")
    weights: str | None = option(
        None, "file with the generator's weights, instead of the shipped ones", file=True
    )

    def __post_init__(self) -> None:
        where = "scheme 'txt2vid': option"
        for name, low, high in (("driving", 0.04, 3600.0), ("uses", 1.0, 1e12)):
            if getattr(self, name) is not None:
                check_range(f"{where} '{name}'", getattr(self, name), low, high)
        if None not in (self.driving, self.uses):
            raise LinksimError(f"{where} 'uses' sets how much video is sent; leave out 'driving'")
        _ = self._words, self._video  # which check the rest

    @property
    def _words(self) -> Text:
        return Text(form=self.text, uses=self.uses_per_character, slots=self.slots)

    @property
    def _video(self) -> Dvst:
        return Dvst(eta=self.eta, link=self.link, gop=self.gop, audio="none")

    @classmethod
    def missing(cls) -> str:
        """Return what has to be installed, see `Endpoint.missing`."""
        return missing()

    def encode(self, clip: Clip, csi: Csi | None = None) -> Encoded:
        """Turn a clip into streams ``"side"``, ``"video"`` and ``"text"``.

        Raises
        ------
        LinksimError
            If there is no video or no sound at 16 kHz, the uses are too few, the extra
            ``txt2vid`` is missing, or there are no weights.
        """
        frames, fps = video_of(clip, "scheme 'txt2vid'")
        audio = audio_of(clip, "scheme 'txt2vid'")
        if clip.sample_rate != SAMPLE_RATE:
            raise LinksimError(
                f"scheme 'txt2vid' needs audio at {SAMPLE_RATE} Hz, not {clip.sample_rate} Hz"
            )
        text = Clip(name=clip.name, text=recognise(audio))

        once = self._words.encode(text)  # the search for a budget asks again and again

        def whole(video: Encoded, said: Encoded = once, slots: int = self.slots) -> Encoded:
            setup = _SETUP.pack(len(frames), len(audio), slots)
            return Encoded(video.streams + said.streams, setup + video.setup + said.setup)

        if self.uses is None:
            seconds = DRIVING if self.driving is None else self.driving
            driving = frames[: max(1, round(seconds * fps))]
            return whole(self._video.encode(Clip(driving, fps, name=clip.name), csi))
        link, budget = link_of_option(self.link), self.uses
        longest = self._video.encode_start(
            clip, csi, lambda video: channel_uses(whole(video), link) <= budget
        )
        if longest is None:
            raise LinksimError(
                f"{budget:.0f} channel uses are too few for the text of "
                f"{clip.name or 'the clip'} and one frame; raise option 'uses'"
            )
        encoded = whole(longest)
        taken = sum(stream_uses(s, link) for s in encoded.streams if s.name == STREAM)
        left = int(taken + budget - channel_uses(encoded, link)) // frame_uses(link)
        slots = max(min(left * frame_uses(link) // SLOT_USES, MOST_SLOTS), self.slots)
        return whole(longest, replace(self._words, slots=slots).encode(text), slots)

    def decode(self, received: Received) -> Clip:
        """Turn what arrived into a clip of the original length, with a voice and its text.

        ``origins`` tells which frames have generated lips, ``warnings`` what is wrong.
        """
        count, samples, slots = _SETUP.unpack_from(received.setup)
        video, words = np.split(
            np.frombuffer(received.setup[_SETUP.size :], np.uint8), [SETUP_BYTES]
        )
        said = replace(self._words, slots=slots).decode(Received(words.tobytes(), received.streams))
        driving = self._video.decode(Received(video.tobytes(), received.streams))
        warnings = [*driving.warnings, *said.warnings]
        if not said.text:
            warnings.append("no text has arrived, so there is silence")
        voice = speak(said.text or "", samples)
        arrived, fps = video_of(driving, "scheme 'txt2vid'")
        shown = to_and_fro(len(arrived), count)
        frames = arrived[shown]
        origins = [*driving.origins, *["held"] * (count - len(arrived))]
        boxes = self._boxes(arrived, warnings)
        if boxes is not None:
            frames = self._generate(frames, boxes[shown], voice, fps)
            origins = ["generated"] * count
        return Clip(
            frames,
            fps,
            voice,
            SAMPLE_RATE,
            name=self.name,
            origins=tuple(origins),
            warnings=tuple(warnings),
            text=said.text,
        )

    def _boxes(self, frames: np.ndarray, warnings: list[str]) -> np.ndarray | None:
        """Return where the face is in each frame; None where most have none."""
        from semantic.wav2lip.frames.face import face_boxes

        try:
            return face_boxes(list(frames), "the driving clip")
        except LinksimError as error:
            warnings.append(f"no lips are generated: {error}")
            return None

    def _generate(
        self, frames: np.ndarray, boxes: np.ndarray, voice: np.ndarray, fps: Fraction
    ) -> np.ndarray:
        from semantic.wav2lip.frames.animate import animate, by_voice, voice_of

        heard = voice_of(voice, len(frames), fps)
        return animate(by_voice(self._generator(), heard), frames, boxes)

    def _generator(self) -> "Generator":
        # Keras is loaded when it is needed, not when schemes are listed.
        from semantic.training.weights import trained
        from semantic.wav2lip.networks.generator import Generator

        return trained(Generator, "compact", Path(self.weights) if self.weights else None)


def to_and_fro(frames: int, count: int) -> np.ndarray:
    """Return which of so many frames is shown at each of `count` times: int64, shape [count].

    From the first to the last, back to the first, and so on; the one that turns is shown once.
    """
    there = np.arange(frames)
    return np.resize(np.concatenate([there, there[-2:0:-1]]), count)
