"""The last stretch of training, on whole groups of pictures; and a run of all of it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from semantic.dvst.bitstream.codec import ready_model
from semantic.dvst.networks.model import DvstModel
from semantic.dvst.networks.post_filter import PostFilter
from semantic.dvst.networks.sizes import PRESETS
from semantic.dvst.training import density_fit, post_fit
from semantic.dvst.training.recipe import Recipe
from semantic.dvst.training.train import Trainer

Moving = Callable[..., np.ndarray]

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture(autouse=True)
def _short_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    for fitting in (density_fit, post_fit):
        monkeypatch.setattr(fitting, "GROUP", 3)
    monkeypatch.setattr(density_fit, "CONDITIONS", ((5.0, 0.8, 0.5), (20.0, 0.4, 1.0)))
    monkeypatch.setattr(post_fit, "CONDITIONS", ((2.0, 0.8, 0.5), (20.0, 0.4, 1.0)))
    monkeypatch.setattr(post_fit, "CROP", 32)


@pytest.fixture
def model(tiny_weights: Path) -> DvstModel:
    return ready_model("tiny", tiny_weights)


@pytest.fixture(scope="module")
def videos(moving: Moving) -> list[np.ndarray]:
    """Two that are long enough, one that is too short and one of another size."""
    films = [moving(count, 32, 48, seed) for seed, count in enumerate((4, 3, 2))]
    return [*films, moving(3, 48, 32)]


def values(model: DvstModel) -> dict[str, np.ndarray]:
    parts = {"intra": model.intra, "inter": model.inter, "post": model.post_filter}
    return {
        f"{name}/{v.path}": np.array(ops.convert_to_numpy(v))
        for name, part in parts.items()
        for v in part.weights
    }


def changed(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[str]:
    return {name for name in before if not np.array_equal(before[name], after[name])}


def test_untrained_filter_shows_the_picture() -> None:
    rng = np.random.default_rng(0)
    picture, base = rng.uniform(size=(2, 1, 16, 32, 3)).astype(np.float32)
    shown = PostFilter(PRESETS["tiny"])(picture, base, np.array([5.0], np.float32))
    assert np.array_equal(ops.convert_to_numpy(shown), picture)


def test_filter_takes_out_noise(model: DvstModel, videos: list[np.ndarray]) -> None:
    before = values(model)
    first, last = post_fit.fit_post_filter(model, videos[:3], steps=80, seed=1)
    assert last > first + 0.2
    assert all(name.startswith("post/") for name in changed(before, values(model)))
    assert post_fit.fit_post_filter(model, videos, steps=0, seed=1) is None
    assert post_fit.fit_post_filter(model, videos[2:3], steps=5, seed=1) is None


def test_densities_fit_what_is_sent(model: DvstModel, videos: list[np.ndarray]) -> None:
    before = values(model)
    gained = density_fit.fit_densities(model, videos, steps=60, seed=1)
    assert set(gained) == {"intra", "motion", "feature"}
    assert all(after < 0.98 * first for first, after in gained.values())
    densities = {
        f"{name}/{v.path}"
        for name, latents in (
            ("intra", model.intra.intra),
            ("inter", model.inter.motion),
            ("inter", model.inter.feature),
        )
        for v in latents.entropy.side.weights
    }
    assert changed(before, values(model)) <= densities
    assert density_fit.fit_densities(model, videos, steps=0, seed=1) == {}


@pytest.mark.usefixtures("eager")
def test_a_run_goes_on_where_it_stopped(videos: list[np.ndarray], tmp_path: Path) -> None:
    recipe = Recipe(
        preset="tiny", steps=2, density_steps=0, post_steps=0, batch=1, size=32, frames=2
    )
    folders = {name: tmp_path / name for name in ("whole", "parts")}
    for folder in folders.values():
        folder.mkdir()
    Trainer(recipe, videos, [], folders["whole"], save_every=1).run()
    Trainer(recipe, videos, [], folders["parts"], save_every=1).run(stop_at=1)
    assert not (folders["parts"] / "final.npz").exists()
    Trainer(recipe, videos, [], folders["parts"], save_every=1).run()
    whole, parts = (np.load(folder / "final.npz") for folder in folders.values())
    assert whole.files == parts.files
    assert all(np.array_equal(whole[name], parts[name]) for name in whole.files)
