"""The shipped lip-sync networks on a face and a voice that they were not trained on."""

import numpy as np
import pytest

from linksim.media.faces.networks import installed
from semantic.training.weights import trained
from semantic.wav2lip import scores
from semantic.wav2lip.frames.talk import Talk, generated_talks
from semantic.wav2lip.networks.expert import SyncExpert
from semantic.wav2lip.networks.generator import Generator

pytestmark = pytest.mark.skipif(not installed(), reason="needs linksim[clip]")


@pytest.fixture(scope="module")
def talk() -> Talk:
    """Of another seed than training had."""
    return generated_talks(2, 1, 2.0)[1]


def test_the_expert_tells_in_sync_from_off_sync(talk: Talk) -> None:
    expert = trained(SyncExpert, "compact")
    assert scores.expert_accuracy(expert, [talk])[0] > 0.8


def test_generated_lips_are_nearer_to_the_truth_than_a_still_and_than_another_voice(
    talk: Talk,
) -> None:
    generator = trained(Generator, "compact")
    made = scores.generated_faces(generator, talk)
    other = Talk(talk.faces, np.roll(talk.voice, len(talk.voice) // 2, axis=0))
    wrong = scores.generated_faces(generator, other)
    distance, still, off = (
        scores.mouth_l1(talk.faces, faces) for faces in (made, talk.faces[:1], wrong)
    )
    assert distance < 0.9 * still
    assert distance < 0.95 * off
