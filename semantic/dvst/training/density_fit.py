"""Fit the densities of side information to whole groups of pictures, as they are really sent.

Crops of a few frames move more than a call does and have no past. What costs the most side
information is the many positions of the many frames where nothing happens, and only whole groups
show how many these are.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from semantic.dvst.bitstream.gop import Conditions, FrameCode, Sender
from semantic.dvst.bitstream.steps import history
from semantic.dvst.networks.model import GROUP, DvstModel
from semantic.dvst.networks.reference import nothing_before
from semantic.dvst.networks.side_density import SideDensity
from semantic.dvst.training.fitting import Fit, fit

CONDITIONS = ((5.0, 1.2, 0.4), (10.0, 0.8, 0.55), (12.0, 0.6, 0.6), (20.0, 0.6, 0.9))
"""SNR in dB, eta and precision under which groups are coded."""

INTRA_EVERY = 4
"""Distance of further frames without reference, besides the first of each group."""

BATCH = 16
LEARNING_RATE = 1e-3

Maps = dict[str, np.ndarray]


class DensityLoss(Fit):
    """A `SideDensity` whose loss is the mean bits of a map."""

    part: SideDensity

    def call(self, inputs: Maps) -> Any:
        return self.part.bits(**inputs)


def fit_densities(
    model: DvstModel, videos: Sequence[np.ndarray], *, steps: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Train the densities of side information, and nothing else.

    Parameters
    ----------
    model : DvstModel
        Model whose densities are trained; all else of it decides what is sent.
    videos : sequence of np.ndarray
        uint8, [T, H, W, 3] each. Those that are shorter than a group are left out.
    steps : int
        Training steps of each part.
    seed : int
        Seed of the order of maps.

    Returns
    -------
    dict
        Mean bits of a frame before and after, of each part.
    """
    gained: dict[str, tuple[float, float]] = {}
    if not steps:
        return gained
    for part, maps in _collect(model, videos).items():
        codec = model.intra if part in model.intra.PARTS else model.inter
        gained[part] = fit(
            DensityLoss(getattr(codec, part).entropy.side),
            maps,
            steps=steps,
            batch=BATCH,
            learning_rate=LEARNING_RATE,
            rng=np.random.default_rng([seed, len(part)]),
            name=f"side information of {part}",
        )
    return gained


def _collect(model: DvstModel, videos: Sequence[np.ndarray]) -> dict[str, Maps]:
    """Code groups and keep the maps of their frames, all of one size.

    A group has one frame without reference; more are coded by themselves.
    """
    sender = Sender(model)
    found: dict[str, list[Maps]] = {}
    long = [video for video in videos if len(video) >= GROUP]
    alike = [video for video in long if video.shape[1:] == long[0].shape[1:]]
    for i, video in enumerate(alike):
        print(f"side information  coding video {i + 1} of {len(alike)}", flush=True)
        for conditions, start in zip(CONDITIONS, _starts(len(video)), strict=False):
            told = Conditions(*conditions)
            group = video[start : start + GROUP]
            for frames, gop in ((group, GROUP), (group[::INTRA_EVERY], 1)):
                for part, maps in _maps(model, sender(frames, told, gop), told):
                    found.setdefault(part, []).append(maps)
    return {
        part: {name: np.concatenate([m[name] for m in maps]) for name in maps[0]}
        for part, maps in found.items()
    }


def _maps(
    model: DvstModel, codes: Iterable[FrameCode], told: Conditions
) -> Iterator[tuple[str, Maps]]:
    """Give what `SideDensity.bits` takes of each part of frames that follow one another."""
    before: dict[str, np.ndarray] = {}
    for code in codes:
        arrays = told.arrays(intra=code.intra)
        for part, rates in code.rates.items():
            hyper = code.hyper[part]
            yield (
                part,
                {
                    "rates": rates[None],
                    "hyper": hyper[None].astype(np.float32),
                    "before": before.get(part, nothing_before(rates.shape)),
                    "eta": arrays["eta"],
                    "precision": arrays["precision"],
                },
            )
            if not code.intra:
                before[part] = history(getattr(model.inter, part), rates, hyper, arrays)


def _starts(length: int) -> Iterator[int]:
    """Give where groups start, evenly over a video, as many as there are conditions."""
    last = length - GROUP
    for i in range(len(CONDITIONS)):
        yield round(last * i / (len(CONDITIONS) - 1))
