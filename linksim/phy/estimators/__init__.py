"""Channel estimators by name; a new one is one module of this package."""

from linksim.phy.estimators.estimator import Estimator
from linksim.registry import Registry

ESTIMATORS: Registry[Estimator] = Registry(
    "estimator", Estimator, "linksim.phy.estimators", "linksim.estimators"
)
"""Every channel estimator by its name."""

__all__ = ["ESTIMATORS", "Estimator"]
