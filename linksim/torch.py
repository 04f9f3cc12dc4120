"""The symbol link as a layer of PyTorch, with gradients through it (extra ``torch``)."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
import torch

from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.symbol_link import SymbolLink
from linksim.link.transceiver import OfdmTransceiver
from linksim.seeding import derive_seed, seed_sionna


class SymbolChannel(torch.nn.Module):
    """Latents over a link: interleaver, grid, channel, estimator, equaliser.

    ::

        latents ─▶ scale to unit power ─▶ I/Q pairs ─▶ OFDM link ─▶ latents', noise variance

    The link runs in TensorFlow on the CPU; gradients come from its tape. Every row of a batch
    meets a channel realisation of its own, drawn anew at every call.

    Parameters
    ----------
    link : LinkConfig
        The link. Its modulation and code are not used.
    seed : int
        Seed of channels and noise; the n-th call of two layers of one seed is the same.

    Examples
    --------
    >>> import torch
    >>> from linksim.link.config import LinkConfig
    >>> channel = SymbolChannel(LinkConfig(channel="tdl-a", estimator="lmmse"))
    >>> received, noise = channel(torch.randn(8, 256), snr_db=10.0)
    >>> received.shape, noise.shape
    (torch.Size([8, 256]), torch.Size([8, 256]))
    """

    def __init__(self, link: LinkConfig, *, seed: int = 0) -> None:
        super().__init__()
        if not isinstance(link, LinkConfig):
            raise LinksimError(f"a link must be a linksim.Link, not {link!r}")
        self._through = tf.function(SymbolLink(OfdmTransceiver(link)))
        self._seed, self._calls = seed, 0

    def forward(
        self, latents: torch.Tensor, snr_db: float | torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Send a batch.

        Parameters
        ----------
        latents : torch.Tensor
            Real, [batch, …]; any power. Two neighbours make one channel use.
        snr_db : float or torch.Tensor
            Mean Es/N0 per resource element in dB, of all rows or, [batch], of each.

        Returns
        -------
        latents : torch.Tensor
            float32, of the shape that went in; equalised, in its units.
        noise_variance : torch.Tensor
            float32, of the same shape; effective noise variance of each latent.

        Raises
        ------
        LinksimError
            If the latents are no batch of real numbers, or there is another number of SNRs.
        """
        if not isinstance(latents, torch.Tensor) or not latents.is_floating_point():
            raise LinksimError("latents must be a tensor of real numbers; split complex ones first")
        if latents.dim() < 2 or not latents.numel():
            raise LinksimError(f"latents must be [batch, …], not of shape {list(latents.shape)}")
        snr = torch.as_tensor(snr_db, dtype=torch.float32).detach()
        if snr.dim() and snr.shape != latents.shape[:1]:
            raise LinksimError(f"snr_db must be one number, or one for each of {len(latents)} rows")
        self._calls += 1
        flat = latents.reshape(len(latents), -1)
        seed = derive_seed(self._seed, "torch", self._calls)
        received, noise = _Link.apply(flat, 10.0 ** (-snr / 10.0), self._through, seed)
        return received.reshape(latents.shape), noise.reshape(latents.shape)


class _Link(torch.autograd.Function):
    """One call of the link, and the gradient that TensorFlow's tape has of it."""

    @staticmethod
    def forward(ctx: Any, latents: Any, no: Any, through: Any, seed: int) -> Any:
        seed_sionna(seed)
        sent = tf.constant(latents.detach().cpu().numpy(), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(sent)
            received = through(sent, tf.constant(no.cpu().numpy(), tf.float32))
        ctx.tape, ctx.sent, ctx.received = tape, sent, received
        return tuple(_tensor(part, latents) for part in received)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        outer = [tf.constant(g.detach().cpu().numpy(), tf.float32) for g in gradients]
        inner = ctx.tape.gradient(ctx.received, ctx.sent, output_gradients=outer)
        return _tensor(inner, gradients[0]), None, None, None


def _tensor(values: tf.Tensor, like: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(np.array(values)).to(like.device)
