"""How much training runs may differ before a claim on two reported rates falls, and how many runs it would need."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import betaincc, expit, logit, ndtri

from mixablate.estimate.counts.checks import check_level
from mixablate.estimate.reported.reported_claim import ClaimedRegion, ReportedClaim
from mixablate.estimate.runs.detectable import detectable, runs_for_power
from mixablate.estimate.runs.region import FEWEST_RUNS
from mixablate.estimate.runs.single_runs import tipping_run_sd

__all__ = ["TYPICAL_RUN_SDS", "LogitSide", "RunVariation", "logit_side", "run_variation"]

TYPICAL_RUN_SDS = (0.3, 0.5, 0.7)
"""Run-to-run SDs on the logit, from the least to the most that is typical of fine-tuning runs."""

NO_LOGIT = "a rate of 0 or 1 without n has no logit"
NOT_IN_REGION = "the rates themselves do not lie in the claimed region"
HIDDEN = "rollouts alone already leave the claim open, whatever the runs do"
MOST_RUNS, NO_SD, WIDEST_SD = 900_000, 1e-9, 100.0
GRID, NODES = 400, 120

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LogitSide:
    """One side's log-odds, its variance from rollouts (0 where n is not stated), and where they come from."""

    log_odds: float
    rollout_variance: float
    rate: float
    trials: int | None
    runs: int


@dataclass(frozen=True, slots=True)
class RunVariation:
    """What run-to-run variation, as a normal spread of runs on the logit, does to a claim.

    Attributes:
        tipping_sd: the run SD on the logit at which the claim would no longer stand, with the runs stated (one where
            none is); None where it does not stand at any.
        runs_needed: for each run SD asked about, the runs an arm for the wanted power, each of many rollouts; None in
            place of more than 900,000; empty where half an event added on each side leaves the claimed region.
        rollouts_counted: whether the tipping SD has rollout noise in it (n stated); where not, it is a ceiling.
        reason: why numbers are missing; empty where none is.
    """

    tipping_sd: float | None
    runs_needed: tuple[tuple[float, int | None], ...]
    rollouts_counted: bool
    reason: str = ""


def logit_side(rate: float, trials: int | None, runs: int | None) -> LogitSide | None:
    """One side on the logit: log((k + 1/2)/(n - k + 1/2)) with its delta-method variance, as for runs of our own.

    Args:
        rate: 0 to 1; `rate` times `trials` are the events.
        trials: scored rollouts; without them the plain logit, with no rollout variance.
        runs: training runs, one where not stated.

    Returns:
        None for a rate of 0 or 1 without trials.
    """
    if trials is None:
        return LogitSide(float(logit(rate)), 0.0, rate, None, runs or 1) if 0 < rate < 1 else None
    events = rate * trials
    variance = 1 / (events + 0.5) + 1 / (trials - events + 0.5)
    return LogitSide(math.log((events + 0.5) / (trials - events + 0.5)), variance, rate, trials, runs or 1)


def run_variation(
    reference: LogitSide | None,
    treated: LogitSide | None,
    claim: ReportedClaim,
    *,
    level: float = 0.95,
    power: float = 0.8,
    run_sds: Sequence[float] = TYPICAL_RUN_SDS,
) -> RunVariation:
    """The tipping run SD of a claim and the runs an arm it would need.

    The claim stands at run SD s where no point of its boundary lies within z of the two log-odds, each with variance
    v + s^2/runs. For a claim of any drop this is |d| = z sqrt(v0 + v1 + 2 s^2) of `tipping_run_sd`; for `reaches_zero`
    with n it is exact over rollouts. Runs needed are those of `runs_for_power` for the distance to the boundary; of
    equivalence, at half the chance of a miss for each margin. Never below the three an arm that our own verdicts ask
    for. A normal approximation on the logit.

    Args:
        reference: side of the reference arm; not used by `reaches_zero`.
        treated: side of the treated arm.
        claim: its region.
        level: between 0 and 1; one-sided for `reaches_zero` and `equivalent`.
        power: wanted of `runs_needed`.
        run_sds: SDs on the logit to answer for, each more than 0.

    Raises:
        ValueError: the level or a run SD outside its range.
    """
    check_level(level)
    if not all(0 < sd < math.inf for sd in run_sds):
        raise ValueError(f"run_sds must be more than 0 and finite, found {tuple(run_sds)}")
    alone = claim.region is ClaimedRegion.REACHES_ZERO
    if treated is None or (reference is None and not alone):
        return RunVariation(None, (), False, NO_LOGIT)
    sides = (treated, treated if alone or reference is None else reference)
    counted = min(side.rollout_variance for side in sides) > 0
    if not claim.holds(sides[1].rate, treated.rate):
        return RunVariation(None, (), counted, NOT_IN_REGION)
    two_sided = level if claim.region in {ClaimedRegion.REDUCES, ClaimedRegion.AT_LEAST_RATIO} else 2 * level - 1
    tipping = _tipping(sides[1], treated, claim, two_sided)
    if not claim.holds(*(float(expit(side.log_odds)) for side in reversed(sides))):
        return RunVariation(tipping, (), counted, "" if tipping is not None else HIDDEN)
    needed = tuple((sd, _runs(sides[1], treated, claim, sd, two_sided, power)) for sd in run_sds)
    return RunVariation(tipping, needed, counted, "" if tipping is not None else HIDDEN)


