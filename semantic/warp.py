"""Bilinear warping."""

from typing import Any

from keras import ops


def warp(x: Any, flow: Any) -> Any:
    """Fetch each pixel from where the flow points to; beyond the border, from the border.

    Input
    -----
    x : float32, [batch, h, w, channels]
    flow : float32, [batch, h, w, 2]
        Displacement to the right and down, in pixels of x.

    Output
    ------
    float32, [batch, h, w, channels]
        x at (column + flow[..., 0], row + flow[..., 1]), interpolated bilinearly.
    """
    batch, (height, width, channels) = ops.shape(x)[0], x.shape[1:]
    columns, rows = ops.arange(width, dtype="float32"), ops.arange(height, dtype="float32")
    across = ops.clip(columns + flow[..., 0], 0.0, width - 1.0)
    down = ops.clip(rows[:, None] + flow[..., 1], 0.0, height - 1.0)
    left, top = ops.floor(across), ops.floor(down)
    right_share, low_share = (across - left)[..., None], (down - top)[..., None]
    left, top = ops.cast(left, "int32"), ops.cast(top, "int32")
    right, low = ops.minimum(left + 1, width - 1), ops.minimum(top + 1, height - 1)
    first = ops.arange(batch, dtype="int32")[:, None, None] * (height * width)
    pixels = ops.reshape(x, (-1, channels))

    def at(row: Any, column: Any) -> Any:
        return ops.take(pixels, first + row * width + column, axis=0)

    above = at(top, left) * (1.0 - right_share) + at(top, right) * right_share
    below = at(low, left) * (1.0 - right_share) + at(low, right) * right_share
    return above * (1.0 - low_share) + below * low_share


def enlarge(flow: Any, factor: int, size: tuple[int, int] | None = None) -> Any:
    """Return a flow for a picture that is `factor` times as high and wide.

    Input
    -----
    float32, [batch, h, w, 2]
    size : tuple of int, optional
        Height and width to cut the result to.

    Output
    ------
    float32, [batch, h * factor, w * factor, 2]
        Displacements in pixels of the larger picture.
    """
    if factor > 1:
        larger = (flow.shape[1] * factor, flow.shape[2] * factor)
        flow = ops.image.resize(flow, larger, "bilinear", data_format="channels_last") * factor
    return flow[:, : size[0], : size[1]] if size else flow
