"""Built-in heads, drawn once and kept on disk: it takes a tenth of a second a frame."""

import hashlib
from contextlib import suppress
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from linksim.arrays import read_arrays
from linksim.errors import LinksimError
from linksim.files import cache_folder, replacing
from linksim.media.clip import Clip
from linksim.media.synthetic import heads

HEADS = {
    "builtin": "talking_head",
    "builtin:moving": "moving_head",
    "builtin:talk": "calm_head",
}
"""Built-in heads, and the function of `linksim.media.synthetic.heads` that makes each."""

_LIBRARIES = (
    *("numpy", "scipy", "scikit-image", "opencv-python-headless", "opencv-python"),
    *("espeakng-loader", "ai-edge-litert"),
)


def drawn_head(source: str) -> Clip:
    """Return the clip of a built-in head, from disk where it has been drawn before.

    Parameters
    ----------
    source : str
        One of `HEADS`.

    Raises
    ------
    LinksimError
        If the extra ``clip`` is not installed.
    """
    heads.check_extra()
    path = cache_folder() / f"{HEADS[source]}-{_digest()}.npz"
    try:
        kept = read_arrays(path)
        name, fps = kept["name"].item(), Fraction(*kept["fps"].tolist())
        return Clip(kept["frames"], fps, kept["audio"], int(kept["sample_rate"]), name)
    except (LinksimError, KeyError, ValueError, TypeError):  # absent or damaged
        clip: Clip = getattr(heads, HEADS[source])().clip
    with suppress(OSError):  # of a folder that cannot be written
        path.parent.mkdir(parents=True, exist_ok=True)
        _keep(clip, path)
    return clip


def _keep(clip: Clip, path: Path) -> None:
    assert clip.frames is not None
    assert clip.fps is not None
    assert clip.audio is not None
    with replacing(path) as temporary:
        np.savez(
            temporary,
            frames=clip.frames,
            fps=np.array(clip.fps.as_integer_ratio()),
            audio=clip.audio,
            sample_rate=np.array(clip.sample_rate),
            name=np.array(clip.name),
        )


def _digest() -> str:
    """Return 16 hexadecimal digits of what a head depends on: our code, and that of libraries."""
    folder = Path(__file__).parent
    digest = hashlib.sha256(" ".join(map(_version, _LIBRARIES)).encode())
    for file in sorted([*folder.glob("*.py"), *folder.parent.glob("faces/*.py")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # one of two that do the same
        return ""
