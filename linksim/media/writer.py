"""Write a clip to a file that players and browsers open."""

import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from linksim.files import replacing
from linksim.media.clip import Clip, audio_of, require, video_of

_CRF = "12"  # visually transparent
_AUDIO_BITRATE = 96_000  # bit/s
_BT709 = 1  # ITU-T H.273: colour primaries, transfer and matrix; limited range below
_LIMITED_RANGE = 1


def write(clip: Clip, path: str | Path) -> None:
    """Write a clip.

    ``.mp4`` holds H.264 (4:2:0, BT.709) and, with audio, AAC: both lossy, the picture
    visually transparent. Odd sizes are padded to even ones by repeating the edge. ``.png``
    holds the first picture without loss, ``.wav``
    holds the audio alone as 16-bit PCM, ``.txt`` the text alone in UTF-8. An existing file
    is replaced at once or left as it was.

    Parameters
    ----------
    clip : Clip
        What to write.
    path : str or Path
        Ends in ``.mp4``, ``.png``, ``.wav`` or ``.txt``.

    Raises
    ------
    LinksimError
        If the ending is another, the clip lacks what the format is for, or the file cannot
        be written.
    """
    import av

    target = Path(path)
    writers = {".mp4": _write_mp4, ".png": _write_png, ".wav": _write_wav, ".txt": _write_text}
    suffix = target.suffix.lower()
    if suffix not in writers:
        raise LinksimError(f"{target}: clips are written as .mp4, .png, .wav or .txt")
    try:
        with replacing(target) as part:
            writers[suffix](clip, part)
    except (OSError, av.error.FFmpegError) as error:
        raise LinksimError(f"{target}: cannot be written ({error.strerror})") from None


def _write_text(clip: Clip, part: Path) -> None:
    require(clip, "a .txt file", text=True)
    part.write_text(f"{clip.text}\n", encoding="utf-8")


def _write_png(clip: Clip, part: Path) -> None:
    import cv2

    frames, _ = video_of(clip, "a .png file")
    part.write_bytes(cv2.imencode(".png", frames[0, ..., ::-1])[1].tobytes())


def _write_wav(clip: Clip, part: Path) -> None:
    audio = audio_of(clip, "a .wav file")
    samples = np.clip(np.round(audio * 32768.0), -32768, 32767).astype("<i2")
    with part.open("wb") as stream, wave.open(stream) as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(clip.sample_rate)
        file.writeframes(samples.tobytes())


def _write_mp4(clip: Clip, part: Path) -> None:
    import av

    frames, fps = video_of(clip, "a .mp4 file")
    options = {"movflags": "+faststart"}
    with av.open(f"file:{part}", "w", format="mp4", options=options) as container:
        video = _video_stream(container, frames, fps)
        audio, chunks = None, []
        # The samples that play while each picture shows; after the last, all the rest.
        starts = [round(i / fps * clip.sample_rate) for i in range(len(frames))]
        if clip.audio is not None:
            audio = container.add_stream("aac", rate=clip.sample_rate, layout="mono")
            audio.bit_rate = _AUDIO_BITRATE
            chunks = np.split(clip.audio, starts[1:])
        for i, pixels in enumerate(frames):
            container.mux(video.encode(_picture(pixels, i)))
            if audio is not None and chunks[i].size:
                container.mux(audio.encode(_sound(chunks[i], starts[i], clip.sample_rate)))
        container.mux(video.encode(None))
        if audio is not None:
            container.mux(audio.encode(None))


def _video_stream(container: Any, frames: np.ndarray, fps: Fraction) -> Any:
    height, width = frames.shape[1:3]
    stream = container.add_stream("libx264", rate=fps, options={"crf": _CRF})
    stream.width, stream.height = width + width % 2, height + height % 2
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = 1 / fps
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = _LIMITED_RANGE
    return stream


def _picture(pixels: np.ndarray, index: int) -> Any:
    import av

    height, width = pixels.shape[:2]
    even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    frame = av.VideoFrame.from_ndarray(even, format="rgb24")
    frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", interpolation="BICUBIC")
    frame.pts = index
    return frame


def _sound(samples: np.ndarray, start: int, rate: int) -> Any:
    import av

    frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
    return frame
