"""Training runs of the lip-sync networks."""

from pathlib import Path

import keras
import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media.faces.networks import installed
from semantic.training import weights
from semantic.wav2lip.frames.talk import Talk, generated_talks
from semantic.wav2lip.networks.expert import SyncExpert
from semantic.wav2lip.networks.generator import Generator
from semantic.wav2lip.training.expert_train import ExpertTrainer
from semantic.wav2lip.training.generator_model import GeneratorModel
from semantic.wav2lip.training.generator_train import GeneratorTrainer
from semantic.wav2lip.training.personalise import personalised
from semantic.wav2lip.training.recipe import ExpertRecipe, GeneratorRecipe
from studies.cli.main import main

pytestmark = pytest.mark.usefixtures("tiny_lips")
needs_mesh = pytest.mark.skipif(not installed(), reason="needs linksim[clip]")


def test_generator_starts_to_hear_as_the_expert() -> None:
    model = GeneratorModel(GeneratorRecipe(preset="tiny", expert="x", expert_preset="tiny"))
    model.hear_as_the_expert()
    mel = np.random.default_rng(0).normal(size=(2, 80, 16, 1)).astype(np.float32)
    own, known = (np.asarray(part.voice(mel)) for part in (model.generator, model.expert))
    assert np.array_equal(own, known)


def test_stages_of_the_generator() -> None:
    recipe = GeneratorRecipe(steps=10, plain=0.3, w_s=0.2, w_g=0.1, expert="x")
    assert [recipe.stage(i).name for i in (0, 2, 3, 9)] == ["plain", "plain", "full", "full"]
    assert (recipe.stage(0).w_s, recipe.stage(9).w_s, recipe.stage(9).w_g) == (0, 0.2, 0.1)
    alone = GeneratorRecipe(steps=10, w_s=0.0, w_g=0.0)
    assert alone.stage(9) == alone.stage(0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "w_s above 0 needs an expert"),
        ({"w_s": 0.0, "w_g": 1.0}, "w_s and w_g must be"),
        ({"w_s": 0.0, "adversarial": "hinge"}, "unknown adversarial loss"),
        ({"w_s": 0.0, "plain": 2.0}, "plain must be between"),
        ({"w_s": 0.0, "steps": 0}, "steps must be positive"),
    ],
)
def test_bad_recipes(options: dict, message: str) -> None:
    with pytest.raises(LinksimError, match=message):
        GeneratorRecipe(**options)


def stored(path: Path) -> list[np.ndarray]:
    with np.load(path) as file:
        return [file[name] for name in file.files if name != "state"]


def same(one: Path, other: Path) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(stored(one), stored(other), strict=True))


@pytest.mark.usefixtures("eager")
def test_expert_goes_on_to_the_same_weights(talks: list[Talk], tmp_path: Path) -> None:
    recipe = ExpertRecipe(preset="tiny", steps=2, batch=2, windows=3)

    def trainer(folder: str) -> ExpertTrainer:
        return ExpertTrainer(recipe, talks, talks[:1], tmp_path / folder, save_every=1)

    trainer("whole").run()
    trainer("parts").run(stop_at=1)
    trainer("parts").run()
    assert same(tmp_path / "whole" / "state.npz", tmp_path / "parts" / "state.npz")
    log = (tmp_path / "parts" / "log.csv").read_text()
    assert log == (tmp_path / "whole" / "log.csv").read_text()
    assert log.startswith("step,stage,loss,bce,accuracy,ranked,score\n1,pairs,")
    expert = SyncExpert(preset="tiny")
    weights.load(tmp_path / "whole" / "best.npz", expert)
    with pytest.raises(LinksimError, match="weights of another preset of the sync expert"):
        weights.load(tmp_path / "whole" / "best.npz", SyncExpert())


def test_expert_learns(talks: list[Talk], tmp_path: Path) -> None:
    recipe = ExpertRecipe(preset="tiny", steps=100, batch=2, windows=6, learning_rate=2e-2)
    ExpertTrainer(recipe, talks, [], tmp_path, save_every=20).run()
    losses = [float(row.split(",")[2]) for row in (tmp_path / "log.csv").read_text().split()[1:]]
    assert losses[-1] < 0.95 * losses[0]


