"""Write a clip to a file that players and browsers open."""

import contextlib
import os
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from linksim.errors import LinksimError
from linksim.media.clip import Clip, require

_CRF = "12"  # visually transparent
_AUDIO_BITRATE = 96_000  # bit/s
_NEEDS = {".mp4": "video", ".wav": "audio", ".txt": "text"}
_BT709 = 1  # ITU-T H.273: colour primaries, transfer and matrix; limited range below
_LIMITED_RANGE = 1


def write(clip: Clip, path: str | Path) -> None:
    """Write a clip.

    ``.mp4`` holds H.264 (4:2:0, BT.709) and, with audio, AAC: both lossy, the picture
    visually transparent. Odd sizes are padded to even ones by repeating the edge. ``.wav``
    holds the audio alone as 16-bit PCM, ``.txt`` the text alone in UTF-8. An existing file
    is replaced at once or left as it was.

    Parameters
    ----------
    clip : Clip
        What to write.
    path : str or Path
        Ends in ``.mp4``, ``.wav`` or ``.txt``.

    Raises
    ------
    LinksimError
        If the ending is another, the clip lacks what the format is for, or the file cannot
        be written.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in _NEEDS:
        raise LinksimError(f"{target}: clips are written as .mp4, .wav or .txt")
    require(clip, f"a {suffix} file", **{_NEEDS[suffix]: True})
    with _replacing(target) as part:
        if suffix == ".mp4":
            _write_mp4(clip, part)
        elif suffix == ".wav":
            _write_wav(clip, part)
        else:
            part.write_text(f"{clip.text}\n", encoding="utf-8")


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, target)
    except (OSError, av.error.FFmpegError) as error:
        raise LinksimError(f"{target}: cannot be written ({error.strerror})") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _write_wav(clip: Clip, part: Path) -> None:
    samples = np.clip(np.round(clip.audio * 32768.0), -32768, 32767).astype("<i2")
    with part.open("wb") as stream, wave.open(stream) as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(clip.sample_rate)
        file.writeframes(samples.tobytes())


def _write_mp4(clip: Clip, part: Path) -> None:
    options = {"movflags": "+faststart"}
    with av.open(f"file:{part}", "w", format="mp4", options=options) as container:
        video = _video_stream(container, clip)
        audio = None
        if clip.has_audio:
            audio = container.add_stream("aac", rate=clip.sample_rate, layout="mono")
            audio.bit_rate = _AUDIO_BITRATE
        for i in range(len(clip.frames)):
            container.mux(video.encode(_picture(clip.frames[i], i)))
            if audio is not None:
                _mux_audio(container, audio, clip, i)
        container.mux(video.encode(None))
        if audio is not None:
            container.mux(audio.encode(None))


def _video_stream(container: Any, clip: Clip) -> Any:
    height, width = clip.frames.shape[1:3]
    stream = container.add_stream("libx264", rate=clip.fps, options={"crf": _CRF})
    stream.width, stream.height = width + width % 2, height + height % 2
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = 1 / clip.fps
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = _LIMITED_RANGE
    return stream


def _picture(pixels: np.ndarray, index: int) -> Any:
    height, width = pixels.shape[:2]
    even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    frame = av.VideoFrame.from_ndarray(even, format="rgb24")
    frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", interpolation="BICUBIC")
    frame.pts = index
    return frame


def _mux_audio(container: Any, stream: Any, clip: Clip, i: int) -> None:
    """Encode the samples that play while picture `i` shows; after the last, all the rest."""
    first, last = (round(Fraction(j) / clip.fps * clip.sample_rate) for j in (i, i + 1))
    samples = clip.audio[first : last if i + 1 < len(clip.frames) else None]
    if samples.size:
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = clip.sample_rate, first
        frame.time_base = Fraction(1, clip.sample_rate)
        container.mux(stream.encode(frame))
