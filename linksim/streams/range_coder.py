"""Range coding: whole numbers into few bytes and back, by a probability that both ends know.

::

    symbols ─┐                                        ┌─ decode ─▶ symbols
             ├─ encode ─▶ bytes ──── bit link ────▶ ─┤
    model  ──┘                                        └─ model

The range coder is that of the package constriction (R. Bamler, "Understanding entropy coding
with asymmetric numeral systems (ANS)", arXiv:2201.01741, 2022), after G. N. N. Martin, "Range
encoding", Video & Data Recording Conf., 1979. Probabilities are floating point, so the two ends
agree bit for bit on one machine, not always between two kinds of processor.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import constriction
import numpy as np

from linksim.errors import LinksimError

LIMIT = 4095
"""Largest magnitude of a symbol of `Gaussian` and `Laplace`. Each of the symbols that this allows
has a probability of 2^-24 at least, which costs the others 0.0007 bit at most."""

_WORD = np.dtype(">u4")
_models, _coders = constriction.stream.model, constriction.stream.queue


@dataclass(frozen=True, eq=False)
class _Rounded:
    """A continuous distribution over the whole numbers, bins of width 1 around each.

    Parameters
    ----------
    mean, scale : np.ndarray or float
        Finite, of shapes that broadcast to that of the symbols; scale above 0.

    Raises
    ------
    LinksimError
        If a number is not finite or a scale not above 0.
    """

    mean: np.ndarray | float
    scale: np.ndarray | float

    _family: ClassVar[Callable[[int, int], Any]]

    def __post_init__(self) -> None:
        if not np.isfinite(self.mean).all():
            raise LinksimError("entropy model: mean holds NaN or infinity; make it finite")
        if not (np.isfinite(self.scale) & np.greater(self.scale, 0)).all():
            raise LinksimError("entropy model: scale must be finite and above 0 everywhere")

    def _check(self, symbols: np.ndarray) -> None:
        if symbols.size and (symbols.min() < -LIMIT or symbols.max() > LIMIT):
            raise LinksimError(
                f"entropy coding: symbols must lie between {-LIMIT} and {LIMIT}, not span "
                f"{symbols.min()} to {symbols.max()}; clip them or take a wider quantiser step"
            )

    def _arguments(self, shape: tuple[int, ...]) -> tuple[Any, ...]:
        flat = (_flat("mean", self.mean, shape), _flat("scale", self.scale, shape))
        return type(self)._family(-LIMIT, LIMIT), *flat


class Gaussian(_Rounded):
    """A normal distribution over the whole numbers; `scale` is the standard deviation."""

    _family = _models.QuantizedGaussian


class Laplace(_Rounded):
    """A Laplace distribution, p(x) = exp(-|x - mean| / b) / 2b; `scale` is the mean magnitude b."""

    _family = _models.QuantizedLaplace


@dataclass(frozen=True, eq=False)
class Categorical:
    """A table of probabilities; the symbols are 0 to K - 1.

    Parameters
    ----------
    probabilities : np.ndarray
        float, shape [..., K], K at least 2; all but the last axis broadcast to the shape of the
        symbols. Each row is divided by its sum. What is given as 0 can still be sent, at 24 bits
        or so.

    Raises
    ------
    LinksimError
        If the table has fewer than two columns, holds what is not a probability, or a row of
        zeros.
    """

    probabilities: np.ndarray

    def __post_init__(self) -> None:
        table = self.probabilities
        if np.ndim(table) < 1 or table.shape[-1] < 2:
            raise LinksimError("entropy model: probabilities need two columns or more")
        if not (np.isfinite(table) & (table >= 0)).all() or not (table.sum(-1) > 0).all():
            raise LinksimError(
                "entropy model: probabilities must be finite, none negative and no row all 0"
            )

    def _check(self, symbols: np.ndarray) -> None:
        columns = self.probabilities.shape[-1]
        if symbols.size and (symbols.min() < 0 or symbols.max() >= columns):
            raise LinksimError(
                f"entropy coding: symbols must lie between 0 and {columns - 1}, the columns of "
                f"the table, not span {symbols.min()} to {symbols.max()}"
            )

    def _arguments(self, shape: tuple[int, ...]) -> tuple[Any, ...]:
        columns = self.probabilities.shape[-1]
        table = _flat("probabilities", self.probabilities, (*shape, columns))
        return _models.Categorical(perfect=False), table.reshape(-1, columns)


Model = Gaussian | Laplace | Categorical


class Encoder:
    """Codes runs of symbols, each under a model of its own, into one string of bytes."""

    def __init__(self) -> None:
        self._coder = _coders.RangeEncoder()

    def put(self, symbols: np.ndarray, model: Model) -> None:
        """Code symbols in about the bits that the model gives them.

        Parameters
        ----------
        symbols : np.ndarray
            int, any shape.
        model : Gaussian, Laplace or Categorical
            The probability of each symbol.

        Raises
        ------
        LinksimError
            If the symbols are not whole numbers or outside what the model covers, or the model
            does not fit their shape.
        """
        symbols = np.asarray(symbols)
        if symbols.dtype.kind not in "iu":
            raise LinksimError(
                f"entropy coding: symbols must be whole numbers, not {symbols.dtype}"
            )
        model._check(symbols)
        arguments = model._arguments(symbols.shape)
        if symbols.size:
            self._coder.encode(symbols.reshape(-1).astype(np.int32), *arguments)

    def data(self) -> bytes:
        """Return what was coded so far, in 3 bytes more than the models ask for; maybe empty."""
        # The decoder takes what is missing at the end for zeros.
        return self._coder.get_compressed().astype(_WORD).tobytes().rstrip(b"\0")


class Decoder:
    """Reads back what an `Encoder` coded, run by run.

    Parameters
    ----------
    data : bytes
        What `Encoder.data` returned. Nothing in it tells whether it is whole: guard it by a CRC.
    """

    def __init__(self, data: bytes) -> None:
        words = np.frombuffer(data.ljust(-(-len(data) // 4) * 4, b"\0"), _WORD)
        self._coder = _coders.RangeDecoder(words.astype(np.uint32))

    def take(self, shape: tuple[int, ...], model: Model) -> np.ndarray:
        """Read the next run of symbols.

        Parameters
        ----------
        shape : tuple of int
            Shape of the symbols.
        model : Gaussian, Laplace or Categorical
            The model that they were encoded with, equal to the last bit.

        Returns
        -------
        np.ndarray
            int32, of that shape; from damaged data any symbols that the model covers.

        Raises
        ------
        LinksimError
            If the model does not fit the shape, or for some damaged data.
        """
        arguments = model._arguments(shape)
        if not np.prod(shape):
            return np.zeros(shape, np.int32)
        try:
            symbols = self._coder.decode(*arguments)
        except AssertionError as error:
            raise LinksimError("entropy coding: the data is damaged or of another model") from error
        return symbols.reshape(shape)


def encode(symbols: np.ndarray, model: Model) -> bytes:
    """Code one run of symbols; see `Encoder.put`."""
    encoder = Encoder()
    encoder.put(symbols, model)
    return encoder.data()


def decode(data: bytes, shape: tuple[int, ...], model: Model) -> np.ndarray:
    """Read back what `encode` wrote; see `Decoder.take`."""
    return Decoder(data).take(shape, model)


def _flat(name: str, values: np.ndarray | float, shape: tuple[int, ...]) -> np.ndarray:
    try:
        every = np.broadcast_to(np.asarray(values, np.float64), shape)
    except ValueError:
        raise LinksimError(
            f"entropy model: {name} of shape {np.shape(values)} does not fit what it describes, "
            f"of shape {shape}"
        ) from None
    return np.ascontiguousarray(every).reshape(-1)
