"""A linear transform of blocks of pixels."""

from typing import Any

import numpy as np
from keras import layers, ops


class BlockTransform(layers.Layer):
    """Blocks of pixels to coefficients and back; blocks do not overlap.

    ::

        x ─ fold blocks ─▶ matrix ─▶ coefficients ~▶ matrix ─ unfold ─▶ x'

    Fitted to data it is their Karhunen-Loève transform, which packs most of the energy into the
    first coefficients. Training moves the way back alone: the unit of a coefficient has to keep its
    meaning.

    Parameters
    ----------
    channels, block : int
        Channels of the input, and height and width of a block in pixels.
    coefficients : int
        Coefficients kept of each block, most energy first.
    step : float
        What one unit of a coefficient stands for, in units of the input.
    """

    def __init__(
        self, channels: int, block: int, coefficients: int, step: float, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.block, self.step = block, step
        inside = channels * block**2
        self.forward_matrix = self.add_weight(
            shape=(inside, coefficients), initializer="zeros", trainable=False, name="forward"
        )
        self.inverse_matrix = self.add_weight(
            shape=(coefficients, inside), initializer="zeros", name="inverse"
        )

    def analyse(self, x: Any) -> Any:
        """Return coefficients.

        Input
        -----
        float32, [batch, H, W, channels]
            H and W multiples of the block.

        Output
        ------
        float32, [batch, H / block, W / block, coefficients]
        """
        return ops.matmul(blocks_of(x, self.block), self.forward_matrix)

    def synthesise(self, coefficients: Any) -> Any:
        """Undo `analyse`, but for the coefficients that were not kept."""
        blocks = ops.matmul(coefficients, self.inverse_matrix)
        return ops.depth_to_space(blocks, self.block, data_format="channels_last")

    def fit(self, x: np.ndarray) -> np.ndarray:
        """Become the Karhunen-Loève transform of samples.

        Parameters
        ----------
        x : np.ndarray
            float32, [n, H, W, channels].

        Returns
        -------
        np.ndarray
            float32, [coefficients]; root mean squares of the coefficients.
        """
        blocks = ops.convert_to_numpy(blocks_of(x, self.block))
        blocks = blocks.reshape(-1, blocks.shape[-1]).astype(np.float64)
        _, vectors = np.linalg.eigh(blocks.T @ blocks / len(blocks))
        basis = vectors[:, ::-1][:, : self.forward_matrix.shape[1]]
        # Eigenvectors have no sign of their own; a fixed one makes runs repeatable.
        basis = basis * np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])])
        self.forward_matrix.assign(basis / self.step)
        self.inverse_matrix.assign(basis.T * self.step)
        return np.sqrt(np.mean((blocks @ basis / self.step) ** 2, axis=0)).astype(np.float32)


def blocks_of(x: Any, block: int) -> Any:
    """Fold each block of pixels into the channels of one position."""
    return ops.space_to_depth(x, block, data_format="channels_last")
