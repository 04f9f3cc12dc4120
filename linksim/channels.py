"""Channel models: one registry from a name to a fading process on the resource grid.

A class from elsewhere is a channel too, by its dotted path.

Every model gives the frequency response h of each resource element, normalised in
expectation, E|h|^2 = 1, never per realisation (that would turn flat fading into AWGN).
A burst is a run of consecutive slots over which the fading is continuous; bursts are
independent of each other. Nothing here imports TensorFlow until a channel is sampled.
"""

import typing
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from linksim.dotted import is_dotted, load_class
from linksim.errors import LinksimError, unknown
from linksim.options import build, check_range, option, split_spec

if typing.TYPE_CHECKING:
    import tensorflow as tf

    from linksim.ofdm import Grid


MAX_COHERENCE = 4096
"""Most slots of one fade."""


class Channel(ABC):
    """A fading process, sampled on the resource elements of a grid."""

    name: ClassVar[str]

    @property
    def pilots_inform(self) -> bool:
        """Whether pilots tell anything of the fading of the data beside them."""
        return True

    @property
    def memory_slots(self) -> int | None:
        """Slots that share a fade; None if all those of a burst are correlated."""
        return 1

    @abstractmethod
    def sample(self, bursts: int, slots: int, grid: "Grid") -> "tf.Tensor":
        """Draw from Sionna's random generator.

        Output
        ------
        tf.complex64, shape [bursts * slots, symbols per slot, subcarriers]
            Frequency response; the slots of a burst follow one another.
        """


@dataclass(frozen=True, kw_only=True)
class Awgn(Channel):
    """No fading: h = 1."""

    name: ClassVar[str] = "awgn"

    def sample(self, bursts: int, slots: int, grid: "Grid") -> "tf.Tensor":
        import tensorflow as tf

        return tf.ones([bursts * slots, *grid.shape], tf.complex64)


