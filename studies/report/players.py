"""Clips within a page: players that hold what they play, each distinct file once."""

import base64
import hashlib
import html
from pathlib import Path

import cv2
import numpy as np

from linksim.errors import LinksimError
from linksim.files import is_plain
from linksim.media import read

_MIME = {".png": "image/png", ".mp4": "video/mp4", ".wav": "audio/wav", ".jpg": "image/jpeg"}


class Players:
    """The players of a page.

    What arrives without errors is the same file at each SNR, and the page holds it once: the
    other players name the first, which the page's script copies.
    """

    def __init__(self) -> None:
        self._first: dict[bytes, str] = {}

    def player(self, path: Path, label: str, caption: str = "") -> str:
        """Return a figure that plays a file.

        Parameters
        ----------
        path : Path
            Ends in ``.mp4``, ``.png`` or ``.wav``.
        label : str
            What is played.
        caption : str
            More about it, in HTML.
        """
        name = html.escape(label)
        return (
            f'<figure class="card" data-label="{name}">{self._media(path, name)}'
            f"<figcaption><strong>{name}</strong>{caption}</figcaption></figure>"
        )

    def _media(self, path: Path, name: str) -> str:
        digest = fingerprint(path)
        if first := self._first.get(digest):
            return f'<a class="same" href="#{first}">the same clip as here</a>'
        self._first[digest] = first = f"media-{len(self._first) + 1}"
        if path.suffix == ".png":
            return f'<img id="{first}" src="{data_uri(path)}" alt="{name}">'
        common = f'id="{first}" src="{data_uri(path)}" aria-label="{name}" controls loop'
        if path.suffix == ".wav":
            return f'<audio {common} preload="metadata"></audio>'
        return f'<video {common} preload="none" playsinline poster="{_poster(path)}"></video>'


def media_file(folder: Path, stem: str) -> Path | None:
    """Return the file of a clip that can be shown or played; None if there is none.

    Links are not followed: what they lead to may be anything, and a page would hold it.
    """
    paths = [folder / f"{stem}{suffix}" for suffix in (".mp4", ".png", ".wav")]
    return next((path for path in paths if is_plain(path, folder.parent)), None)


def fingerprint(path: Path) -> bytes:
    """Return the same for files of the same bytes."""
    return hashlib.sha256(path.read_bytes()).digest()


def data_uri(path: Path) -> str:
    """Return a file as a link that holds it."""
    return _uri(path.suffix, path.read_bytes())


def jpeg_uri(picture: np.ndarray) -> str:
    """Return a picture, uint8 [H, W, 3], as a link that holds it."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return _uri(".jpg", cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes())


def _uri(suffix: str, data: bytes) -> str:
    return f"data:{_MIME[suffix]};base64,{base64.b64encode(data).decode()}"


def _poster(path: Path) -> str:
    """Return the middle picture, without which a player is black until it plays."""
    try:
        frames = read(path).frames
    except LinksimError:  # a damaged file is no reason to have no report
        return ""
    assert frames is not None
    return jpeg_uri(frames[len(frames) // 2])
