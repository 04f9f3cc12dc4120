"""What one figure of curves shows: its curves, limits, labels and title."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from linksim.metrics import METRICS
from studies.spec import axes
from studies.spec.figure import BLER, CHANNEL_USES, SNR, Figure

ES_N0 = "$E_s/N_0$"
SNR_LABEL = f"SNR, {ES_N0} per resource element (dB)"
USES_LABEL = "Channel uses per pixel"


@dataclass(frozen=True)
class Curve:
    """One curve: arrays over its points, NaN where there is no value.

    Parameters
    ----------
    name, channel : str
        Name in the legend, and channel that it was simulated over.
    bound : bool
        Whether it is a ceiling and not a simulation.
    x : np.ndarray
        SNR in dB, channel uses per pixel or values of an axis; rising. Where those are no numbers,
        their indices.
    mean, low, high : np.ndarray
        Values and 95 % interval.
    n, missing : np.ndarray
        Values in the mean, or blocks; and trials without a value.
    schemes : tuple of str
        Label of the scheme of each point: the curve's name, unless it is against channel uses.
    trials : tuple of tuple of float
        Values of each point that are too few for an interval; empty where there is one.
    uses_per_pixel : np.ndarray
        Mean channel uses per pixel of each point; NaN without video.
    """

    name: str
    channel: str
    bound: bool
    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray
    missing: np.ndarray
    schemes: tuple[str, ...]
    trials: tuple[tuple[float, ...], ...]
    uses_per_pixel: np.ndarray


@dataclass(frozen=True)
class Limit:
    """A limit from theory: a block error rate over SNR in dB."""

    name: str
    snr_db: np.ndarray
    rate: np.ndarray


def channels_of(curves: Sequence[Curve]) -> list[str]:
    """Return the channels of simulated curves."""
    return list(dict.fromkeys(c.channel for c in curves if not c.bound))


@dataclass(frozen=True)
class Panel:
    """One figure with what it shows.

    Parameters
    ----------
    name : str
        Name of its files, without suffix.
    figure : Figure
        Entry of the study that it belongs to.
    curves : sequence of Curve
        Channels are told apart by line style.
    heading : str
        Content that was sent, for the title.
    limits : sequence of Limit
        Drawn beside the curves.
    names : sequence of str
        Simulated curves of all the study's figures, so that each can look the same in all.
    ticks : sequence of str
        Labels of the horizontal axis at 0, 1, 2, …; empty where it has numbers.
    """

    name: str
    figure: Figure
    curves: Sequence[Curve]
    heading: str = ""
    limits: Sequence[Limit] = ()
    names: Sequence[str] = ()
    ticks: Sequence[str] = ()

    @property
    def channels(self) -> list[str]:
        """The channels of its curves; bounds depend on none."""
        return channels_of(self.curves)

    @property
    def title(self) -> str:
        """One or two lines to stand above."""
        alone = f"channel: {self.channels[0]}" if len(self.channels) == 1 else ""
        title = ", ".join(filter(None, (self.heading, alone)))
        lines = [title[:1].upper() + title[1:]]
        if self.figure.snr_db is not None:
            lines.append(f"SNR: {ES_N0} = {self.figure.snr_db:g} dB per resource element")
        return "\n".join(filter(None, lines))

    @property
    def x_label(self) -> str:
        """Label of the horizontal axis."""
        known = {SNR: SNR_LABEL, CHANNEL_USES: USES_LABEL}
        return known.get(self.figure.against) or axes.words(self.figure.against)

    @property
    def y_label(self) -> str:
        """Label of the vertical axis."""
        metric = self.figure.metric
        return "Block error rate" if metric == BLER else METRICS[metric].label

    def label(self, curve: Curve) -> str:
        """Return what a legend calls a curve; of a media metric against SNR, with its cost."""
        alone = curve.bound or len(self.channels) == 1
        name = curve.name if alone else f"{curve.name}, {curve.channel}"
        spent = curve.uses_per_pixel[np.isfinite(curve.uses_per_pixel)]
        if not spent.size or self.figure.metric == BLER or self.figure.against != SNR:
            return name
        least, most = f"{spent.min():.2g}", f"{spent.max():.2g}"
        return f"{name} ({least if least == most else f'{least} to {most}'} uses/pixel)"
