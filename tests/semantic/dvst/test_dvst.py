import functools
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import ops

from linksim.errors import LinksimError
from semantic.dvst.bitstream.codec import Codec
from semantic.dvst.bitstream.gop import (
    SCENE_CUT,
    Conditions,
    FrameCode,
    ReceivedFrame,
    Sender,
    padded,
)
from semantic.dvst.networks.inter import InterCodec
from semantic.dvst.networks.intra import IntraCodec
from semantic.dvst.networks.jscc import BLOCKS
from semantic.dvst.networks.model import SIDE_SHARE_OF_CAPACITY, STAGES, DvstModel
from semantic.dvst.networks.motion import LEVELS
from semantic.dvst.networks.sizes import INTRA_ETA, LATENT_STRIDE, PRESETS, LatentSizes, Sizes
from semantic.dvst.networks.swin import SwinBlock

Moving = Callable[..., np.ndarray]

CONDITIONS = Conditions(10.0, 0.5, 1.0)

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture(scope="module")
def films(moving: Moving) -> np.ndarray:
    """Two frames of two films, float32, [2, 2, 32, 48, 3]."""
    return np.stack([moving(2, 32, 48, seed) for seed in range(2)]).astype(np.float32) / 255.0


def batch(films: np.ndarray, **told: float) -> dict[str, np.ndarray]:
    told = {"snr_db": 10.0, "eta": 0.5, "precision": 1.0, **told}
    values = {name: np.full(len(films), value, np.float32) for name, value in told.items()}
    return {"frames": films, **values}


@pytest.fixture(scope="module")
def fitted(films: np.ndarray) -> DvstModel:
    """A model that has seen no training; tests choose its stage and leave its weights."""
    model = DvstModel(preset="tiny", channel="awgn")
    model.fit_transforms(films)
    return model


def copy(model: DvstModel, **options: str) -> DvstModel:
    other = DvstModel(**{"preset": "tiny", "channel": "awgn", **options})
    other.set_weights(model.get_weights())
    return other


def parameters(part: keras.layers.Layer) -> int:
    return sum(int(np.prod(v.shape)) for v in part.trainable_variables)


@pytest.fixture(scope="module")
def trainee(fitted: DvstModel) -> DvstModel:
    """One model for all stages, for a model's first steps take seconds."""
    return copy(fitted)


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_trains_its_parts(
    stage: str, films: np.ndarray, fitted: DvstModel, trainee: DvstModel
) -> None:
    model = trainee
    model.set_weights(fitted.get_weights())
    latents = (model.intra.intra, model.inter.motion, model.inter.feature)
    entropy = tuple(part.entropy for part in latents)
    contextual = (model.intra.contextual, model.inter.contextual)
    parts = {
        "forward": [c.transform.forward_matrix for c in contextual],
        "transforms": [
            *(part for c in contextual for part in (c.transform.inverse_matrix, c.analysis)),
            model.intra.synthesiser,
            model.inter.synthesiser,
            model.inter.motion_codec.analysis,
            model.inter.motion_codec.refine,
        ],
        "entropy": [part for e in entropy for part in (e.hyper_synthesis, e.fusion, e.side)],
        "hyper-latents": [part for e in entropy for part in (e.hyper_analysis, e.log_coarse)],
        "jscc": [half for part in latents for half in (part.encoder, part.decoder)],
    }
    trained = {
        "entropy": {"entropy"},
        "jscc": set(parts) - {"forward"},
        "fine-tune": {"jscc"},
    }[stage]
    before = {name: [values(part) for part in parts[name]] for name in parts}
    model.enter(stage)
    model.compile(optimizer=keras.optimizers.Adam(3e-3), run_eagerly=True)
    # Hyper-latents so coarse that symbols are left to send of every part.
    some = batch(films, eta=2.0, precision=0.1)
    loss = float(model.compute_loss(x=some, y_pred=model(some)))
    for _ in range(4 if stage == "entropy" else 1):
        assert np.isfinite(float(model.train_on_batch(some)))
    if stage == "entropy":
        assert float(model.compute_loss(x=some, y_pred=model(some))) < loss
    for name, members in parts.items():
        for member, then in zip(members, before[name], strict=True):
            assert np.array_equal(then, values(member)) == (name not in trained), member.path


