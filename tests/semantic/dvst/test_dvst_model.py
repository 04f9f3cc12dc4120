"""The video codec's model: stages, loss, and what its inputs do."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import ops

from linksim.errors import LinksimError
from semantic.dvst.networks.model import SIDE_SHARE_OF_CAPACITY, STAGES, DvstModel
from semantic.dvst.networks.sizes import INTRA_ETA, LATENT_STRIDE

Moving = Callable[..., np.ndarray]

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
    transforms = (model.intra.transform, model.inter.transform)
    parts = {
        "forward": [transform.forward_matrix for transform in transforms],
        "inverse": [transform.inverse_matrix for transform in transforms],
        "entropy": [part for e in entropy for part in (e.hyper_synthesis or e.raw, e.side)],
        "hyper-latents": [e.log_coarse for e in entropy],
        "jscc": [model.intra.intra.encoder, model.intra.intra.decoder],
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
