"""What each network of the video codec is worth, on given films."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from semantic.dvst.networks.model import DvstModel
from semantic.dvst.training.post_fit import FilterLoss, received_crops
from semantic.dvst.training.validation import Validation
from semantic.training.ablation import Ablated, Networks, ablated
from semantic.training.weights import load, path_of

FILMS = 4
FRAMES = 4
"""Films, evenly strewn, and frames from the middle of each, that the loss is the mean over."""
CUT = 16 * 12
"""Height and width of the middle of the picture, which is all that is sent, in pixels."""


def ablated_video(films: Sequence[np.ndarray]) -> Iterator[Ablated]:
    """Measure error times uses, as `Validation` weighs them, without each network in turn.

    The post-filter has a loss of its own: the error that it leaves of pictures as received.

    Parameters
    ----------
    films : sequence of np.ndarray
        uint8, [T, H, W, 3] each, of people whom nothing was trained on.
    """
    model = DvstModel()
    load(path_of("dvst", "compact"), model)
    model.enter("jscc")
    chosen = [films[i] for i in np.linspace(0, len(films) - 1, FILMS).astype(int)]
    validation = Validation([_middle(film) for film in chosen], FRAMES)

    def loss() -> float:
        return float(10.0 ** (-validation(model)["score"] / 10.0))

    start = DvstModel()
    yield from ablated("video codec", _networks(model), _networks(start), loss)
    crops = received_crops(model, chosen[:1], np.random.default_rng(0))
    filtered = FilterLoss(model.post_filter)
    yield from ablated(
        "video codec",
        {"post-filter": [model.post_filter]},
        {"post-filter": [start.post_filter]},
        lambda: float(np.mean(filtered.predict(crops, batch_size=32, verbose=0))),
    )


def _middle(film: np.ndarray) -> np.ndarray:
    top, left = (max(0, (side - CUT) // 2) for side in film.shape[1:3])
    return film[:, top : top + CUT, left : left + CUT]


def _networks(model: DvstModel) -> Networks:
    """Return the networks of both kinds of frames; those that are found and not learned, too."""
    found: dict[str, list[Any]] = {}
    for frames, codec in (("I", model.intra), ("P", model.inter)):
        parts: dict[str, Any] = {"block transform": codec.transform}
        for part in codec.PARTS:
            latents = getattr(codec, part)
            parts[f"{part}: side density"] = latents.entropy.side
            if latents.entropy.hyper_synthesis is not None:
                parts |= {
                    f"{part}: hyperprior": latents.entropy.hyper_synthesis,
                    f"{part}: JSCC encoder": latents.encoder,
                    f"{part}: JSCC decoder": latents.decoder,
                }
        found |= {f"{frames}: {name}": [part] for name, part in parts.items()}
    return found