def values(part: keras.layers.Layer | keras.Variable) -> np.ndarray:
    variables = getattr(part, "weights", [part])
    return np.concatenate([ops.convert_to_numpy(v.value).reshape(-1) for v in variables])


def test_stages_may_come_in_any_order(fitted: DvstModel) -> None:
    seen: dict[str, list[int]] = {}
    for stage in (*STAGES, *reversed(STAGES)):
        fitted.enter(stage)
        for name, variables in (
            (stage, fitted.trainable_variables),
            # Weights and checkpoints are written in this order.
            ("all", fitted.variables),
        ):
            listed = [id(v) for v in variables]
            assert seen.setdefault(name, listed) == listed


def test_loss_is_lambda_times_distortion_plus_uses(films: np.ndarray) -> None:
    x = batch(films, eta=0.25)
    y = {
        "received": x["frames"] - 0.2,
        "echo": x["frames"] + 0.1,
        "uses": np.float32([0.01, 0.03]),
    }
    model = DvstModel(preset="tiny", lam=0.5)
    # Without channel there is the echo alone.
    for stage, error in (("entropy", 0.1), ("jscc", 0.2), ("fine-tune", 0.2)):
        model.enter(stage)
        loss = float(model.compute_loss(x=x, y_pred=y))
        assert loss == pytest.approx(0.08 + 0.5 * 20.0 * np.log10(error), abs=5e-3)
    similar = DvstModel(preset="tiny", lam=0.5, distortion="ms-ssim")
    assert 0.08 < float(similar.compute_loss(x=x, y_pred=y)) < 0.58
    exact = {"echo": x["frames"], "uses": y["uses"]}
    assert float(similar.compute_loss(x=x, y_pred=exact)) == pytest.approx(0.08, abs=1e-3)


def test_without_noise_the_receiver_has_the_echo(films: np.ndarray, fitted: DvstModel) -> None:
    fitted.enter("jscc")
    clean = fitted(batch(films, snr_db=300.0))
    assert np.allclose(clean["echo"], clean["received"], atol=1e-4)
    noisy = fitted(batch(films, snr_db=0.0))
    assert not np.allclose(noisy["echo"], noisy["received"], atol=1e-3)


def test_untrained_codec_shows_nearly_the_frame() -> None:
    """Blocks of one colour each are three latents, of which nothing is lost but rounding."""
    colours = np.random.default_rng(0).uniform(0.2, 0.8, (4, 3, 2, 3, 3)).astype(np.float32)
    colours[:, 1:] = colours[:, :1] + 0.2 * (colours[:, 1:] - 0.5)
    blocks = colours.repeat(LATENT_STRIDE, axis=2).repeat(LATENT_STRIDE, axis=3)
    model = DvstModel(preset="tiny", channel="awgn")
    model.fit_transforms(blocks)
    model.enter("jscc")
    # Hyper-latents tell next to nothing, so all of it goes through the channel.
    told = {"snr_db": 300.0, "eta": 100.0, "precision": 0.01}
    seen = model(batch(blocks, **told))["received"]
    errors = np.mean((seen - blocks) ** 2, axis=(0, 2, 3, 4))
    assert errors[0] < 1e-9
    # Not quite all of what changes, for motion may find other blocks that look alike.
    assert errors.max() < 0.1 * np.mean((blocks[:, 1:] - blocks[:, :-1]) ** 2)


