"""Pictures as Inception v3 sees them, and where its weights come from.

Reference: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR
2016.
"""

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linksim.errors import LinksimError
from linksim.media import Clip
from linksim.metrics import tfjs

if TYPE_CHECKING:
    import keras

VARIABLE = "LINKSIM_INCEPTION"
"""Environment variable with the file of weights that a user has."""

CACHED = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
"""File that ``keras.applications.InceptionV3(include_top=False)`` keeps in ``~/.keras/models``."""

FEATURES = 2048
SIDE = 299

_BATCH = 8  # frames seen at a time, which bounds the memory
_MOST_KNOWN = 32  # clips whose activations are kept, 16 kB a frame

_known: dict[tuple[str, Path], np.ndarray] = {}


def imagenet_weights() -> Path | str:
    """Return the file with the weights trained on ImageNet, or why there is none.

    It is the one that `VARIABLE` names, unless that is a stand-in, else the one in Keras's
    cache. Nothing is downloaded: 88 MB are not fetched unasked in the middle of a study.
    """
    named = os.environ.get(VARIABLE, "")
    if named and not _is_stand_in(named):
        return _existing(named)
    home = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    cached = home / "models" / CACHED
    remedy = f"name its file by {VARIABLE} or put {CACHED} under {cached.parent}"
    return cached if cached.exists() else f"needs Inception v3's ImageNet weights; {remedy}"


def stand_in_weights() -> Path | str:
    """Return the file with the weights that stand in for ImageNet's, or why there is none.

    They are the Inception v3 of the npm package ``nsfwjs`` 4.3.0, which was trained further
    for another task and quantised to 8 bits, as the ``model.json`` that `VARIABLE` names.
    """
    named = os.environ.get(VARIABLE, "")
    if not _is_stand_in(named):
        return f"needs {VARIABLE} to name the model.json of nsfwjs's Inception v3"
    return _existing(named)


def activations(clip: Clip, weights: Path) -> np.ndarray:
    """Return what the pooling layer before the classifier answers to each frame.

    Frames are scaled to 299x299, whatever their shape, bilinearly and without aliasing. The
    activations of the clips seen last are kept, since a study shows one reference again and
    again.

    Parameters
    ----------
    clip : Clip
        A clip with video.
    weights : Path
        File of weights, from `imagenet_weights` or `stand_in_weights`.

    Returns
    -------
    np.ndarray
        float32, shape [T, 2048].

    Raises
    ------
    LinksimError
        If the file does not hold the weights of this network.
    """
    key = clip.fingerprint(), weights
    found = _known.pop(key, None)
    if found is None:
        assert clip.frames is not None
        found = _computed(clip.frames, weights)
    _known[key] = found
    while len(_known) > _MOST_KNOWN:
        del _known[next(iter(_known))]
    return found


def _computed(frames: np.ndarray, weights: Path) -> np.ndarray:
    network = _network(weights)
    if isinstance(network, str):
        raise LinksimError(network)
    starts = range(0, len(frames), _BATCH)
    return np.concatenate([network.predict_on_batch(frames[i : i + _BATCH]) for i in starts])


@cache
def _network(weights: Path) -> "keras.Model | str":
    """Return the network from frames to activations, or what is wrong with its weights."""
    import keras

    backbone = _backbone()
    try:
        _load(backbone, weights)
    except LinksimError as error:
        return str(error)
    # Each is shown the range that it was trained on: [0, 1] and [-1, 1].
    scale, offset = (1 / 255, 0.0) if _is_stand_in(weights) else (1 / 127.5, -1.0)
    size = keras.layers.Resizing(SIDE, SIDE, antialias=True)
    network = keras.Sequential([size, keras.layers.Rescaling(scale, offset), backbone])
    network.compile(jit_compile=False)  # XLA would compile anew for each size of picture
    return network


def _backbone() -> "keras.Model":
    from keras.applications import InceptionV3

    shape = (SIDE, SIDE, 3)
    return InceptionV3(include_top=False, weights=None, input_shape=shape, pooling="avg")


def _load(model: "keras.Model", weights: Path) -> None:
    if _is_stand_in(weights):
        tfjs.load_weights(model, weights)
        return
    try:
        model.load_weights(weights)
    except (OSError, ValueError, KeyError):
        what = "the weights of keras.applications.InceptionV3 without its top"
        raise LinksimError(f"{weights}: not {what}") from None


def _is_stand_in(name: str | Path) -> bool:
    return Path(name).suffix == ".json"


def _existing(name: str) -> Path | str:
    path = Path(name)
    return path if path.is_file() else f"{VARIABLE} names {name}, which is no file"
