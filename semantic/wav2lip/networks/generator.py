"""The generator: a face and 0.2 s of voice become the face that speaks it."""

from typing import Any

from semantic.training.weights import Stored
from semantic.wav2lip.networks.animator import Animator
from semantic.wav2lip.networks.blocks import encoder
from semantic.wav2lip.networks.sizes import BANDS, COLUMNS, sizes_of


class Generator(Animator):
    """A network that fills in the lower half of a face by what is heard.

    ::

        mel window ─▶ audio encoder ─▶ vector ─┐
                                               ▼
        face, reference frame ─────────────▶ animator ─▶ face

    Parameters
    ----------
    preset : str
        ``"compact"`` or ``"paper"``.

    Raises
    ------
    LinksimError
        If there is no such preset.
    """

    STORED = Stored("generator", "generator")

    def __init__(self, *, preset: str = "compact", **kwargs: Any) -> None:
        sizes = sizes_of(preset)
        super().__init__(sizes, **kwargs)
        self.voice = encoder((BANDS, COLUMNS, 1), sizes.voice)
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> Any:
        """Generate faces.

        Input
        -----
        face, reference : float32, [batch, 96, 96, 3]
            As `Animator.animate` takes them.
        mel : float32, [batch, 80, 16, 1]
            Window of `semantic.wav2lip.frames.mel`, the face's moment in the middle.

        Output
        ------
        float32, [batch, 96, 96, 3]
        """
        vector = self.voice(inputs["mel"], training=training)
        return self.animate(inputs["face"], inputs["reference"], vector, training=training)
