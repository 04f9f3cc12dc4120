"""A network as ``linksim models`` lists it."""

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Network:
    """The parameters of a network, and the work that it takes.

    Parameters
    ----------
    codec : str
        Codec that it is a part of.
    name : str
        Its own.
    parameters : int or None
        Numbers in its weights; None if they cannot be read.
    transmitter, receiver, training : float or None
        Multiply-accumulates per second of a call, at each end, and per second of what is
        trained on, in a pass forward. None where it does not run or cannot be counted.
    """

    codec: str
    name: str
    parameters: int | None
    transmitter: float | None = None
    receiver: float | None = None
    training: float | None = None


def parameters_of(*parts: Any) -> int:
    """Return how many numbers the weights of layers and models hold, trained or fixed."""
    return sum(math.prod(weight.shape) for part in parts for weight in part.weights)


def halves(codec: str, model: Any, encode: float, decode: float) -> list[Network]:
    """Return the encoder and the decoder of a model, by the multiply-accumulates of each."""
    ends = {"encoder": {"transmitter": encode}, "decoder": {"receiver": decode}}
    return [
        Network(codec=codec, name=end, parameters=parameters_of(getattr(model, end)), **computed)
        for end, computed in ends.items()
    ]
