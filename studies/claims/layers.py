"""A network has so many layers of a kind."""

from collections.abc import Callable
from typing import Any, Literal

from studies.claims.check import Check
from studies.claims.estimate import Estimate
from studies.claims.results import Results
from studies.claims.verdict import NOT_REPRODUCED, REPRODUCED, Verdict

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
    from keras import layers

    from semantic.dvst.networks.context import FeatureExtractor
    from semantic.dvst.networks.sizes import PRESETS

    return _count(FeatureExtractor(PRESETS[PRESET]).body.layers, layers.Conv2D)


def _temporal_prior() -> int:
    from keras import layers

    from semantic.dvst.networks.entropy import EntropyModel
    from semantic.dvst.networks.sizes import PRESETS

    sizes = PRESETS[PRESET]
    model = EntropyModel(sizes.feature, context=sizes.features, stride=sizes.stride)
    assert model.temporal is not None
    return _count(model.temporal.layers, layers.Conv2D)


def _swin_blocks() -> int:
    from semantic.dvst.networks.jscc import JsccEncoder
    from semantic.dvst.networks.sizes import PRESETS

    return len(JsccEncoder(PRESETS[PRESET].feature).trunk.blocks)


def _count(found: list[Any], kind: type) -> int:
    return sum(isinstance(layer, kind) for layer in found)


COUNTS: dict[str, Callable[[], int]] = {
    "audio encoder": _audio_encoder,
    "audio decoder": _audio_decoder,
    "feature extractor": _feature_extractor,
    "entropy model": _temporal_prior,
    "JSCC codec": _swin_blocks,
}
"""Functions that count convolutions or Swin blocks in the preset of the paper's sizes."""


class Layers(Check):
    """The network `part` has `count` layers of its kind in the preset of the paper's sizes.

    It is about how the networks are built here, which no run can tell.
    """

    kind: Literal["layers"]
    part: Literal[
        "audio encoder", "audio decoder", "feature extractor", "entropy model", "JSCC codec"
    ]
    count: int

    def verdict(self, results: Results) -> Verdict:
        """Return the verdict."""
        found = COUNTS[self.part]()
        word = REPRODUCED if found == self.count else NOT_REPRODUCED
        why = f"preset '{PRESET}' has {found}, {self.count} is claimed; results are of 'compact'"
        return Verdict(word, Estimate(found, found, found, 1), "layers", why)
