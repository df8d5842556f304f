"""Bootstrap draws and BCa intervals of a difference of two means, rollouts being the units.

ABOUT THESE TWO MODELS ONLY. Rollouts of one training run are not independent evidence about a data mix: an interval
over them leaves out how runs of the same mix differ, and with 3 runs an arm its test refused 51 % of true nulls. For
statements about a mix use the run-level effect (`estimate.run_level_effect`), or over 20 runs and more
`drawn_bootstrap` with runs as units.

Resampling n rows of 0 and 1 with replacement draws a binomial count, resampling rows of few distinct values a
multinomial one: the same law, without the rows. Rows of other values are looked up in pairs (`pairwise_sums`). The
jackknife of a mean needs no leaving out: taking row i away moves the mean by (mean - x_i) / (n - 1).

Source: Efron (1987), JASA 82:171; Davison & Hinkley (1997), sections 3.2 and 5.3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixablate.resample.draw_intervals import DrawInterval, bca_interval
from mixablate.resample.draws import Draws
from mixablate.resample.pairwise_sums import pairwise_sums

__all__ = [
    "mean_difference_bca",
    "mean_difference_draws",
    "mean_difference_skew",
    "rate_difference_bca",
    "rate_difference_draws",
    "rate_difference_skew",
]

Floats = NDArray[np.float64]

FEW = 16  # rows per distinct value from which drawing counts is cheaper than drawing rows


def rate_difference_draws(
    treated_events: int,
    treated_trials: int,
    reference_events: int,
    reference_trials: int,
    *,
    draws: int,
    rng: np.random.Generator,
) -> Draws:
    """The rate of treated minus that of reference rollouts over resamples of both.

    Args:
        treated_events: 0 to `treated_trials`.
        treated_trials: 1 or more.
        reference_events: 0 to `reference_trials`.
        reference_trials: 1 or more.
        draws: resamples.
        rng: of the stage.

    Raises:
        ValueError: counts outside their range, or no draws.

    >>> draws = rate_difference_draws(34, 300, 12, 300, draws=999, rng=np.random.default_rng(1))
    >>> round(draws.observed, 4), draws.statistics.shape
    (0.0733, (999,))
    """
    _check_draws(draws)
    sides = ((treated_events, treated_trials), (reference_events, reference_trials))
    rates = [_rate(events, trials) for events, trials in sides]
    one, other = (
        stream.binomial(n, rate, draws) / n for stream, (_, n), rate in zip(_streams(rng), sides, rates, strict=True)
    )
    return _drawn(rates[0] - rates[1], one - other)


def mean_difference_draws(treated: ArrayLike, reference: ArrayLike, *, draws: int, rng: np.random.Generator) -> Draws:
    """The mean of treated minus that of reference rollouts over resamples of both.

    Values of which many are alike (judges' grades) are drawn as multinomial counts, others as pairs of rows.

    Args:
        treated: (n,) scores, one a rollout.
        reference: (m,).
        draws: resamples.
        rng: of the stage.

    Raises:
        ValueError: no rollouts, values that are not finite, or no draws.
    """
    _check_draws(draws)
    sides = _scores(treated), _scores(reference)
    one, other = (_resampled_means(side, draws, stream) for side, stream in zip(sides, _streams(rng), strict=True))
    return _drawn(float(sides[0].mean() - sides[1].mean()), one - other)


def rate_difference_skew(
    treated_events: int, treated_trials: int, reference_events: int, reference_trials: int
) -> float:
    """BCa's acceleration of a difference of rates by the jackknife, in closed form; 0 where no side varies.

    Raises:
        ValueError: counts outside their range.
    """
    p, q = _rate(treated_events, treated_trials), _rate(reference_events, reference_trials)
    moments = [(r * (1 - r), r * (1 - r) * (1 - 2 * r)) for r in (p, q)]
    return _skew(moments[0], treated_trials, moments[1], reference_trials)


def mean_difference_skew(treated: ArrayLike, reference: ArrayLike) -> float:
    """BCa's acceleration of a difference of means by the jackknife, in closed form; 0 where no side varies.

    Raises:
        ValueError: no rollouts, or values that are not finite.
    """
    one, other = _scores(treated), _scores(reference)
    moments = [(float(((x - x.mean()) ** 2).mean()), float(((x - x.mean()) ** 3).mean())) for x in (one, other)]
    return _skew(moments[0], one.size, moments[1], other.size)


def rate_difference_bca(
    treated_events: int,
    treated_trials: int,
    reference_events: int,
    reference_trials: int,
    level: float = 0.95,
    *,
    draws: int,
    rng: np.random.Generator,
) -> DrawInterval:
    """The BCa interval of a difference of two models' rates; `percentile_interval` of the draws is the other one.

    Wrong for anything but these two models on these scenarios (see this module's head), and near 0 or 1: with no events
    on either side every resample is alike and the interval is a point, where `newcombe_difference` is not.

    Args:
        treated_events: 0 to `treated_trials`.
        treated_trials: 1 or more.
        reference_events: 0 to `reference_trials`.
        reference_trials: 1 or more.
        level: between 0 and 1.
        draws: resamples.
        rng: of the stage.

    Raises:
        ValueError: counts or a level outside their range, or no draws.
    """
    counts = treated_events, treated_trials, reference_events, reference_trials
    found = rate_difference_draws(*counts, draws=draws, rng=rng)
    return bca_interval(found, rate_difference_skew(*counts), level, half_ties=True)


def mean_difference_bca(
    treated: ArrayLike, reference: ArrayLike, level: float = 0.95, *, draws: int, rng: np.random.Generator
) -> DrawInterval:
    """The BCa interval of a difference of two models' mean scores; `percentile_interval` of the draws is the other one.

    Wrong for anything but these two models on these scenarios: see this module's head.

    Args:
        treated: (n,) scores, one a rollout.
        reference: (m,).
        level: between 0 and 1.
        draws: resamples.
        rng: of the stage.

    Raises:
        ValueError: no rollouts, values that are not finite, a level outside its range, or no draws.
    """
    found = mean_difference_draws(treated, reference, draws=draws, rng=rng)
    return bca_interval(found, mean_difference_skew(treated, reference), level, half_ties=True)


def _skew(one: tuple[float, float], n: int, other: tuple[float, float], m: int) -> float:
    """A sixth of the third over the 3/2 power of the second moment of all rows' influence on the difference.

    A row's influence is its distance from its arm's mean over the arm's size; `one` and `other` are central moments.
    """
    squares = one[0] / n + other[0] / m
    return (one[1] / n**2 - other[1] / m**2) / (6.0 * squares**1.5) if squares > 0.0 else 0.0


def _streams(rng: np.random.Generator) -> tuple[np.random.Generator, np.random.Generator]:
    """One generator a side, so that fewer draws are the first of more; SFC64, the fastest at single numbers."""
    first, second = rng.integers(2**32, size=(2, 4))
    return np.random.Generator(np.random.SFC64(first)), np.random.Generator(np.random.SFC64(second))


def _resampled_means(values: Floats, draws: int, rng: np.random.Generator) -> Floats:
    size = values.size
    levels, counts = np.unique(values, return_counts=True)
    if levels.size * FEW <= size:
        return np.asarray(rng.multinomial(size, counts / size, draws) @ levels / size, dtype=float)
    return pairwise_sums(values, draws, rng) / size


def _drawn(observed: float, statistics: Floats) -> Draws:
    return Draws(observed, statistics, np.full(statistics.size, 1.0 / statistics.size), exact=False)


def _rate(events: int, trials: int) -> float:
    if not 0 <= events <= trials or not trials >= 1:
        raise ValueError(f"events must be 0 to trials, and trials at least 1, found {events} of {trials}")
    return events / trials


def _scores(values: ArrayLike) -> Floats:
    scores = np.asarray(values, dtype=float)
    if not (scores.ndim == 1 and scores.size > 0 and np.isfinite(scores).all()):
        raise ValueError("scores must be a list of one finite value or more")
    return scores


def _check_draws(draws: int) -> None:
    if not draws >= 1:
        raise ValueError(f"draws must be at least 1, found {draws}")
