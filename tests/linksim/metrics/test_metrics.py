import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.ndimage import correlate1d

from linksim.errors import LinksimError
from linksim.media import Clip, read
from linksim.metrics import METRICS, evaluate
from linksim.metrics.structure import ms_ssim_of_frame

GRID = Path(__file__).parents[4] / "shared/media/grid/bbaf2n.mpg"


def measure(name, reference, received):
    return evaluate([name], reference, received)[name]


def video(frames, fps=25):
    return Clip(np.asarray(frames, np.uint8), Fraction(fps))


def sound(samples, rate=16_000):
    return Clip(audio=np.asarray(samples, np.float32), sample_rate=rate)


def noisy(clip, sigma, seed=0):
    noise = np.random.default_rng(seed).normal(0, sigma, clip.frames.shape)
    return Clip(np.clip(clip.frames + noise, 0, 255).round().astype(np.uint8), clip.fps)


@pytest.fixture(scope="module")
def voice(make_clip):
    return sound(make_clip(seconds=3.0).audio)


@pytest.fixture(scope="module")
def picture(make_clip):
    return make_clip(count=2, height=176, width=192)


def test_psnr_of_known_errors():
    reference = video(np.full((3, 8, 8, 3), 100))
    received = np.full((3, 8, 8, 3), 100)
    received[0] += 1  # MSE 1
    received[1, :, :, 0] += 3  # MSE 9 / 3
    value = measure("psnr", reference, video(received))
    expected = [20 * np.log10(255), 20 * np.log10(255) - 10 * np.log10(3), 100.0]
    assert value.value == pytest.approx(np.mean(expected))
    assert value.n == 3


def test_psnr_does_not_wrap_around():
    dark, bright = video(np.zeros((1, 4, 4, 3))), video(np.full((1, 4, 4, 3), 255))
    assert measure("psnr", dark, bright).value == pytest.approx(0.0)


def test_missing_frames_repeat_the_last_and_surplus_is_not_looked_at():
    frames = np.arange(20)[:, None, None, None] * np.full((1, 4, 4, 3), 10)
    reference = video(frames)
    stopped, held = frames[:11], frames.copy()
    held[11:] = frames[10]
    assert measure("psnr", reference, video(stopped)) == measure("psnr", reference, video(held))
    assert measure("psnr", reference, video(np.concatenate([frames, frames]))).value == 100


def test_ms_ssim_is_one_for_the_same_and_falls_with_noise(picture):
    values = [measure("ms_ssim", picture, noisy(picture, s)).value for s in (0, 4, 16, 64)]
    assert values[0] == pytest.approx(1.0, abs=1e-6)
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.9


