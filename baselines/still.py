"""The best single still picture: what a video codec has to beat where something moves."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import cv2
import numpy as np

from linksim.endpoint import Csi, Encoded, Received
from linksim.media import Clip, video_of
from linksim.streams.conversation import Conversational

_SETUP = struct.Struct("<III")  # frames, fps as a fraction; the picture follows


@dataclass(frozen=True, kw_only=True)
class Still(Conversational):
    """One picture for the whole clip: the mean over its frames.

    ::

        frames ── mean ── PNG ──▶ set-up ──▶ shown as often as there were frames

    Of all stills the mean has the least squared error. It is sent without loss, in the set-up,
    which is taken as delivered and counted at the link's MCS: the scheme is a reference for what
    motion is worth, not for what a picture costs. Sound is not sent. In low-delay form, where no
    later picture is known, it is the first.
    """

    name: ClassVar[str] = "still"

    def encode(self, clip: Clip, csi: Csi | None = None) -> Encoded:
        """Turn the pictures of a clip into a set-up that holds one; there are no streams.

        Raises
        ------
        LinksimError
            If the clip has no video.
        """
        frames, fps = video_of(clip, "scheme 'still'")
        known = frames[:1] if self.low_delay else frames
        mean = known.mean(axis=0).round().astype(np.uint8)
        _, png = cv2.imencode(".png", cv2.cvtColor(mean, cv2.COLOR_RGB2BGR))
        setup = _SETUP.pack(len(frames), *fps.as_integer_ratio())
        return Encoded((), setup + png.tobytes())

    @property
    def delay_s(self) -> float:
        """Algorithmic delay of the low-delay form, in s: none."""
        return 0.0

    def decode(self, received: Received) -> Clip:
        """Turn the picture into a clip of the original length."""
        count, num, den = _SETUP.unpack_from(received.setup)
        png = np.frombuffer(received.setup, np.uint8, offset=_SETUP.size)
        picture = cv2.imdecode(png, cv2.IMREAD_COLOR)
        assert picture is not None  # the set-up is never lost
        picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        return Clip(np.repeat(picture[None], count, axis=0), Fraction(num, den), name=self.name)
