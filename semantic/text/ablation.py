"""What each network of the text codec is worth, on text that nothing was trained on."""

from collections.abc import Iterator
from pydoc_data.topics import topics

from keras import ops

from semantic.text.alphabet import normalise
from semantic.text.data import Crops
from semantic.text.model import TextModel
from semantic.training.ablation import Ablated, Networks, ablated
from semantic.training.channel import fixed_randomness
from semantic.training.weights import load, path_of

BATCH = 256
RANDOM_STATE = (5, 6)


def ablated_text() -> Iterator[Ablated]:
    """Measure the cross-entropy of a character of Python's own documentation."""
    model = TextModel()
    load(path_of("text", "compact"), model)
    sentences = [normalise(s) for topic in topics.values() for s in topic.split(". ")]
    batch = Crops([[s for s in sentences if s]], batch=BATCH, latents=model.latents)(0)

    def loss() -> float:
        with fixed_randomness(model.channel, RANDOM_STATE):
            return float(ops.convert_to_numpy(model.compute_loss(batch, y_pred=model(batch))))

    yield from ablated("text codec", _networks(model), _networks(TextModel()), loss)


def _networks(model: TextModel) -> Networks:
    return {"encoder": [model.encoder], "decoder": [model.decoder]}
