"""What each network of lips and of their expert is worth, on given talkers."""

from collections.abc import Iterator, Sequence

import numpy as np
from keras import ops

from semantic.training.ablation import Ablated, Networks, ablated
from semantic.training.weights import load, path_of
from semantic.wav2lip.frames.face import mouth_l1
from semantic.wav2lip.frames.talk import Talk
from semantic.wav2lip.networks.animator import Animator
from semantic.wav2lip.networks.expert import SyncExpert
from semantic.wav2lip.networks.generator import Generator
from semantic.wav2lip.networks.losses import pairing_loss
from semantic.wav2lip.networks.mouth_codec import MouthCodec
from semantic.wav2lip.scores import coded_faces
from semantic.wav2lip.training.expert_train import pair_matrix
from semantic.wav2lip.training.generator_train import held_windows


def ablated_lips(talks: Sequence[Talk]) -> Iterator[Ablated]:
    """Measure L1 at the mouth without each network of the generator in turn.

    Parameters
    ----------
    talks : sequence of Talk
        Talkers whom nothing was trained on. The face of the first frame is held, as in a call.
    """
    model = Generator()
    load(path_of("generator", "compact"), model)
    inputs = [held_windows(talk) for talk in talks]

    def loss() -> float:
        made = [ops.convert_to_numpy(model(x, training=False)) for x in inputs]
        pairs = zip(inputs, made, strict=True)
        return float(np.mean([mouth_l1(x["target"], seen) for x, seen in pairs]))

    yield from ablated("generator", _networks(model), _networks(Generator()), loss)


def _networks(model: Generator) -> Networks:
    return {"voice encoder": [model.voice], **_drawing(model)}


def _drawing(model: Animator) -> Networks:
    # A gate and what it lets through are one branch: nothing of the one is seen without the other.
    painting = [model.picture, *([] if model.gate is None else [model.gate])]
    found = {
        "face encoder": model.face,
        "decoder": [*model.decoder, model.last],
        "painting": painting,
    }
    return found if model.flow is None else {**found, "flow": [model.flow]}


def ablated_mouth(talks: Sequence[Talk]) -> Iterator[Ablated]:
    """Measure L1 at the mouth without each network of the mouth codec in turn, at 10 dB.

    Parameters and clips are those of `ablated_lips`.
    """
    model = MouthCodec()
    load(path_of("mouth", "compact"), model)

    def loss() -> float:
        return float(np.mean([mouth_l1(t.faces, coded_faces(model, t)) for t in talks]))

    yield from ablated("mouth codec", _ends(model), _ends(MouthCodec()), loss)


def _ends(model: MouthCodec) -> Networks:
    drawing = {f"decoder: {name}": parts for name, parts in _drawing(model.decoder).items()}
    read = [model.decoder.read, model.decoder.turn]
    return {"encoder": [model.encoder], "decoder: code": read, **drawing}


def ablated_expert(talks: Sequence[Talk]) -> Iterator[Ablated]:
    """Measure the cross-entropy of pairs, in sync or not, without either encoder."""
    model = SyncExpert()
    load(path_of("sync-expert", "compact"), model)

    def loss() -> float:
        pairs = [pairing_loss(ops.convert_to_tensor(pair_matrix(model, t)[None])) for t in talks]
        return float(np.mean([ops.convert_to_numpy(pair) for pair in pairs]))

    yield from ablated("sync expert", _encoders(model), _encoders(SyncExpert()), loss)


def _encoders(model: SyncExpert) -> Networks:
    return {"face encoder": [model.face], "voice encoder": [model.voice]}
