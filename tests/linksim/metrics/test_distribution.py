"""FID and KID: the arithmetic on random points, and the way to it through a toy network.

No weights are needed: a few random filters take Inception's place, here alone.
"""

import sys
from dataclasses import replace
from fractions import Fraction

import keras
import numpy as np
import pytest
from scipy.linalg import sqrtm

from linksim.errors import LinksimError
from linksim.media import Clip
from linksim.metrics import METRICS, evaluate, inception, tfgan
from linksim.metrics.distribution import frechet_distance, kernel_distance, thinned
from linksim.metrics.value import MetricValue

NAMES = ("fid", "kid", "fid_proxy", "kid_proxy")


def toy_backbone():
    """16 random features of a picture, where Inception has 2048."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((inception.SIDE, inception.SIDE, 3)),
            keras.layers.Conv2D(16, 40, strides=40, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )


@pytest.fixture(autouse=True)
def _no_weights(monkeypatch, tmp_path):
    """Forget what is known, and know of no weights; the network is a toy."""
    monkeypatch.setattr(inception, "_known", {})
    monkeypatch.setattr(inception, "_backbone", toy_backbone)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv(inception.VARIABLE, raising=False)
    inception._network.cache_clear()


@pytest.fixture
def weights(monkeypatch, tmp_path):
    """The toy's weights in a file that the user names."""
    path = tmp_path / "toy.weights.h5"
    toy_backbone().save_weights(path)
    monkeypatch.setenv(inception.VARIABLE, str(path))
    return path


def measure(name, reference, received):
    return evaluate([name], reference, received)[name]


def noisy(clip, sigma):
    noise = np.random.default_rng(0).normal(0, sigma, clip.frames.shape)
    return Clip(np.clip(clip.frames + noise, 0, 255).astype(np.uint8), clip.fps)


def samples(count, dimensions, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, dimensions)) @ rng.normal(size=(dimensions, dimensions)) + seed


def closed_form(a, b):
    """Fréchet distance of the Gaussians with the moments of two samples."""
    ca, cb = np.cov(a.T), np.cov(b.T)
    root = np.trace(sqrtm(ca @ cb)).real
    return np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(ca) + np.trace(cb) - 2 * root


def test_frechet_distance_is_the_closed_form():
    a, b = samples(300, 6, 1), samples(200, 6, 2)
    assert frechet_distance(a, b) == pytest.approx(closed_form(a, b), rel=1e-6)


