"""Coverage of every scale's interval, and size or power of the existence test, over many studies of a cell at once.

The package's own functions do the arithmetic: `cell_moments`, `satterthwaite`, `rate_spread` and the limits of
`estimate.rate_limits` take any number of studies. Beside them stand the intervals users write by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit
from scipy.stats import kstest

from calibration.cells import Cell
from mixablate.estimate import CellArrays, cell_moments, satterthwaite
from mixablate.estimate.runs.rate_limits import difference_limits, log_ratio_limits, rate_spread
from mixablate.study import Scale

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
ALPHA = 0.05
SAME = 1e-9  # runs that agree to the last digit
FEWEST_RUNS, FEWEST_EVENTS = 3, 2.0  # the package's region, spelled out for many studies; a test compares the two


@dataclass(frozen=True, slots=True)
class Sample:
    """Many studies of a cell: counts (studies, R) and what they give."""

    cell: Cell
    cells: CellArrays
    counts: Floats
    rates: Floats
    log_odds: Floats


def sample_of(cell: Cell, studies: int, rng: np.random.Generator) -> Sample:
    """Draw the studies."""
    counts = cell.draw(studies, rng)
    log_odds = np.log((counts + 0.5) / (cell.rollouts - counts + 0.5))
    return Sample(cell, cell.cell_arrays(), counts, counts / cell.rollouts, log_odds)


def expected_events(cell: Cell) -> tuple[float, float]:
    """Expected events a run at the pooled rate, and in the group that has fewer."""
    runs = np.array([arm.runs for arm in cell.arms])
    events = cell.rollouts * cell.mean_rates()
    sides = np.array([arm.side for arm in cell.arms])
    groups = [float(np.average(events[sides == side], weights=runs[sides == side])) for side in (-1, 1)]
    return float(np.average(events, weights=runs)), min(groups)


def supported(cell: Cell, scale: Scale) -> bool:
    """Whether the cell lies in the supported region at its true rates."""
    pooled, fewer = expected_events(cell)
    needed = pooled if scale is Scale.RISK_DIFFERENCE else fewer
    return cell.fewest_runs >= FEWEST_RUNS and needed >= FEWEST_EVENTS


def shown(sample: Sample, scale: Scale) -> Flags:
    """The studies whose interval the package would show on this scale, (studies,)."""
    treated = sample.cells.coefficients[sample.cells.cell] > 0
    groups = [np.ones_like(treated)] if scale is Scale.RISK_DIFFERENCE else [np.ones_like(treated), treated, ~treated]
    others = sample.cell.rollouts - sample.counts
    kinds = (sample.counts,) if scale is Scale.RISK_RATIO else (sample.counts, others)
    enough = [np.mean(kind[:, group], axis=1) >= FEWEST_EVENTS for kind in kinds for group in groups]
    enough.append(np.mean(others, axis=1) >= FEWEST_EVENTS)
    enough.append(contrast(sample.rates, sample.cells)[1] > SAME)
    return np.logical_and.reduce(enough) & (sample.cell.fewest_runs >= FEWEST_RUNS)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often one interval holds the truth of a cell.

    Attributes:
        interval, scale: which one.
        everywhere: among all studies in which it is defined.
        among_shown: among those in which the package would show it; NaN without any. Near the region's edge it is
            lower: the region looks at the same counts, and what is shown was drawn high.
        width: its median width among those.
    """

    interval: str
    scale: Scale
    everywhere: float
    among_shown: float
    width: float


def coverage(sample: Sample) -> Iterator[Coverage]:
    """The coverage of every interval compared."""
    rates = sample.cell.mean_rates()
    weights = sample.cells.coefficients
    sides = (float(rates @ np.clip(weights, 0, None)), float(rates @ np.clip(-weights, 0, None)))
    truth = {
        Scale.RISK_DIFFERENCE: sides[0] - sides[1],
        Scale.RISK_RATIO: float(np.log(sides[0] / sides[1])),
        Scale.LOG_ODDS: float(sample.cell.mean_log_odds() @ weights),
    }
    for name, scale, low, high in limits_of(sample):
        inside = (low <= truth[scale]) & (truth[scale] <= high)
        seen = shown(sample, scale)
        some = bool(seen.any())
        yield Coverage(
            name,
            scale,
            float(inside[np.isfinite(low + high)].mean()),
            float(inside[seen].mean()) if some else np.nan,
            float(np.median((high - low)[seen])) if some else np.nan,
        )


