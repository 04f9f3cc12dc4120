"""Single transmissions from Python: a clip by an endpoint, or arrays of bits and latents."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from linksim.endpoint import Endpoint, make_endpoint
from linksim.errors import LinksimError
from linksim.link.config import LinkConfig
from linksim.link.contents import kept_by_contents
from linksim.media import Clip
from linksim.startup import quiet_tensorflow

if typing.TYPE_CHECKING:
    from linksim.link.bit_link import BitLink
    from linksim.link.symbol_link import SymbolLink
    from linksim.link.uncoded_link import UncodedLink
    from studies.run.evaluate import Outcome

AUDIO_METRICS = ("pesq", "stoi", "nrmse")
VIDEO_METRICS = ("psnr", "ms_ssim")


@dataclass(frozen=True)
class Received:
    """Arrays as received, of the shape that was sent.

    Parameters
    ----------
    values : np.ndarray
        Bits, uint8, or latents, of the dtype sent; bits of lost blocks are what was decoded.
    llr : np.ndarray or None
        Logits ln P(1)/P(0) of uncoded bits; None of coded ones and of latents.
    noise_variance : np.ndarray or None
        Effective noise variance of each latent, of complex ones that of both parts together; None
        of bits.
    bit_errors : int
        Wrong bits; 0 of latents.
    block_ok : np.ndarray or None
        bool, [blocks]; whether the CRC of each transport block passed; None of uncoded bits and
        of latents.
    channel_uses : int
        Data resource elements, padding included.
    """

    values: np.ndarray
    llr: np.ndarray | None
    noise_variance: np.ndarray | None
    bit_errors: int
    block_ok: np.ndarray | None
    channel_uses: int


def transmit(
    values: Any, link: LinkConfig, snr_db: float, *, coded: bool = True, seed: int = 1
) -> Received:
    """Send an array of bits or of latents over a link.

    Integers and booleans are bits. They cross the bit link with CRC and channel code; or, for a
    code of one's own, without either, and come back with their logits. Real and complex numbers
    are latents and cross the symbol link, a complex one on a channel use, two real ones on one.

    Parameters
    ----------
    values : array_like
        Any shape. Bits are 0 or 1; latents are finite and of any power.
    link : LinkConfig
        The link.
    snr_db : float
        Mean Es/N0 per resource element in dB.
    coded : bool
        Whether bits are coded by the link.
    seed : int
        Seed of channel and noise.

    Returns
    -------
    Received
        Arrays of the shape of `values`.

    Raises
    ------
    LinksimError
        If `values` are neither, or a latent is NaN or infinite.

    Examples
    --------
    >>> import numpy as np, linksim as ls
    >>> bits = np.random.default_rng(0).integers(0, 2, (4, 100))
    >>> sent = ls.transmit(bits, ls.Link(channel="awgn"), snr_db=20)
    >>> bool((sent.values == bits).all())
    True
    """
    quiet_tensorflow()
    array = np.asarray(values)
    if not isinstance(link, LinkConfig):
        raise LinksimError(f"a link must be a linksim.Link, not {link!r}")
    if not np.isfinite(snr_db):
        raise LinksimError(f"snr_db must be a finite number in dB, not {snr_db!r}")
    if array.dtype.kind in "biu":
        return _send_bits(array, link, float(snr_db), seed, coded)
    if array.dtype.kind in "fc":
        return _send_latents(array, link, float(snr_db), seed)
    raise LinksimError(f"values to transmit must be bits or numbers, not of type {array.dtype}")


def send(
    clip: Any,
    endpoint: Any,
    link: LinkConfig | None = None,
    snr_db: float = 15.0,
    *,
    seed: int = 1,
    metrics: Sequence[str] | None = None,
) -> Outcome:
    """Send a clip by an endpoint over a link, and measure what arrives.

    Parameters
    ----------
    clip : str, Path or Clip
        A file, the name of a built-in clip, or the clip itself.
    endpoint : str, (str, options) or Endpoint
        Both ends of a codec, by name, with options, or as an object.
    link : LinkConfig, optional
        By default the default link.
    snr_db : float
        Mean Es/N0 per resource element in dB.
    seed : int
        Seed of channel, noise and feedback.
    metrics : sequence of str, optional
        Names of metrics; by default those that the clip has a use for.

    Returns
    -------
    Outcome
        The clip as received, its metrics, costs and lost blocks.

    Raises
    ------
    LinksimError
        For an unknown endpoint or metric, or a clip that cannot be read.
    """
    quiet_tensorflow()
    from studies.run.evaluate import evaluate, link_for

    whole = as_clip(clip)
    names = tuple(metrics or default_metrics(whole))
    ready = link_for(link if link is not None else LinkConfig())
    return evaluate(whole, as_endpoint(endpoint), ready, snr_db, seed, names)


def as_endpoint(endpoint: Any) -> Endpoint:
    """Return an endpoint from its name, a pair of name and options, or itself.

    Raises
    ------
    LinksimError
        If it is none.
    """
    if isinstance(endpoint, Endpoint):
        return endpoint
    if isinstance(endpoint, str):
        return make_endpoint(endpoint)
    if isinstance(endpoint, tuple) and len(endpoint) == 2 and isinstance(endpoint[1], Mapping):
        return make_endpoint(str(endpoint[0]), endpoint[1])
    raise LinksimError(
        f"an endpoint must be a name, a pair of a name and options or an Endpoint, not {endpoint!r}"
    )


def as_clip(clip: Any) -> Clip:
    """Return a clip from a file, the name of a built-in one, or itself.

    Raises
    ------
    LinksimError
        If it is none.
    """
    from linksim.media.sources import load_clip

    if isinstance(clip, Clip):
        return clip
    if isinstance(clip, str | Path):
        return load_clip(str(clip))
    raise LinksimError(f"a clip must be a file, 'builtin' or a Clip, not {clip!r}")


def default_metrics(clip: Clip) -> tuple[str, ...]:
    """Return the metrics that a clip has a use for."""
    audio = AUDIO_METRICS if clip.audio is not None else ()
    return (*audio, *(VIDEO_METRICS if clip.frames is not None else ()))


@kept_by_contents(4)
def _bit_link(link: LinkConfig) -> BitLink:
    from linksim.link.bit_link import BitLink
    from linksim.link.transceiver import OfdmTransceiver

    return BitLink(link, OfdmTransceiver(link))


@kept_by_contents(4)
def _uncoded_link(link: LinkConfig) -> UncodedLink:
    from linksim.link.transceiver import OfdmTransceiver
    from linksim.link.uncoded_link import UncodedLink

    return UncodedLink(link, OfdmTransceiver(link))


@kept_by_contents(4)
def _symbol_link(link: LinkConfig) -> SymbolLink:
    from linksim.link.symbol_link import SymbolLink
    from linksim.link.transceiver import OfdmTransceiver

    return SymbolLink(OfdmTransceiver(link))


def _send_bits(
    array: np.ndarray, link: LinkConfig, snr_db: float, seed: int, coded: bool
) -> Received:
    if not np.isin(array, (0, 1)).all():
        raise LinksimError("integers to transmit are bits, 0 or 1; give latents as floats")
    flat = array.ravel().astype(np.uint8)
    llr = ok = None
    if coded:
        bits, sent = _bit_link(link).transmit_bits(flat, snr_db, seed)
        uses, ok = sent.channel_uses, sent.block_ok
    else:
        soft, uses = _uncoded_link(link).transmit(flat, snr_db, seed)
        bits, llr = (soft > 0).astype(np.uint8), soft.reshape(array.shape)
    return Received(
        values=bits.reshape(array.shape).astype(array.dtype),
        llr=llr,
        noise_variance=None,
        bit_errors=int((bits != flat).sum()),
        block_ok=ok,
        channel_uses=uses,
    )


def _send_latents(array: np.ndarray, link: LinkConfig, snr_db: float, seed: int) -> Received:
    is_complex = array.dtype.kind == "c"
    flat = np.ascontiguousarray(array).ravel()
    real = flat.astype(np.complex64).view(np.float32) if is_complex else flat.astype(np.float32)
    sent = _symbol_link(link).transmit(real, snr_db, seed)
    latents, noise = sent.latents, sent.noise_variance
    if is_complex:
        latents, noise = latents.view(np.complex64), noise.reshape(-1, 2).sum(axis=1)
    return Received(
        values=latents.reshape(array.shape).astype(array.dtype),
        llr=None,
        noise_variance=noise.reshape(array.shape),
        bit_errors=0,
        block_ok=None,
        channel_uses=sent.channel_uses,
    )