def test_frechet_distance_of_fewer_rows_than_columns():
    # Rank-deficient, where the root is that of singular values alone.
    a, b = samples(20, 100, 1), samples(30, 100, 2)
    ca, cb = ((x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (a, b))
    traces = sum(np.sum(x**2) for x in (ca, cb))
    root = np.linalg.svd(ca @ cb.T, compute_uv=False).sum()
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + traces - 2 * root
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("scale", [0.01, 1.0, 10.0])
def test_frechet_distance_of_the_same_is_zero(scale):
    for shape in ((20, 100), (300, 6)):
        a = scale * samples(*shape, 1).astype(np.float32)
        assert frechet_distance(a, a) < 1e-6 * np.sum(np.var(a, 0))


def unbiased_mmd(a, b):
    """Squared maximum mean discrepancy, one pair of points at a time."""

    def kernel(x, y):
        return (x @ y / len(x) + 1) ** 3

    within = [
        np.mean([kernel(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j])
        for x in (a, b)
    ]
    return sum(within) - 2 * np.mean([kernel(x, y) for x in a for y in b])


def test_kernel_distance_is_the_unbiased_mmd():
    a, b = samples(12, 5, 1), samples(9, 5, 2)
    assert kernel_distance(a, b) == pytest.approx(unbiased_mmd(a, b), rel=1e-9)


def test_kernel_distance_has_no_blocks():
    # Points in order: divided in two, each half would be compared with its like.
    a = np.linspace(0, 1, 1100)[:, None] * np.ones(2)
    k = (a @ a.T / 2 + 1) ** 3
    within = (k.sum() - np.trace(k)) / (1100 * 1099)
    assert kernel_distance(a, a) == pytest.approx(2 * (within - k.mean()), abs=1e-12)


def test_kernel_distance_of_one_distribution_is_zero_on_average():
    rng = np.random.default_rng(0)
    values = [kernel_distance(*rng.normal(size=(2, 20, 4))) for _ in range(100)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 10
    assert min(values) < 0 < max(values)


def test_same_clips_are_at_zero_and_worse_ones_farther(weights, small_clip):
    for name, slack in (("fid", 1e-6), ("kid", 1e-2)):
        near, middle, far = (
            measure(name, small_clip, noisy(small_clip, sigma)).value for sigma in (0, 30, 90)
        )
        assert near == pytest.approx(0, abs=slack)
        assert near < middle < far


def test_frames_are_counted(weights, small_clip):
    value = measure("fid", small_clip, small_clip)
    assert value.n == len(small_clip.frames) == 12
    assert value.reason.startswith("12 frames for 2048 features")
    assert measure("kid", small_clip, small_clip).n == 12


def test_a_last_frame_stays_and_surplus_is_not_looked_at(weights, small_clip):
    frames = small_clip.frames
    held = np.concatenate([frames[:5], np.repeat(frames[4:5], 7, 0)])
    for name in ("fid", "kid"):
        stopped, stayed, longer = (
            measure(name, small_clip, Clip(shown, small_clip.fps)).value
            for shown in (frames[:5], held, np.concatenate([frames, 255 - frames]))
        )
        assert stopped == pytest.approx(stayed, rel=1e-4)
        assert longer == measure(name, small_clip, small_clip).value


def test_activations_are_those_of_scaled_frames(weights):
    frames = np.random.default_rng(0).integers(0, 256, (11, 299, 299, 3), np.uint8)
    found = inception.activations(Clip(frames, Fraction(25)), weights)
    model = toy_backbone()
    model.load_weights(weights)
    expected = keras.ops.convert_to_numpy(model(frames / np.float32(127.5) - 1))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_clips_are_looked_at_once(weights, small_clip, monkeypatch):
    seen, compute = [], inception._computed

    def spy(frames, path):
        seen.append(len(frames))
        return compute(frames, path)

    monkeypatch.setattr(inception, "_computed", spy)
    monkeypatch.setattr(inception, "_MOST_KNOWN", 2)
    evaluate(["fid", "kid"], small_clip, noisy(small_clip, 1))
    evaluate(["kid", "fid"], small_clip, noisy(small_clip, 2))
    assert len(seen) == 3
    assert len(inception._known) == 2


def test_without_weights_they_are_nan(small_clip):
    values = evaluate(NAMES, small_clip, small_clip)
    assert all(np.isnan(value.value) and value.n == 0 for value in values.values())
    assert values["fid"] == values["kid"]
    assert "needs Inception v3's ImageNet weights" in values["fid"].reason
    assert "\n" not in values["fid"].reason
    assert "to name the model.json" in values["fid_proxy"].reason


def test_kerass_cache_is_looked_in(small_clip, tmp_path):
    cached = tmp_path / "keras/models" / inception.CACHED
    cached.parent.mkdir(parents=True)
    toy_backbone().save(tmp_path / "whole.h5")  # HDF5 of the older layout, as Keras offers
    (tmp_path / "whole.h5").rename(cached)
    assert inception.imagenet_weights() == cached
    assert measure("fid", small_clip, small_clip).n == 12


def test_a_stand_in_is_never_called_fid(small_clip, monkeypatch, tmp_path):
    path = tmp_path / "model.json"
    path.write_text("{}")
    monkeypatch.setenv(inception.VARIABLE, str(path))
    monkeypatch.setattr(inception.tfjs, "load_weights", lambda model, path: None)
    values = evaluate(NAMES, small_clip, small_clip)
    assert [values[name].n for name in NAMES] == [0, 0, 12, 12]
    assert "ImageNet" in values["fid"].reason
    for name in NAMES[2:]:
        assert METRICS[name].label.endswith("-proxy (nsfwjs InceptionV3)")


def test_the_stand_in_sees_pictures_from_0_to_1(monkeypatch, tmp_path):
    monkeypatch.setattr(inception.tfjs, "load_weights", lambda model, path: None)
    frames = np.random.default_rng(0).integers(0, 256, (2, 299, 299, 3), np.uint8)
    found = inception.activations(Clip(frames, Fraction(25)), tmp_path / "model.json")
    expected = keras.ops.convert_to_numpy(toy_backbone()(frames / np.float32(255)))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_bad_weights_are_told(small_clip, monkeypatch, tmp_path):
    for name in ("none.h5", "none.json"):
        monkeypatch.setenv(inception.VARIABLE, str(tmp_path / name))
        metric = "fid" if name.endswith("h5") else "fid_proxy"
        assert measure(metric, small_clip, small_clip).reason.endswith("which is no file")
    for name, metric, reason in (
        ("bad.h5", "kid", "not the weights of keras.applications.InceptionV3 without its top"),
        ("bad.json", "kid_proxy", "not a TensorFlow.js model"),
    ):
        (tmp_path / name).write_text("nothing")
        monkeypatch.setenv(inception.VARIABLE, str(tmp_path / name))
        value = measure(metric, small_clip, small_clip)
        assert (np.isnan(value.value), value.n) == (True, 0)
        assert reason in value.reason


def test_what_cannot_be_compared_is_nan(weights, small_clip):
    sound = Clip(audio=np.ones(9, np.float32))
    one = Clip(small_clip.frames[:1], small_clip.fps)
    assert measure("fid", sound, small_clip).reason == "the reference has no video"
    assert measure("kid", small_clip, sound).reason == "the received clip has no video"
    assert measure("fid", one, one).reason == "needs two frames or more"


def test_tensorflow_gan_must_be_there(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "tensorflow_gan"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(tfgan.PathFinder, "find_spec", lambda name, path: None)
    with pytest.raises(LinksimError, match="tensorflow_gan is not installed"):
        tfgan.load("eval.classifier_metrics")


def test_so_many_frames_are_taken_evenly_and_in_pairs(make_clip, monkeypatch):
    seen = {}

    def look(reference, received):
        seen["frames"] = [len(clip.frames) for clip in (reference, received)]
        seen["alike"] = np.array_equal(reference.frames, received.frames)
        return MetricValue(1.0, len(reference.frames))

    monkeypatch.setitem(METRICS.own, "fid", replace(METRICS["fid"], function=look))
    monkeypatch.setitem(METRICS.own, "psnr", replace(METRICS["psnr"], function=look))
    clip = make_clip(count=12)
    assert evaluate(["fid"], clip, clip, most_frames=5)["fid"].n == 5
    assert seen == {"frames": [5, 5], "alike": True}
    assert evaluate(["psnr"], clip, clip, most_frames=5)["psnr"].n == 12
    assert evaluate(["fid"], clip, clip)["fid"].n == 12
    short = thinned(replace(clip, frames=clip.frames[:6]), 5, 12)
    assert np.array_equal(short.frames, clip.frames[[0, 3, 5, 5, 5]])
    assert thinned(clip, 12, 12) is clip
