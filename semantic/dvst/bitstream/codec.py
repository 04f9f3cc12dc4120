"""Both halves of a trained codec, ready to run."""

from pathlib import Path

from linksim.kept import kept
from semantic.dvst.bitstream.gop import Receiver, Sender
from semantic.dvst.networks.model import DvstModel
from semantic.training.weights import load, state_of


class Codec:
    """A model, its transmitter and its receiver.

    Parameters
    ----------
    model : DvstModel
        Model with its weights.
    """

    def __init__(self, model: DvstModel) -> None:
        self.model = model
        self.sender = Sender(model)
        self.receiver = Receiver(model)


def ready_model(preset: str, path: Path) -> DvstModel:
    """Return a model with weights from a file, to use and not to train.

    Raises
    ------
    LinksimError
        If the weights cannot be had.
    """
    model = DvstModel(preset=preset)
    load(path, model)
    for layer in model._flatten_layers():
        layer.built = True  # as all are; Keras would trace each once more to find out
    return model


@kept(4, lambda preset, path: state_of(path))
def codec_of(preset: str, path: Path) -> Codec:
    """Return the codec with weights from a file, built once.

    Raises
    ------
    LinksimError
        If the weights cannot be had.
    """
    return Codec(ready_model(preset, path))
