"""A channel that is drawn from impulse responses on disk."""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linksim.errors import LinksimError, unknown
from linksim.options import check_range, option
from linksim.phy.channels.cir_file import Cir, mean_power, read_cir
from linksim.phy.channels.multipath import Clock, Multipath
from linksim.phy.channels.profile import late_interference

if TYPE_CHECKING:
    import tensorflow as tf

    from linksim.phy.grid import Grid

NORMALISED = ("grid", "paths", "none")
LEAST_POWER = 1e-9
"""Least mean power on a grid, of paths whose powers add up to 1."""


@dataclass(frozen=True, kw_only=True)
class Drawn(Multipath):
    """Realisations drawn anew with each run of slots, as many as one realisation lasts for.

    Mean power is 1 over all of them. Between their times a coefficient is interpolated
    linearly; a realisation of one time stands still, and lasts for one slot.
    """

    normalise: str = option(
        "grid",
        "what has unit mean power over all realisations: h on the grid, the sum of the paths' "
        "powers, or nothing: grid, paths, none",
    )

    repeat: bool = option(False, "true to go on with another realisation where a call outlasts one")

    _cir: ClassVar[Cir]  # which a class has as a property

    def __post_init__(self) -> None:
        if self.normalise not in NORMALISED:
            raise unknown(f"normalise of channel '{self.name}'", self.normalise, NORMALISED)

    @property
    def times(self) -> int:
        """Times of a realisation."""
        return self._cir.a.shape[-1]

    @property
    def sampling_frequency(self) -> float:
        """Times a second, in Hz."""
        return self._cir.sampling_frequency

    @property
    def recorded(self) -> bool:  # type: ignore[override]
        """Whether a realisation has more than one time."""
        return self.times > 1

    @property
    def memory_slots(self) -> int | None:
        """Coherence time in slots; None if all those of a burst may be correlated."""
        return 1 if self.times == 1 else None

    def check_grid(self, slot_duration: float) -> None:
        """Raise `LinksimError` where no realisation lasts for a slot."""
        if 1 < self.times < slot_duration * self.sampling_frequency - 1e-6:
            raise LinksimError(
                f"channel '{self.name}': its realisations of {self.times} times at "
                f"{self.sampling_frequency:g} Hz are "
                f"shorter than a slot of {slot_duration:g} s; give longer ones, or of one time"
            )

    def check_call(self, seconds: float) -> None:
        """Raise `LinksimError` where a call outlasts a realisation and is not to go on."""
        longest = self.times / self.sampling_frequency
        if self.recorded and seconds > longest + 1e-6 and not self.repeat:
            raise LinksimError(
                f"channel '{self.name}': its realisations last {longest:.3g} s and the call "
                f"{seconds:.3g} s; give longer ones, or add repeat=true to go on with another"
            )

    def run_slots(self, slots: int, slot_duration: float) -> int:
        """Return over how many of so many slots one realisation lasts."""
        self.check_grid(slot_duration)
        if self.times == 1:
            return 1
        return min(slots, int(self.times / self.sampling_frequency / slot_duration + 1e-6))

    def amplitude(self, grid: "Grid") -> float:
        """Return what paths are multiplied by on a grid, so that E|h|^2 = 1."""
        if self.normalise == "paths":
            return 1.0
        if self.normalise == "none":
            check_range(
                f"channel '{self.name}': rms of a, unscaled,", self._cir.amplitude, 1e-6, 1e6
            )
            return self._cir.amplitude
        power = mean_power(self._cir, grid.subcarriers, grid.subcarrier_spacing)
        if power < LEAST_POWER:
            raise LinksimError(
                f"channel '{self.name}': its paths cancel on the grid; use normalise=paths, or a "
                "wider grid"
            )
        return power**-0.5

    def paths(self, bursts: int, steps: int, rate: float | Clock) -> "tuple[tf.Tensor, tf.Tensor]":
        import tensorflow as tf
        from sionna.phy import config

        clock = rate if isinstance(rate, Clock) else Clock(rate, 0.0, steps / rate)
        assert clock.run_s is not None
        count, rx, tx, paths, times = self._cir.a.shape
        a, tau = self._tensors
        which = config.tf_rng.uniform([bursts], 0, count, tf.int32)
        stride = 0.0 if times == 1 else self.sampling_frequency / clock.rate
        first_step, all_steps = round(clock.start * clock.rate), round(clock.run_s * clock.rate)
        offsets = np.minimum((first_step + np.arange(steps)) * stride, times - 1)
        latest = times - 1 - math.ceil(min((all_steps - 1) * stride, times - 1) - 1e-6)
        start = config.tf_rng.uniform([bursts], 0, latest + 1, tf.int32)
        before = np.floor(offsets + 1e-6).astype(np.int32)
        weight = np.clip(offsets - before, 0.0, 1.0).astype(np.float32)
        first = which[:, tf.newaxis] * times + start[:, tf.newaxis] + before
        coefficients = tf.gather(a, first)
        if weight.max() > 1e-4:
            after = tf.gather(a, tf.minimum(first + 1, count * times - 1))
            coefficients += tf.cast(weight[:, np.newaxis], a.dtype) * (after - coefficients)
        shaped = tf.reshape(coefficients, [bursts, steps, 1, rx, 1, tx, paths])
        tau = tf.gather(tau, which)[:, tf.newaxis, tf.newaxis]
        return tf.transpose(shaped, [0, 2, 3, 4, 5, 6, 1]), tau

    @cached_property
    def _tensors(self) -> "tuple[tf.Tensor, tf.Tensor]":
        """Coefficients, [realisations * times, rx * tx * paths], and delays."""
        import tensorflow as tf

        count, *inner, times = self._cir.a.shape
        rows = np.moveaxis(self._cir.a, -1, 1).reshape(count * times, math.prod(inner))
        with tf.init_scope():  # a graph may be the first to ask, and must not keep it
            return tf.constant(rows), tf.constant(self._cir.tau)


@dataclass(frozen=True, kw_only=True)
class CirChannel(Drawn):
    """Impulse responses of a file, measured or exported; see the page on channels."""

    name: ClassVar[str] = "cir"
    positional: ClassVar[str] = "file"
    file: str = option("", "NumPy .npz or HDF5 that holds a, tau and sampling_frequency", file=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.file:
            raise LinksimError("channel 'cir' needs a file; write it as cir:FILE")
        read_cir(Path(self.file))

    @property
    def rx_antennas(self) -> int:  # type: ignore[override]
        """Receive antennas of the file."""
        return self._cir.a.shape[1]

    @property
    def tx_antennas(self) -> int:  # type: ignore[override]
        """Transmit antennas of the file."""
        return self._cir.a.shape[2]

    def check_grid(self, slot_duration: float) -> None:
        """Raise `LinksimError` where no realisation lasts for a slot, or a delay is as long."""
        longest = float(self._cir.tau.max())
        if longest >= slot_duration:
            raise LinksimError(
                f"channel '{self.name}': its delays reach {longest:g} s, and a slot lasts "
                f"{slot_duration:g} s; give tau in s, not in ns"
            )
        super().check_grid(slot_duration)

    def interference(self, subcarrier_spacing: float) -> float:
        """Return what paths beyond the cyclic prefix leave on others, over the channel's power."""
        powers = np.mean(np.abs(self._cir.a) ** 2, axis=(1, 2, 4))
        return late_interference(powers, self._cir.tau, subcarrier_spacing)

    @cached_property
    def _cir(self) -> Cir:  # type: ignore[override]
        return read_cir(Path(self.file))
