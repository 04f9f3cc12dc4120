import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator

import keras
import numpy as np
import pytest
from keras import ops

from linksim.errors import LinksimError
from semantic.dvst.gop import FrameCode, ReceivedFrame, Receiver, Sender, padded
from semantic.dvst.jscc import BLOCKS
from semantic.dvst.model import STAGES, DvstModel
from semantic.dvst.motion import LEVELS
from semantic.dvst.sizes import PRESETS, LatentSizes, Sizes
from semantic.dvst.swin import SwinBlock

_LATENTS = LatentSizes(channels=6, hyper=2, ladder=(0, 2, 4, 8), width=8, heads=2, window=2)
_TINY = Sizes(2, 6, (4, 4, 4, 4), 6, 6, 6, _LATENTS, _LATENTS, _LATENTS)


@pytest.fixture(autouse=True, scope="module")
def _tiny() -> Iterator[None]:
    PRESETS["tiny"] = _TINY
    yield
    del PRESETS["tiny"]


def moving(count: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """A coarse texture that moves, uint8, [count, height, width, 3]."""
    coarse = np.random.default_rng(seed).integers(0, 255, (height // 8 + 3, width // 8 + 3, 3))
    texture = coarse.repeat(8, axis=0).repeat(8, axis=1).astype(np.uint8)
    return np.stack([texture[i : i + height, 2 * i : 2 * i + width] for i in range(count)])


def batch(snr_db: float = 10.0, eta: float = 1.0) -> dict[str, np.ndarray]:
    frames = np.stack([moving(2, 16, 32, seed) for seed in range(2)]) / 255.0
    told = {"snr_db": np.full(2, snr_db, np.float32), "eta": np.full(2, eta, np.float32)}
    return {"frames": frames.astype(np.float32), **told}


def parameters(part: keras.layers.Layer) -> int:
    return sum(int(np.prod(v.shape)) for v in part.trainable_variables)


def awake() -> DvstModel:
    """A tiny model whose latents are not all 0, as they are in a fresh one."""
    model = DvstModel(preset="tiny", channel="awgn")
    for transform in (model.intra, model.inter.motion_codec, model.inter.contextual):
        last = transform.analysis.layers[-1]
        last.kernel.assign(30.0 * last.kernel)
    return model


@pytest.fixture(scope="module")
def pair() -> tuple[DvstModel, Sender, Receiver]:
    """A model and both halves of it, which are compiled once for frames of 48x32."""
    model = awake()
    return model, Sender(model), Receiver(model)


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_trains_its_parts(stage: str) -> None:
    model = DvstModel(preset="tiny")
    latents = (model.intra.intra, model.inter.motion, model.inter.feature)
    parts = {
        "transforms": (model.intra.analysis, model.inter.context),
        "entropy": tuple(part.entropy for part in latents),
        "jscc": tuple(half for part in latents for half in (part.encoder, part.decoder)),
    }
    trained = {
        "transform": {"transforms", "entropy"},
        "entropy": {"entropy"},
        "jscc": {"transforms", "entropy", "jscc"},
        "fine-tune": {"jscc"},
    }[stage]
    before = {name: values(parts[name]) for name in parts}
    model.enter(stage)
    model.compile(optimizer=keras.optimizers.Adam(3e-3), run_eagerly=True)
    losses = []
    for _ in range(4 if stage == "transform" else 1):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(batch())))
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0] or len(losses) == 1
    moved = {name for name in parts if not np.array_equal(before[name], values(parts[name]))}
    assert moved == trained


def values(parts: tuple[keras.layers.Layer, ...]) -> np.ndarray:
    arrays = [ops.convert_to_numpy(v.value) for part in parts for v in part.weights]
    return np.concatenate([a.reshape(-1) for a in arrays])


def test_loss_is_lambda_times_distortion_plus_uses() -> None:
    x = batch()
    seen = {"transform": x["frames"] + 0.1, "received": x["frames"] - 0.2}
    y = {**seen, "echo": x["frames"], "uses": np.float32([0.01, 0.03])}
    loss = DvstModel(preset="tiny", lam=0.5).compute_loss(x=x, y_pred=y)
    assert float(loss) == pytest.approx(0.02 + 0.5 * 255**2 * (0.1**2 + 0.2**2), rel=1e-4)
    similar = DvstModel(preset="tiny", lam=0.5, distortion="ms-ssim")
    assert 0.02 < float(similar.compute_loss(x=x, y_pred=y)) < 1.02
    exact = {"transform": x["frames"], "uses": y["uses"]}
    assert float(similar.compute_loss(x=x, y_pred=exact)) == pytest.approx(0.02, abs=1e-3)


