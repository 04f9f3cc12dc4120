"""Sweeps from Python: error rates of links, and media quality of endpoints, over any option."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from linksim.errors import LinksimError, unknown
from linksim.link.config import LinkConfig
from linksim.montecarlo import StopRule
from studies.api.curve import Curve, Row, curve_label
from studies.api.points import ErrorRates, Measure, media_points
from studies.api.result import SweepResult
from studies.run.progress import progress_bar

STOP = StopRule()
"""When a point is done unless a sweep says otherwise: 200 lost blocks, or 20,000 sent."""

LINK_FIELDS = tuple(field.name for field in dataclasses.fields(LinkConfig))


def ber(
    link: LinkConfig | Sequence[LinkConfig],
    snr_db: Iterable[float] | float | None = None,
    *,
    ebn0_db: Iterable[float] | float | None = None,
    coded: bool = True,
    stop: StopRule = STOP,
    seed: int = 1,
    confidence: float = 0.95,
) -> SweepResult:
    """Simulate bit and block error rates of a link, or of several, against SNR.

    Parameters
    ----------
    link : LinkConfig or sequence of LinkConfig
        The links.
    snr_db : float or iterable of float, optional
        Es/N0 per resource element in dB, averaged over fading.
    ebn0_db : float or iterable of float, optional
        Instead of it Eb/N0 in dB, with the energy of an information bit of the code.
    coded : bool
        Whether the channel code is used; if not, symbols are decided on hard.
    stop : StopRule
        When a point is done.
    seed : int
        Every point is a pure function of the link, its SNR and this.
    confidence : float
        Confidence of the intervals.

    Returns
    -------
    SweepResult
        Columns: ``link`` if there are several, ``snr_db, ebn0_db, ber, bler, ci_low, ci_high,
        bits, bit_errors, blocks, block_errors, theory_ber, stop, goodput_bps, efficiency``;
        goodput is of payload bits in bit/s, efficiency the same over the bandwidth in bit/s/Hz.

    Raises
    ------
    LinksimError
        If both SNRs are given or none is, or a value is no finite number.

    Examples
    --------
    >>> import linksim as ls
    >>> ls.ber(ls.Link(channel="awgn"), snr_db=[4, 8]).rows[0]["bler"]
    1.0
    """
    links = [link] if isinstance(link, LinkConfig) else list(link)
    rows = list(
        iterate(
            links, snr_db, ebn0_db=ebn0_db, coded=coded, stop=stop, seed=seed,
            confidence=confidence,
        )
    )  # fmt: skip
    return result_of(rows, links)


def result_of(rows: Sequence[Row], links: Sequence[LinkConfig]) -> SweepResult:
    """Return all rows of `iterate` as a result, with a curve for each link."""
    each = len(rows) // len(links)
    names = [difference(one, links) for one in links] if len(links) > 1 else ["simulated"]
    curves = tuple(
        Curve(name, one, tuple(rows[i * each : (i + 1) * each]))
        for i, (name, one) in enumerate(zip(names, links, strict=True))
    )
    return SweepResult(("link",) if len(links) > 1 else (), curves)


def iterate(
    links: Sequence[LinkConfig],
    snr_db: Iterable[float] | float | None = None,
    *,
    ebn0_db: Iterable[float] | float | None = None,
    coded: bool = True,
    stop: StopRule = STOP,
    seed: int = 1,
    confidence: float = 0.95,
) -> Iterator[Row]:
    """Yield the rows of `ber` as they are done, link by link; for the parameters see there."""
    _check_links(links)
    snrs = _snrs(snr_db, ebn0_db)
    measure = ErrorRates(coded, stop, seed, confidence)
    for link in links:
        place = {"link": difference(link, links)} if len(links) > 1 else {}
        offset = 0.0 if ebn0_db is None else link.ebn0_offset_db(coded=coded)
        for snr in snrs:
            yield from (place | row for row in measure.rows(place, link, snr + offset))


def sweep(
    link: LinkConfig | None = None,
    *,
    snr_db: Iterable[float] | float | None = None,
    ebn0_db: Iterable[float] | float | None = None,
    coded: bool = True,
    stop: StopRule = STOP,
    seed: int = 1,
    confidence: float = 0.95,
    endpoint: Any = None,
    clip: Any = None,
    metrics: Sequence[str] | None = None,
    trials: int = 1,
    folder: str | Path | None = None,
    workers: int = 1,
    **axes: Any,
) -> SweepResult:
    """Sweep any options of a link, and the SNR.

    Without an endpoint a point is the error rates of the link; with one, a clip crosses the link
    and the metrics are of what arrives.

    Parameters
    ----------
    link : LinkConfig, optional
        What all points share; by default the default link.
    snr_db, ebn0_db, coded, stop, seed, confidence
        Those of `ber`.
    endpoint : str, Endpoint or sequence of them, optional
        Both ends of a codec, by name or as an object.
    clip : str, Path or Clip, optional
        What the endpoint sends; a file, ``"builtin"`` or the clip itself.
    metrics : sequence of str, optional
        Names of metrics; by default those that the clip has a use for.
    trials : int
        Transmissions of the clip at each point, each over a channel realisation of its own.
    folder : str or Path, optional
        Keeps every point as soon as it is there; the same sweep goes on from what it finds.
    workers : int
        Processes; results do not depend on it. More than one needs classes of modules.
    **axes
        Options of the link, each a value or a sequence of values, e.g.
        ``channel=["rayleigh", MyChannel()]``.

    Returns
    -------
    SweepResult
        Columns: one for each axis, then those of `ber`, or ``snr_db``, ``trial``, the metrics,
        ``bler`` and ``channel_uses``.

    Raises
    ------
    LinksimError
        For an unknown option (with the nearest known one) or a value that is none.
    """
    base = link if link is not None else LinkConfig()
    _check_links([base])
    for name in axes:
        if name not in LINK_FIELDS:
            raise unknown("option of a link", name, LINK_FIELDS)
    values = {name: _values(name, value) for name, value in axes.items()}
    combinations = itertools.product(*values.values())
    chosen = [dict(zip(values, combination, strict=True)) for combination in combinations]
    swept = [(place, dataclasses.replace(base, **place)) for place in chosen]
    names = tuple(values)
    if endpoint is None:
        measure: Measure = ErrorRates(coded, stop, seed, confidence)
        places = [(_shown(place), one) for place, one in swept]
    else:
        endpoints = endpoint if isinstance(endpoint, list | tuple) else [endpoint]
        names += ("endpoint",) if len(endpoints) > 1 else ()
        measure = media = media_points(endpoints, clip, metrics, trials, seed)
        places = [
            (_shown(place) | ({"endpoint": label} if len(endpoints) > 1 else {}), one)
            for place, one in swept
            for label in media.labels
        ]
    keep = None if folder is None else Path(folder)
    snrs = _snrs(snr_db, ebn0_db)
    return _run(names, places, snrs, ebn0_db is not None, coded, measure, keep, workers)


def _run(
    axes: tuple[str, ...],
    places: Sequence[tuple[Mapping[str, object], LinkConfig]],
    snr_db: Sequence[float],
    is_ebn0: bool,
    coded: bool,
    measure: Measure,
    folder: Path | None,
    workers: int = 1,
) -> SweepResult:
    """Measure every SNR of every place, and lay the rows out as curves."""
    tasks = [
        (
            place,
            link,
            [snr + (link.ebn0_offset_db(coded=coded) if is_ebn0 else 0.0) for snr in snr_db],
        )
        for place, link in places
    ]
    curves = []
    with progress_bar() as progress:
        bar = progress.add_task("points", total=len(tasks) * len(snr_db))
        for (place, link, _), rows in zip(
            tasks, measure.all(tasks, folder, workers, lambda: progress.advance(bar)), strict=True
        ):
            placed = tuple(dict(place) | row for row in rows)
            curves.append(Curve(curve_label(place) or "simulated", link, placed))
    result = SweepResult(axes, tuple(curves))
    if folder is not None:
        result.save(folder / "results.csv")
    return result


def _check_links(links: Sequence[object]) -> None:
    for link in links:
        if not isinstance(link, LinkConfig):
            raise LinksimError(f"a link must be a linksim.Link, not {link!r}")
    if not links:
        raise LinksimError("there is no link to simulate; give one linksim.Link at least")


def _snrs(snr_db: Any, ebn0_db: Any) -> list[float]:
    if (snr_db is None) == (ebn0_db is None):
        raise LinksimError("give either snr_db or ebn0_db, in dB")
    name, given = ("snr_db", snr_db) if ebn0_db is None else ("ebn0_db", ebn0_db)
    try:
        values = np.atleast_1d(np.asarray(list(given) if np.iterable(given) else given, float))
    except (TypeError, ValueError):
        raise LinksimError(f"{name} must be numbers in dB, not {given!r}") from None
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise LinksimError(f"{name} must be one finite number or more, not {given!r}")
    return [float(value) for value in values]


def _values(name: str, value: Any) -> list[Any]:
    """Return the values of an axis; pilots may be a tuple and are one value."""
    if isinstance(value, list) or (isinstance(value, tuple | range) and name != "pilots"):
        if not len(value):
            raise LinksimError(f"axis {name} has no values")
        return list(value)
    return value.tolist() if isinstance(value, np.ndarray) else [value]


def _shown(place: Mapping[str, object]) -> dict[str, object]:
    """Return the values as columns have them: numbers and text."""
    return {n: v if isinstance(v, int | float | str | None) else str(v) for n, v in place.items()}


def difference(link: LinkConfig, links: Sequence[LinkConfig]) -> str:
    """Return the options in which a link differs from others, as a legend has them."""
    own = link.identity()
    others = [other.identity() for other in links]
    names = [n for n in LINK_FIELDS if len({str(o.get(n)) for o in others}) > 1]
    return ", ".join(f"{own.get(n, getattr(link, n))}" for n in names) or "link"
