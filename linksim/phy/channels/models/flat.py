"""Channels that are flat over frequency: no fading, Rayleigh, Rician."""

import typing
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from linksim.errors import LinksimError
from linksim.options import option
from linksim.phy.channels.channel import Channel

if typing.TYPE_CHECKING:
    import tensorflow as tf

    from linksim.phy.grid import Grid

MAX_COHERENCE = 4096
"""Greatest coherence time in slots."""


@dataclass(frozen=True, kw_only=True)
class Awgn(Channel):
    """No fading: h = 1."""

    name: ClassVar[str] = "awgn"

    @property
    def flat(self) -> bool:
        """Whether h is the same on all resource elements of a slot."""
        return True

    def sample(self, bursts: int, slots: int, grid: "Grid") -> "tf.Tensor":
        import tensorflow as tf

        return tf.ones([bursts * slots, *grid.shape], tf.complex64)


@dataclass(frozen=True, kw_only=True)
class _Block(Channel):
    """Block fading: one h for all resource elements of a while."""

    coherence: int | str = option("slot", "h is drawn anew every: slot, a number of slots, or re")

    def __post_init__(self) -> None:
        if isinstance(self.coherence, int):
            known = 1 <= self.coherence <= MAX_COHERENCE
        else:
            known = self.coherence in ("slot", "re")
        if not known:
            raise LinksimError(
                f"channel '{self.name}': coherence must be slot, re or a number of slots from 1 to "
                f"{MAX_COHERENCE}, not '{self.coherence}'"
            )

    @property
    def pilots_inform(self) -> bool:
        """Whether pilots tell anything of the fading of the data beside them."""
        return self.coherence != "re"

    @property
    def flat(self) -> bool:
        """Whether h is the same on all resource elements of a slot."""
        return self.coherence != "re"

    @property
    def memory_slots(self) -> int | None:
        """Coherence time in slots."""
        return self.coherence if isinstance(self.coherence, int) else 1

    def sample(self, bursts: int, slots: int, grid: "Grid") -> "tf.Tensor":
        import tensorflow as tf

        antennas = [] if self.siso else [self.rx_antennas, self.tx_antennas]
        symbols, subcarriers = grid.shape
        if self.coherence == "re":
            h = self._draw(bursts * slots * symbols * subcarriers)
            h = tf.reshape(h, [bursts * slots, symbols * subcarriers, *antennas])
            h = h if self.siso else tf.transpose(h, [0, 2, 3, 1])
            return tf.reshape(h, [bursts * slots, *antennas, symbols, subcarriers])
        run = 1 if self.coherence == "slot" else int(self.coherence)
        blocks = -(-slots // run)
        h = tf.reshape(self._draw(bursts * blocks), [bursts, blocks, *antennas])
        h = tf.reshape(tf.repeat(h, run, axis=1)[:, :slots], [-1, *antennas, 1, 1])
        return tf.tile(h, [*([1] * (1 + len(antennas))), symbols, subcarriers])

    @abstractmethod
    def _draw(self, count: int) -> "tf.Tensor":
        """Return h of as many blocks, complex64, [count, rx antennas, tx antennas]."""


def _scatter(count: int, rx_antennas: int = 1, tx_antennas: int = 1) -> "tf.Tensor":
    import tensorflow as tf
    from sionna.phy.channel import RayleighBlockFading

    model = RayleighBlockFading(num_rx=1, num_rx_ant=rx_antennas, num_tx=1, num_tx_ant=tx_antennas)
    return tf.reshape(model(count, 1)[0], [count, rx_antennas, tx_antennas])


@dataclass(frozen=True, kw_only=True)
class Rayleigh(_Block):
    """Flat block Rayleigh fading: h ~ CN(0, 1), independent from antenna to antenna."""

    name: ClassVar[str] = "rayleigh"
    rx_antennas: int = option(1, "receive antennas")
    tx_antennas: int = option(1, "transmit antennas, one stream each")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_antennas()

    def _draw(self, count: int) -> "tf.Tensor":
        return _scatter(count, self.rx_antennas, self.tx_antennas)


@dataclass(frozen=True, kw_only=True)
class Rician(_Block):
    """Flat block Rician fading: a fixed path of random phase over Rayleigh scatter."""

    name: ClassVar[str] = "rician"
    k_factor: float = option(4.0, "power of the fixed path over that of the scatter, linear")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._within("k_factor", 0.0, 1e6)

    def _draw(self, count: int) -> "tf.Tensor":
        import tensorflow as tf
        from sionna.phy import config

        scatter = _scatter(count)
        phase = config.tf_rng.uniform(tf.shape(scatter), 0.0, 2.0 * 3.141592653589793)
        fixed = tf.complex(tf.cos(phase), tf.sin(phase))
        k = self.k_factor
        return (k / (1 + k)) ** 0.5 * fixed + (1 / (1 + k)) ** 0.5 * scatter
