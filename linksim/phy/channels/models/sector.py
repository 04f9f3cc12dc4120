"""The system-level channels of 3GPP TR 38.901, 7.2 to 7.6: a receiver dropped into a cell."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from linksim.errors import unknown
from linksim.options import option
from linksim.phy.channels.channel import WHOLE_TRANSMISSION
from linksim.phy.channels.models.clustered import linear_array
from linksim.phy.channels.multipath import Clock, Multipath
from linksim.phy.channels.rays import correct_ray_offsets

if TYPE_CHECKING:
    import tensorflow as tf

O2I_MODELS = ("low", "high")
SHADOWING = 3
"""Index of shadow fading among Sionna's large-scale parameters."""


@dataclass(frozen=True, kw_only=True)
class _Sector(Multipath):
    """Each burst, or transmission, is at a place of its own in the sector of a base station.

    Line of sight, delay spread, K factor and angles are drawn with the place. Path loss is left
    to the SNR. So is shadow fading, unless asked for; then it has unit mean power in the state
    (line of sight, none, indoors) that the receiver is in. Antennas stand upright, so that
    polarisation costs no power.
    """

    endless: ClassVar[bool] = True
    rays: ClassVar[int] = 24 * 20
    speed: float = option(0.8333, "speed of the receiver", "m/s")
    carrier: float = option(3.5e9, "carrier frequency", "Hz")
    indoor: float = option(0.8, "share of receivers that are indoors")
    shadow_fading: bool = option(False, "draw shadow fading with the place, of unit mean power")
    rx_antennas: int = option(1, "receive antennas")
    tx_antennas: int = option(1, "transmit antennas, one stream each")

    def __post_init__(self) -> None:
        self._within("speed", 0.0, 1e4)
        self._within("carrier", 0.5e9, 100e9)  # the range of TR 38.901
        self._within("indoor", 0.0, 1.0)
        self._check_antennas()

    @property
    def memory_slots(self) -> int:
        """The place stays for as long as a transmission lasts."""
        return WHOLE_TRANSMISSION

    @abstractmethod
    def _build(self, **options: Any) -> Any:
        """Construct Sionna's model."""

    @cached_property
    def _models(self) -> dict[str, Any]:
        import tensorflow as tf

        with tf.init_scope():  # a graph may be the first to ask, and must not keep it
            return {precision: self._model(precision) for precision in ("single", "double")}

    def _model(self, precision: str) -> Any:
        model = self._build(
            carrier_frequency=self.carrier,
            ut_array=linear_array(self.rx_antennas, self.carrier, precision),
            bs_array=linear_array(self.tx_antennas, self.carrier, precision),
            direction="downlink",
            enable_pathloss=False,
            enable_shadow_fading=self.shadow_fading,
            precision=precision,
        )
        return correct_ray_offsets(model)

    def paths(self, bursts: int, steps: int, rate: float | Clock) -> "tuple[tf.Tensor, tf.Tensor]":
        import tensorflow as tf

        # Within a graph, Sionna's scenario needs AutoGraph to take a topology.
        drop = self._drop if tf.executing_eagerly() else tf.function(self._drop)
        a, tau = drop(bursts, steps, rate)
        return tf.cast(a, tf.complex64), tf.cast(tau, tf.float32)

    def _drop(self, bursts: int, steps: int, rate: float | Clock) -> "tuple[tf.Tensor, tf.Tensor]":
        import tensorflow as tf
        from sionna.phy.channel import gen_single_sector_topology

        precision = "double" if isinstance(rate, Clock) else "single"
        model = self._models[precision]
        places, base, facing, base_facing, velocities, indoors = gen_single_sector_topology(
            bursts,
            1,
            self.name,
            indoor_probability=self.indoor,
            min_ut_velocity=self.speed,
            max_ut_velocity=self.speed,
            precision=precision,
        )
        model.set_topology(
            places, base, tf.zeros_like(facing), tf.zeros_like(base_facing), velocities, indoors
        )
        a, tau = model(steps, rate)
        if self.shadow_fading:
            a *= tf.cast(_shadowing_scale(model, bursts), a.dtype)
        return a, tau


def _shadowing_scale(model: Any, bursts: int) -> "tf.Tensor":
    """Return E[10^X]^-1/2, X normal with the standard deviation of each receiver's state."""
    import tensorflow as tf

    deviation = model._scenario.lsp_log_std[..., SHADOWING] * math.log(10.0)
    return tf.reshape(tf.exp(-(deviation**2) / 4.0), [bursts, 1, 1, 1, 1, 1, 1])


@dataclass(frozen=True, kw_only=True)
class _Urban(_Sector):
    o2i_model: str = option("low", "loss into buildings, which chooses their statistics: low, high")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.o2i_model not in O2I_MODELS:
            raise unknown(f"o2i_model of channel '{self.name}'", self.o2i_model, O2I_MODELS)


@dataclass(frozen=True, kw_only=True)
class Umi(_Urban):
    """Urban microcell of TR 38.901, street canyon; a new place every transmission."""

    name: ClassVar[str] = "umi"

    def _build(self, **options: Any) -> Any:
        from sionna.phy.channel.tr38901 import UMi

        return UMi(o2i_model=self.o2i_model, **options)


@dataclass(frozen=True, kw_only=True)
class Uma(_Urban):
    """Urban macrocell of TR 38.901; a new place every transmission."""

    name: ClassVar[str] = "uma"

    def _build(self, **options: Any) -> Any:
        from sionna.phy.channel.tr38901 import UMa

        return UMa(o2i_model=self.o2i_model, **options)


@dataclass(frozen=True, kw_only=True)
class Rma(_Sector):
    """Rural macrocell of TR 38.901; a new place every transmission."""

    name: ClassVar[str] = "rma"
    indoor: float = option(0.5, "share of receivers that are indoors")

    def _build(self, **options: Any) -> Any:
        from sionna.phy.channel.tr38901 import RMa

        return RMa(**options)
