"""Training of the expert and of the generator: batches, stages, stopping and going on."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import keras
import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.media import Clip, write
from linksim.media.faces.mesh import installed
from linksim.media.synthetic.heads import SPEAKERS
from semantic.wav2lip import weights
from semantic.wav2lip.batches import APART, GeneratorBatches, SyncBatches, spread_starts
from semantic.wav2lip.frames.face import mouth_l1
from semantic.wav2lip.frames.talk import Talk, generated_talks, kept, load_talks, talk_of
from semantic.wav2lip.judge import judge, offset_warnings
from semantic.wav2lip.networks.expert import SyncExpert
from semantic.wav2lip.networks.generator import Generator
from semantic.wav2lip.networks.sizes import PRESETS, Sizes, Stage
from semantic.wav2lip.scores import correlation, expert_accuracy, generator_scores
from semantic.wav2lip.training.expert_train import ExpertTrainer
from semantic.wav2lip.training.generator_model import GeneratorModel
from semantic.wav2lip.training.generator_train import GeneratorTrainer
from semantic.wav2lip.training.options import balanced
from semantic.wav2lip.training.personalise import personalised
from semantic.wav2lip.training.recipe import ExpertRecipe, GeneratorRecipe
from studies.cli.main import main

needs_mesh = pytest.mark.skipif(not installed(), reason="needs linksim[clip]")


@pytest.fixture(scope="module", autouse=True)
def tiny() -> Iterator[None]:
    """The preset ``"tiny"``, with every kind of layer."""
    halves = [Stage(4, stride=2) for _ in range(4)]
    vector = (Stage(4, valid=True), Stage(4, 1))
    voice = (Stage(4, stride=(3, 1), residual=1), Stage(4, stride=3), Stage(4, stride=(3, 2)))
    PRESETS["tiny"] = Sizes(
        face=(Stage(4), Stage(4, stride=2, residual=1), *halves, *vector),
        voice=(*voice, *vector),
        decoder=(Stage(4, 1), Stage(4, valid=True), Stage(4, stride=2, residual=1), *halves),
        last=4,
        bends=True,
        expert_face=(Stage(4, 5, (1, 2)), *halves, *vector),
        expert_voice=(*voice, *vector),
        discriminator=(Stage(4, 5, (1, 2)), *halves, *vector),
    )
    yield
    del PRESETS["tiny"]


@pytest.fixture(scope="module")
def talks() -> list[Talk]:
    """Two talks whose faces are as bright as their voices are loud."""
    made = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        loud = rng.uniform(0.1, 0.9, 40)
        faces = np.round(255 * loud[:, None, None, None] * rng.uniform(0.8, 1, (40, 96, 96, 3)))
        voice = (8 * loud - 4)[:, None, None, None] * np.ones((1, 80, 16, 1))
        made.append(Talk(faces.astype(np.uint8), voice.astype(np.float32), f"talk {seed}"))
    return made


# -- batches -------------------------------------------------------------------------


def test_windows_of_a_clip_are_apart() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        starts = spread_starts(rng, 37, 8)
        assert starts.min() >= 0
        assert starts.max() < 37
        assert np.diff(starts).min() >= APART


def test_sync_batches(talks: list[Talk]) -> None:
    batches = SyncBatches(talks, clips=3, windows=4, seed=0)
    batch = batches(7)
    assert batch["faces"].shape == (3, 4, 5, 96, 96, 3)
    assert batch["mel"].shape == (3, 4, 80, 16, 1)
    assert {a.dtype for a in batch.values()} == {np.dtype(np.float32)}
    assert all(np.array_equal(a, batches(7)[name]) for name, a in batch.items())
    assert not np.array_equal(batch["faces"], batches(8)["faces"])
    # In sync: the middle face is as bright as the voice is loud.
    bright = batch["faces"][:, :, 2].mean((2, 3, 4))
    loud = batch["mel"].mean((2, 3, 4))
    for faces, voice in zip(bright, loud, strict=True):
        assert np.array_equal(np.argsort(faces), np.argsort(voice))


def test_generator_batches(talks: list[Talk]) -> None:
    batch = GeneratorBatches(talks, batch=2, seed=0)(3)
    assert batch["face"].shape == batch["reference"].shape == (10, 96, 96, 3)
    assert batch["mel"].shape == (10, 80, 16, 1)
    bright, loud = batch["face"].mean((1, 2, 3)), batch["mel"].mean((1, 2, 3))
    for window in (slice(0, 5), slice(5, 10)):
        assert np.array_equal(np.argsort(bright[window]), np.argsort(loud[window]))
    assert not set(bright) & set(batch["reference"].mean((1, 2, 3)))


def test_held_windows_animate_one_frame_as_received(talks: list[Talk]) -> None:
    seen = [replace(talk, seen=255 - talk.faces) for talk in talks]
    batch = GeneratorBatches(seen, batch=2, seed=0, held=1.0)(3)
    assert np.array_equal(batch["face"], batch["reference"])
    bright, loud = batch["target"].mean((1, 2, 3)), batch["mel"].mean((1, 2, 3))
    for window in (slice(0, 5), slice(5, 10)):
        assert np.array_equal(np.argsort(bright[window]), np.argsort(loud[window]))
        assert np.ptp(batch["face"][window], axis=0).max() == 0
    plain = GeneratorBatches(talks, batch=2, seed=0, held=1.0)(3)
    assert np.array_equal(plain["target"], batch["target"])
    assert not np.array_equal(plain["face"], batch["face"])


def test_generator_starts_to_hear_as_the_expert() -> None:
    model = GeneratorModel(GeneratorRecipe(preset="tiny", expert="x", expert_preset="tiny"))
    model.hear_as_the_expert()
    mel = np.random.default_rng(0).normal(size=(2, 80, 16, 1)).astype(np.float32)
    own, known = (np.asarray(part.voice(mel)) for part in (model.generator, model.expert))
    assert np.array_equal(own, known)


def test_real_clips_are_repeated_until_they_are_a_quarter(talks: list[Talk]) -> None:
    assert balanced(talks, []) == talks
    assert balanced([], talks) == talks
    mixed = balanced(talks[:1], talks[1:] * 12)
    assert len(mixed) == 16
    assert sum(talk is talks[0] for talk in mixed) == 4


def test_too_short_for_so_many_windows(talks: list[Talk]) -> None:
    with pytest.raises(LinksimError, match="no clip of 64 frames"):
        SyncBatches(talks, clips=1, windows=20, seed=0)


# -- recipes -------------------------------------------------------------------------


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


# -- runs ----------------------------------------------------------------------------


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
def tiny_expert(tiny: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
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


def test_mouth_l1_looks_at_the_mouth() -> None:
    target, made = np.zeros((2, 96, 96, 3)), np.zeros((2, 96, 96, 3))
    made[:, :48] = 1
    assert mouth_l1(target, made) == 0
    made[:, 48:] = 0.3
    assert mouth_l1(target, made) == pytest.approx(0.3)


# -- judging -------------------------------------------------------------------------


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


# -- talks ---------------------------------------------------------------------------


@needs_mesh
@pytest.mark.parametrize("speaker", SPEAKERS[::10])
def test_speaking_heads_have_a_voice(speaker: str) -> None:
    from linksim.media.synthetic.espeak import speak

    assert len(speak("hello", speaker).samples) > 1000


@needs_mesh
def test_talk_of_a_clip_at_another_rate(tmp_path: Path) -> None:
    from linksim.media.synthetic.heads import speaking_head

    head = speaking_head(0, 0, 1.0)
    assert np.array_equal(head.clip.frames, speaking_head(0, 0, 1.0).clip.frames)
    assert not np.array_equal(head.clip.audio, speaking_head(0, 1, 1.0).clip.audio)
    at_12 = Clip(head.clip.frames[::2], Fraction(25, 2), head.clip.audio, 16_000, "slow")
    talk = talk_of(at_12)
    assert talk.faces.shape == (26, 96, 96, 3)
    assert talk.voice.shape == (26, 80, 16, 1)
    with pytest.raises(LinksimError, match=r"short: lasts 0.4 s, less than a second"):
        talk_of(Clip(head.clip.frames[:10], Fraction(25), head.clip.audio, 16_000, "short"))
    with pytest.raises(LinksimError, match="mute has no audio stream"):
        talk_of(Clip(head.clip.frames, Fraction(25), None, 16_000, "mute"))


def test_talks_are_kept(talks: list[Talk], tmp_path: Path) -> None:
    kept(tmp_path / "faces", "a", lambda: talks[0])
    again = kept(tmp_path / "faces", "a", lambda: talks[1])
    assert np.array_equal(again.faces, talks[0].faces)
    assert again.name == "talk 0"
    (tmp_path / "faces" / "a.npz").write_text("nothing")
    with pytest.raises(LinksimError, match="not a talk"):
        kept(tmp_path / "faces", "a", lambda: talks[1])


@needs_mesh
def test_files_without_a_face_are_left_out(
    small_clip: Clip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(small_clip, tmp_path / "faceless.mp4")
    with pytest.raises(LinksimError, match="no clip to learn from: faceless"):
        load_talks([tmp_path / "faceless.mp4"], 10.0)
    assert "left out: faceless" in capsys.readouterr().out


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


# -- scores --------------------------------------------------------------------------


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
