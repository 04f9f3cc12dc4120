"""Photographs that come with scikit-image, as clips of one picture.

They are those in colour that no network here is trained on.
"""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from linksim.errors import LinksimError
from linksim.media.clip import Clip
from linksim.media.reader import read

PHOTOGRAPHS = {
    "astronaut": "astronaut.png",
    "galaxies": "hubble_deep_field.jpg",
    "tissue": "ihc.png",
}
"""Files of the photographs, by name."""


def photograph(name: str) -> Clip:
    """Read a photograph.

    Parameters
    ----------
    name : str
        One of `PHOTOGRAPHS`.

    Returns
    -------
    Clip
        One frame of uint8, shape [1, H, W, 3], without sound.

    Raises
    ------
    LinksimError
        If no photograph has this name, or scikit-image is not installed.
    """
    return replace(read(photograph_folder() / PHOTOGRAPHS[name]), name=name)


def photograph_folder() -> Path:
    """Return the folder of scikit-image's photographs.

    Raises
    ------
    LinksimError
        If scikit-image is not installed.
    """
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise LinksimError("the photographs need 'skimage': pip install 'linksim[clip]'")
    return Path(spec.origin).parent / "data"
