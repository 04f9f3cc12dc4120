"""The contract of a modulation: a name, and labelled points in the complex plane."""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import dataclass

from linksim.errors import LinksimError

if typing.TYPE_CHECKING:
    import tensorflow as tf
    from sionna.phy.mapping import Constellation

UNIT_ENERGY = 1e-3
"""Largest deviation of the mean energy of the points from 1."""


@dataclass(frozen=True)
class Modulation:
    """A set of points that bits are mapped to.

    Parameters
    ----------
    name : str
        Name in a link's configuration.
    bits : int
        Bits per symbol; even for the square QAM of TS 38.211, clause 5.1.
    points : tuple of complex, optional
        The 2**bits points, of unit mean energy; the place of a point, as a binary number whose
        first bit is sent first, is its label. None takes the Gray-labelled square QAM of the
        standard.

    Raises
    ------
    LinksimError
        If there are not 2**bits points, or their mean energy is not 1.

    Examples
    --------
    >>> Modulation("bpsk", 1, (1, -1)).bits
    1
    """

    name: str
    bits: int
    points: tuple[complex, ...] | None = None

    def __post_init__(self) -> None:
        if self.points is None:
            return
        if len(self.points) != 2**self.bits:
            raise LinksimError(
                f"modulation '{self.name}' has {len(self.points)} points; {self.bits} bits per "
                f"symbol need {2**self.bits}"
            )
        energy = sum(abs(point) ** 2 for point in self.points) / len(self.points)
        if abs(energy - 1) > UNIT_ENERGY:
            raise LinksimError(
                f"modulation '{self.name}' has a mean energy of {energy:.4g}; scale it to 1"
            )

    @property
    def is_square_qam(self) -> bool:
        """Whether it is the standard's Gray-labelled QAM, for which closed forms exist."""
        return self.points is None

    @property
    def constellation(self) -> Constellation:
        """The points as Sionna has them."""
        from sionna.phy.mapping import Constellation

        if self.points is None:
            return Constellation("qam", self.bits)
        return Constellation("custom", self.bits, points=list(self.points))

    def mapper(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """Return what maps bits, float [..., n * bits], to symbols, complex64 [..., n]."""
        from sionna.phy.mapping import Mapper

        return Mapper(constellation=self.constellation)

    def demapper(self) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
        """Return the exact a-posteriori demapper.

        Returns
        -------
        callable
            Takes symbols, complex64 [..., n], and the variance of the complex noise of each,
            float32 [..., n]; gives logits ln P(1)/P(0), float32 [..., n * bits].
        """
        if self.is_square_qam:
            from linksim.phy.demapping import QamDemapper

            return QamDemapper(self.bits)
        from sionna.phy.mapping import Demapper

        return Demapper("app", constellation=self.constellation)

    def slicer(self) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
        """Return what decides on the bits of the nearest point; takes what a demapper takes."""
        from sionna.phy.mapping import Demapper

        return Demapper("maxlog", constellation=self.constellation, hard_out=True)
