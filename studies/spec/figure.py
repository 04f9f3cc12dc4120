"""The figures of a study: what an entry of ``figures`` says, and the kinds that there are."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo, model_validator

from linksim.errors import LinksimError
from linksim.metrics import METRICS
from linksim.registry import Registry
from studies.spec.scheme import STRICT, Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

BLER = "bler"
SNR, CHANNEL_USES = "snr", "channel_uses"
"""Horizontal axes of curves, apart from the axes of a sweep."""
CURVES = "curves"
"""The kind of a figure unless it names another."""


STORED = {"stored": True}
"""Context of pydantic for a study that was checked when it ran: its names are not looked up."""


def known_metric(name: str, info: ValidationInfo) -> str:
    """Return the name of a metric, or raise `LinksimError` with the nearest one."""
    if info.context != STORED:
        _ = METRICS[name]  # which raises for a name that no metric has
    return name


def _figure_metric(name: str, info: ValidationInfo) -> str:
    return name if name == BLER else known_metric(name, info)


def unique(values: list[str]) -> list[str]:
    """Return a list of names, or raise `LinksimError` if one stands in it twice."""
    for value in values:
        if values.count(value) > 1:
            raise LinksimError(f"'{value}' is given twice")
    return values


Labels = Annotated[list[str], AfterValidator(unique)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class Figure(BaseModel):
    """One entry of a study's ``figures``.

    The kind ``"curves"`` draws one figure per channel and kind of clip: a metric against SNR,
    channel uses or an axis of the sweep.

    Parameters
    ----------
    kind : str
        Name of a figure kind, or the dotted path of one.
    metric : str
        A metric of the study, or ``"bler"``; curves need one.
    schemes : list of str
        Labels of the schemes and bounds to draw; empty draws all. The label of a scheme that is
        swept stands for all its curves. Against channel uses `curves` has them.
    against : str
        Quantity on the horizontal axis: ``"snr"``, ``"channel_uses"`` or an axis of the
        study's sweep. Channel uses are those measured, per pixel of the clip and without pilots.
    snr_db : float
        The one SNR of the study to draw, unless against SNR.
    curves : dict of str to list of str
        Against channel uses: what to call each curve, and the labels of the schemes that are its
        points.
    name : str
        Name of its files; by default the metric, or the kind unless that is curves.
    """

    model_config = STRICT
    kind: Text = CURVES
    metric: Annotated[str, AfterValidator(_figure_metric)] = BLER
    schemes: Labels = []
    against: str = SNR
    snr_db: float | None = None
    curves: dict[Text, Annotated[Labels, Field(min_length=1)]] = {}
    name: Name | None = None

    @model_validator(mode="after")
    def _curves_have_a_metric(self) -> "Figure":
        if self.kind == CURVES and "metric" not in self.model_fields_set:
            raise LinksimError("'metric' is missing")
        return self

    @property
    def file_name(self) -> str:
        """Beginning of the names of its files."""
        return self.name or (self.metric if self.kind == CURVES else self.kind)


@dataclass(frozen=True)
class FigureKind:
    """A way to draw the results of a study.

    Parameters
    ----------
    name : str
        Name in entries of ``figures``.
    draw : callable
        Called with the study's output folder, the study's entries of this kind, and whether
        closed forms are to be drawn as well; yields the file name, without suffix, and the
        Matplotlib figure of everything drawn. The style is set while it runs.
    """

    name: str
    draw: Callable[[Path, Sequence[Figure], bool], Iterable[tuple[str, "Canvas"]]]


FIGURES: Registry[FigureKind] = Registry(
    "kind of figure", FigureKind, "studies.figures", "linksim.figures"
)
"""Every kind of figure, by name."""
