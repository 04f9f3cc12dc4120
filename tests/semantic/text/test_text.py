"""The text codec: its alphabet, its networks, and their training."""

import csv
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

from linksim.errors import LinksimError
from semantic.text import weights
from semantic.text.alphabet import CHARACTERS, NONE, TOKENS, chunks, normalise, to_text, to_tokens
from semantic.text.combining import combine, unit_power
from semantic.text.corpus import HELD_OUT_EVERY, divide, read
from semantic.text.data import Crops
from semantic.text.grid import sentence
from semantic.text.model import TextModel
from semantic.text.recipe import Recipe
from semantic.text.sizes import CHUNK, COPIES, PRESETS, Sizes
from semantic.text.train import Trainer
from semantic.text.validation import COLUMNS, Validation
from studies.cli.main import main

TINY = Sizes(16, 2, 16, 1, 1, 16, 8)
SAID = "The quick brown fox, who can't rest, jumps over {} lazy dogs. Why not?\n\n"


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preset that is compiled in a moment."""
    monkeypatch.setitem(PRESETS, "tiny", TINY)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of 400 sentences."""
    path = tmp_path / "a.txt"
    path.write_text("".join(SAID.format(i) for i in range(200)))
    return path


@pytest.fixture
def eager() -> Iterator[None]:
    """Compile nothing."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Bin BLUE  at F2,\tnow!", "bin blue at f2, now!"),
        ("“Café” – it’s naïve…", '"cafe" - it\'s naive...'),
        ("Straße 5 €", "strasse 5"),
        ("日本", ""),
        ("", ""),
    ],
)
def test_any_text_can_be_sent(text: str, sent: str) -> None:
    assert normalise(text) == sent
    assert normalise(sent) == sent
    assert to_text(to_tokens(sent)) == sent


def test_every_character_has_a_token_of_its_own() -> None:
    tokens = to_tokens(CHARACTERS)
    assert len(set(tokens)) == len(CHARACTERS) == TOKENS - 1
    assert NONE not in tokens
    assert to_text(tokens) == CHARACTERS


def test_chunks_are_cut_between_words() -> None:
    text = normalise(SAID.format("seventeen") * 5)
    cut = chunks(text)
    assert " ".join(cut) == text
    assert all(0 < len(chunk) <= CHUNK for chunk in cut)
    assert chunks("") == []
    assert chunks("a" * CHUNK) == ["a" * CHUNK]
    assert chunks("b " + "a" * (2 * CHUNK + 1)) == ["b", "a" * CHUNK, "a" * CHUNK, "a"]


def test_copies_combine_as_maximum_ratio() -> None:
    """Two copies with N0 of 1 and 1/3 are one with N0 of 1/4; one that was not sent is none."""
    received = np.array([[2.0, 7.0], [1.0, 9.0], [50.0, 50.0]], np.float32)
    noise = np.array([[1.0, 1.0], [1 / 3, 1.0], [1.0, 1.0]], np.float32)
    sent = np.array([[1, 0], [1, 0], [0, 0]], np.float32)
    estimate, trust = combine(received, noise, sent, axis=0)
    mean = (1 * 2.0 + 3 * 1.0) / 4
    assert np.asarray(estimate) == pytest.approx([mean * 4 / 5, 0.0])
    assert np.asarray(trust) == pytest.approx([4 / 5, 0.0])


def test_power_of_what_is_sent() -> None:
    latents = np.random.default_rng(0).normal(3.0, 5.0, (2, CHUNK, 8)).astype(np.float32)
    sent = np.zeros_like(latents)
    sent[0, :10, :4] = sent[1, :, :] = 1.0
    scaled = np.asarray(unit_power(latents, sent))
    assert (scaled**2).sum((1, 2)) == pytest.approx(sent.sum((1, 2)), rel=1e-5)
    assert not scaled[sent == 0].any()


@pytest.mark.parametrize(("preset", "parameters"), [("compact", 2_674_022), ("paper", 1_307_094)])
def test_sizes(preset: str, parameters: int) -> None:
    model = TextModel(preset=preset)
    tokens = np.zeros((2, CHUNK), np.int32)
    tokens[0, :5] = 3
    latents = np.asarray(model.encoder(tokens))
    assert latents.shape == (2, CHUNK, PRESETS[preset].latents)
    logits = model.decoder([latents, np.ones(latents.shape, np.float32), tokens != NONE])
    assert logits.shape == (2, CHUNK, TOKENS)
    assert np.isfinite(logits).all()
    assert model.encoder.count_params() + model.decoder.count_params() == parameters


def test_nothing_depends_on_places_without_character() -> None:
    model = TextModel(preset="tiny")
    rng = np.random.default_rng(0)
    estimate = rng.normal(size=(1, CHUNK, 8)).astype(np.float32)
    trust = rng.uniform(size=estimate.shape).astype(np.float32)
    present = np.arange(CHUNK)[None] < 20
    before = np.asarray(model.decoder([estimate, trust, present]))[:, :20]
    estimate[:, 20:], trust[:, 20:] = 9.0, 0.5
    after = np.asarray(model.decoder([estimate, trust, present]))[:, :20]
    assert after == pytest.approx(before, abs=1e-5)
    estimate[:, 19] = -9.0
    assert (
        np.abs(np.asarray(model.decoder([estimate, trust, present]))[:, :19] - after[:, :19]).max()
        > 1e-4
    )


def inputs(rows: int, **values: float) -> dict[str, np.ndarray]:
    tokens = np.full((rows, CHUNK), NONE, np.int32)
    tokens[:, :40] = np.random.default_rng(0).integers(1, TOKENS, 40)
    told = {"snr_db": 10.0, "kept": 8.0, "copies": 1.0, "company": 1.0} | values
    return {"tokens": tokens, **{k: np.full(rows, v, np.float32) for k, v in told.items()}}


def test_a_clean_channel_delivers_what_was_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through copies, spreading and gathering, each latent comes back to its place."""
    model = TextModel(preset="tiny", channel="awgn")
    seen = {}

    def decoder(arrived: list, training: bool) -> object:
        seen["estimate"], seen["trust"], _ = (np.asarray(x) for x in arrived)
        return np.zeros((3, CHUNK, TOKENS), np.float32)

    monkeypatch.setattr(model, "decoder", decoder)
    for kept, copies, snr_db in ((8, 1.0, 80.0), (5, 2.5, 80.0), (8, 4.0, 0.0)):
        told = inputs(3, kept=kept, copies=copies, snr_db=snr_db)
        model.call(told, training=False)
        sent = np.zeros((3, CHUNK, 8), np.float32)
        sent[:, :40, :kept] = 1.0
        if snr_db == 80.0:
            latents = np.asarray(unit_power(model.encoder(told["tokens"]), sent))
            assert seen["estimate"] == pytest.approx(latents, abs=5e-3)
            assert seen["trust"] == pytest.approx(sent, abs=1e-3)
        else:
            # Noise of power 1 a real, heard four times: 4 / 5.
            assert seen["trust"] == pytest.approx(0.8 * sent, rel=1e-5)


def test_copies_raise_the_trust_as_told() -> None:
    model = TextModel(preset="tiny")
    present = np.arange(CHUNK)[None] < 40
    copies = np.asarray(model._copies(present, np.array([2.5], np.float32)))
    assert copies.shape == (1, COPIES, CHUNK)
    assert copies.sum((0, 2)).tolist() == [40, 40, 20, 0]


def test_sentences_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text('One two.\nThree "four." Five\nsix!\n\n Seven\n' + "\n\nEight. " * 40)
    found = read(path)
    assert found[:4] == ["one two.", 'three "four."', "five six!", "seven"]
    assert len(found) == 44


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.txt", None, "no such file"),
        (".", None, "is a folder"),
        ("short.txt", b"hello", "too little to train on"),
        ("latin.txt", b"caf\xe9 " * 200, "not a file of UTF-8 text"),
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
    model = weights.trained("tiny", tmp_path / "run" / "best.npz")
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
