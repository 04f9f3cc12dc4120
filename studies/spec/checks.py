"""Checks of a study beyond its schema; each error names the line of the study's file."""

import itertools
import math

from linksim.endpoint import ENDPOINTS
from linksim.errors import LinksimError, unknown
from studies.spec import axes
from studies.spec.figure import BLER, CHANNEL_USES, CURVES, FIGURES, SNR, Figure
from studies.spec.mathtext import check_math
from studies.spec.scheme import BITRATES
from studies.spec.study import Study
from studies.spec.yaml_source import Source

MAX_POINTS = 100_000


def check(study: Study, source: Source) -> None:
    """Raise `LinksimError` unless all that a study names exists and fits together."""
    _check_schemes(study, source)
    _check_sweep(study, source)
    with source.field("trials"):
        check_size(study, len(study.clips) + len(study.music))
    _check_figures(study, source)


def _check_schemes(study: Study, source: Source) -> None:
    labels: set[str] = set()
    for index, scheme in enumerate(study.schemes):
        with source.field("schemes", index, "label"):
            if scheme.label in labels:
                raise LinksimError(f"'{scheme.label}' is given twice; each scheme needs its own")
            labels.add(scheme.label)
            check_math(scheme.label)
        with source.field("schemes", index, "scheme"):
            ENDPOINTS[scheme.scheme]
        with source.field("schemes", index, "options"):
            scheme.endpoint()
        with source.field("schemes", index, "link"):
            scheme.check(study.channels)
    for index, bound in enumerate(study.bounds):
        with source.field("bounds", index, "label"):
            if bound.label in labels:
                raise LinksimError(f"'{bound.label}' is given twice; each curve needs its own")
            labels.add(bound.label)
            check_math(bound.label)
        with source.field("bounds", index, "scheme"):
            if bound.scheme not in BITRATES:
                raise unknown("scheme of a bound", bound.scheme, BITRATES)
        with source.field("bounds", index, "options"):
            bound.endpoint(BITRATES[bound.scheme][0])


def _check_sweep(study: Study, source: Source) -> None:
    for axis, values in study.sweep.items():
        with source.field("sweep", axis):
            axes.check_axis(axis, values, study.schemes)
    with source.field("sweep"):
        _check_sweep_size(study)
    for axis, values in study.sweep.items():
        mine = [scheme for scheme in study.schemes if axes.applies(axis, scheme)]
        for (index, value), scheme in itertools.product(enumerate(values), mine):
            with source.field("sweep", axis, index):
                scheme.model_copy(update=axes.place(scheme, {axis: value})).check(study.channels)
    labels = [bound.label for bound in study.bounds]
    for scheme in study.swept if study.sweep else ():
        with source.field("sweep"):
            if scheme.label in labels:
                raise LinksimError(f"two curves would be called '{scheme.label}'")
            labels.append(scheme.label)
            scheme.check(study.channels)


def _check_figures(study: Study, source: Source) -> None:
    labels = dict.fromkeys(label for _, label in study.curves)
    labels |= dict.fromkeys(scheme.label for scheme in study.schemes)  # stand for all they become
    names: set[str] = set()
    for index, figure in enumerate(study.figures):
        if figure.kind != CURVES:  # which is known, and needs no Matplotlib to be looked up
            with source.field("figures", index, "kind"):
                FIGURES[figure.kind]
        for place, label in enumerate(figure.schemes):
            if label not in labels:
                error = unknown("label", label, labels)
                raise source.error(("figures", index, "schemes", place), error)
        for curve in figure.curves:
            with source.field("figures", index, "curves", curve):
                check_math(curve)
        if figure.kind == CURVES:
            _check_curves(study, figure, index, source)
        if figure.file_name in names:
            message = f"two figures are called '{figure.file_name}'; set 'name'"
            raise source.error(("figures", index), message)
        names.add(figure.file_name)


def _check_curves(study: Study, figure: Figure, index: int, source: Source) -> None:
    if figure.metric not in (*study.metrics, BLER):
        message = f"'{figure.metric}' is not among the study's metrics; add it there"
        raise source.error(("figures", index, "metric"), message)
    with source.field("figures", index, "against"):
        if figure.against not in (SNR, CHANNEL_USES, *study.sweep):
            raise unknown("axis", figure.against, (SNR, CHANNEL_USES, *study.sweep))
    if figure.against == SNR:
        _check_against_snr(figure, index, source)
    elif figure.against == CHANNEL_USES:
        _check_against_uses(study, figure, index, source)
    else:
        _check_against_axis(study, figure, index, source)


def _check_against_snr(figure: Figure, index: int, source: Source) -> None:
    for field in ("snr_db", "curves"):
        if getattr(figure, field) not in (None, {}):
            message = "is read with 'against: channel_uses' only; add that"
            raise source.error(("figures", index, field), message)


def _check_against_axis(study: Study, figure: Figure, index: int, source: Source) -> None:
    if figure.curves:
        message = "is read with 'against: channel_uses' only; use 'schemes'"
        raise source.error(("figures", index, "curves"), message)
    _check_one_snr(study, figure, index, source)


def _check_one_snr(study: Study, figure: Figure, index: int, source: Source) -> None:
    if figure.snr_db is None:
        message = f"'snr_db' is missing, which 'against: {figure.against}' needs"
        raise source.error(("figures", index), message)
    if figure.snr_db not in study.snr_db:
        message = f"{figure.snr_db:g} dB is not among the study's SNR values; add it there"
        raise source.error(("figures", index, "snr_db"), message)


def _check_against_uses(study: Study, figure: Figure, index: int, source: Source) -> None:
    if figure.schemes:
        raise source.error(("figures", index, "schemes"), "is read against SNR only; use 'curves'")
    _check_one_snr(study, figure, index, source)
    if not figure.curves:
        message = "'curves' is missing, which 'against: channel_uses' needs"
        raise source.error(("figures", index), message)
    labels = [scheme.label for scheme in study.swept]
    for curve, points in figure.curves.items():
        for place, label in enumerate(points):
            if label not in labels:
                error = unknown("label", label, labels)
                raise source.error(("figures", index, "curves", curve, place), error)


def check_size(study: Study, clips: int) -> None:
    """Raise `LinksimError` if a study has more points than can be kept."""
    _check_sweep_size(study)
    links = len(study.channels) * len(study.swept) * max(1, clips)
    points = links * len(study.snr_db) * study.trials
    if points > MAX_POINTS:
        count = points if points < 10**12 else "far too many"
        raise LinksimError(f"the study has {count} points; at most {MAX_POINTS}")


def _check_sweep_size(study: Study) -> None:
    count = sum(
        math.prod(len(v) for axis, v in study.sweep.items() if axes.applies(axis, scheme))
        for scheme in study.schemes
    )
    if count > axes.MAX_SCHEMES:
        raise LinksimError(f"makes {count} curves; at most {axes.MAX_SCHEMES}")
