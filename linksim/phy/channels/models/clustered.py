"""The link-level channels of 3GPP TR 38.901, 7.7: tapped and clustered delay lines."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from linksim.options import option
from linksim.phy.channels.channel import WHOLE_TRANSMISSION
from linksim.phy.channels.multipath import Clock, Multipath
from linksim.phy.channels.profile import late_interference, sionnas_profile

if TYPE_CHECKING:
    import tensorflow as tf

MODELS = "ABCDE"


@dataclass(frozen=True, kw_only=True)
class _Tr38901(Multipath):
    """A channel whose paths one of Sionna's models draws."""

    model: ClassVar[str]
    endless: ClassVar[bool] = True
    rays: ClassVar[int] = 24 * 20
    delay_spread: float = option(100e-9, "RMS delay spread", "s")
    speed: float = option(0.8333, "speed of the receiver", "m/s")
    carrier: float = option(3.5e9, "carrier frequency", "Hz")
    rx_antennas: int = option(1, "receive antennas")
    tx_antennas: int = option(1, "transmit antennas, one stream each")

    def __post_init__(self) -> None:
        self._within("delay_spread", 1e-12, 1e-4)
        self._within("speed", 0.0, 1e4)
        self._within("carrier", 1e6, 1e12)
        self._check_antennas()

    @property
    def memory_slots(self) -> int | None:
        """None, as those of a burst are correlated; without speed nothing changes at all."""
        return None if self.speed else WHOLE_TRANSMISSION

    @abstractmethod
    def _build(self, precision: str) -> Any:
        """Construct Sionna's model."""

    @cached_property
    def _models(self) -> dict[str, Any]:
        import tensorflow as tf

        with tf.init_scope():  # a graph may be the first to ask, and must not keep it
            return {precision: self._build(precision) for precision in ("single", "double")}

    def interference(self, subcarrier_spacing: float) -> float:
        """Return what paths beyond the cyclic prefix leave on others, over the channel's power."""
        powers, delays = sionnas_profile(self.name.upper())
        return late_interference(powers, delays * self.delay_spread, subcarrier_spacing)

    def paths(self, bursts: int, steps: int, rate: float | Clock) -> "tuple[tf.Tensor, tf.Tensor]":
        import tensorflow as tf

        precision = "double" if isinstance(rate, Clock) else "single"
        a, tau = self._models[precision](bursts, steps, rate)
        return tf.cast(a, tf.complex64), tf.cast(tau, tf.float32)


@dataclass(frozen=True, kw_only=True)
class Tdl(_Tr38901):
    """Tapped delay line of TR 38.901, 7.7.2; scatter is independent from antenna to antenna."""

    def _build(self, precision: str) -> Any:
        from sionna.phy.channel.tr38901 import TDL

        return TDL(
            self.model,
            self.delay_spread,
            self.carrier,
            min_speed=self.speed,
            max_speed=self.speed,
            num_rx_ant=self.rx_antennas,
            num_tx_ant=self.tx_antennas,
            precision=precision,
        )


@dataclass(frozen=True, kw_only=True)
class Cdl(_Tr38901):
    """Clustered delay line of TR 38.901, 7.7.1; a row of omnidirectional antennas a side."""

    def _build(self, precision: str) -> Any:
        from sionna.phy.channel.tr38901 import CDL

        return CDL(
            self.model,
            self.delay_spread,
            self.carrier,
            ut_array=linear_array(self.rx_antennas, self.carrier, precision),
            bs_array=linear_array(self.tx_antennas, self.carrier, precision),
            direction="downlink",
            min_speed=self.speed,
            max_speed=self.speed,
            precision=precision,
        )


def linear_array(antennas: int, carrier: float, precision: str) -> Any:
    """Return a horizontal row, half a wavelength apart, all vertically polarised."""
    from sionna.phy.channel.tr38901 import AntennaArray

    return AntennaArray(
        num_rows=1,
        num_cols=antennas,
        polarization="single",
        polarization_type="V",
        antenna_pattern="omni",
        carrier_frequency=carrier,
        precision=precision,
    )


def _named(base: type[_Tr38901], family: str, model: str) -> type[_Tr38901]:
    name = f"{family}-{model.lower()}"
    body = {"name": name, "model": model, "__doc__": base.__doc__, "__module__": __name__}
    return type(f"{base.__name__}{model}", (base,), body)


TDL = tuple(_named(Tdl, "tdl", m) for m in MODELS)
CDL = tuple(_named(Cdl, "cdl", m) for m in MODELS)
