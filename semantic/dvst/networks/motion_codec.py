"""The motion codec: a flow to a latent map and back."""

from typing import Any

from keras import ops

from semantic.dvst.networks.sizes import FLOW_STEP, LATENT_STRIDE
from semantic.warp import enlarge


def motion_latents(flow: Any, stride: int, channels: int) -> Any:
    """Return the mean motion of each block of a latent, in the first two of its channels.

    Input
    -----
    flow : float32, [batch, H / stride, W / stride, 2]
        In units of `stride` pixels, see `warp`.
    stride, channels : int
        Pixels from one motion vector to the next; channels of the latents.

    Output
    ------
    float32, [batch, H / 16, W / 16, channels]
    """
    block = LATENT_STRIDE // stride
    mean = ops.average_pool(flow, block, block, data_format="channels_last")
    return ops.pad(mean / FLOW_STEP, [[0, 0]] * 3 + [[0, channels - 2]])


def flow_of(latents: Any, stride: int) -> Any:
    """Return the flow of `motion_latents`, float32, [batch, H / stride, W / stride, 2]."""
    block = LATENT_STRIDE // stride
    # Enlarging scales a flow to its new pixels, which these latents have already.
    return enlarge(latents[..., :2] * (FLOW_STEP / block), block)