@dataclass(frozen=True, kw_only=True)
class Rayleigh(Channel):
    """Flat block Rayleigh fading: h ~ CN(0, 1) (paper eq. 4)."""

    name: ClassVar[str] = "rayleigh"
    coherence: int | str = option("slot", "h is drawn anew every: slot, a number of slots, or re")

    def __post_init__(self) -> None:
        number = isinstance(self.coherence, int)
        if not (
            self.coherence in ("slot", "re") or (number and 1 <= self.coherence <= MAX_COHERENCE)
        ):
            raise LinksimError(
                f"channel '{self.name}': coherence must be slot, re or a number of slots from 1 to "
                f"{MAX_COHERENCE}, not '{self.coherence}'"
            )

    @property
    def pilots_inform(self) -> bool:
        """Whether pilots tell anything of the fading of the data beside them."""
        return self.coherence != "re"

    @property
    def memory_slots(self) -> int | None:
        """Slots that share a fade."""
        return self.coherence if isinstance(self.coherence, int) else 1

    def sample(self, bursts: int, slots: int, grid: "Grid") -> "tf.Tensor":
        import tensorflow as tf

        symbols, subcarriers = grid.shape
        if self.coherence == "re":
            h = self._draw(bursts * slots * symbols * subcarriers)
            return tf.reshape(h, [bursts * slots, symbols, subcarriers])
        run = 1 if self.coherence == "slot" else int(self.coherence)
        blocks = -(-slots // run)
        h = tf.reshape(self._draw(bursts * blocks), [bursts, blocks])
        h = tf.reshape(tf.repeat(h, run, axis=1)[:, :slots], [-1, 1, 1])
        return tf.tile(h, [1, symbols, subcarriers])

    def _draw(self, count: int) -> "tf.Tensor":
        from sionna.phy.channel import RayleighBlockFading

        model = RayleighBlockFading(num_rx=1, num_rx_ant=1, num_tx=1, num_tx_ant=1)
        return model(count, 1)[0]


@dataclass(frozen=True, kw_only=True)
class Rician(Rayleigh):
    """Flat block Rician fading: a fixed path of random phase over Rayleigh scatter."""

    name: ClassVar[str] = "rician"
    k_factor: float = option(4.0, "power of the fixed path over that of the scatter, linear")

    def __post_init__(self) -> None:
        super().__post_init__()
        _within(self, "k_factor", 0.0, 1e6)

    def _draw(self, count: int) -> "tf.Tensor":
        import tensorflow as tf
        from sionna.phy import config

        scatter = super()._draw(count)
        phase = config.tf_rng.uniform(tf.shape(scatter), 0.0, 2.0 * 3.141592653589793)
        fixed = tf.complex(tf.cos(phase), tf.sin(phase))
        k = self.k_factor
        return (k / (1 + k)) ** 0.5 * fixed + (1 / (1 + k)) ** 0.5 * scatter


@dataclass(frozen=True, kw_only=True)
class _Multipath(Channel):
    """A 3GPP channel given by path coefficients and delays."""

    model: ClassVar[str]
    delay_spread: float = option(100e-9, "RMS delay spread", "s")
    speed: float = option(0.8333, "speed of the receiver", "m/s")
    carrier: float = option(3.5e9, "carrier frequency", "Hz")

    def __post_init__(self) -> None:
        _within(self, "delay_spread", 1e-12, 1e-4)
        _within(self, "speed", 0.0, 1e4)
        _within(self, "carrier", 1e6, 1e12)

    @property
    def memory_slots(self) -> int | None:
        """All slots of a burst are correlated, by the Doppler spectrum."""
        return None

    @abstractmethod
    def _build(self) -> Any:
        """Construct Sionna's model."""

    @cached_property
    def _paths(self) -> Any:
        import tensorflow as tf

        with tf.init_scope():  # a graph may be the first to ask, and must not keep it
            return self._build()

    def sample(self, bursts: int, slots: int, grid: "Grid") -> "tf.Tensor":
        import tensorflow as tf
        from sionna.phy.channel import cir_to_ofdm_channel

        symbols, subcarriers = grid.shape
        a, tau = self._paths(bursts, slots * symbols, 1.0 / grid.symbol_duration)
        h = cir_to_ofdm_channel(grid.frequencies, a, tau, normalize=False)
        return tf.reshape(h, [bursts * slots, symbols, subcarriers])


@dataclass(frozen=True, kw_only=True)
class Tdl(_Multipath):
    """Tapped delay line of TR 38.901, 7.7.2."""

    def _build(self) -> Any:
        from sionna.phy.channel.tr38901 import TDL

        return TDL(
            self.model, self.delay_spread, self.carrier, min_speed=self.speed, max_speed=self.speed
        )


@dataclass(frozen=True, kw_only=True)
class Cdl(_Multipath):
    """Clustered delay line of TR 38.901, 7.7.1, one omnidirectional antenna a side."""

    def _build(self) -> Any:
        from sionna.phy.channel.tr38901 import CDL, AntennaArray

        antenna = AntennaArray(
            num_rows=1,
            num_cols=1,
            polarization="single",
            polarization_type="V",
            antenna_pattern="omni",
            carrier_frequency=self.carrier,
        )
        return CDL(
            self.model,
            self.delay_spread,
            self.carrier,
            ut_array=antenna,
            bs_array=antenna,
            direction="downlink",
            min_speed=self.speed,
            max_speed=self.speed,
        )


def _named(base: type[_Multipath], family: str, model: str) -> type[_Multipath]:
    name = f"{family}-{model.lower()}"
    body = {"name": name, "model": model, "__doc__": base.__doc__}
    return type(f"{base.__name__}{model}", (base,), body)


CHANNELS: dict[str, type[Channel]] = {
    "awgn": Awgn,
    "rayleigh": Rayleigh,
    "rician": Rician,
    **{f"tdl-{m.lower()}": _named(Tdl, "tdl", m) for m in "ABCDE"},
    **{f"cdl-{m.lower()}": _named(Cdl, "cdl", m) for m in "ABCDE"},
}
"""Every channel by its name."""


def parse_channel(spec: str) -> Channel:
    """Construct a channel from ``"name"`` or ``"name:key=value,key=value"``.

    The name is one of `CHANNELS`, in letters of either case, or the dotted path of a class.

    Raises
    ------
    LinksimError
        For an unknown channel or option (with the nearest known name), a bad value, or a dotted
        path that leads to no channel.
    """
    name, options = split_spec(spec, "channel")
    return build(channel_class(name), options, f"channel '{name}'")


def channel_class(name: str) -> type[Channel]:
    """Return a channel's class by its name or dotted path.

    Raises
    ------
    LinksimError
        As `parse_channel`.
    """
    if is_dotted(name):
        return load_class(name, Channel, "channel")
    if name.lower() not in CHANNELS:
        raise unknown("channel", name, CHANNELS)
    return CHANNELS[name.lower()]


def _within(channel: Channel, field: str, low: float, high: float) -> None:
    check_range(f"channel '{channel.name}': {field}", getattr(channel, field), low, high)