def test_eta_and_precision_divide_the_work(films: np.ndarray, fitted: DvstModel) -> None:
    fitted.enter("entropy")

    def uses(**told: float) -> tuple[np.ndarray, np.ndarray]:
        outputs = {k: ops.convert_to_numpy(v) for k, v in fitted(batch(films, **told)).items()}
        return outputs["uses"] - outputs["side"], outputs["side"]

    latents = [uses(eta=eta)[0] for eta in (0.05, 0.15, 0.45)]
    assert (latents[0] < latents[1]).all()
    assert (latents[1] < latents[2]).all()
    rough, fine = uses(precision=0.5), uses(precision=2.0)
    # What hyper-latents tell need not be sent as symbols.
    assert (rough[0] > fine[0]).all()
    assert (rough[1] < fine[1]).all()


def test_uses_are_those_of_symbols_and_side_information(
    films: np.ndarray, fitted: DvstModel
) -> None:
    fitted.enter("entropy")
    told = batch(films)
    frames = told.pop("frames")
    more = {**told, "eta": INTRA_ETA * told["eta"]}
    code, _, state = fitted.intra.encode(frames[:, 0], None, more, jscc=False)
    codes = [code, fitted.inter.encode(frames[:, 1], state, told, jscc=False)[0]]
    parts = [part for frame in codes for part in frame.values()]
    ladder = np.array(fitted.intra.intra.ladder)
    rates = [ops.convert_to_numpy(part["rates"]) for part in parts]
    reals = sum(ladder[r].sum(axis=(1, 2)) for r in rates)
    bits = sum(ops.convert_to_numpy(part["side_bits"]) for part in parts)
    side = bits / (SIDE_SHARE_OF_CAPACITY * np.log2(1.0 + 10.0))
    outputs = fitted({"frames": frames, **told})
    pixels = 2 * 32 * 48
    assert np.allclose(outputs["side"], side / pixels, rtol=1e-4)
    assert np.allclose(outputs["uses"], (reals / 2 + side) / pixels, rtol=1e-4)


@pytest.mark.parametrize("without", ["context", "temporal"])
def test_what_is_left_out_is_not_heard(without: str, films: np.ndarray, tiny_codec: Codec) -> None:
    whole, less = tiny_codec.model.inter, InterCodec(PRESETS["tiny"], without=without)
    less.set_weights(whole.get_weights())
    told = batch(films)
    frames = told.pop("frames")
    _, _, state = tiny_codec.model.intra.encode(frames[:, 0], None, told, jscc=False)
    plain, other = (
        codec.encode(frames[:, 1], state, told, jscc=False)[0] for codec in (whole, less)
    )
    assert np.allclose(plain["motion"]["bits"], other["motion"]["bits"], atol=1e-3)
    assert not np.allclose(plain["feature"]["bits"], other["feature"]["bits"], atol=1e-3)


def test_nothing_sent_leaves_the_picture(tiny_codec: Codec) -> None:
    """However networks err, a still picture does not drift."""
    rng, inter = np.random.default_rng(0), tiny_codec.model.inter
    picture, base = (rng.uniform(size=(1, 32, 48, 3)).astype(np.float32) for _ in range(2))
    none = np.zeros((1, 2, 3, 3), np.float32)
    state = {"picture": picture, "base": base, "motion": none, "feature": none}
    silence = {
        "symbols": np.zeros((1, 2, 3, 8), np.float32),
        "noise": np.zeros((1, 2, 3, 8), np.float32),
        "rates": np.zeros((1, 2, 3), np.int32),
        "hyper": np.zeros((1, 2, 3, 2), np.float32),
    }
    received = {part: dict(silence) for part in inter.PARTS}
    shown, left = inter.decode(received, state, CONDITIONS.arrays(intra=False))
    for seen, sent in ((shown, picture), (left["picture"], picture), (left["base"], base)):
        assert np.allclose(seen, sent, atol=1e-6)
    # One position that is told of changes its neighbourhood, and no more.
    received["feature"]["hyper"] = silence["hyper"].copy()
    received["feature"]["hyper"][0, 1, 2] = 1.0
    shown, _ = inter.decode(received, state, CONDITIONS.arrays(intra=False))
    moved = np.abs(ops.convert_to_numpy(shown) - picture)[0].max(axis=-1) > 1e-6
    assert moved[16:, 32:].mean() > 0.9
    moved[16:, 32:] = False
    assert not moved.any()


