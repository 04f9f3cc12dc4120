"""Scores of the video codec on held-out video, over the training channel."""

from collections.abc import Sequence

import numpy as np
from keras import ops

from linksim.errors import LinksimError
from semantic.dvst.networks.model import DvstModel
from semantic.training.channel import fixed_randomness

POINTS = ((5.0, 1.0, 0.4), (10.0, 0.8, 0.55), (20.0, 0.6, 0.9))
"""SNR in dB, eta and precision at which it is scored."""

WORTH_OF_USES = 10.0 / np.log2(10.0)
"""Decibels of PSNR that twice the channel uses are taken to be worth in the score."""

RANDOM_STATE = (7, 7)
"""State that the channel draws from."""

COLUMNS = tuple(f"{what}_{snr:.0f}" for what in ("psnr", "uses", "side") for snr, _, _ in POINTS)


class Validation:
    """PSNR and channel uses per pixel at `POINTS`, the same frames and fading every time.

    Parameters
    ----------
    videos : sequence of np.ndarray
        uint8, [T, H, W, 3] each, all of one size.
    frames : int
        Consecutive frames that are sent, from the middle of each.

    Raises
    ------
    LinksimError
        If the sizes differ, or are too small.
    """

    def __init__(self, videos: Sequence[np.ndarray], frames: int) -> None:
        middle = [video[len(video) // 2 :][:frames] for video in videos]
        height, width = (side // 16 * 16 for side in middle[0].shape[1:3])
        cut = [m[:, :height, :width] for m in middle]
        if len({c.shape for c in cut}) > 1 or 0 in cut[0].shape:
            raise LinksimError(
                f"videos to validate on must be of one size, {2 * frames} frames long and 16 "
                "pixels high and wide at least; give others"
            )
        self._frames = np.stack(cut).astype(np.float32) / 255

    def __call__(self, model: DvstModel) -> dict[str, float]:
        """Return the scores; ``score`` is the mean PSNR less what its channel uses are worth."""
        row: dict[str, float] = {}
        worth = 0.0
        with fixed_randomness(model.channel, RANDOM_STATE):
            for snr, eta, precision in POINTS:
                told = {"snr_db": snr, "eta": eta, "precision": precision}
                rows = {k: np.full(len(self._frames), v, np.float32) for k, v in told.items()}
                outputs = model({"frames": self._frames, **rows})
                seen = np.clip(ops.convert_to_numpy(outputs["received"]), 0.0, 1.0)
                error = np.mean((seen - self._frames) ** 2, axis=(1, 2, 3, 4))
                psnr = float(np.mean(-10.0 * np.log10(error)))
                uses, side = (
                    float(np.mean(ops.convert_to_numpy(outputs[name]))) for name in ("uses", "side")
                )
                row |= {
                    f"psnr_{snr:.0f}": round(psnr, 3),
                    f"uses_{snr:.0f}": round(uses, 5),
                    f"side_{snr:.0f}": round(side, 5),
                }
                worth += (psnr - WORTH_OF_USES * np.log2(uses)) / len(POINTS)
        return {**row, "score": round(worth, 4)}
