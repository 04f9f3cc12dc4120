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
from linksim.media import Clip, write
from semantic.asc import paper, stream
from semantic.asc.data import Crops, find_audio, load
from semantic.asc.lapped import band_weights, lapped_kernels
from semantic.asc.losses import disturbance, nrmse
from semantic.asc.model import AscModel
from semantic.asc.recipe import Recipe
from semantic.asc.train import Trainer
from semantic.asc.validation import Validation
from semantic.training import weights
from semantic.training.channel import TrainingChannel
from semantic.training.command import main

TINY = Recipe(steps=200, batch=2, crop_frames=24, learning_rate=1e-3)


def voice(seconds: float = 2.0, seed: int = 0) -> np.ndarray:
    """A voiced buzz with pauses and breath, float32 at 16 kHz."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(16_000 * seconds)) / 16_000
    buzz = sum(np.sin(2 * np.pi * 130 * k * t + k) / k for k in range(1, 30))
    breath = rng.normal(0, 0.05, len(t))
    return ((buzz + breath) * 0.1 * (np.sin(2 * np.pi * 2 * t) > -0.5)).astype(np.float32)


@pytest.fixture(scope="module")
def recording() -> np.ndarray:
    return np.round(voice(6.0) * 32767).astype(np.int16)


def test_lapped_transform_reconstructs() -> None:
    cosines, sines = lapped_kernels(32)
    x = np.random.default_rng(0).normal(size=32 * 9)
    out = np.zeros_like(x)
    for start in range(0, len(x) - 63, 32):
        out[start : start + 64] += cosines @ (x[start : start + 64] @ cosines)
    assert np.allclose(out[32:-32], x[32:-32], atol=1e-5)
    assert np.allclose(np.linalg.norm(cosines, axis=0), np.linalg.norm(sines, axis=0), atol=1e-3)


def test_bands_cover_every_bin_once() -> None:
    bands = band_weights(256, 40)
    assert np.allclose(bands.sum(axis=0), 1.0, atol=1e-6)
    assert (bands.sum(axis=1) > 0).all()


@pytest.mark.parametrize(
    ("preset", "latents", "encoder", "decoder"),
    [("compact", 1024, 1_762_560, 2_810_040), ("paper", 320, 5_684_160, 8_465_409)],
)
def test_sizes(preset: str, latents: int, encoder: int, decoder: int) -> None:
    model = AscModel(preset=preset)
    assert (model.encoder.count_params(), model.decoder.count_params()) == (encoder, decoder)
    audio, told = keras.ops.zeros((1, 3 * model.hop)), keras.ops.zeros(1)
    sent = model.encoder([audio, told, told])
    assert tuple(sent.shape) == (1, 4, latents)
    assert tuple(model.decoder([sent, sent**2, told]).shape) == audio.shape


def test_paper_layer_table() -> None:
    model = AscModel(preset="paper")
    names = [f"block{i}" for i in range(1, 7)]
    extractor = [model.encoder.get_layer(name) for name in names]
    table = [(b.filters, b.kernel_size[0], b.strides[0]) for b in extractor]
    assert table == [(512, *block) for block in paper.EXTRACTOR]
    assert model.encoder.get_layer("aggregator").kernel_size == (1,)
    mirror = [model.decoder.get_layer(f"block{i}") for i in range(2, 8)]
    assert [(b.kernel_size[0], b.strides[0]) for b in mirror] == list(paper.EXTRACTOR[::-1])
    assert model.decoder.get_layer("decomposer").kernel_size == (1,)
    assert model.decoder.get_layer("block8").filters == 1


def test_starts_as_a_linear_scheme() -> None:
    audio = voice(2.0)[: 62 * 512]
    audio /= audio.std()
    model = AscModel(channel="awgn")
    batch = {"audio": audio[None], "snr_db": np.full(1, 40.0, np.float32)}
    heard = model({**batch, "kept": np.full(1, model.latents, np.float32)})
    assert float(nrmse(audio[None], heard)[0]) < 0.05


def test_the_live_codec_starts_as_a_linear_scheme_at_any_level() -> None:
    audio = voice(2.0)[: 99 * 320]
    audio /= audio.std()
    model = AscModel(preset="live", channel="awgn")
    batch = {"audio": audio[None], "snr_db": np.full(1, 40.0, np.float32)}
    for level in (0.5, 2.0):
        told = {"kept": model.latents, "level": level}
        heard = model({**batch, **{k: np.full(1, v, np.float32) for k, v in told.items()}})
        assert float(nrmse(audio[None], heard)[0]) < 0.05


def test_the_live_codec_is_not_tuned_over_the_link() -> None:
    with pytest.raises(LinksimError, match="'live' is not fine-tuned over the link"):
        Recipe(preset="live", link="rayleigh")


def test_losses() -> None:
    audio = voice(2.0)[None]
    audio /= audio.std()
    noise = np.random.default_rng(0).normal(size=audio.shape).astype(np.float32)
    assert float(nrmse(audio, audio + 0.1 * noise)[0]) == pytest.approx(0.01, rel=0.05)
    heard = [float(disturbance(audio, audio + a * noise)[0]) for a in (0.0, 0.01, 0.1, 1.0)]
    assert heard[0] < 0.05
    assert heard == sorted(heard)
    # What P.862 levels out counts for little.
    assert float(disturbance(audio, 0.5 * audio)[0]) < 0.1


@pytest.mark.parametrize("preset", ["compact", "live"])
def test_training_lowers_the_loss(preset: str, recording: np.ndarray) -> None:
    model = AscModel(preset=preset)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=False)
    batch = Crops(
        recording, samples=24 * 512 // model.hop * model.hop, batch=2, latents=model.latents
    )(0)
    losses = []
    for _ in range(10):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(batch)))
    assert np.isfinite(losses).all()
    assert np.mean(losses[-3:]) < losses[0]


def test_resumed_run_equals_an_unbroken_one(recording: np.ndarray, tmp_path: Path) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    Trainer(TINY, recording, None, once).run(stop_at=6)
    Trainer(TINY, recording, None, twice).run(stop_at=3)
    Trainer(TINY, recording, None, twice).run(stop_at=6)
    with np.load(once / "state.npz") as a, np.load(twice / "state.npz") as b:
        assert all(np.array_equal(a[name], b[name]) for name in a.files)
    rows = list(csv.DictReader((twice / "log.csv").open()))
    assert [row["step"] for row in rows] == ["3", "6"]
    assert {p.name for p in once.iterdir()} == {"state.npz", "best.npz", "log.csv"}
    with pytest.raises(LinksimError, match="another recipe"):
        Trainer(Recipe(steps=99), recording, None, twice).run()


def test_chunks_are_as_one_piece() -> None:
    model = AscModel()
    frames = 2 * stream.chunk_frames(model.hop) + 5
    rng = np.random.default_rng(0)
    # Trained networks, unlike a fresh one, look at their neighbours.
    for variable in [*model.encoder.trainable_variables, *model.decoder.trainable_variables]:
        variable.assign(variable + 0.02 * rng.normal(size=variable.shape))
    audio = rng.normal(size=frames * model.hop).astype(np.float32)
    told = [np.array([x], np.float32) for x in (7.0, 0.5)]
    latents = stream.encode(model, audio, 7.0, 0.5)
    assert np.allclose(latents, model.encoder([audio[None], *told])[0], atol=1e-3)
    noise = np.full_like(latents, 0.1)
    whole = model.decoder([latents[None], noise[None], told[0]])[0]
    assert np.allclose(stream.decode(model, latents, noise, 7.0), whole, atol=1e-3)


def test_fades_last_longer_where_less_is_sent() -> None:
    channel = TrainingChannel(seed=3, block_symbols=10)
    sent = np.array([1.0, 0.25], np.float32)
    _, noise = channel(np.ones((2, 800), np.float32), np.zeros(2, np.float32), sent=sent)
    assert [len(np.unique(row)) for row in np.asarray(noise)] == [40, 10]


def test_fine_tuning_trains_two_layers() -> None:
    model = AscModel()
    model.enter("fine-tune", "rayleigh")
    halves = (*model.encoder.layers, *model.decoder.layers)
    trained = {layer.name for layer in halves if layer.trainable_weights}
    assert trained == {"aggregator", "decomposer"}
    model.enter("end-to-end", "rayleigh")
    assert len({layer.name for layer in halves if layer.trainable_weights}) > 10


def test_crops_are_functions_of_the_step(recording: np.ndarray) -> None:
    crops = [Crops(recording, samples=4096, batch=3, latents=1024, seed=1) for _ in range(2)]
    first, second = (c(7) for c in crops)
    assert all(np.array_equal(first[k], second[k]) for k in first)
    assert not np.array_equal(first["audio"], crops[0](8)["audio"])
    assert np.allclose(np.mean(first["audio"] ** 2, axis=1), 1.0, atol=1e-3)


def test_weights_of_another_preset_are_refused(tmp_path: Path) -> None:
    weights.save(tmp_path / "w.npz", AscModel(preset="paper"))
    with pytest.raises(LinksimError, match="another preset"):
        weights.load(tmp_path / "w.npz", AscModel())
    (tmp_path / "junk.npz").write_bytes(b"junk")
    with pytest.raises(LinksimError, match="not a file of weights"):
        weights.load(tmp_path / "junk.npz", AscModel())


def test_folder_without_audio(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(LinksimError, match="no audio in"):
        find_audio([tmp_path])
    assert main(["asc", "--audio", str(tmp_path), "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_training_starts_from_weights(recording: np.ndarray, tmp_path: Path) -> None:
    model = AscModel()
    layer = model.decoder.get_layer("decomposer")
    layer.set_weights([np.full_like(w, 0.25) for w in layer.get_weights()])
    weights.save(tmp_path / "w.npz", model)
    recipe = Recipe(steps=10, start=str(tmp_path / "w.npz"))
    trainer = Trainer(recipe, recording, None, tmp_path / "run")
    assert np.all(trainer.model.decoder.get_layer("decomposer").get_weights()[0] == 0.25)
    with pytest.raises(LinksimError, match="no such weights"):
        Trainer(Recipe(start="none.npz"), recording, None, tmp_path / "run")


def test_array_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"junk")
    with pytest.raises(LinksimError, match="not an array of samples"):
        load(find_audio([tmp_path]))


def test_fine_tuning_goes_through_the_link(recording: np.ndarray, tmp_path: Path) -> None:
    recipe = Recipe(steps=10, batch=1, crop_frames=24, link="tdl-a:delay_spread=100e-9")
    trainer = Trainer(recipe, recording, None, tmp_path)
    trainer.run(stop_at=9)
    assert trainer.model.channel is trainer.model.training_channel
    before = trainer.model.decoder.get_layer("decomposer").get_weights()[0]
    trainer.run()
    assert trainer.model.channel is trainer.model.link_channel
    after = trainer.model.decoder.get_layer("decomposer").get_weights()[0]
    assert not np.array_equal(before, after)
    with (tmp_path / "log.csv").open() as file:
        assert [row["stage"] for row in csv.DictReader(file)] == ["end-to-end", "fine-tune"]


def test_command_trains(tmp_path: Path) -> None:
    write(Clip(audio=voice(4.0)), tmp_path / "a.wav")
    assert len(load(find_audio([tmp_path]))) == 64_000
    run = ["asc", "--audio", str(tmp_path), "--out", str(tmp_path / "run"), "--batch", "1"]
    assert main([*run, "--steps", "2"]) == 0
    assert (tmp_path / "run" / "best.npz").exists()


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_trains_without_tensorflow(backend: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    script = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from semantic.asc.recipe import Recipe\n"
        "from semantic.asc.train import Trainer\n"
        "audio = np.random.default_rng(0).integers(-9999, 9999, 90_000).astype(np.int16)\n"
        "recipe = Recipe(steps=40, batch=2, crop_frames=24)\n"
        "Trainer(recipe, audio, None, Path(sys.argv[1])).run(stop_at=10)\n"
    )
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=environment, check=True)


def test_validation_takes_nothing_from_training(recording: np.ndarray) -> None:
    model = AscModel()
    model.compile()
    validation = Validation(recording, 32 * 512)
    before = model.channel.random_state
    first = validation(model)
    assert np.array_equal(model.channel.random_state, before)
    assert validation(model) == first
    assert first["low_0"] < first["low_20"] < first["high_20"]
