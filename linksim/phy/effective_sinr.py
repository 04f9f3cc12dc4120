"""Effective SINR: the SNR in AWGN at which a code fares as over resource elements that differ.

::

    SINR of each element ─▶ -β ln mean exp(-SINR / β), for β of each MCS ─▶ the fastest borne

β is what `sionna.sys` has for the exponential mapping (EESM), by modulation and code rate. A mean
of SINRs promises too much where some elements fade, the more so the more sensitive the code.
"""

import json
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
import tensorflow as tf

from linksim.phy.coding.mcs import MCS_TABLES, Mcs
from linksim.phy.modulations import MODULATIONS


class EffectiveSinr:
    """The effective SINR of a slot for the fastest MCS that it bears.

    Parameters
    ----------
    schemes : sequence of Mcs
        MCSs to choose from, slowest first.
    needed : sequence of float
        SINR in AWGN, linear, that each needs. Where none is borne the slowest counts.
    """

    def __init__(self, schemes: Sequence[Mcs], needed: Sequence[float]) -> None:
        self._betas = [beta_of(mcs) for mcs in schemes]
        self._needed = tf.constant(needed, tf.float32)

    def __call__(self, sinr: tf.Tensor) -> tf.Tensor:
        """Map the SINR of data symbols.

        Input
        -----
        sinr : tf.float32, [slots, symbols]
            Linear.

        Output
        ------
        tf.float32, [slots]
        """
        return self._fastest([_eesm(sinr, beta) for beta in self._betas])

    def of_pilots(self, snr: tf.Tensor, antennas: int) -> tf.Tensor:
        """Map the SNR of noisy estimates at pilots, without bias.

        The estimate h + n gives exp(-|h + n|^2 / (N0 (β - 1))), whose mean over the noise is
        (1 - 1/β) exp(-|h|^2 / (N0 β)) for each antenna. With many antennas β is at least so great
        that the noise of all leaves the mean over pilots a number to be trusted.

        Input
        -----
        snr : tf.float32, [slots, pilots]
            Sum of |h + n|^2 / N0 over receive antennas, with n of variance N0.
        antennas : int
            Number of receive antennas.

        Output
        ------
        tf.float32, [slots]
        """
        mapped = []
        for beta in np.maximum(self._betas, 1.0 + (antennas / 2.0) ** 0.5).tolist():
            noisy = _eesm(snr, beta - 1.0) * beta / (beta - 1.0)
            mapped.append(noisy + antennas * beta * math.log1p(-1.0 / beta))
        return self._fastest(mapped)

    def _fastest(self, mapped: list[tf.Tensor]) -> tf.Tensor:
        every = tf.stack(mapped, axis=1)
        place = tf.range(1, len(mapped) + 1) * tf.cast(every >= self._needed, tf.int32)
        chosen = tf.maximum(tf.reduce_max(place, axis=1) - 1, 0)
        return tf.maximum(tf.gather(every, chosen, batch_dims=1), 0.0)


def beta_of(mcs: Mcs) -> float:
    """Return β of an MCS, interpolated over code rates of its modulation.

    Of a modulation without a table it is that of the table's next with as many bits or more.
    """
    known = _betas()
    bits = MODULATIONS[mcs.modulation].bits
    near = min((b for b in known if b >= bits), default=max(known))
    rates, betas = zip(*sorted(known[near].items()), strict=True)
    return float(np.interp(mcs.code_rate, rates, betas))


@cache
def _betas() -> dict[int, dict[float, float]]:
    """Return β by bits of a symbol and code rate, as of tables 1 and 2 of TS 38.214."""
    file = files("sionna") / "sys" / "esm_params" / "eesm_beta_table.json"
    tables = json.loads(file.read_text(encoding="utf-8"))["index"]
    found: dict[int, dict[float, float]] = {}
    for number, betas in tables.items():
        for mcs, beta in zip(MCS_TABLES[int(number)], betas, strict=True):
            of_bits = found.setdefault(MODULATIONS[mcs.modulation].bits, {})
            of_bits.setdefault(mcs.code_rate, beta)
    return found


def _eesm(sinr: tf.Tensor, beta: float) -> tf.Tensor:
    count = math.log(sinr.shape[1])
    return beta * (count - tf.reduce_logsumexp(-sinr / beta, axis=1))