@pytest.fixture(scope="module")
def tiny_expert(tiny_lips: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("expert") / "expert.npz"
    weights.save(path, SyncExpert(preset="tiny"))
    return path


@pytest.mark.usefixtures("eager")
def test_generator_goes_on_to_the_same_weights(
    talks: list[Talk], tiny_expert: Path, tmp_path: Path
) -> None:
    """Stopped between two stages, and within the one with a discriminator."""
    recipe = GeneratorRecipe(
        preset="tiny", steps=3, plain=0.33, batch=1, w_s=0.2, w_g=0.1,
        expert=str(tiny_expert), expert_preset="tiny",
    )  # fmt: skip

    def trainer(folder: str) -> GeneratorTrainer:
        return GeneratorTrainer(recipe, talks, talks[:1], tmp_path / folder, save_every=1)

    whole, judged = trainer("whole"), []
    judged.append([keras.ops.convert_to_numpy(v) for v in whole.models[1].trainable_variables])
    frozen = [keras.ops.convert_to_numpy(v) for v in whole.model.expert.weights]
    whole.run()
    for stop in (1, 2, None):
        trainer("parts").run(stop_at=stop)
    assert same(tmp_path / "whole" / "state.npz", tmp_path / "parts" / "state.npz")
    log = (tmp_path / "whole" / "log.csv").read_text()
    assert log == (tmp_path / "parts" / "log.csv").read_text()
    assert [row.split(",")[1] for row in log.split()[1:]] == ["plain", "full", "full"]
    judged.append([keras.ops.convert_to_numpy(v) for v in whole.models[1].trainable_variables])
    assert not all(map(np.array_equal, *judged))
    assert all(map(np.array_equal, judged[1], whole.model.critic.weights))
    assert all(map(np.array_equal, frozen, whole.model.expert.weights))


@pytest.mark.usefixtures("eager")
def test_another_recipe_needs_another_folder(talks: list[Talk], tmp_path: Path) -> None:
    for w_g, fails in ((0.0, False), (0.1, True)):
        recipe = GeneratorRecipe(preset="tiny", steps=1, batch=1, w_s=0.0, w_g=w_g)
        run = GeneratorTrainer(recipe, talks, [], tmp_path)
        if fails:
            with pytest.raises(LinksimError, match="holds a run with another recipe"):
                run.run()
        else:
            run.run()


@needs_mesh
@pytest.mark.usefixtures("eager")
def test_commands_train_on_generated_clips(tmp_path: Path) -> None:
    keep = ["--seconds", "1", "--generated", "1", "--faces", str(tmp_path / "faces")]
    expert = tmp_path / "expert"
    shared = [*keep, "--steps", "1", "--batch", "1"]
    assert main(["train", "sync-expert", *shared, "--windows", "3", "--out", str(expert)]) == 0
    generator = ["train", "generator", *shared, "--plain", "0", "--out", str(tmp_path / "g")]
    assert main([*generator, "--expert", str(expert / "best.npz")]) == 0
    assert (tmp_path / "g" / "best.npz").stat().st_size < 5e6
    assert len(generated_talks(1, 0, 1.0, tmp_path / "faces")) == 1


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["sync-expert"], "arguments are required: --out"),
        (["sync-expert", "--out", "x"], "pass --video or --generated"),
        (["sync-expert", "--out", "x", "--video", "/absent"], "/absent: no such file or folder"),
        (["sync-expert", "--out", "x", "--generated", "1", "--windows", "1"], "--windows must be"),
        (["generator", "--out", "x", "--generated", "1"], "w_s above 0 needs an expert"),
        (["generator", "--out", "x", "--generated", "1", "--w-s", "2"], "--w-s must be between 0"),
        (["generator", "--out", "x", "--adversarial", "minmax"], "did you mean 'minimax'"),
    ],
)
def test_bad_options_get_one_line(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *argv]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.usefixtures("eager")
def test_personalising_leaves_the_original_and_statistics_alone(talks: list[Talk]) -> None:
    generator = Generator()
    before = [np.array(w) for w in generator.get_weights()]
    own = personalised(generator, talks[0], steps=1)
    after, mine = generator.get_weights(), own.get_weights()
    assert all(map(np.array_equal, before, after))
    moved = {v.path for v, a, b in zip(own.weights, before, mine, strict=True) if (a != b).any()}
    assert moved
    assert not any("moving" in path or "gamma" in path for path in moved)