def test_models_of_one_seed_are_equal(films: np.ndarray) -> None:
    first, second, other = (DvstModel(preset="tiny", seed=seed) for seed in (5, 5, 6))
    # States of random numbers among them.
    pairs = list(zip(first.variables, second.variables, strict=True))
    assert all(np.array_equal(*map(ops.convert_to_numpy, pair)) for pair in pairs)
    assert not np.array_equal(values(first), values(other))
    told = batch(films)
    frames = told.pop("frames")[:, 0]
    noisy = []
    for model in (first, second):
        code, echo, _ = model.intra.encode(frames, None, told, training=True)
        noisy.append(
            [echo, code["intra"]["hyper"], *model.channel(frames[:, 0, :, 0], told["snr_db"])]
        )
    assert all(np.array_equal(a, b) for a, b in zip(*noisy, strict=True))


@pytest.mark.parametrize("stride", [1, 4])
def test_other_strides(stride: int, films: np.ndarray) -> None:
    latents = LatentSizes(6, 2, 4.0, (0, 2, 4, 8), 8, 2, 2, 8)
    sizes = Sizes(stride, 6, (4, 4, 4, 4), 6, 6, 6, 6, 1, latents, latents, latents)
    told = batch(films)
    frames = told.pop("frames")
    _, _, state = IntraCodec(sizes).encode(frames[:, 0], None, told)
    codes, echo, state = InterCodec(sizes).encode(frames[:, 1], state, told)
    assert {tuple(part["rates"].shape) for part in codes.values()} == {(2, 2, 3)}
    shapes = {tuple(x.shape) for x in (echo, state["picture"], state["base"])}
    assert shapes == {frames[:, 0].shape}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "papr"}, "did you mean 'paper'"),
        ({"distortion": "mse"}, "unknown distortion"),
        ({"channel": "rice"}, "unknown training channel"),
    ],
)
def test_unknown_options(options: dict[str, str], message: str) -> None:
    with pytest.raises(LinksimError, match=message):
        DvstModel(**{"preset": "tiny", **options})


def test_unknown_stage(fitted: DvstModel) -> None:
    with pytest.raises(LinksimError, match="did you mean 'entropy'"):
        fitted.enter("entrpy")


def test_odd_frames_come_back(tiny_codec: Codec, moving: Moving) -> None:
    sender, receiver = tiny_codec.sender, tiny_codec.receiver
    frames = moving(5, 29, 42)
    codes = list(sender(frames, CONDITIONS, gop=3))
    assert [code.intra for code in codes] == [True, False, False, True, False]
    for code in codes:
        assert code.symbols.dtype == np.float32
        ladders = {part: np.array(tiny_codec.model.ladders[part]) for part in code.rates}
        assert len(code.symbols) == sum(int(ladders[p][r].sum()) for p, r in code.rates.items())
        assert all(r.shape == (2, 3) for r in code.rates.values())
        assert all(h.shape == (2, 3, 2) and h.dtype == np.int32 for h in code.hyper.values())
        assert all(e.shape == (2, 3) and (e > -1e-3).all() for e in code.excess.values())
    assert [list(code.rates) for code in codes[:2]] == [["intra"], ["motion", "feature"]]
    assert len(codes[0].symbols) > 0
    shown = list(receiver(without_noise(codes), CONDITIONS, (29, 42)))
    assert np.stack(shown).shape == frames.shape
    assert np.array_equal(shown, list(receiver(without_noise(codes), CONDITIONS, (29, 42))))


def without_noise(codes: list[FrameCode]) -> list[ReceivedFrame]:
    return [ReceivedFrame(code, np.zeros_like(code.symbols)) for code in codes]


