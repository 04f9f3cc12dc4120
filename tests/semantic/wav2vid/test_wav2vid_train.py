"""Algorithm 1: what goes into which part, with parts that only remember it."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from linksim.link.config import LinkConfig
from linksim.media import Clip
from linksim.media.faces.networks import installed
from linksim.media.synthetic.expression import Expression
from linksim.media.synthetic.portrait import Portrait, Pose
from linksim.timing import Computing
from semantic.asc.recipe import Recipe as SoundRecipe
from semantic.dvst.training.recipe import Recipe
from semantic.wav2lip.training.recipe import GeneratorRecipe
from semantic.wav2vid import train as wav2vid_train
from studies.cli.main import main

needs_mesh = pytest.mark.skipif(not installed(), reason="needs linksim[clip]")


@pytest.fixture(scope="module")
def talk() -> Clip:
    """A head that keeps still for 1.2 s, but for how far its mouth is open."""
    portrait = Portrait()
    frames = [portrait.render(Expression(opening=t / 60), Pose()) for t in range(30)]
    sound = 0.1 * np.random.default_rng(0).standard_normal(19_200).astype(np.float32)
    return Clip(np.stack(frames), Fraction(25), sound, 16_000, "talk")


class Darker:
    """A scheme that halves what it sends."""

    uses_csi = False

    def __init__(self, **options: Any) -> None:
        self.options = options

    def encode(self, clip: Clip, csi: object) -> Clip:
        return clip

    def decode(self, clip: Clip) -> Clip:
        return Clip(clip.frames // 2 + 32, clip.fps, clip.audio / 2, clip.sample_rate)


@dataclass(frozen=True)
class Straightly:
    """What came over such a link."""

    received: Clip
    computing: Computing | None = None


class Straight:
    """A link that delivers what is sent."""

    config = LinkConfig()

    def check_call(self, duration_s: float) -> None:
        return None

    def csi(self, snr_db: float, seed: int, duration_s: float) -> None:
        return None

    def transmit(self, encoded: Clip, snr_db: float, seed: int, duration_s: float) -> "Straightly":
        return Straightly(encoded)


@needs_mesh
def test_a_received_talk_has_true_faces_and_what_arrived(
    talk: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    for scheme in ("Dvst", "Asc"):
        monkeypatch.setattr(wav2vid_train, scheme, Darker)
    made = wav2vid_train.received_talk_of(
        talk, {"sound": Path("s.npz"), "video": Path("v.npz")}, Straight(), 8.0, 0
    )
    assert made.faces.shape == made.seen.shape == (30, 96, 96, 3)
    difference = made.faces.astype(float) // 2 + 32 - made.seen
    assert np.abs(difference).mean() < 4
    assert made.name == "talk at 8 dB"


@needs_mesh
def test_the_codec_learns_from_effective_clips_and_the_generator_from_calls(
    talk: Clip, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: dict[str, Any] = {}

    class Remembers:
        def __init__(self, recipe: Any, data: Any, held_out: Any, out: Path, **_: Any) -> None:
            seen[out.name] = (data, held_out)

        def run(self) -> None:
            pass

    def received(clip: Clip, weights: Any, link: Any, snr_db: float, seed: int) -> Any:
        assert weights["video"] == tmp_path / "dvst" / "final.npz"
        assert weights["sound"] == tmp_path / "asc" / "best.npz"
        faces = np.zeros((25, 96, 96, 3), np.uint8)
        return wav2vid_train.Talk(faces, np.zeros((25, 80, 16, 1), np.float32), clip.name, faces)

    for name in ("SoundTrainer", "Trainer", "GeneratorTrainer"):
        monkeypatch.setattr(wav2vid_train, name, Remembers)
    monkeypatch.setattr(wav2vid_train, "Link", lambda config: None)
    monkeypatch.setattr(wav2vid_train, "received_talk_of", received)
    recipes = {
        "sound": SoundRecipe(bridge=True),
        "codec": Recipe(entropy=0.0),
        "generator": GeneratorRecipe(w_s=0.0),
    }
    wav2vid_train.train([talk], [talk], tmp_path, **recipes)
    voice, heard = seen["asc"]
    assert voice.dtype == np.int16
    assert np.abs(voice / 32767 - talk.audio).max() < 1e-4
    assert np.array_equal(voice, heard)
    films, _ = seen["dvst"]
    assert np.array_equal(films[0], talk.frames[:10])  # the first clip, then the head keeps still
    talks, held_out = seen["generator"]
    assert len(talks) == len(held_out) == len(wav2vid_train.SNR_DB)
    assert len(list((tmp_path / "received").glob("*.npz"))) == 2 * len(wav2vid_train.SNR_DB)


def test_what_meets_the_channel_may_be_trained_alone() -> None:
    assert Recipe(steps=10, entropy=0.0).stage(0).name == "fine-tune"
    sound = SoundRecipe(steps=10, bridge=True)
    assert sound.stage(0) == sound.stage(9)
    assert sound.stage(0).name == "fine-tune"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["train", "wav2vid"], "arguments are required: --out"),
        (["train", "wav2vid", "--out", "x"], "pass --video or --generated"),
        (["train", "wav2vid", "--out", "x", "--codec-steps", "0"], "--codec-steps must be"),
        (["lips", "--generated", "0"], "pass --video or --generated"),
        (["lips", "--generated", "-1"], "--generated must be between"),
        (["lips", "--video", "/absent", "--generated", "0"], "/absent: no such file or folder"),
    ],
)
def test_bad_options_get_one_line(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
