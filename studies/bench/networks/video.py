"""The networks of the video codec, and what they compute."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from linksim.errors import LinksimError
from semantic.dvst.bitstream.codec import ready_model
from semantic.dvst.bitstream.steps import DecodeStep, EncodeStep, HyperStep, RateStep, ShowStep
from semantic.dvst.networks.inter import InterCodec
from semantic.dvst.networks.intra import IntraCodec
from semantic.dvst.networks.jscc import JsccEncoder
from semantic.dvst.networks.latent_codec import LatentCodec
from semantic.dvst.networks.model import GROUP, TOLD, DvstModel
from semantic.dvst.networks.side_density import PASSES
from semantic.dvst.networks.sizes import LATENT_STRIDE
from semantic.training.weights import path_of
from studies.bench.networks.macs import macs, mark
from studies.bench.networks.network import Network, parameters_of

CODEC = "video codec"
ONE = tf.TensorSpec((1,))

Counts = Counter[str]


@dataclass(frozen=True)
class _Part:
    """A network of the codec: its name, where it is computed, and its parameters."""

    name: str
    methods: tuple[tuple[Any, str], ...]
    parameters: int


def load(preset: str) -> tuple[DvstModel, bool]:
    """Return a codec to be counted, and whether it has the shipped weights.

    Raises
    ------
    LinksimError
        If there is no such preset, or its weights cannot be read.
    """
    file = path_of("dvst", preset)
    if file.exists():
        return ready_model(preset, file), True
    return DvstModel(preset=preset), False


def padded_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return height and width of frames as they are coded."""
    height, width = (-(-n // LATENT_STRIDE) * LATENT_STRIDE for n in size)
    return height, width


def video_networks(model: DvstModel, size: tuple[int, int], fps: float) -> list[Network]:
    """Count all networks as `Sender`, `Receiver` and `SideInfo` run them.

    Parameters
    ----------
    model : DvstModel
        Codec from `load`; it is of no other use afterwards.
    size : tuple of int
        Height and width of frames before padding.
    fps : float
        Frames per second; one of `GROUP` goes without reference.

    Returns
    -------
    list of Network
        Networks of P-frames, of I-frames, and the post-filter.

    Raises
    ------
    LinksimError
        If a frame takes what cannot be counted, or belongs to none of the networks.
    """
    size = padded_size(size)
    intra = _networks("I", model.intra, size, fps / GROUP)
    inter = _networks("P", model.inter, size, fps * (GROUP - 1) / GROUP)
    picture = tf.TensorSpec((1, *size, 3))
    seen = {"picture": picture, "base": picture, "snr_db": ONE}
    shown = Network(
        codec=CODEC,
        name="post-filter",
        parameters=parameters_of(model.post_filter),
        receiver=macs(ShowStep(model.post_filter), seen).total() * fps,
    )
    return [*inter, *intra, shown]


def _networks(
    frames: str, codec: InterCodec | IntraCodec, size: tuple[int, int], per_second: float
) -> list[Network]:
    parts = list(_parts(codec))
    for part in parts:
        for owner, method in part.methods:
            mark(owner, method, part.name)
    side = _side_macs(codec, size)
    sent, received = (count + side for count in _frame_macs(codec, size))
    if "" in sent + received:
        raise LinksimError(f"{frames}-frames compute something that no network of them does")
    return [
        Network(
            codec=CODEC,
            name=f"{frames}: {part.name.replace('_', ' ')}",
            parameters=part.parameters,
            transmitter=_in_a_second(sent.get(part.name), per_second),
            receiver=_in_a_second(received.get(part.name), per_second),
        )
        for part in parts
    ]


def _in_a_second(macs_of_frame: int | None, per_second: float) -> float | None:
    return None if macs_of_frame is None else macs_of_frame * per_second


def _parts(codec: InterCodec | IntraCodec) -> Iterator[_Part]:
    if isinstance(codec, InterCodec):
        yield _whole("motion_estimation", codec.estimation)
    transform = codec.transform
    there, back = (math.prod(m.shape) for m in (transform.forward_matrix, transform.inverse_matrix))
    yield _Part("block_transform", ((transform, "analyse"),), there)
    yield _Part("inverse_transform", ((transform, "synthesise"),), back)
    for name in codec.PARTS:
        yield from _latent_parts(name if len(codec.PARTS) > 1 else "", getattr(codec, name))


def _latent_parts(what: str, latents: LatentCodec) -> Iterator[_Part]:
    of = f"_of_{what}" if what else ""
    entropy, side = latents.entropy, latents.entropy.side
    densities = ((side, "rate_log2"), (side, "hyper_density"))
    beside = parameters_of(entropy) - parameters_of(side)
    yield _Part(f"entropy_model{of}", ((entropy, "call"), (entropy, "prior")), beside)
    yield _Part(f"side_density{of}", densities, parameters_of(side))
    if isinstance(latents.encoder, JsccEncoder):
        yield _whole(f"JSCC_encoder{of}", latents.encoder)
        yield _whole(f"JSCC_decoder{of}", latents.decoder)


def _whole(name: str, layer: Any) -> _Part:
    return _Part(name, ((layer, "call"),), parameters_of(layer))


def _frame_macs(codec: InterCodec | IntraCodec, size: tuple[int, int]) -> tuple[Counts, Counts]:
    """Return what a frame takes at the transmitter, which also decodes it, and at the receiver."""
    told = {name: ONE for name in TOLD}
    if isinstance(codec, InterCodec):
        told["state"] = _state(codec, size)
    picture = tf.TensorSpec((1, *size, 3))
    encode = macs(EncodeStep(codec), {"frames": picture, "spared": ONE, **told})
    decode = macs(DecodeStep(codec), {"received": _received(codec, size), **told})
    return encode, decode


def _side_macs(codec: InterCodec | IntraCodec, size: tuple[int, int]) -> Counts:
    """Return what either end takes for the densities of a frame of which no part is empty."""
    total: Counts = Counter()
    for name in codec.PARTS:
        latents = getattr(codec, name)
        maps = _maps(latents, size)
        told = {"before": _map(size, 3), "eta": ONE, "precision": ONE, "rates": maps["rates"]}
        told["part"] = tf.TensorSpec((1,), tf.int32)
        density = latents.entropy.side
        once = macs(RateStep(density), told)
        once += macs(HyperStep(density), {**told, "hyper": maps["hyper"]})
        total += Counter({part: PASSES * count for part, count in once.items()})
    return total


def _state(codec: InterCodec, size: tuple[int, int]) -> dict[str, tf.TensorSpec]:
    picture = tf.TensorSpec((1, *size, 3))
    history = {part: _map(size, 3) for part in codec.PARTS}
    return {"picture": picture, "base": picture, **history}


def _received(codec: InterCodec | IntraCodec, size: tuple[int, int]) -> dict[str, Any]:
    received = {}
    for part in codec.PARTS:
        latents = getattr(codec, part)
        symbols = _map(size, latents.ladder[-1])
        received[part] = {"symbols": symbols, "noise": symbols, **_maps(latents, size)}
    return received


def _maps(latents: LatentCodec, size: tuple[int, int]) -> dict[str, tf.TensorSpec]:
    """Return rates and hyper-latents of a frame."""
    hyper = _map(size, latents.entropy.sizes.hyper)
    return {"rates": tf.TensorSpec(hyper.shape[:-1], tf.int32), "hyper": hyper}


def _map(size: tuple[int, int], channels: int) -> tf.TensorSpec:
    return tf.TensorSpec((1, *(n // LATENT_STRIDE for n in size), channels))
