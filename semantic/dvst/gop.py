"""Video frame by frame: groups of pictures, padding, and what crosses the air."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from linksim.errors import LinksimError
from semantic.dvst.inter import InterCodec
from semantic.dvst.intra import IntraCodec
from semantic.dvst.model import DvstModel
from semantic.dvst.packing import count, pack, unpack
from semantic.dvst.sizes import LATENT_STRIDE


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
        int32, shape [ceil(h / 4), ceil(w / 4), hyper]; hyper-latents of each part.
    """

    intra: bool
    symbols: np.ndarray
    rates: dict[str, np.ndarray]
    hyper: dict[str, np.ndarray]


@dataclass(frozen=True)
class ReceivedFrame:
    """A `FrameCode` after the link; rates and hyper-latents are delivered or the frame is lost.

    Parameters
    ----------
    code : FrameCode
        With the symbols that were received.
    noise : np.ndarray
        float32, shape [n]; noise variance of each symbol, in the units of what was sent.
    """

    code: FrameCode
    noise: np.ndarray


class Sender:
    """The transmitter's half, compiled once for each size of frame.

    Parameters
    ----------
    model : DvstModel
        With the weights to use.
    """

    def __init__(self, model: DvstModel) -> None:
        self._codecs = {True: model.intra, False: model.inter}
        self._steps = {intra: EncodeStep(codec) for intra, codec in self._codecs.items()}

    def __call__(
        self, frames: Iterable[np.ndarray], snr_db: float, eta: float, gop: int
    ) -> Iterator[FrameCode]:
        """Encode frames.

        Parameters
        ----------
        frames : iterable of np.ndarray
            uint8, shape [H, W, 3], of any size, all the same.
        snr_db : float
            Mean Es/N0 in dB that the transmitter knows of.
        eta : float
            Latent reals sent per bit of information.
        gop : int
            Frames from one without reference to the next.

        Raises
        ------
        LinksimError
            If the sizes of frames differ.
        """
        told = {"snr_db": np.array([snr_db], np.float32), "eta": np.array([eta], np.float32)}
        echo, size = None, None
        for t, frame in enumerate(frames):
            if size not in (None, frame.shape):
                raise LinksimError(
                    f"frame {t} is {frame.shape[1]}x{frame.shape[0]}, those before it "
                    f"{size[1]}x{size[0]}; scale them to one size"
                )
            size, intra = frame.shape, t % gop == 0
            inputs = {"frames": padded(frame)[None], **told}
            if not intra:
                inputs["references"] = echo
            coded, echo = self._steps[intra].predict_on_batch(inputs)
            yield self._code(intra, coded)

    def _code(self, intra: bool, coded: dict[str, dict[str, np.ndarray]]) -> FrameCode:
        codec = self._codecs[intra]
        rates = {part: coded[part]["rates"][0] for part in codec.PARTS}
        symbols = [
            pack(coded[part]["symbols"][0], rates[part], getattr(codec, part).ladder)
            for part in codec.PARTS
        ]
        hyper = {part: coded[part]["hyper"][0].astype(np.int32) for part in codec.PARTS}
        return FrameCode(intra, np.concatenate(symbols), rates, hyper)


class Receiver:
    """The receiver's half, which knows nothing but what arrived.

    Parameters
    ----------
    model : DvstModel
        With the weights that the transmitter has.
    """

    def __init__(self, model: DvstModel) -> None:
        self._codecs = {True: model.intra, False: model.inter}
        self._steps = {intra: DecodeStep(codec) for intra, codec in self._codecs.items()}

    def __call__(
        self, received: Iterable[ReceivedFrame | None], snr_db: float, size: tuple[int, int]
    ) -> Iterator[np.ndarray | None]:
        """Decode frames.

        Parameters
        ----------
        received : iterable of ReceivedFrame or None
            None for a frame whose side information is lost: nothing can be decoded from there
            to the next frame without reference.
        snr_db : float
            What the transmitter took the SNR for.
        size : tuple of int
            Height and width of a frame.

        Yields
        ------
        np.ndarray or None
            uint8, shape [H, W, 3], or None for a frame that cannot be decoded.
        """
        picture = None
        for arrived in received:
            if arrived is None or (picture is None and not arrived.code.intra):
                picture = None
                yield None
                continue
            inputs = {"received": self._parts(arrived), "snr_db": np.array([snr_db], np.float32)}
            if not arrived.code.intra:
                inputs["references"] = picture
            picture = self._steps[arrived.code.intra].predict_on_batch(inputs)
            shown = picture[0, : size[0], : size[1]]
            yield np.round(255.0 * np.clip(shown, 0.0, 1.0)).astype(np.uint8)

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


class CodecStep(keras.Model):
    """A model around a codec, for Keras to compile."""

    def __init__(self, codec: IntraCodec | InterCodec) -> None:
        super().__init__()
        self.codec = codec
        # XLA compiles for minutes on a CPU and gains nothing by it.
        self.compile(jit_compile=False if keras.backend.backend() == "tensorflow" else "auto")

    def build(self, input_shape: Any) -> None:
        """Do nothing: the codec is built."""
        self.built = True


class EncodeStep(CodecStep):
    """A frame to what is sent of it and to its echo."""

    def call(self, inputs: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        codes, pictures = self.codec.encode(**{"references": None, **inputs})
        sent = ("symbols", "rates", "hyper")
        return {
            part: {what: code[what] for what in sent} for part, code in codes.items()
        }, pictures["echo"]


class DecodeStep(CodecStep):
    """What arrived to a frame."""

    def call(self, inputs: dict[str, Any]) -> Any:
        return self.codec.decode(**{"references": None, **inputs})
