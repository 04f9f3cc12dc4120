"""Distances between the distributions of two clips' frames: FID and KID.

Both compare the 2048 activations of Inception v3 for the frames received with those for the
frames sent, as two clouds of points. The arithmetic is TensorFlow-GAN's, in double precision.
As in `linksim.metrics.video` the reference's length counts, and a last frame stays.
"""

from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from linksim.media import Clip
from linksim.metrics.inception import FEATURES, activations, imagenet_weights, stand_in_weights
from linksim.metrics.tfgan import load
from linksim.metrics.value import Metric, MetricValue, undefined
from linksim.metrics.video import comparable

_SCALE = 2.0**10  # a power of two rounds nothing

Distance = Callable[[np.ndarray, np.ndarray], float]


def fid(reference: Clip, received: Clip) -> MetricValue:
    """Fréchet Inception distance: `frechet_distance` of the activations.

    The same frames give 0. It depends on how many frames there are: up to 2048 of them leave
    the covariances rank-deficient and the value far from its limit, which the reason says.
    Compare it at equal counts alone, and look at `kid` beside it. The weights are Keras's for
    ImageNet, not those of the graph that published values mostly come from. Source: Heusel et
    al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium",
    NIPS 2017.
    """
    return _measure(frechet_distance, reference, received, imagenet_weights())


def kid(reference: Clip, received: Clip) -> MetricValue:
    """Kernel Inception distance: `kernel_distance` of the activations.

    Its mean does not depend on how many frames there are if they are drawn at random. Frames
    of one clip are not: the estimator leaves out a frame's likeness to itself but counts that
    to the frame that it became, so that the same frames give a little less than 0, nearer to
    it the more there are. Source: Bińkowski et al., "Demystifying MMD GANs", ICLR 2018.
    """
    return _measure(kernel_distance, reference, received, imagenet_weights())


def fid_proxy(reference: Clip, received: Clip) -> MetricValue:
    """`fid` with the weights of `stand_in_weights`: to be compared with itself alone."""
    return _measure(frechet_distance, reference, received, stand_in_weights())


def kid_proxy(reference: Clip, received: Clip) -> MetricValue:
    """`kid` with the weights of `stand_in_weights`: to be compared with itself alone."""
    return _measure(kernel_distance, reference, received, stand_in_weights())


_STAND_IN = "-proxy (nsfwjs InceptionV3)"

FID = Metric("fid", "FID", "video", False, (0.0, inf), fid, of_all_frames=True)
KID = Metric("kid", "KID", "video", False, (-inf, inf), kid, of_all_frames=True)
FID_PROXY = replace(FID, name="fid_proxy", label=f"FID{_STAND_IN}", function=fid_proxy)
KID_PROXY = replace(KID, name="kid_proxy", label=f"KID{_STAND_IN}", function=kid_proxy)


def thinned(clip: Clip, most: int, count: int) -> Clip:
    """Return at most so many frames of a clip, evenly spaced over the `count` of its reference.

    The Inception network takes most of the time of a score, and neighbouring frames of a talk
    tell it little. Both clips of a pair lose the same frames; a received clip that ends early
    stays as it ends.
    """
    if clip.frames is None or count <= most:
        return clip
    kept = np.linspace(0, count - 1, most).round().astype(int)
    return replace(clip, frames=clip.frames[np.minimum(kept, len(clip.frames) - 1)], origins=())


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the squared Fréchet distance of two Gaussians with the samples' moments.

    ::

        |μa - μb|² + tr(Ca + Cb - 2 (Ca Cb)^½)

    Parameters
    ----------
    a, b : np.ndarray
        Shapes [N, D] and [M, D], two rows or more each.

    Returns
    -------
    float
        0 or more. The covariances C are the unbiased ones.
    """
    if len(a) + len(b) < a.shape[1]:
        a, b = _in_their_span(a, b)
    measure = load("eval.classifier_metrics").frechet_classifier_distance_from_activations
    # Of singular values below 1e-10 it takes no roots, but they still count: so enlarge all.
    distance = float(measure(_SCALE * _tensor(a), _SCALE * _tensor(b)))
    return max(0.0, distance / _SCALE**2)


def kernel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the unbiased estimate of the squared maximum mean discrepancy.

    The kernel is (x·y / D + 1)³. All rows make one block: rows in the order of time must not
    be divided into several.

    Parameters
    ----------
    a, b : np.ndarray
        Shapes [N, D] and [M, D], two rows or more each.

    Returns
    -------
    float
        Below 0, too, where the discrepancy is small.
    """
    measure = load("eval.classifier_metrics").kernel_classifier_distance_from_activations
    return float(measure(_tensor(a), _tensor(b), max_block_size=max(len(a), len(b))))


def _measure(
    distance: Distance, reference: Clip, received: Clip, weights: Path | str
) -> MetricValue:
    pair = comparable(reference, received)
    if isinstance(pair, str):
        return undefined(pair)
    if isinstance(weights, str):
        return undefined(weights)
    count = len(pair[0])
    if count < 2:
        return undefined("needs two frames or more")
    try:
        sent, shown = (activations(clip, weights) for clip in (reference, received))
        shown = shown[np.minimum(np.arange(count), len(shown) - 1)]
        value = distance(sent, shown)
    except LinksimError as error:
        return undefined(str(error))
    few = distance is frechet_distance and count <= FEATURES
    note = f"{count} frames for {FEATURES} features: the covariances are rank-deficient"
    return MetricValue(value, count, note if few else "")


def _in_their_span(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both in an orthonormal basis of all rows: fewer columns, the same distances.

    Square roots of 2048 x 2048 matrices take most of a minute, those of a short clip's frames
    a fraction of a second.
    """
    rows = np.concatenate([a, b]).astype(np.float64)
    basis = np.linalg.qr(rows.T)[0]
    moved = rows @ basis
    return moved[: len(a)], moved[len(a) :]


def _tensor(rows: np.ndarray) -> Any:
    import tensorflow as tf

    return tf.constant(rows, tf.float64)
