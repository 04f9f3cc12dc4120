"""Video frame by frame: groups of pictures, padding, and what crosses the air."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from linksim.errors import LinksimError
from semantic.dvst.bitstream.conditions import spared
from semantic.dvst.bitstream.packing import count, pack, unpack
from semantic.dvst.bitstream.steps import DecodeStep, EncodeStep, ShowStep
from semantic.dvst.networks.model import TOLD, DvstModel, FrameCodec
from semantic.dvst.networks.sizes import INTRA_ETA, LATENT_STRIDE

SCENE_CUT = 40.0
"""Mean absolute difference of two frames, of 255, from which on no reference helps."""


@dataclass(frozen=True)
class Conditions:
    """The conditions that a clip is coded for, which both ends are told.

    Parameters
    ----------
    snr_db : float
        Mean Es/N0 in dB that the transmitter knows of.
    eta : float
        Latent reals sent per bit of information.
    precision : float
        How finely hyper-latents are quantised.
    sparing : float
        Times how much more lesser changes are spared than usual; the transmitter's own affair.
    """

    snr_db: float
    eta: float
    precision: float
    sparing: float = 1.0

    @property
    def spared(self) -> float:
        """Times how many of `LatentSizes.spared` the transmitter spares."""
        return self.sparing * spared(self.eta, self.snr_db)

    def arrays(self, *, intra: bool) -> dict[str, np.ndarray]:
        """Return what `LatentCodec.encode` is told of a frame."""
        factors = {"eta": INTRA_ETA} if intra else {}
        # The receiver is told in single precision; to multiply in any other would part the ends.
        return {
            name: np.array([getattr(self, name)], np.float32) * np.float32(factors.get(name, 1.0))
            for name in TOLD
        }


@dataclass(frozen=True)
class FrameCode:
    """A frame as it is sent.

    Parameters
    ----------
    intra : bool
        Whether it has no reference.
    symbols : np.ndarray
        float32, shape [n]; of all parts in the order of the codec's ``PARTS``, see `pack`.
    rates : dict of np.ndarray
        int32, shape [h, w]; rate map of each part. Positions are row by row.
    hyper : dict of np.ndarray
        int32, shape [h, w, hyper]; hyper-latents of each part.
    excess : dict of np.ndarray
        float32, shape [h, w]; what the rates were made of. Not sent, and empty at the receiver.
    """

    intra: bool
    symbols: np.ndarray
    rates: dict[str, np.ndarray]
    hyper: dict[str, np.ndarray]
    excess: dict[str, np.ndarray]


@dataclass(frozen=True)
class ReceivedFrame:
    """A `FrameCode` after the link; rates and hyper-latents are delivered or the frame is lost.

    Parameters
    ----------
    code : FrameCode
        Code with the symbols that were received.
    noise : np.ndarray
        float32, shape [n]; noise variance of each symbol, in the units of what was sent.
    conditions : Conditions or None
        Those of this frame, where they are not those of the clip.
    """

    code: FrameCode
    noise: np.ndarray
    conditions: Conditions | None = None


class Sender:
    """The transmitter's half, compiled once for each size of frame.

    Parameters
    ----------
    model : DvstModel
        Model with the weights to use.
    """

    def __init__(self, model: DvstModel) -> None:
        self._codecs: dict[bool, FrameCodec] = {True: model.intra, False: model.inter}
        self._steps = {intra: EncodeStep(codec) for intra, codec in self._codecs.items()}

    def __call__(
        self, frames: Iterable[np.ndarray], conditions: Conditions, gop: int
    ) -> Iterator[FrameCode]:
        """Encode frames.

        Parameters
        ----------
        frames : iterable of np.ndarray
            uint8, shape [H, W, 3], of any size, all the same.
        conditions : Conditions
            What to code them for.
        gop : int
            Frames from one without reference to the next; a scene cut begins a new group.

        Raises
        ------
        LinksimError
            If the sizes of frames differ.
        """
        state: Any = None
        before: np.ndarray | None = None
        since = gop
        for t, frame in enumerate(frames):
            if before is not None and before.shape != frame.shape:
                raise LinksimError(
                    f"frame {t} is {frame.shape[1]}x{frame.shape[0]}, those before it "
                    f"{before.shape[1]}x{before.shape[0]}; scale them to one size"
                )
            intra = since == gop or (before is not None and is_cut(before, frame))
            since, before = 1 if intra else since + 1, frame
            code, state = self.one(frame, None if intra else state, conditions)
            yield code

    def one(self, frame: np.ndarray, state: Any, conditions: Conditions) -> tuple[FrameCode, Any]:
        """Encode a frame, uint8 [H, W, 3].

        Parameters
        ----------
        frame : np.ndarray
        state : tree of arrays or None
            State that the frame before left; None for a frame without reference.
        conditions : Conditions
            What to code it for.

        Returns
        -------
        tuple
            Its code, and the state that it leaves.
        """
        intra = state is None
        inputs: dict[str, Any] = {
            "frames": padded(frame)[None],
            "spared": np.array([conditions.spared], np.float32),
            **conditions.arrays(intra=intra),
        }
        if not intra:
            inputs["state"] = state
        coded = self._steps[intra].predict_on_batch(inputs)
        return self._code(intra, coded), coded["state"]

    def _code(self, intra: bool, coded: dict[str, dict[str, np.ndarray]]) -> FrameCode:
        codec, sent = self._codecs[intra], coded["sent"]
        rates = {part: sent[part]["rates"][0] for part in codec.PARTS}
        symbols = [
            pack(sent[part]["symbols"][0], rates[part], getattr(codec, part).ladder)
            for part in codec.PARTS
        ]
        hyper = {part: sent[part]["hyper"][0].astype(np.int32) for part in codec.PARTS}
        excess = {part: coded["excess"][part][0] for part in codec.PARTS}
        return FrameCode(intra, np.concatenate(symbols), rates, hyper, excess)


class Receiver:
    """The receiver's half, which knows nothing but what arrived.

    Parameters
    ----------
    model : DvstModel
        Model with the weights that the transmitter has.
    """

    def __init__(self, model: DvstModel) -> None:
        self._codecs: dict[bool, FrameCodec] = {True: model.intra, False: model.inter}
        self._steps = {intra: DecodeStep(codec) for intra, codec in self._codecs.items()}
        self._show = ShowStep(model.post_filter)

    def __call__(
        self,
        received: Iterable[ReceivedFrame | None],
        conditions: Conditions,
        size: tuple[int, int],
    ) -> Iterator[np.ndarray | None]:
        """Decode frames.

        Parameters
        ----------
        received : iterable of ReceivedFrame or None
            None for a frame whose side information is lost: nothing can be decoded from there
            to the next frame without reference.
        conditions : Conditions
            What the transmitter coded them for.
        size : tuple of int
            Height and width of a frame.

        Yields
        ------
        np.ndarray or None
            uint8, shape [H, W, 3], or None for a frame that cannot be decoded.
        """
        for seen in self.unfiltered(received, conditions):
            if seen is None:
                yield None
                continue
            shown = self._show.predict_on_batch(seen)[0]
            shown = np.clip(shown[: size[0], : size[1]], 0.0, 1.0)
            yield np.round(255.0 * shown).astype(np.uint8)

    def unfiltered(
        self, received: Iterable[ReceivedFrame | None], conditions: Conditions
    ) -> Iterator[dict[str, np.ndarray] | None]:
        """Decode frames up to the post-filter.

        Yields
        ------
        dict or None
            ``picture``, ``base`` and ``snr_db`` of `PostFilter`.
        """
        state: Any = None
        for arrived in received:
            if arrived is None or (state is None and not arrived.code.intra):
                state = None
                yield None
                continue
            intra = arrived.code.intra
            told = (arrived.conditions or conditions).arrays(intra=intra)
            inputs: dict[str, Any] = {"received": self._parts(arrived), **told}
            if not intra:
                inputs["state"] = state
            decoded = self._steps[intra].predict_on_batch(inputs)
            state = decoded["state"]
            picture, base = decoded["picture"], state["base"]
            yield {"picture": picture, "base": base, "snr_db": told["snr_db"]}

    def _parts(self, arrived: ReceivedFrame) -> dict[str, dict[str, np.ndarray]]:
        code, codec, at, parts = arrived.code, self._codecs[arrived.code.intra], 0, {}
        for part in codec.PARTS:
            rates, ladder = code.rates[part], getattr(codec, part).ladder
            these = slice(at, at + count(rates, ladder))
            at = these.stop
            parts[part] = {
                "symbols": unpack(code.symbols[these], rates, ladder)[None],
                "noise": unpack(arrived.noise[these], rates, ladder)[None],
                "rates": rates[None],
                "hyper": code.hyper[part].astype(np.float32)[None],
            }
        return parts


def padded(frame: np.ndarray) -> np.ndarray:
    """Return a frame from 0 to 1, its last row and column repeated up to a multiple of 16.

    Parameters
    ----------
    frame : np.ndarray
        uint8, shape [H, W, 3].

    Returns
    -------
    np.ndarray
        float32, shape [H', W', 3].
    """
    extra = [(0, -n % LATENT_STRIDE) for n in frame.shape[:2]]
    return np.pad(frame, [*extra, (0, 0)], mode="edge").astype(np.float32) / 255.0


def is_cut(before: np.ndarray, frame: np.ndarray) -> bool:
    """Return whether a frame, uint8 [H, W, 3], has too little of the one before to build on it."""
    difference = before.astype(np.int16) - frame
    return float(np.mean(np.abs(difference))) > SCENE_CUT
