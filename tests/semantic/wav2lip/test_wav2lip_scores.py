"""Judging lip synchronisation and generators."""

import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media.faces.networks import installed
from semantic.wav2lip.frames.face import mouth_l1
from semantic.wav2lip.frames.talk import Talk
from semantic.wav2lip.judge import judge, offset_warnings
from semantic.wav2lip.scores import correlation, expert_accuracy, generator_scores

needs_mesh = pytest.mark.skipif(not installed(), reason="needs linksim[clip]")


def test_mouth_l1_looks_at_the_mouth() -> None:
    target, made = np.zeros((2, 96, 96, 3)), np.zeros((2, 96, 96, 3))
    made[:, :48] = 1
    assert mouth_l1(target, made) == 0
    made[:, 48:] = 0.3
    assert mouth_l1(target, made) == pytest.approx(0.3)


class Ideal:
    """An expert for `talks`: brightness and loudness, as angles."""

    def embed_faces(self, faces: np.ndarray) -> np.ndarray:
        return self.unit(faces[:, 2].mean((1, 2, 3)) / 0.9)

    def embed_voice(self, mel: np.ndarray) -> np.ndarray:
        return self.unit((mel.mean((1, 2, 3)) + 4) / 8)

    def __call__(self, inputs: dict[str, np.ndarray], *, training: bool) -> np.ndarray:
        return (self.embed_faces(inputs["faces"][0]) @ self.embed_voice(inputs["mel"][0]).T)[None]

    def unit(self, share: np.ndarray) -> np.ndarray:
        return np.stack([np.cos(np.pi / 2 * share), np.sin(np.pi / 2 * share)], 1)


@pytest.mark.parametrize("offset", [-7, 0, 3])
def test_offset_is_found(talks: list[Talk], offset: int) -> None:
    late = Talk(talks[0].faces, np.roll(talks[0].voice, offset, axis=0), "late")
    said = judge(Ideal(), late)
    assert said.offset == offset
    assert said.distance < 0.03
    assert said.confidence > 0.2
    warnings = offset_warnings(Ideal(), [talks[1], late])
    shown = {-7: ["0.28 s early"], 0: [], 3: ["0.12 s late"]}[offset]
    assert warnings == [f"warning: late: the voice seems to be {text}" for text in shown]


def test_too_short_to_judge(talks: list[Talk]) -> None:
    with pytest.raises(LinksimError, match="brief: 6 frames are too few"):
        judge(Ideal(), Talk(talks[0].faces[:6], talks[0].voice[:6], "brief"))


class Copy:
    """A generator that listens to nothing but how loud the voice is."""

    compiled = True

    def predict_on_batch(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        loud = (inputs["mel"].mean((1, 2, 3), keepdims=True) + 4) / 8
        return loud * np.ones_like(inputs["face"])


@needs_mesh
def test_scores_of_a_generator_that_follows_the_voice(talks: list[Talk]) -> None:
    scored = generator_scores(Copy(), Ideal(), talks[0])
    assert scored["generated"] < 0.5 * scored["other_voice"]
    assert scored["generated"] < 0.5 * scored["copied"]
    assert scored["lse_c_generated"] > scored["lse_c_other"]


def test_accuracy_and_its_interval(talks: list[Talk]) -> None:
    mean, low, high = expert_accuracy(Ideal(), talks)
    assert low <= mean <= high
    assert mean > 0.5


def test_correlation() -> None:
    x = np.arange(5.0)
    assert correlation(x, 3 - 2 * x) == pytest.approx(-1)
    assert np.isnan(correlation(x, np.ones(5)))
