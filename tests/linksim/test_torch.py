"""The bridge to PyTorch: gradients against finite differences, and an autoencoder that trains."""

import numpy as np
import pytest

from linksim.errors import LinksimError
from linksim.link.config import LinkConfig

torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra 'torch')")

from linksim.torch import SymbolChannel  # noqa: E402

LINK = LinkConfig(channel="tdl-a:speed=3", estimator="lmmse", subcarriers=24)


def test_a_batch_crosses_the_link() -> None:
    latents = torch.randn(4, 3, 40, generator=torch.Generator().manual_seed(0))
    received, noise = SymbolChannel(LinkConfig(channel="awgn", estimator="perfect"))(latents, 20.0)
    assert received.shape == noise.shape == latents.shape
    assert ((received - latents) ** 2).mean() == pytest.approx(float(noise.mean()), rel=0.2)


def test_a_seed_is_a_run_of_realisations() -> None:
    latents = torch.randn(2, 64)
    one, two = SymbolChannel(LINK, seed=3), SymbolChannel(LINK, seed=3)
    first = one(latents, 10.0)[0]
    assert torch.equal(first, two(latents, 10.0)[0])
    assert not torch.equal(first, one(latents, 10.0)[0])


def test_gradients_are_those_of_finite_differences() -> None:
    """Of both outputs, at an SNR for each row."""
    generator = torch.Generator().manual_seed(1)
    latents = torch.randn(2, 48, generator=generator)
    weights = torch.randn(2, 48, generator=generator)
    snr_db = torch.tensor([5.0, 15.0])

    def loss(x: torch.Tensor) -> torch.Tensor:
        received, noise = SymbolChannel(LINK, seed=5)(x, snr_db)
        return (weights * received).sum() + noise.sum()

    x = latents.clone().requires_grad_()
    loss(x).backward()
    rng = np.random.default_rng(0)
    for _ in range(4):
        direction = torch.tensor(rng.normal(size=(2, 48)), dtype=torch.float32)
        step = 1e-2 * direction
        rise = (loss(latents + step) - loss(latents - step)) / 2e-2
        assert float((x.grad * direction).sum()) == pytest.approx(float(rise), rel=1e-3, abs=1e-2)


def test_an_autoencoder_trains_through_an_estimated_channel() -> None:
    torch.manual_seed(0)
    encoder, decoder = torch.nn.Linear(8, 16), torch.nn.Linear(16, 8)
    channel = SymbolChannel(LINK, seed=1)
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 3e-2)
    losses = []
    for _ in range(60):
        source = torch.randn(32, 8)
        received, _ = channel(encoder(source), snr_db=15.0)
        loss = ((decoder(received) - source) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


@pytest.mark.parametrize(
    ("latents", "snr_db", "message"),
    [
        (torch.zeros(4), 3.0, "must be \\[batch"),
        (torch.zeros(4, 0), 3.0, "must be \\[batch"),
        (torch.zeros(4, 8, dtype=torch.int32), 3.0, "real numbers"),
        (torch.zeros(4, 8, dtype=torch.complex64), 3.0, "real numbers"),
        (torch.ones(4, 8), torch.ones(3), "one for each of 4 rows"),
    ],
)
def test_what_is_no_batch_is_refused(latents: object, snr_db: object, message: str) -> None:
    with pytest.raises(LinksimError, match=message):
        SymbolChannel(LINK)(latents, snr_db)