def _tipping(reference: LogitSide, treated: LogitSide, claim: ReportedClaim, level: float) -> float | None:
    if claim.region is ClaimedRegion.REACHES_ZERO:
        return _tipping_of_bound(treated, claim.amount, level)
    if not claim.holds(float(expit(reference.log_odds)), float(expit(treated.log_odds))):
        return None
    if claim == ReportedClaim():
        rollout = reference.rollout_variance + treated.rollout_variance
        squares = 1 / reference.runs + 1 / treated.runs
        return tipping_run_sd(reference.log_odds - treated.log_odds, rollout, squares, level)
    z = float(ndtri(0.5 + level / 2))

    def spare(sd: float) -> float:
        weights = (_variance(reference, sd), _variance(treated, sd))
        return _distance(reference.log_odds, treated.log_odds, claim, weights) - z

    return float(brentq(spare, NO_SD, WIDEST_SD)) if spare(NO_SD) > 0 else None


def _tipping_of_bound(treated: LogitSide, bound: float, level: float) -> float | None:
    """The run SD at which a run of the bound's own rate on the logit would give as few events once in 1/alpha.

    The chance is that of the binomial, over a normal spread of the run's log-odds about the bound; without spread it is
    the exact test whose bound is Clopper and Pearson's, which the logit's delta method is not where events are few.
    """
    at, alpha = float(logit(bound)), (1 - level) / 2
    if treated.trials is None:
        return tipping_run_sd(at - treated.log_odds, 0.0, 1 / treated.runs, level)
    steps, weights = np.polynomial.hermite_e.hermegauss(NODES)
    events, trials = treated.rate * treated.trials, treated.trials

    def excess(run_sd: float) -> float:
        rates = expit(at + run_sd / math.sqrt(treated.runs) * steps)
        chances = betaincc(events + 1, trials - events, rates)
        return float(weights @ chances / weights.sum()) - alpha

    return float(brentq(excess, 0.0, WIDEST_SD)) if excess(0.0) < 0 else None


def _variance(side: LogitSide, run_sd: float) -> float:
    return side.rollout_variance + run_sd**2 / side.runs


def _runs(
    reference: LogitSide, treated: LogitSide, claim: ReportedClaim, run_sd: float, level: float, power: float
) -> int | None:
    if claim.region is ClaimedRegion.REACHES_ZERO:
        return _runs_of_one_arm(float(logit(claim.amount)) - treated.log_odds, run_sd, level, power)
    if claim.region is ClaimedRegion.EQUIVALENT:
        power = 1 - (1 - power) / 2
    effect = math.sqrt(2) * _distance(reference.log_odds, treated.log_odds, claim, (1.0, 1.0))
    if 2 * ((float(ndtri(0.5 + level / 2)) + float(ndtri(power))) * run_sd / effect) ** 2 > MOST_RUNS:
        return None
    return max(FEWEST_RUNS, runs_for_power(effect, run_sd, level, power))


def _runs_of_one_arm(distance: float, run_sd: float, level: float, power: float) -> int | None:
    low, high = FEWEST_RUNS - 1, FEWEST_RUNS
    while detectable(run_sd / math.sqrt(high), high - 1, level, power) > distance:
        low, high = high, 2 * high
        if low > MOST_RUNS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        enough = detectable(run_sd / math.sqrt(middle), middle - 1, level, power) <= distance
        low, high = (low, middle) if enough else (middle, high)
    return high


def _distance(reference: float, treated: float, claim: ReportedClaim, weights: tuple[float, float]) -> float:
    """How far the nearest point of the claim's boundary lies from the two log-odds, in standard errors."""
    margin = claim.amount
    match claim.region:
        case ClaimedRegion.AT_LEAST_RATIO:
            boundaries: list[tuple[Boundary, Boundary]] = [(lambda p: p * margin, lambda p: p / margin)]
        case ClaimedRegion.EQUIVALENT:
            boundaries = [(lambda p: p + margin, lambda p: p - margin), (lambda p: p - margin, lambda p: p + margin)]
        case _:
            boundaries = [(lambda p: p + margin, lambda p: p - margin)]
    return min(_to_boundary(reference, treated, forth, back, weights) for forth, back in boundaries)


Boundary = Callable[[Floats], Floats]


def _to_boundary(
    reference: float, treated: float, forth: Boundary, back: Boundary, weights: tuple[float, float]
) -> float:
    """The distance to one boundary, reference = forth(treated), which rises.

    Its nearest point lies between the treated log-odds and where the boundary passes the reference rate: beyond them
    both distances grow. A grid finds the valley, a bounded search its floor.
    """
    far = float(_log_odds(back(np.asarray(expit(reference)))))

    def squared(at: Floats) -> Floats:
        along = (_log_odds(forth(expit(at))) - reference) ** 2 / weights[0]
        return np.asarray(along + (at - treated) ** 2 / weights[1])

    grid = np.linspace(min(treated, far), max(treated, far), GRID)
    best = int(np.argmin(squared(grid)))
    ends = (float(grid[max(0, best - 1)]), float(grid[min(GRID - 1, best + 1)]))
    if ends[0] == ends[1]:
        return math.sqrt(float(squared(grid)[best]))
    found = minimize_scalar(lambda at: float(squared(np.asarray(at))), bounds=ends, options={"xatol": 1e-12})
    return math.sqrt(min(float(found.fun), float(squared(grid)[best])))


def _log_odds(rates: Floats) -> Floats:
    """Log-odds of rates, those outside 0 and 1 taken as next to them."""
    return np.asarray(logit(np.clip(rates, 1e-12, 1 - 1e-12)))