def test_receiver_follows_the_transmitter(tiny_codec: Codec, moving: Moving) -> None:
    frames = moving(3, 32, 48)
    codes = list(tiny_codec.sender(frames, CONDITIONS, gop=3))
    wanted, state = [], None
    for t, frame in enumerate(frames):
        codec = tiny_codec.model.inter if t else tiny_codec.model.intra
        told = CONDITIONS.arrays(intra=t == 0)
        _, echo, state = codec.encode(padded(frame)[None], state, told)
        wanted.append(255.0 * np.clip(ops.convert_to_numpy(echo[0]), 0.0, 1.0))
    assert np.std(wanted) > 1.0
    # What is shown has gone through the post-filter, too.
    seen = tiny_codec.receiver.unfiltered(without_noise(codes), CONDITIONS)
    pictures = [255.0 * np.clip(each["picture"][0], 0.0, 1.0) for each in seen]
    assert np.abs(np.stack(pictures) - wanted).max() < 1.0
    rng = np.random.default_rng(1)
    for code in codes:
        code.symbols[:] += rng.normal(size=code.symbols.shape)
    heard = [ReceivedFrame(code, np.ones_like(code.symbols)) for code in codes]
    noisy = np.stack(list(tiny_codec.receiver(heard, CONDITIONS, (32, 48))))
    assert np.abs(noisy - wanted).max() > 2.0


def test_lost_frames_last_to_the_next_intra_frame(tiny_codec: Codec, moving: Moving) -> None:
    received = without_noise(list(tiny_codec.sender(moving(6, 32, 48), CONDITIONS, gop=3)))
    received[1] = None
    shown = list(tiny_codec.receiver(received, CONDITIONS, (32, 48)))
    assert [frame is None for frame in shown] == [False, True, True, False, False, False]
    received[0] = None
    shown = list(tiny_codec.receiver(received, CONDITIONS, (32, 48)))
    assert [frame is None for frame in shown] == [True, True, True, False, False, False]


def test_no_symbols_at_all(tiny_codec: Codec) -> None:
    silent = Conditions(10.0, 1e-9, 1.0)
    codes = list(tiny_codec.sender(np.zeros((2, 32, 48, 3), np.uint8), silent, gop=2))
    assert [len(code.symbols) for code in codes] == [0, 0]
    shown = list(tiny_codec.receiver(without_noise(codes), silent, (32, 48)))
    assert [frame.shape for frame in shown] == [(32, 48, 3)] * 2


def test_a_scene_cut_starts_a_group(tiny_codec: Codec, moving: Moving) -> None:
    frames = np.concatenate([moving(4, 32, 48), 255 - moving(3, 32, 48)])
    assert np.abs(frames[4].astype(float) - frames[3]).mean() > SCENE_CUT
    codes = list(tiny_codec.sender(frames, CONDITIONS, gop=3))
    assert [code.intra for code in codes] == [True, False, False, True, True, False, False]


def test_twice_eta_never_sends_less(tiny_codec: Codec, moving: Moving) -> None:
    etas = [0.02 * 2**i for i in range(8)]
    counts = np.array(
        [
            [len(code.symbols) for code in tiny_codec.sender(moving(2, 32, 48), told, gop=2)]
            for told in (Conditions(10.0, eta, 1.0) for eta in etas)
        ]
    )
    assert (np.diff(counts[:, 0]) >= 0).all()
    assert (np.diff(counts.sum(axis=1)) >= 0).all()
    assert counts[0, 0] < counts[-1, 0] == 6 * 8


def test_frames_of_two_sizes_are_refused(tiny_codec: Codec, moving: Moving) -> None:
    frames = [moving(1, 32, 48)[0], moving(1, 48, 32)[0]]
    with pytest.raises(LinksimError, match=r"frame 1 is 32x48, those before it 48x32"):
        list(tiny_codec.sender(frames, CONDITIONS, gop=2))


