"""A network has so many layers of a kind."""

from collections.abc import Callable
from typing import Any, Literal

from studies.claims.check import Check
from studies.claims.estimate import Estimate
from studies.claims.results import Results
from studies.claims.verdict import NOT_REPRODUCED, STRUCTURE, Verdict

PRESET = "paper"


def _audio_encoder() -> int:
    from keras import layers

    from semantic.asc.paper import make_encoder

    return _count(make_encoder(16).layers, layers.Conv1D)


def _audio_decoder() -> int:
    from keras import layers

    from semantic.asc.paper import make_decoder

    return _count(make_decoder(16).layers, layers.Conv1DTranspose)


def _feature_extractor() -> int:
    from semantic.dvst.networks.inter import InterCodec
    from semantic.dvst.networks.sizes import PRESETS

    codec = InterCodec(PRESETS[PRESET])
    return len(_convolutions(codec)) - sum(
        len(_convolutions(getattr(codec, part).entropy)) for part in codec.PARTS
    )


def _entropy_model() -> int:
    from semantic.dvst.networks.entropy import EntropyModel
    from semantic.dvst.networks.sizes import PRESETS

    return len(_convolutions(EntropyModel(PRESETS[PRESET].intra).hyper_synthesis))


def _swin_blocks() -> int:
    from semantic.dvst.networks.jscc import JsccEncoder
    from semantic.dvst.networks.sizes import PRESETS

    return len(JsccEncoder(PRESETS[PRESET].intra).trunk.blocks)


def _convolutions(part: Any) -> list[Any]:
    from keras import layers

    return [p for p in part._flatten_layers() if isinstance(p, layers.Conv2D)]


def _count(found: list[Any], kind: type) -> int:
    return sum(isinstance(layer, kind) for layer in found)


COUNTS: dict[str, Callable[[], int]] = {
    "audio encoder": _audio_encoder,
    "audio decoder": _audio_decoder,
    "feature extractor": _feature_extractor,
    "entropy model": _entropy_model,
    "JSCC codec": _swin_blocks,
}
"""Functions that count convolutions or Swin blocks in the preset of the paper's sizes."""


class Layers(Check):
    """The network `part` has `count` layers of its kind in the preset of the paper's sizes.

    It is about how the networks are built here, which no run can tell. Of the video codec's
    feature extractor and entropy model nothing is left but the hyperprior of frames without
    reference: the others gained nothing on people whom nothing was trained on, see the card.
    """

    kind: Literal["layers"]
    part: Literal[
        "audio encoder", "audio decoder", "feature extractor", "entropy model", "JSCC codec"
    ]
    count: int

    def verdict(self, results: Results) -> Verdict:
        """Return the verdict."""
        found = COUNTS[self.part]()
        word = STRUCTURE if found == self.count else NOT_REPRODUCED
        why = f"preset '{PRESET}' has {found}, {self.count} is claimed; results are of 'compact'"
        return Verdict(word, Estimate(found, found, found, 1), "layers", why)
