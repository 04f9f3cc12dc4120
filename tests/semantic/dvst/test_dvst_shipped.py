"""What the shipped weights of the video codec make of rate, on a small film."""

import cv2
import numpy as np
import pytest
from scipy.stats import spearmanr

from semantic.dvst.bitstream.codec import Codec, codec_of
from semantic.dvst.bitstream.conditions import adapted_eta, adapted_precision
from semantic.dvst.bitstream.gop import Conditions
from semantic.dvst.training.post_fit import faded
from semantic.training.weights import path_of

SIZE = (96, 128)
ETA = 0.8


@pytest.fixture(scope="module")
def codec() -> Codec:
    return codec_of("compact", path_of("dvst", "compact"))


@pytest.fixture(scope="module")
def speeds() -> np.ndarray:
    """Degrees by which the picture turns from each frame to the next."""
    return np.maximum(3.0 * np.sin(np.arange(24) / 3.0), 0.0)


@pytest.fixture(scope="module")
def film(speeds: np.ndarray) -> np.ndarray:
    """A texture with detail of all sizes that turns about its middle, uint8, [25, 96, 128, 3]."""
    rng = np.random.default_rng(1)
    rows, columns = np.indices((2 * SIZE[1], 2 * SIZE[1]))
    waves = sum(
        rng.uniform(4, 22) * np.cos(f * rows * np.sin(a) + f * columns * np.cos(a) + p)
        for f, a, p in zip(
            np.geomspace(0.03, 1.2, 14), *rng.uniform(0, 2 * np.pi, (2, 14)), strict=True
        )
    )
    large = np.clip(128.0 + waves[..., None] * np.array([1.0, 0.8, 0.6]), 0, 255)
    top, left = SIZE[1] - SIZE[0] // 2, SIZE[1] // 2
    frames = []
    for angle in (0.0, *np.cumsum(speeds)):
        turn = cv2.getRotationMatrix2D((SIZE[1], SIZE[1]), angle, 1.0)
        turned = cv2.warpAffine(large, turn, large.shape[:2], flags=cv2.INTER_CUBIC)
        frames.append(turned[top : top + SIZE[0], left : left + SIZE[1]])
    return np.clip(np.round(frames), 0, 255).astype(np.uint8)


def told(eta: float, snr_db: float = 10.0) -> Conditions:
    return Conditions(snr_db, adapted_eta(eta, snr_db), adapted_precision(0.55, snr_db))


def test_rate_follows_motion(codec: Codec, film: np.ndarray, speeds: np.ndarray) -> None:
    codes = list(codec.sender(film, told(ETA), gop=len(film)))
    symbols = [code.symbols.size for code in codes[1:]]
    assert spearmanr(symbols, speeds).statistic > 0.6


def test_twice_eta_sends_more_and_shows_it_better(codec: Codec, film: np.ndarray) -> None:
    film, symbols, psnr = film[:8], [], []
    for eta in (0.1, 0.2, 0.4, 0.8):
        conditions = told(eta)
        codes = list(codec.sender(film, conditions, gop=len(film)))
        arrived = faded(codes, conditions.snr_db, np.random.default_rng(2))
        seen = np.stack(list(codec.receiver(arrived, conditions, SIZE)))
        symbols.append(sum(code.symbols.size for code in codes))
        psnr.append(-10 * np.log10(np.mean((seen.astype(float) - film) ** 2)))
    assert (np.diff(symbols) > 0).all()
    assert (np.diff(psnr) > 0).all()
