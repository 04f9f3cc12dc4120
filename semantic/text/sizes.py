"""Sizes of the text codec's networks, by preset."""

from dataclasses import dataclass

CHUNK = 64
"""Characters that the networks see at once, at most; longer texts are cut between words."""

COPIES = 4
"""Times that training sends each latent, at most."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of both networks.

    Parameters
    ----------
    width, heads, inner : int
        Sizes of a Transformer layer: features of a character, heads that share them, and features
        between its dense layers.
    encoder_layers, decoder_layers : int
        Transformer layers before and after the channel.
    dense : int
        Features between the two dense layers on either side of the channel.
    latents : int
        Reals of a character, even; two make a channel use.
    """

    width: int
    heads: int
    inner: int
    encoder_layers: int
    decoder_layers: int
    dense: int
    latents: int


PRESETS = {
    "compact": Sizes(192, 6, 512, 3, 4, 384, 32),
    # Xie et al. 2021, Table I, and its published sizes of the layers within.
    "paper": Sizes(128, 8, 512, 3, 3, 256, 16),
}
