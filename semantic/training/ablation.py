"""What each network of a trained model is worth: the loss with it as it was before training."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import keras
from keras import ops

Networks = Mapping[str, Sequence[keras.layers.Layer]]
"""Networks of a model by name, each as the layers that it is made of."""


@dataclass(frozen=True)
class Ablated:
    """The loss of a codec with and without a network.

    Parameters
    ----------
    codec, network : str
        Names of both.
    trained, untrained : float
        Loss with all as trained, and with this network at its initial weights: branches that add
        to something then add nothing. Both on what was not trained on; smaller is better, above 0.
    """

    codec: str
    network: str
    trained: float
    untrained: float

    @property
    def cost(self) -> float:
        """Share by which the loss grows without the network."""
        return self.untrained / self.trained - 1.0


def ablated(
    codec: str, trained: Networks, initial: Networks, loss: Callable[[], float]
) -> Iterator[Ablated]:
    """Measure the loss without each network in turn.

    Parameters
    ----------
    codec : str
        Name of the codec.
    trained : mapping
        Its networks, with trained weights, which are put back.
    initial : mapping
        The same networks of a model that was not trained.
    loss : callable
        Returns the loss of the codec with the weights that it has.
    """
    whole = loss()
    for network, layers in trained.items():
        with _weights_of(layers, initial[network]):
            yield Ablated(codec, network, whole, loss())


@contextmanager
def _weights_of(
    layers: Sequence[keras.layers.Layer], others: Sequence[keras.layers.Layer]
) -> Iterator[None]:
    own = [weight for layer in layers for weight in layer.weights]
    start = [weight for layer in others for weight in layer.weights]
    kept = [ops.convert_to_numpy(weight.value) for weight in own]
    for weight, other in zip(own, start, strict=True):
        weight.assign(ops.convert_to_numpy(other.value))
    try:
        yield
    finally:
        for weight, value in zip(own, kept, strict=True):
            weight.assign(value)