def ssim_terms(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Mean SSIM and contrast-structure of two planes (Wang et al., 2004), valid area only."""
    x = np.arange(-5, 6)
    taps = np.exp(-(x**2) / (2 * 1.5**2))
    taps /= taps.sum()

    def smooth(z):
        return correlate1d(correlate1d(z, taps, 0), taps, 1)[5:-5, 5:-5]

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    ma, mb = smooth(a), smooth(b)
    va, vb, cab = smooth(a * a) - ma**2, smooth(b * b) - mb**2, smooth(a * b) - ma * mb
    structure = (2 * cab + c2) / (va + vb + c2)
    luminance = (2 * ma * mb + c1) / (ma**2 + mb**2 + c1)
    return float((luminance * structure).mean()), float(structure.mean())


def halve(z: np.ndarray) -> np.ndarray:
    return z.reshape(z.shape[0] // 2, 2, z.shape[1] // 2, 2).mean((1, 3))


def ms_ssim_of_plane(a: np.ndarray, b: np.ndarray) -> float:
    product = 1.0
    for weight in (0.0448, 0.2856, 0.3001, 0.2363):  # Wang, Simoncelli and Bovik, 2003
        product *= ssim_terms(a, b)[1] ** weight
        a, b = halve(a), halve(b)
    return product * ssim_terms(a, b)[0] ** 0.1333


def test_ms_ssim_agrees_with_its_definition(picture):
    received = noisy(picture, 20)
    a, b = (np.moveaxis(c.frames, 3, 1).reshape(6, 176, 192) for c in (picture, received))
    expected = np.mean([ms_ssim_of_plane(x, y) for x, y in zip(a * 1.0, b * 1.0, strict=True)])
    assert measure("ms_ssim", picture, received).value == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("height", "width"), [(176, 200), (261, 171)])
def test_ms_ssim_agrees_with_tensorflow(height: int, width: int) -> None:
    import tensorflow as tf

    rng = np.random.default_rng(2)
    sent = cv2.GaussianBlur(rng.integers(0, 256, (height, width, 3)).astype(np.uint8), (0, 0), 2)
    shown = np.clip(sent + rng.normal(0, 12, sent.shape), 0, 255).astype(np.uint8)
    expected = float(tf.image.ssim_multiscale(sent[None], shown[None], 255)[0])
    assert ms_ssim_of_frame(sent, shown) == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize(("side", "defined"), [(160, False), (161, True)])
def test_ms_ssim_needs_its_five_scales(make_clip, side, defined):
    clip = make_clip(count=1, height=side, width=200)
    value = measure("ms_ssim", clip, clip)
    assert (value.n == 1) is defined
    assert ("short side" in value.reason) is not defined


def test_nrmse_is_the_printed_equation():
    sent, heard = [0.3, -0.4, 0.0], [0.1, -0.4, 0.1]
    assert measure("nrmse", sound(sent), sound(heard)).value == pytest.approx(0.05 / 0.25)
    assert measure("nrmse", sound(sent), sound(np.zeros(3))).value == pytest.approx(1.0)


def test_snr_is_nrmse_in_db():
    sent, heard = sound([0.3, -0.4, 0.0]), sound([0.1, -0.4, 0.1])
    value = measure("snr", sent, heard)
    assert (value.value, value.n) == (pytest.approx(10 * np.log10(0.25 / 0.05)), 3)
    assert measure("snr", sent, sound(np.zeros(3))).value == pytest.approx(0.0)
    # Half of the energy is cut off: 3 dB, whatever comes after the reference's end.
    assert measure("snr", sound([0.5, 0.5]), sound([0.5])).value == pytest.approx(3.0103, abs=1e-4)


def test_snr_of_noise_of_known_power():
    rng = np.random.default_rng(0)
    sent, noise = (rng.normal(0, level, 100_000) for level in (0.1, 0.02))
    assert measure("snr", sound(sent), sound(sent + noise)).value == pytest.approx(
        20 * np.log10(5), abs=0.05
    )


def test_snr_is_finite_for_any_sound():
    sent = sound([0.5, -0.5])
    assert measure("snr", sent, sent).value == 100.0
    assert measure("snr", sound([1e-9]), sound([1.0])).value == -100.0


def test_audio_is_compared_over_the_references_length():
    sent = sound([0.3, -0.4, 0.5])
    assert measure("nrmse", sent, sound([0.3, -0.4])).value == pytest.approx(0.5)
    assert measure("nrmse", sent, sound([0.3, -0.4, 0.5, 0.9])).value == pytest.approx(0.0)


def test_pesq_and_stoi_are_highest_for_the_same(voice):
    assert measure("pesq", voice, voice).value == pytest.approx(4.644, abs=0.001)
    assert measure("stoi", voice, voice).value == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["pesq", "stoi"])
def test_pesq_and_stoi_fall_with_noise(voice, name):
    noise = np.random.default_rng(0).normal(0, 1, len(voice.audio))
    values = [measure(name, voice, sound(voice.audio + s * noise)).value for s in (0.002, 0.02, 1)]
    assert values[0] > values[1] > values[2]


def test_received_silence_scores_the_low_end(voice):
    silence = sound(np.zeros(len(voice.audio)))
    value = measure("pesq", voice, silence)
    assert (value.value, value.n) == (1.0, 1)
    assert value.reason
    assert measure("stoi", voice, silence).value == pytest.approx(0.0, abs=1e-9)


def test_long_audio_is_scored_in_segments():
    # 75 utterances: the reference code dies on them in one piece.
    t = np.arange(60 * 16_000) / 16_000
    speech = sound(0.3 * np.sin(2 * np.pi * 180 * t) * (t % 0.8 < 0.35))
    value = measure("pesq", speech, speech)
    assert value.n == 4
    assert value.value == pytest.approx(4.644, abs=0.001)


def test_segments_without_speech_are_left_out(voice):
    audio = np.concatenate([voice.audio, np.zeros(18 * 16_000, np.float32)])
    value = measure("pesq", sound(audio), sound(audio))
    assert (value.n, round(value.value, 2)) == (1, 4.64)


SPEECH = 0.1 * np.random.default_rng(0).normal(size=16_000)
STILL = np.zeros((1, 200, 200, 3))


@pytest.mark.parametrize(
    ("name", "reference", "received", "reason"),
    [
        ("nrmse", sound(np.zeros(9)), sound(SPEECH), "reference is silent"),
        ("snr", sound(np.zeros(9)), sound(SPEECH), "reference is silent"),
        ("pesq", sound(np.zeros(16_000)), sound(SPEECH), "reference is silent"),
        ("stoi", sound(np.zeros(16_000)), sound(SPEECH), "reference is silent"),
        ("pesq", sound(SPEECH[:3000]), sound(SPEECH[:3000]), "1/4 of a second"),
        ("stoi", sound(SPEECH[:3000]), sound(SPEECH[:3000]), "0.4 s"),
        ("stoi", sound([0.1]), sound([0.1]), "0.4 s"),
        ("pesq", sound(SPEECH, 8000), sound(SPEECH, 8000), "needs 16000 Hz"),
        ("nrmse", sound(SPEECH), sound(SPEECH, 8000), "sample rates differ"),
        ("nrmse", sound(SPEECH), sound(SPEECH * np.nan), "NaN or infinite"),
        ("snr", sound(SPEECH), sound(SPEECH, 8000), "sample rates differ"),
        ("nrmse", sound(SPEECH), video(STILL), "received clip has no audio"),
        ("stoi", video(STILL), sound(SPEECH), "reference has no audio"),
        ("psnr", video(STILL), sound(SPEECH), "received clip has no video"),
        ("ms_ssim", sound(SPEECH), video(STILL), "reference has no video"),
        ("psnr", video(STILL), video(STILL[:, :100]), "200x200 sent, 200x100 received"),
        ("ms_ssim", video(STILL), video(STILL, 24), "frame rates differ"),
    ],
)
def test_what_is_not_defined_is_nan_with_a_reason(name, reference, received, reason):
    value = measure(name, reference, received)
    assert np.isnan(value.value)
    assert value.n == 0
    assert reason in value.reason


def test_unknown_metric_is_refused_before_measuring(voice):
    with pytest.raises(LinksimError, match="unknown metric 'pesk'; did you mean 'pesq'"):
        evaluate(["nrmse", "pesk"], voice, voice)


def test_registry(small_clip):
    assert all(name == metric.name for name, metric in METRICS.items())
    lower = {"fid", "kid", "fid_proxy", "kid_proxy", "lse_d", "nrmse", "wer"}
    lower |= {"delay_p50", "delay_p95", "late"}
    assert {n for n, m in METRICS.items() if not m.higher_is_better} == lower
    assert list(evaluate(["stoi", "psnr"], small_clip, small_clip)) == ["stoi", "psnr"]


def test_names_are_known_without_heavy_imports():
    code = (
        "import linksim.metrics, sys; list(linksim.metrics.METRICS.values());"
        "heavy = 'tensorflow', 'tensorflow_gan', 'keras', 'pesq', 'pystoi', 'scipy';"
        "sys.exit(any(m in sys.modules for m in heavy))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.shared
def test_real_speech():
    if not GRID.exists():
        pytest.skip("the GRID clips are not here")
    clip = read(GRID)
    noise = np.random.default_rng(0).normal(0, 0.01, len(clip.audio)).astype(np.float32)
    worse = Clip(clip.frames, clip.fps, clip.audio + noise)
    values = evaluate(METRICS, clip, worse)
    assert values["psnr"].value == 100
    assert values["ms_ssim"].value == pytest.approx(1.0)
    assert 1.0 < values["pesq"].value < 3.0
    assert 0.5 < values["stoi"].value < 0.95