def test_without_noise_the_receiver_has_the_echo() -> None:
    model = awake()
    model.enter("jscc")
    clean = model(batch(snr_db=300.0))
    assert np.allclose(clean["echo"], clean["received"], atol=1e-4)
    noisy = model(batch(snr_db=0.0))
    assert not np.allclose(noisy["echo"], noisy["received"], atol=1e-3)
    assert "transform" not in clean


def test_larger_eta_uses_more() -> None:
    model = awake()
    uses = [ops.convert_to_numpy(model(batch(eta=eta))["uses"]) for eta in (0.1, 0.2, 0.4)]
    assert (uses[0] < uses[1]).all()
    assert (uses[1] < uses[2]).all()


def test_models_of_one_seed_are_equal() -> None:
    first, second = (DvstModel(preset="tiny", seed=5) for _ in range(2))
    for model in (first, second):
        model.enter("jscc")
    a, b = (model(batch(), training=True) for model in (first, second))
    assert all(np.array_equal(a[kind], b[kind]) for kind in a)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "papr"}, "did you mean 'paper'"),
        ({"distortion": "psnr"}, "unknown distortion"),
        ({"channel": "rice"}, "unknown training channel"),
    ],
)
def test_unknown_options(options: dict[str, str], message: str) -> None:
    with pytest.raises(LinksimError, match=message):
        DvstModel(**{"preset": "tiny", **options})


def test_unknown_stage() -> None:
    with pytest.raises(LinksimError, match="did you mean 'entropy'"):
        DvstModel(preset="tiny").enter("entrpy")


Pair = tuple[DvstModel, Sender, Receiver]


def test_odd_frames_come_back(pair: Pair) -> None:
    _, sender, receiver = pair
    frames = moving(5, 29, 42)
    codes = list(sender(frames, 10.0, 2.0, gop=3))
    assert [code.intra for code in codes] == [True, False, False, True, False]
    ladder = np.array(_LATENTS.ladder)
    for code in codes:
        assert code.symbols.dtype == np.float32
        assert len(code.symbols) == sum(int(ladder[r].sum()) for r in code.rates.values())
        assert all(r.shape == (2, 3) for r in code.rates.values())
        assert all(h.shape == (1, 1, 2) and h.dtype == np.int32 for h in code.hyper.values())
    assert [list(code.rates) for code in codes[:2]] == [["intra"], ["motion", "feature"]]
    assert len(codes[0].symbols) > 0
    shown = list(receiver(without_noise(codes), 10.0, (29, 42)))
    assert np.stack(shown).shape == frames.shape
    assert np.array_equal(shown, list(receiver(without_noise(codes), 10.0, (29, 42))))


def without_noise(codes: list[FrameCode]) -> list[ReceivedFrame]:
    return [ReceivedFrame(code, np.zeros_like(code.symbols)) for code in codes]


def test_receiver_follows_the_transmitter(pair: Pair) -> None:
    model, sender, receiver = pair
    frames = moving(3, 32, 48)
    codes = list(sender(frames, 10.0, 2.0, gop=3))
    model.enter("jscc")
    told = {"snr_db": np.float32([10.0]), "eta": np.float32([2.0])}
    echo = model({"frames": frames[None].astype(np.float32) / 255.0, **told})["echo"][0]
    wanted = 255.0 * np.clip(ops.convert_to_numpy(echo), 0.0, 1.0)
    assert wanted.std() > 1.0
    shown = np.stack(list(receiver(without_noise(codes), 10.0, (32, 48))))
    assert np.abs(shown - wanted).max() < 1.0
    rng = np.random.default_rng(1)
    for code in codes:
        code.symbols[:] += rng.normal(size=code.symbols.shape)
    heard = [ReceivedFrame(code, np.ones_like(code.symbols)) for code in codes]
    assert np.abs(np.stack(list(receiver(heard, 10.0, (32, 48)))) - wanted).max() > 2.0


def test_lost_frames_last_to_the_next_intra_frame(pair: Pair) -> None:
    _, sender, receiver = pair
    received = without_noise(list(sender(moving(6, 32, 48), 10.0, 1.0, gop=3)))
    received[1] = None
    shown = list(receiver(received, 10.0, (32, 48)))
    assert [frame is None for frame in shown] == [False, True, True, False, False, False]


