"""The lip-sync expert: do these five frames and this fifth of a second belong together?"""

from typing import Any

import keras
from keras import ops

from semantic.training.weights import Stored
from semantic.wav2lip.networks.blocks import encoder, lower_half
from semantic.wav2lip.networks.losses import length, pairing_loss, probabilities
from semantic.wav2lip.networks.sizes import BANDS, COLUMNS, SIDE, WINDOW, sizes_of


class SyncExpert(keras.Model):
    """Two encoders whose vectors point the same way where lips and voice agree.

    ::

        5 lower half faces ─▶ face encoder ─▶ unit vector ─┐
                                                           · ─▶ P, 0 to 1
        mel window ────────▶ audio encoder ─▶ unit vector ─┘

    Both end in a ReLU, so that no cosine is negative and each is a probability.

    Parameters
    ----------
    preset : str
        ``"compact"`` or ``"paper"``.

    Raises
    ------
    LinksimError
        If there is no such preset.
    """

    STORED = Stored("sync-expert", "sync expert")

    def __init__(self, *, preset: str = "compact", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sizes = sizes_of(preset)
        self.face = encoder((SIDE // 2, SIDE, 3 * WINDOW), sizes.expert_face)
        self.voice = encoder((BANDS, COLUMNS, 1), sizes.expert_voice)
        self.built = True

    def embed_faces(self, faces: Any, training: bool | None = None) -> Any:
        """Return unit vectors of windows of faces.

        Input
        -----
        float32, [batch, 5, 96, 96, 3]
            R, G, B from 0 to 1; the upper half is not looked at.

        Output
        ------
        float32, [batch, channels]
        """
        lower = ops.transpose(lower_half(faces), (0, 2, 3, 1, 4))
        stacked = ops.reshape(lower, (-1, SIDE // 2, SIDE, 3 * WINDOW))
        return _unit(self.face(stacked, training=training))

    def embed_voice(self, mel: Any, training: bool | None = None) -> Any:
        """Return unit vectors, float32 [batch, channels], of mel windows, [batch, 80, 16, 1]."""
        return _unit(self.voice(mel, training=training))

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> Any:
        """Return how likely each window of faces goes with each window of voice of its clip.

        Input
        -----
        faces : float32, [clips, windows, 5, 96, 96, 3]
        mel : float32, [clips, windows, 80, 16, 1]
            In sync with `faces`, window by window.

        Output
        ------
        float32, [clips, windows, windows]
            P of faces (rows) and voice (columns).
        """
        faces, mel = inputs["faces"], inputs["mel"]
        clips, windows = ops.shape(faces)[:2]
        v = self.embed_faces(ops.reshape(faces, (-1, *faces.shape[2:])), training=training)
        a = self.embed_voice(ops.reshape(mel, (-1, *mel.shape[2:])), training=training)
        v = ops.reshape(v, (clips, windows, 1, v.shape[-1]))
        a = ops.reshape(a, (clips, 1, windows, a.shape[-1]))
        return probabilities(v, a)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return `losses.pairing_loss` of all pairs of windows of a clip.

        The reference draws one pair a clip, in sync or not at even odds. This has the same
        expectation and learns from every pair that a pass through the encoders gives.
        """
        return pairing_loss(y_pred)


def _unit(x: Any) -> Any:
    """Return vectors of length 1 from maps [batch, 1, 1, channels]."""
    flat = ops.reshape(x, (-1, x.shape[-1]))
    return flat / length(flat)[:, None]
