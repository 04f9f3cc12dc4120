"""Fit the post-filter to pictures as a receiver has them, in whole groups of pictures.

Noise piles up over a group, so that crops of a few frames would not show the filter what it
is for. What it is trained on went through sender, fading and receiver frame by frame.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from keras import ops

from semantic.dvst.bitstream.gop import (
    Conditions,
    FrameCode,
    ReceivedFrame,
    Receiver,
    Sender,
    padded,
)
from semantic.dvst.networks.model import GROUP, DvstModel
from semantic.dvst.networks.post_filter import FOLD, PostFilter
from semantic.dvst.training.fitting import Fit, fit

CONDITIONS = (
    (2.0, 1.5, 0.35),
    (5.0, 1.2, 0.4),
    (8.0, 0.9, 0.5),
    (10.0, 0.8, 0.55),
    (14.0, 0.7, 0.7),
    (20.0, 0.6, 0.9),
)
"""SNR in dB, eta and precision under which groups are sent."""

CROP = 96
CROPS = 6
"""Crops that are kept of a frame, and their height and width in pixels."""

BATCH = 8
LEARNING_RATE = 1e-3

Crops = dict[str, np.ndarray]


class FilterLoss(Fit):
    """A `PostFilter` whose loss is the squared error of a crop over that of its whole frame.

    That is what changes the frame's PSNR, so no SNR outweighs another.
    """

    part: PostFilter

    def call(self, inputs: Crops) -> Any:
        picture, base, frame = (
            ops.cast(inputs[name], "float32") / 255.0 for name in ("picture", "base", "frame")
        )
        error = self.part(picture, base, inputs["snr_db"]) - frame
        return ops.mean(ops.square(error), axis=(1, 2, 3)) / inputs["before"]


def fit_post_filter(
    model: DvstModel, videos: Sequence[np.ndarray], *, steps: int, seed: int
) -> tuple[float, float] | None:
    """Train the post-filter, and nothing else.

    Parameters
    ----------
    model : DvstModel
        Model whose filter is trained; all else of it decides what it sees.
    videos : sequence of np.ndarray
        uint8, [T, H, W, 3] each. Those that are shorter than a group are left out.
    steps : int
        Training steps.
    seed : int
        Seed of fading, noise and crops.

    Returns
    -------
    tuple of float or None
        Mean gain in PSNR over the first and the last twentieth of the steps, in dB; None
        without steps or videos.
    """
    rng = np.random.default_rng([seed, 5])
    crops = received_crops(model, videos, rng) if steps else {}
    if not crops:
        return None
    losses = fit(
        FilterLoss(model.post_filter),
        crops,
        steps=steps,
        batch=BATCH,
        learning_rate=LEARNING_RATE,
        rng=rng,
        name="post-filter",
    )
    first, last = (-10.0 * math.log10(loss) for loss in losses)
    return first, last


def received_crops(
    model: DvstModel, videos: Sequence[np.ndarray], rng: np.random.Generator
) -> Crops:
    """Return what `FilterLoss` takes, of all videos that have a group; nothing if there is none."""
    crops = list(_collect(model, videos, rng))
    return {name: np.concatenate([c[name] for c in crops]) for name in crops[0]} if crops else {}


def _collect(
    model: DvstModel, videos: Sequence[np.ndarray], rng: np.random.Generator
) -> Iterator[Crops]:
    """Send groups and give crops of what is received."""
    sender, receiver = Sender(model), Receiver(model)
    large = [v for v in videos if len(v) >= GROUP and min(v.shape[1:3]) >= CROP]
    for i, video in enumerate(large):
        print(f"post-filter  sending video {i + 1} of {len(large)}", flush=True)
        for conditions in CONDITIONS:
            told = Conditions(*conditions)
            start = int(rng.integers(0, len(video) - GROUP + 1))
            frames = video[start : start + GROUP]
            codes = list(sender(frames, told, GROUP))
            seen = receiver.unfiltered(faded(codes, told.snr_db, rng), told)
            for frame, pictures in zip(frames, seen, strict=True):
                assert pictures is not None  # no frame is lost
                yield _crops(padded(frame), pictures, told.snr_db, rng)


def faded(
    codes: Sequence[FrameCode], snr_db: float, rng: np.random.Generator
) -> Iterator[ReceivedFrame]:
    """Send symbols through Rayleigh fading and a zero-forcing equaliser, each on its own."""
    energy = 2.0 * np.mean(np.concatenate([code.symbols for code in codes]) ** 2)
    for code in codes:
        n = code.symbols.size
        gains = np.repeat(rng.exponential(size=-(-n // 2)), 2)[:n]
        noise = 0.5 * energy * 10.0 ** (-snr_db / 10.0) / np.maximum(gains, 1e-6)
        symbols = code.symbols + np.sqrt(noise) * rng.normal(size=n)
        arrived = FrameCode(code.intra, symbols.astype(np.float32), code.rates, code.hyper, {})
        yield ReceivedFrame(arrived, noise.astype(np.float32))


def _crops(
    frame: np.ndarray, seen: dict[str, np.ndarray], snr_db: float, rng: np.random.Generator
) -> Crops:
    """Cut crops out of a frame and of what a receiver has of it; pixels from 0 to 255."""
    pictures = {"frame": frame, **{name: seen[name][0] for name in ("picture", "base")}}
    before = np.mean(np.square(pictures["picture"] - frame))
    # Even places, for the filter folds pixels two by two.
    last = [(n - CROP) // FOLD for n in frame.shape[:2]]
    corners = FOLD * rng.integers(0, np.add(last, 1), (CROPS, 2))
    cut = {
        name: np.stack([x[top : top + CROP, left : left + CROP] for top, left in corners])
        for name, x in pictures.items()
    }
    return {
        **{name: (255.0 * x).astype(np.float16) for name, x in cut.items()},
        "snr_db": np.full(CROPS, snr_db, np.float32),
        "before": np.full(CROPS, before, np.float32),
    }