def limits_of(sample: Sample) -> Iterator[tuple[str, Scale, Floats, Floats]]:
    """Every interval compared, with its limits (studies,)."""
    trials = np.full(sample.cells.cell.size, float(sample.cell.rollouts))
    with np.errstate(divide="ignore", invalid="ignore"):
        for scale, limits in (
            (Scale.RISK_DIFFERENCE, difference_limits),
            (Scale.RISK_RATIO, log_ratio_limits),
        ):
            spread = rate_spread(sample.rates, sample.log_odds, trials, sample.cells, scale)
            yield ("mixablate", scale, *limits(spread, ALPHA / 2))
        yield ("mixablate", Scale.LOG_ODDS, *around(*contrast(sample.log_odds, sample.cells)))
        yield ("pooled t", Scale.LOG_ODDS, *around(*pooled(sample.log_odds, sample.cells)))
        yield ("Welch on rates", Scale.RISK_DIFFERENCE, *around(*contrast(sample.rates, sample.cells)))
        estimate, error = rollouts_as_units(sample)
        yield ("rollouts as units, z", Scale.RISK_DIFFERENCE, *around(estimate, error, np.inf))
        estimate, error, _ = contrast(sample.rates, sample.cells)
        inflation = np.sqrt((sample.cells.counts.min() - 1) / sample.cells.counts.min())
        yield ("clustered sandwich (CR0), z", Scale.RISK_DIFFERENCE, *around(estimate, error * inflation, np.inf))


def existence_p(sample: Sample) -> Floats:
    """Two-sided p of the package's existence test, (studies,): Welch or Satterthwaite t on log-odds."""
    estimate, error, df = contrast(sample.log_odds, sample.cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error > 0, 2 * stdtr(df, -np.abs(estimate) / error), np.where(estimate == 0, 1.0, 0.0))


def uniform_p(p_values: Floats) -> float:
    """Kolmogorov-Smirnov p of "these p-values are uniform"."""
    return float(kstest(p_values, "uniform").pvalue)


def contrast(values: Floats, cells: CellArrays) -> tuple[Floats, Floats, Floats]:
    """Estimate, standard error and Satterthwaite df of the contrast of run values, each (studies,)."""
    means, variances = cell_moments(values, cells)
    shares = cells.coefficients**2 * variances
    return means @ cells.coefficients, np.sqrt(shares.sum(axis=1)), satterthwaite(shares, cells.counts)


def pooled(values: Floats, cells: CellArrays) -> tuple[Floats, Floats, float]:
    """The same with one variance for all arms."""
    means, variances = cell_moments(values, cells)
    df = cells.counts - 1
    common = variances * cells.counts @ df / df.sum()
    return means @ cells.coefficients, np.sqrt(common * (cells.coefficients**2 / cells.counts).sum()), float(df.sum())


def rollouts_as_units(sample: Sample) -> tuple[Floats, Floats]:
    """The difference of pooled rates with its binomial standard error."""
    means, _ = cell_moments(sample.rates, sample.cells)
    variances = means * (1 - means) / (sample.cells.counts * sample.cell.rollouts)
    return means @ sample.cells.coefficients, np.sqrt(variances @ sample.cells.coefficients**2)


def around(estimate: Floats, error: Floats, df: Floats | float) -> tuple[Floats, Floats]:
    """Estimate plus and minus a t quantile (normal at infinite df) times the standard error."""
    quantile = ndtri(1 - ALPHA / 2) if np.isscalar(df) and np.isinf(df) else stdtrit(df, 1 - ALPHA / 2)
    return estimate - quantile * error, estimate + quantile * error
