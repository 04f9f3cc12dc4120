"""The base of all kinds of checks."""

from abc import ABC, abstractmethod
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from linksim.errors import LinksimError, unknown
from linksim.metrics import METRICS
from studies.claims.results import COSTS, Results
from studies.claims.verdict import Verdict
from studies.spec.figure import BLER


def _known(name: str | None) -> str | None:
    known = (*METRICS, BLER, *COSTS)
    if name is not None and name not in known:
        raise unknown("quantity", name, known)
    return name


def _rising(limits: list[float]) -> list[float]:
    if limits[0] > limits[1]:
        raise LinksimError(f"the range {limits[0]:g} to {limits[1]:g} dB is reversed")
    return limits


SCHEME, QUANTITY = "scheme", AfterValidator(_known)
Label = Annotated[str, SCHEME]
"""Label of a scheme of the study."""
Quantity = Annotated[str, QUANTITY]
"""Metric, cost or block error rate."""
Range = Annotated[list[float], Field(min_length=2, max_length=2), AfterValidator(_rising)]


class Model(BaseModel):
    """A part of ``claims.yaml``; keys that it does not have are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Check(Model, ABC):
    """A claim as something that can be computed.

    Parameters
    ----------
    kind : str
        Name of the kind of check.
    snr_db : [float, float]
        Lowest and highest SNR in dB that it is about, both included.
    """

    snr_db: Range = [-100.0, 100.0]

    @abstractmethod
    def verdict(self, results: Results) -> Verdict:
        """Check the claim.

        Raises
        ------
        MissingError
            If the results do not tell.
        """

    def schemes(self) -> list[str]:
        """Return the labels that it refers to."""
        return self._marked(SCHEME)

    def quantities(self) -> list[str]:
        """Return the metrics and costs that it refers to."""
        return self._marked(QUANTITY)

    def _marked(self, mark: object) -> list[str]:
        fields = type(self).model_fields.items()
        named = [getattr(self, name) for name, field in fields if mark in field.metadata]
        return [name for name in named if name is not None]

    def snrs(self, results: Results) -> tuple[float, ...]:
        """Return the SNR values of the study that it is about."""
        return results.between(*self.snr_db)

    def differences(
        self, results: Results, first: str, second: str, name: str
    ) -> dict[float, np.ndarray]:
        """Return first minus second of each trial, by SNR."""
        return {
            snr: -np.diff(results.pairs(first, second, snr, name), axis=1)[:, 0]
            for snr in self.snrs(results)
        }


def at(values: dict[float, float]) -> str:
    """Say numbers with their SNR, as in ``"0.1 at 5 dB, 0.2 at 8 dB"``."""
    return ", ".join(f"{value:+.3g} at {snr:g} dB" for snr, value in values.items())
