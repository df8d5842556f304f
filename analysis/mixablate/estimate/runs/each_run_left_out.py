"""A contrast with each of its runs left out in turn: the same numbers as one by one, all runs at once.

Between independent arms the runs of one arm are left out together: what is left has the same layout for each of them,
so that the formulas of `cells` and `rate_limits` serve a row a run. Where an arm would be left with fewer than two
runs its spread is that of a main-effects regression, as for any design with such an arm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr

from mixablate.design import Contrast, Design
from mixablate.estimate.runs.cells import CellArrays, cell_arrays, cell_moments, satterthwaite
from mixablate.estimate.runs.evidence import FARTHEST, Evidence, tail
from mixablate.estimate.runs.rate_limits import RateSpread, difference_limits, log_ratio_limits, rate_spread
from mixablate.estimate.runs.run_level import RunRegression, regression_evidence, run_regression, values_on
from mixablate.estimate.runs.summaries import RunSummaries
from mixablate.study import Scale

__all__ = ["EachLeftOut", "each_run_left_out", "left_out_tails"]

Floats = NDArray[np.float64]
HALVINGS = 45  # of 21 normal quantiles: to 6e-13, the tolerance of `evidence.tail`


@dataclass(frozen=True, slots=True)
class EachLeftOut:
    """The evidence on one contrast without each of its runs, B of them.

    Attributes:
        scale: of the estimates.
        run_ids: (B,) the run left out.
        estimate: (B,) treated minus (or over) reference; NaN where undefined.
        std_error, df: (B,) as in `Evidence`; NaN where no spread is left to learn from.
        rates: of leading shape (B,), what limits of rates are made of; None on the other scales.
        single: position -> evidence, of the runs whose arm would be left with fewer than two.
    """

    scale: Scale
    run_ids: tuple[str, ...]
    estimate: Floats
    std_error: Floats
    df: Floats
    rates: RateSpread | None
    single: dict[int, Evidence]


def each_run_left_out(summaries: RunSummaries, contrast: Contrast, scale: Scale, design: Design) -> EachLeftOut | None:
    """The evidence without each run; None where a ratio could be left without events or without an arm.

    Args:
        summaries: of the outcome, every arm of the contrast with a run.
        contrast: over independent arms (no pairs, no random scenarios).
        scale: of the effect.
        design: whose main effects stand in where an arm would be left with fewer than two runs.
    """
    cells, ratio = _by_arm(cell_arrays(summaries, contrast)), scale is Scale.RISK_RATIO
    if ratio and not (cells.counts >= 2).all():
        return None
    pieces = list(_pieces(summaries, cells, scale))
    order = np.concatenate([piece.places for piece in pieces]) if pieces else np.zeros(0, dtype=np.intp)
    estimate, error, df = (np.full(cells.cell.size, np.nan) for _ in range(3))
    for piece in pieces:
        if ratio and piece.rates is None:
            return None
        estimate[piece.places] = piece.treated / piece.reference if ratio else piece.treated - piece.reference
        error[piece.places], df[piece.places] = piece.std_error, piece.df
    spreads = [piece.rates for piece in pieces if piece.rates is not None]
    rates = _joined(spreads, np.argsort(order)) if spreads else None
    single = _single(summaries, contrast, cells, scale, design)
    for place, evidence in single.items():
        estimate[place] = evidence.estimate
    if rates is not None and single:
        rates = _spaced(rates, np.sort(order), cells.cell.size)
    run_ids = tuple(summaries.run_ids[row] for row in cells.rows)
    return EachLeftOut(scale, run_ids, estimate, error, df, rates, single)


def left_out_tails(found: EachLeftOut, boundary: float, *, below: bool) -> Floats:
    """One-sided p (B,) of "the effect is not below (or above) the boundary" without each run, as `evidence.tail`."""
    with np.errstate(invalid="ignore", divide="ignore"):
        p = _of_rates(found, boundary, below) if found.rates is not None else _of_t(found, boundary, below)
    for place, evidence in found.single.items():
        p[place] = np.nan if evidence.reason else tail(evidence, boundary, below=below)
    return p


@dataclass(frozen=True, slots=True)
class _Piece:
    """One arm's runs left out in turn, b of them; arrays (b,), `places` among all runs of the contrast."""

    places: NDArray[np.intp]
    reference: Floats
    treated: Floats
    std_error: Floats
    df: Floats
    rates: RateSpread | None


