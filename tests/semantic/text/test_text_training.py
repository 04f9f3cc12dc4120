"""Training of the text codec: its text, its command, its runs."""

import csv
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from linksim.errors import LinksimError
from semantic.text.alphabet import TOKENS, normalise, to_text
from semantic.text.corpus import HELD_OUT_EVERY, divide, read
from semantic.text.data import Crops
from semantic.text.grid import sentence
from semantic.text.model import TextModel
from semantic.text.recipe import Recipe
from semantic.text.sizes import CHUNK, COPIES
from semantic.text.train import Trainer
from semantic.text.validation import COLUMNS, Validation
from semantic.training import weights
from studies.cli.main import main

SAID = "The quick brown fox, who can't rest, jumps over {} lazy dogs. Why not?\n\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of 400 sentences."""
    path = tmp_path / "a.txt"
    path.write_text("".join(SAID.format(i) for i in range(200)))
    return path


def test_sentences_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text('One two.\nThree "four." Five\nsix!\n\n Seven\n' + "\n\nEight. " * 40)
    found = read(path)
    assert found[:4] == ["one two.", 'three "four."', "five six!", "seven"]
    assert len(found) == 44


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.txt", None, "No such file"),
        (".", None, "is a folder"),
        ("short.txt", b"hello", "too little to train on"),
        ("latin.txt", b"caf\xe9 " * 200, "is not text in UTF-8"),
    ],
)
def test_bad_files(
    name: str,
    content: bytes | None,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    run = ["train", "text", "--text", str(tmp_path / name), "--out", str(tmp_path / "run")]
    assert main(run) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_bad_numbers(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ["train", "text", "--text", str(file), "--out", str(file.parent / "run")]
    assert main([*run, "--steps", "0"]) == 2
    assert main([*run, "--learning-rate", "nan"]) == 2
    assert capsys.readouterr().err.count("must be between") == 2
    with pytest.raises(LinksimError, match="batch must be positive"):
        Recipe(batch=0)
    with pytest.raises(LinksimError, match="unknown preset of the text codec 'compat'"):
        TextModel(preset="compat")


def test_what_is_held_out_is_not_trained_on() -> None:
    sentences = [str(i) for i in range(3 * HELD_OUT_EVERY + 1)]
    training, held_out = divide(sentences)
    assert held_out == ["49", "99", "149"]
    assert sorted(training + held_out) == sorted(sentences)
    assert not set(training) & set(held_out)


def test_grid_sentences_are_of_its_grammar() -> None:
    rng = np.random.default_rng(0)
    made = {sentence(rng) for _ in range(500)}
    assert all(s.split()[0] in ("bin", "lay", "place", "set") for s in made)
    assert {len(s.split()) for s in made} == {5, 6}
    assert all(normalise(s) == s and len(s) <= CHUNK for s in made)


def test_crops_are_words_and_a_function_of_seed_and_step(file: Path) -> None:
    crops = Crops([read(file)], batch=400, latents=8, seed=1)
    batch, again = crops(3), Crops([read(file)], batch=400, latents=8, seed=1)(3)
    assert all(np.array_equal(batch[name], again[name]) for name in batch)
    assert not np.array_equal(batch["tokens"], crops(4)["tokens"])
    texts = [to_text(row) for row in batch["tokens"]]
    assert min(map(len, texts)) > 0
    assert any(CHUNK - 10 < len(t) <= CHUNK for t in texts)
    known = set(" ".join(read(file)).split())
    prose = [t for t in texts if set(t.split()) <= known]
    assert 0.7 < len(prose) / len(texts) < 0.98
    for text, row in zip(texts, batch["tokens"], strict=True):
        assert not row[len(text) :].any()
        assert not text.startswith(" ")
        assert not text.endswith(" ")
    assert batch["kept"].min() >= 4
    assert batch["kept"].max() == 8
    assert (batch["copies"][batch["kept"] < 8] == 1.0).all()
    assert 2.0 < batch["copies"].max() <= COPIES
    assert 0.0 <= batch["snr_db"].min() < 5.0 < 15.0 < batch["snr_db"].max() <= 20.0


@pytest.mark.usefixtures("eager")
def test_training_lowers_the_loss(file: Path, tmp_path: Path) -> None:
    training, held_out = divide(read(file))
    recipe = Recipe(preset="tiny", steps=10, batch=16, learning_rate=1e-2)
    Trainer(recipe, [training], held_out, tmp_path / "run", save_every=2).run()
    with (tmp_path / "run" / "log.csv").open() as log:
        rows = list(csv.DictReader(log))
    losses = [float(row["loss"]) for row in rows]
    assert len(losses) == 5
    assert losses[-1] < 0.9 * losses[0] < 0.9 * 1.2 * np.log(TOKENS)
    assert {*COLUMNS, "score"} <= set(rows[0])
    model = weights.trained(TextModel, "tiny", tmp_path / "run" / "best.npz")
    assert isinstance(model, TextModel)


@pytest.mark.usefixtures("eager")
def test_a_stopped_run_goes_on_to_the_same_weights(file: Path, tmp_path: Path) -> None:
    training, held_out = divide(read(file))
    recipe = Recipe(preset="tiny", steps=40, batch=2)
    assert [recipe.stage(step).channel for step in (0, 1, 2)] == ["awgn", "awgn", "rayleigh"]
    for name, stops in (("whole", (None,)), ("stopped", (3, None))):
        for stop_at in stops:
            keras.utils.clear_session()
            trainer = Trainer(recipe, [training], held_out, tmp_path / name, save_every=20)
            trainer.run(stop_at=stop_at or 6)
    with (
        np.load(tmp_path / "whole" / "state.npz") as a,
        np.load(tmp_path / "stopped" / "state.npz") as b,
    ):
        assert all(np.array_equal(a[name], b[name]) for name in a.files if name != "state")
    with pytest.raises(LinksimError, match="another recipe"):
        Trainer(Recipe(preset="tiny"), [training], held_out, tmp_path / "whole").run()


def test_validation_takes_nothing_from_training(file: Path) -> None:
    model = TextModel(preset="tiny")
    model.compile()
    validation = Validation(divide(read(file))[1])
    before = model.channel.random_state
    first = validation(model)
    assert np.array_equal(model.channel.random_state, before)
    assert validation(model) == first
    assert set(first) == {*COLUMNS, "score"}
    with pytest.raises(LinksimError, match="no sentence to validate on"):
        Validation([])


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_trains_without_tensorflow(backend: str, file: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    script = (
        "import sys\n"
        "for name in ('tensorflow', 'av', 'librosa'): sys.modules[name] = None\n"
        "from semantic.training.command import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    run = ["text", "--text", str(file), "--out", str(tmp_path / "run"), "--batch", "2"]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-c", script, *run, "--steps", "10"]
    subprocess.run(command, env=environment, check=True)
    assert (tmp_path / "run" / "best.npz").exists()


def test_training_loads_nothing_heavier_than_keras() -> None:
    code = (
        "import sys, semantic.text.train\n"
        "heavy = {'av', 'librosa', 'sionna'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
