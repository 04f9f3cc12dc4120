"""The codec of mouths: power, training, and what is resumed."""

from pathlib import Path

import numpy as np
import pytest

from linksim.endpoint import ABSENT
from linksim.errors import LinksimError
from semantic.training import weights
from semantic.wav2lip.frames.talk import Talk
from semantic.wav2lip.networks.mouth_codec import LATENTS, MouthCodec
from semantic.wav2lip.training.mouth_train import MouthTrainer
from semantic.wav2lip.training.recipe import MouthRecipe
from studies.cli.main import main


@pytest.fixture(scope="module")
def codec() -> MouthCodec:
    return weights.trained(MouthCodec, "compact")


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.random.default_rng(0).random((3, 96, 96, 3), np.float32)


def test_latents_have_unit_power_and_see_lower_halves_alone(
    codec: MouthCodec, faces: np.ndarray
) -> None:
    latents = np.asarray(codec.encoder({"target": faces, "reference": faces[::-1]}))
    assert latents.shape == (3, LATENTS)
    assert np.square(latents).mean(1) == pytest.approx(np.ones(3), rel=1e-3)
    other = faces.copy()
    other[:, :48] = 0.0
    same = np.asarray(codec.encoder({"target": other, "reference": faces[::-1]}))
    assert np.array_equal(same, latents)


def test_what_did_not_come_has_no_say(codec: MouthCodec, faces: np.ndarray) -> None:
    """Two codes differ in what is drawn of them, and hardly where neither came."""
    codes = np.random.default_rng(1).standard_normal((2, 3, LATENTS)).astype(np.float32)

    def difference(noise: float) -> float:
        told = {"reference": faces, "noise": np.full((3, LATENTS), noise, np.float32)}
        one, other = (np.asarray(codec.decoder({**told, "latents": code})) for code in codes)
        return float(np.abs(one - other).mean())

    assert difference(ABSENT) < 0.05 * difference(1e-3)


@pytest.mark.usefixtures("eager")
def test_a_run_goes_on_to_the_same_weights(talks: list[Talk], tmp_path: Path) -> None:
    recipe = MouthRecipe(steps=2, batch=2)

    def trainer(folder: str) -> MouthTrainer:
        return MouthTrainer(recipe, talks, talks[:1], tmp_path / folder, save_every=1)

    trainer("whole").run()
    trainer("parts").run(stop_at=1)
    trainer("parts").run()
    logs = [(tmp_path / folder / "log.csv").read_text() for folder in ("whole", "parts")]
    assert logs[0] == logs[1]
    assert logs[0].startswith("step,stage,loss,copied_l1,l1_0,l1_10,l1_20,score\n1,fading,")
    one, other = (np.load(tmp_path / folder / "best.npz") for folder in ("whole", "parts"))
    assert all(np.array_equal(one[name], other[name]) for name in one.files)
    weights.load(tmp_path / "whole" / "best.npz", MouthCodec())


def test_bad_options_get_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "mouth", "--out", "x", "--generated", "1", "--batch", "0"]) == 2
    assert "--batch must be between 1" in capsys.readouterr().err
    with pytest.raises(LinksimError, match="unknown preset of the lip-sync networks"):
        MouthCodec(preset="large")