def _by_arm(cells: CellArrays) -> CellArrays:
    """The same cells, runs of one arm beside each other."""
    order = np.argsort(cells.cell, kind="stable")
    return replace(cells, rows=cells.rows[order], cell=cells.cell[order], indicator=cells.indicator[order])


def _pieces(summaries: RunSummaries, cells: CellArrays, scale: Scale) -> Iterator[_Piece]:
    trials = summaries.trials.sum(axis=1)
    positive, negative = np.clip(cells.coefficients, 0.0, None), np.clip(-cells.coefficients, 0.0, None)
    if (cells.counts < 2).any():
        return
    for arm in np.flatnonzero(cells.counts >= 3):
        places = np.flatnonzero(cells.cell == arm)
        keep = np.stack([np.delete(np.arange(cells.cell.size), place) for place in places])
        left = _without(cells, int(places[-1]))
        rows = cells.rows[keep]
        means, variances = cell_moments(values_on(summaries, scale)[rows], left)
        sides = means @ negative, means @ positive
        if scale in (Scale.RISK_DIFFERENCE, Scale.RISK_RATIO):
            if scale is Scale.RISK_RATIO and not (np.minimum(*sides) > 0.0).all():
                nothing = np.full(places.size, np.nan)
                yield _Piece(places, *sides, nothing, nothing, None)
                continue
            spread = rate_spread(summaries.level[rows], summaries.log_odds[rows], trials[rows], left, scale)
            yield _Piece(places, *sides, spread.std_error, spread.df, spread)
        else:
            shares = left.coefficients**2 * variances
            error, df = np.sqrt(shares.sum(axis=-1)), satterthwaite(shares, left.counts)
            yield _Piece(places, *sides, error, df, None)


def _without(cells: CellArrays, place: int) -> CellArrays:
    """The cells of the runs but one."""
    cell = np.delete(cells.cell, place)
    return replace(
        cells,
        rows=np.delete(cells.rows, place),
        cell=cell,
        counts=np.bincount(cell, minlength=cells.counts.size).astype(float),
        indicator=np.delete(cells.indicator, place, axis=0),
    )


def _single(
    summaries: RunSummaries, contrast: Contrast, cells: CellArrays, scale: Scale, design: Design
) -> dict[int, Evidence]:
    """The evidence without runs that leave an arm of fewer than two, or of a contrast that has such an arm anyway."""
    thin = (cells.counts < 3)[cells.cell] | bool((cells.counts < 2).any())
    if not thin.any():
        return {}
    regression = run_regression(summaries, contrast, design) if scale is not Scale.RISK_RATIO else "no ratio"
    means, _ = cell_moments(values_on(summaries, scale)[cells.rows], cells)
    found = {}
    for place in np.flatnonzero(thin):
        row = int(cells.rows[place])
        sides = _sides_without(summaries, cells, int(place), means, scale)
        found[int(place)] = _regressed(summaries, regression, row, scale, sides)
    return found


def _sides_without(
    summaries: RunSummaries, cells: CellArrays, place: int, means: Floats, scale: Scale
) -> tuple[float, float]:
    """Mean level of the two sides without a run; an arm that is left without any keeps its own, for the record."""
    own = cells.cell == cells.cell[place]
    own[place] = False
    values = values_on(summaries, scale)[cells.rows[own]]
    moved = means.copy()
    moved[cells.cell[place]] = values.mean() if values.size else means[cells.cell[place]]
    return float(moved @ np.clip(-cells.coefficients, 0.0, None)), float(moved @ np.clip(cells.coefficients, 0.0, None))