def test_one_codec_takes_clips_of_several_sizes(tiny_codec: Codec, moving: Moving) -> None:
    sender = Sender(tiny_codec.model)
    for height, width in ((16, 32), (32, 16), (16, 32)):
        (code,) = sender(moving(1, height, width), CONDITIONS, gop=1)
        assert code.rates["intra"].shape == (height // 16, width // 16)


def test_both_ends_are_told_the_same() -> None:
    told = Conditions(7.3, 0.31, 0.77)
    single = Conditions(*(float(np.float32(x)) for x in (7.3, 0.31, 0.77)))
    for intra in (True, False):
        sent, heard = told.arrays(intra=intra), single.arrays(intra=intra)
        assert all(np.array_equal(sent[name], heard[name]) for name in sent)
        assert all(x.dtype == np.float32 and x.shape == (1,) for x in sent.values())
    # Groups live on what frames without reference bring.
    assert told.arrays(intra=True)["eta"] > told.arrays(intra=False)["eta"]


def test_padding_repeats_the_edge(moving: Moving) -> None:
    frame = moving(1, 17, 33)[0]
    out = padded(frame)
    assert out.shape == (32, 48, 3)
    assert np.allclose(out[:17, :33] * 255.0, frame)
    assert np.allclose(out[20, 40] * 255.0, frame[-1, -1])


@functools.lru_cache
def built(preset: str) -> DvstModel:
    return DvstModel(preset=preset)


@pytest.mark.parametrize(
    ("preset", "intra", "inter", "post"),
    [("compact", 3_176_897, 1_814_979, 47_692), ("paper", 18_597_140, 26_001_495, 316_812)],
)
def test_parameters(preset: str, intra: int, inter: int, post: int) -> None:
    model = built(preset)
    parts = (model.intra, model.inter, model.post_filter)
    assert tuple(map(parameters, parts)) == (intra, inter, post)


@pytest.mark.parametrize("preset", ["compact", "paper"])
def test_layer_table(preset: str) -> None:
    inter = built(preset).inter
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
    inter = built("paper").inter
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


def test_paper_preset_trains() -> None:
    """Ten steps, five of each stage; compiling it would take longer than these."""
    model, rng = built("paper"), np.random.default_rng(0)
    # Without transforms no gradient would reach what comes before them.
    model.fit_transforms(rng.uniform(size=(1, 2, 64, 64, 3)).astype(np.float32))
    frames = rng.uniform(size=(1, 2, 16, 16, 3)).astype(np.float32)
    latents = model.intra.intra
    for stage, trained in (("entropy", latents.entropy), ("fine-tune", latents.decoder)):
        model.enter(stage)
        before = [np.array(w) for w in trained.get_weights()]
        model.compile(keras.optimizers.Adam(1e-4), run_eagerly=True)
        for _ in range(5):
            assert np.isfinite(float(model.train_on_batch(batch(frames))))
        pairs = zip(before, trained.get_weights(), strict=True)
        assert not all(np.array_equal(old, new) for old, new in pairs)


def convolutions(part: keras.layers.Layer) -> list[keras.layers.Conv2D]:
    flat = part._flatten_layers(include_self=False)
    return [layer for layer in flat if isinstance(layer, keras.layers.Conv2D)]


SCRIPT = """
import sys; sys.modules['tensorflow'] = None
import keras
import numpy as np
from semantic.dvst.networks.model import DvstModel

model = DvstModel(preset="tiny")
rng = np.random.default_rng(0)
frames = rng.uniform(size=(1, 2, 16, 16, 3)).astype(np.float32)
model.fit_transforms(frames)
told = {name: np.ones(1, np.float32) for name in ("snr_db", "eta", "precision")}
for stage in ("entropy", "jscc"):
    model.enter(stage)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), run_eagerly=True)
    for _ in range(2):
        assert np.isfinite(float(model.train_on_batch({"frames": frames, **told})))
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_trains_without_tensorflow(backend: str, tiny: str) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", tiny + SCRIPT], env=environment, check=True)
