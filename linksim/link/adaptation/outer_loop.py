"""Choose MCSs slot by slot from reports and acknowledgements.

::

    report ──▶ SNR − offset ─▶ BLER tables ─▶ fastest MCS whose BLER is at most the target
                        ▲
    ACK −Δ t/(1−t), NACK +Δ: the outer loop, whose long-run BLER is the target t

Both loops, and the tables of BLER in AWGN, are those of `sionna.sys`. It has none of MCSs whose
code rate is below 1/5; theirs are taken from the slowest that it has, moved by the ratio of the
code rates, as bits that are repeated gain.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import sionna.sys
import tensorflow as tf

from linksim.link.feedback import LOWEST_DB
from linksim.phy.coding.mcs import MCS_TABLES

TARGET_BLER = 0.1
STEP_DB = 0.2
"""Step in dB by which a NACK raises the offset (Δ)."""

MOST_DB = 10.0
"""Greatest offset, which bounds the time that the loop takes to come back from a deep fade."""

START_DB = 4.0
"""Offset at first: about what reports of 4 bits that are a slot or two old need."""

MEMORY = 1000
"""Answers over which a link averages how often its slowest MCS fails."""

OUTAGE = 0.4 * TARGET_BLER
"""Rate of failures of the slowest MCS from which on the target is given up."""

PDSCH = 1
"""Sionna's number of the category of MCS tables that is the downlink's."""

SNR_GRID_DB = (-20.0, 30.01, 0.1)
"""Least, greatest and step of the SNRs that BLER is interpolated at."""


class OuterLoop:
    """Inner and outer loop link adaptation of many links.

    Sampath, Kumar and Holtzman, VTC 1997; Pedersen et al., VTC 2007. Where failures of the slowest
    MCS alone take up two fifths of the target or more, the others would have to be all but free of
    errors to meet it, and the link would carry less than at an MCS that does not change. So the
    target is given up: NACKs of the slowest are not counted, and of the others every second one.

    Parameters
    ----------
    table : int
        Number of the MCS table, 1 to 3.
    links : int
        Number of links.
    symbols : int
        Data resource elements of a slot.
    """

    def __init__(self, table: int, links: int, symbols: int) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(_bler_tables(table), file)
            file.flush()
            abstraction = sionna.sys.PHYAbstraction(
                load_bler_tables_from=[file.name], snr_db_interp_min_max_delta=SNR_GRID_DB
            )
        self._loop = sionna.sys.OuterLoopLinkAdaptation(
            abstraction,
            num_ut=links,
            bler_target=TARGET_BLER,
            delta_up=STEP_DB,
            offset_max=MOST_DB,
        )
        self._outage, self._deaf = np.zeros(links), np.zeros(links, bool)
        self._table, self._symbols = table, tf.fill([links], symbols)
        vector = [tf.TensorSpec([links], kind) for kind in (tf.float32, tf.int32)]
        self._step = tf.function(self._choose, input_signature=vector)
        self.reset()

    def reset(self, start_db: float = START_DB) -> None:
        """Forget all reports and acknowledgements, and start from an offset in dB."""
        self._outage[:], self._deaf[:] = 0.0, False
        self._loop.reset(sinr_eff_init=10.0 ** (LOWEST_DB / 10.0))
        self._loop.offset.assign(tf.fill(self._loop.offset.shape, start_db))

    def choose(
        self, reports_db: np.ndarray, acknowledged: np.ndarray, sent: np.ndarray
    ) -> np.ndarray:
        """Take what came back and return the I_MCS of each link for the coming slot.

        Parameters
        ----------
        reports_db : np.ndarray
            float, [links]; the last report of each in dB, NaN if there was none.
        acknowledged : np.ndarray
            int, [links]; 1 for an ACK of a first transmission, 0 for a NACK, -1 for neither.
        sent : np.ndarray
            int, [links]; I_MCS of what was answered.

        Returns
        -------
        np.ndarray
            int, [links].
        """
        nack = acknowledged == 0
        slowest = nack & (sent == 0)
        self._outage += np.where(acknowledged < 0, 0.0, slowest - self._outage) / MEMORY
        given_up = nack & (self._outage > OUTAGE)
        self._deaf ^= given_up & ~slowest
        counted = np.where(given_up & (slowest | self._deaf), -1, acknowledged)
        snr = np.nan_to_num(10.0 ** (reports_db / 10.0), nan=0.0)  # Sionna takes 0 for no report
        step = self._step(snr.astype(np.float32), counted.astype(np.int32))
        return step.numpy()

    def _choose(self, snr: tf.Tensor, acknowledged: tf.Tensor) -> tf.Tensor:
        return self._loop(
            self._symbols,
            harq_feedback=acknowledged,
            sinr_eff=snr,
            mcs_table_index=self._table,
            mcs_category=PDSCH,
        )


def _bler_tables(table: int) -> dict[str, Any]:
    """Return Sionna's tables of BLER in AWGN, with the MCSs that it has not."""
    path = Path(sionna.sys.__file__).parent / f"bler_tables/PDSCH_table{table}.json"
    found = json.loads(path.read_text())
    curves = found["category"][str(PDSCH)]["index"][str(table)]["MCS"]
    slowest = min(map(int, curves))
    for index, mcs in enumerate(MCS_TABLES[table][:slowest]):
        shift = 10.0 * np.log10(mcs.code_rate / MCS_TABLES[table][slowest].code_rate)
        moved = [snr_db + float(shift) for snr_db in curves[str(slowest)]["SNR_db"]]
        curves[str(index)] = {"SNR_db": moved, "CBS": curves[str(slowest)]["CBS"]}
    return found