def _regressed(
    summaries: RunSummaries, regression: RunRegression | str, row: int, scale: Scale, sides: tuple[float, float]
) -> Evidence:
    reference, treated = sides
    divided = treated / reference if reference > 0.0 else np.nan
    point = divided if scale is Scale.RISK_RATIO else treated - reference
    nothing = Evidence(scale, point, np.nan, np.nan, "regression", reference, treated)
    if isinstance(regression, str):
        return replace(nothing, reason=regression)
    keep = regression.runs != row
    rows = regression.rows[keep]
    if len(rows) <= rows.shape[1] or np.linalg.matrix_rank(rows) < rows.shape[1]:
        return replace(nothing, reason="no run to spare to learn run-to-run spread from")
    left = replace(regression, runs=regression.runs[keep], rows=rows)
    run_ids = [summaries.run_ids[r] for r in left.runs]
    return regression_evidence(scale, left, values_on(summaries, scale)[left.runs], run_ids, sides)


def _joined(spreads: list[RateSpread], order: NDArray[np.intp]) -> RateSpread:
    """The spreads of all arms' runs as one, a row a run; the runs of an arm have their arm's degrees of freedom."""

    def rows(name: str) -> Floats:
        parts = []
        for spread in spreads:
            value = getattr(spread, name)
            shape = spread.rates.shape if name in ("own_df", "own_share") else value.shape
            parts.append(np.broadcast_to(value, shape))
        return np.concatenate(parts)[order]

    first = spreads[0]
    names = ("rates", "logit_se", "own_df", "own_share", "std_error", "df")
    return replace(first, **{name: rows(name) for name in names})


def _spaced(rates: RateSpread, places: NDArray[np.intp], size: int) -> RateSpread:
    """The rows moved to their places among all runs, NaN elsewhere."""

    def moved(values: Floats) -> Floats:
        found = np.full((size, *values.shape[1:]), np.nan)
        found[places] = values
        return found

    names = ("rates", "logit_se", "own_df", "own_share", "std_error", "df")
    return replace(rates, **{name: moved(getattr(rates, name)) for name in names})


def _of_t(found: EachLeftOut, boundary: float, below: bool) -> Floats:
    clear = found.estimate < boundary if below else found.estimate > boundary
    p = stdtr(found.df, -np.abs(boundary - found.estimate) / found.std_error)
    p = np.where(found.std_error == 0.0, 0.0, p)
    return np.asarray(np.where(np.isnan(found.std_error), np.nan, np.where(clear, p, 1.0 - p)))


def _of_rates(found: EachLeftOut, boundary: float, below: bool) -> Floats:
    """The tail at which the limit that is nearer the boundary touches it, by bisection on normal quantiles."""
    rates = found.rates
    assert rates is not None
    size = found.estimate.size
    ratio = found.scale is Scale.RISK_RATIO
    limits = log_ratio_limits if ratio else difference_limits
    end = np.log(boundary) if ratio and boundary > 0.0 else -np.inf if ratio else boundary

    centre = limits(rates, np.full(size, 0.5))[0]
    clear = centre < end if below else centre > end
    upper = clear == below
    away = np.where(upper, -1.0, 1.0)

    def gap(z: Floats) -> Floats:
        low, high = limits(rates, ndtr(-z))
        return np.asarray((np.where(upper, high, low) - end) * away)

    low, high = np.zeros(size), np.full(size, FARTHEST)
    beyond, level = gap(high) > 0.0, gap(low) <= 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        inside = gap(middle) > 0.0
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    p = np.where(level, 0.5, np.where(beyond, 0.0, ndtr(-(low + high) / 2.0)))
    p = np.where(found.std_error == 0.0, 0.0, p)
    p = np.where(clear, p, 1.0 - p)
    return np.asarray(np.where(np.isnan(found.std_error), np.nan, p))