def test_no_symbols_at_all(pair: Pair) -> None:
    _, sender, receiver = pair
    codes = list(sender(np.zeros((2, 32, 48, 3), np.uint8), 10.0, 1e-9, gop=2))
    assert [len(code.symbols) for code in codes] == [0, 0]
    shown = list(receiver(without_noise(codes), 10.0, (32, 48)))
    assert [frame.shape for frame in shown] == [(32, 48, 3)] * 2


def test_frames_of_two_sizes_are_refused() -> None:
    frames = [moving(1, 32, 48)[0], moving(1, 48, 32)[0]]
    with pytest.raises(LinksimError, match=r"frame 1 is 32x48, those before it 48x32"):
        list(Sender(DvstModel(preset="tiny"))(frames, 10.0, 1.0, gop=2))


def test_padding_repeats_the_edge() -> None:
    frame = moving(1, 17, 33)[0]
    out = padded(frame)
    assert out.shape == (32, 48, 3)
    assert np.allclose(out[:17, :33] * 255.0, frame)
    assert np.allclose(out[20, 40] * 255.0, frame[-1, -1])


@pytest.mark.parametrize(
    ("preset", "intra", "inter"),
    [("compact", 2_017_000, 2_003_018), ("paper", 19_654_830, 27_231_001)],
)
def test_parameters(preset: str, intra: int, inter: int) -> None:
    model = DvstModel(preset=preset)
    assert (parameters(model.intra), parameters(model.inter)) == (intra, inter)


@pytest.mark.parametrize("preset", ["compact", "paper"])
def test_layer_table(preset: str) -> None:
    inter = DvstModel(preset=preset).inter
    extractor = convolutions(inter.context.extractor)
    assert len(extractor) == 1
    for net in inter.estimation.nets:
        assert [c.kernel_size for c in convolutions(net)] == [(7, 7)] * 5
    assert len(inter.estimation.nets) == LEVELS == 4
    for half in (inter.feature.encoder, inter.feature.decoder):
        assert len(convolutions(half.conv)) == 1
        swin = [part for part in half.trunk.blocks if isinstance(part, SwinBlock)]
        assert [part.shifted for part in swin] == [False, True, False, True]
        assert len(swin) == BLOCKS == 4


def test_paper_layer_table() -> None:
    inter = DvstModel(preset="paper").inter
    widths = [c.filters for c in convolutions(inter.estimation.nets[0])]
    assert widths == [32, 64, 32, 16, 2]
    table = [
        (c.filters, c.kernel_size[0], c.strides[0])
        for c in convolutions(inter.feature.entropy.temporal)
    ]
    assert [row[1:] for row in table] == [(5, 2)] * 4
    strided = [c for c in convolutions(inter.contextual.analysis) if c.strides == (2, 2)]
    assert [(c.filters, c.kernel_size[0]) for c in strided] == [(64, 5), (64, 5), (64, 5), (96, 5)]
    strided = convolutions(inter.motion_codec.analysis)
    assert [(c.filters, c.kernel_size[0], c.strides[0]) for c in strided] == [(128, 3, 2)] * 4
    assert inter.feature.entropy.spatial.kernel.shape[:2] == (5, 5)


def convolutions(part: keras.layers.Layer) -> list[keras.layers.Conv2D]:
    flat = part._flatten_layers(include_self=False)
    return [layer for layer in flat if isinstance(layer, keras.layers.Conv2D)]


SCRIPT = """
import sys; sys.modules['tensorflow'] = None
import keras
import numpy as np
from semantic.dvst.model import DvstModel
from semantic.dvst.sizes import PRESETS, LatentSizes, Sizes

latents = LatentSizes(6, 2, (0, 2, 4, 8), 8, 2, 2)
PRESETS["tiny"] = Sizes(2, 6, (4, 4, 4, 4), 6, 6, 6, latents, latents, latents)
model = DvstModel(preset="tiny")
rng = np.random.default_rng(0)
frames = rng.uniform(size=(1, 2, 16, 16, 3)).astype(np.float32)
told = {"snr_db": np.full(1, 10.0, np.float32), "eta": np.ones(1, np.float32)}
for stage in ("transform", "jscc"):
    model.enter(stage)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), run_eagerly=True)
    for _ in range(2):
        assert np.isfinite(float(model.train_on_batch({"frames": frames, **told})))
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_trains_without_tensorflow(backend: str) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", SCRIPT], env=environment, check=True)
