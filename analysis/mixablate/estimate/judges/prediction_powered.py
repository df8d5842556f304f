"""Rates by a judge of all rollouts, corrected by human labels of a few: prediction-powered means and differences.

The judge's mean over the unlabelled rollouts, plus the mean of human minus judge over the labelled ones. Unbiased
however bad the judge is, as long as the labelled rollouts are a random sample of the same rollouts; a good judge makes
it precise. The judge may give scores. A weight (lambda) of 1 takes the judge at its word, 0 leaves the labels alone.

Wrong where rollouts were chosen for labelling by what the judge said of them, and, in the functions that count
rollouts, where they come from training runs that differ (see `prediction_powered_over_runs`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from mixablate.errors import counted
from mixablate.estimate.counts.checks import check_level
from mixablate.estimate.counts.one_proportion import clopper_pearson
from mixablate.estimate.runs.region import FEWEST_RUNS

__all__ = [
    "JudgedSample",
    "PredictionPowered",
    "judged_sample",
    "optimal_weight",
    "prediction_powered_difference",
    "prediction_powered_mean",
    "prediction_powered_over_runs",
    "tuned_weight",
]

Floats = NDArray[np.float64]

FEWEST_LABELS = 200
"""Labelled rollouts of all sides, and of them events and non-events, for an interval to cover as it says (S11)."""
FEWEST_LABELLED_EVENTS = 10
FEWEST_LABELS_A_SIDE = 75  # with 50 against 150 the coverage fell to 91 %, with 75 against 125 it held (93 to 95)


@dataclass(frozen=True, slots=True)
class JudgedSample:
    """One side's rollouts: n that a human labelled and the judge judged, N that only the judge judged.

    Attributes:
        human: (n,) labels, 0 or 1.
        judged: (n,) the judge's answers (0/1, or scores) on the labelled rollouts.
        unlabelled: (N,) its answers on the others.
        runs: (n,) the training runs of the labelled rollouts; empty where they are not told apart.
        unlabelled_runs: (N,) those of the others.
    """

    human: Floats
    judged: Floats
    unlabelled: Floats
    runs: NDArray[np.str_]
    unlabelled_runs: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class PredictionPowered:
    """A rate, or a difference of rates, with its interval. NaN from `std_error` on where `reason` says why.

    Attributes:
        estimate: a rate, or treated minus reference; not cut to its range.
        std_error: of the estimate.
        df: of the t quantile; infinity where rollouts are counted.
        lower, upper: two-sided limits at `level`; where `note` warns of few labels they reach as far as the exact
            interval of the labels alone.
        level: confidence level.
        n_labels, n_labelled_events: human labels, and those that are 1.
        reason: why there is no interval.
        note: what to know beside it.
    """

    estimate: float
    std_error: float
    df: float
    lower: float
    upper: float
    level: float
    n_labels: int
    n_labelled_events: int
    reason: str = ""
    note: str = ""

    @property
    def unwidened(self) -> tuple[float, float]:
        """The limits by `std_error` and `df` alone, which the others equal where no note warns of few labels."""
        reach = float(stdtrit(self.df, (1.0 + self.level) / 2.0)) * self.std_error
        return self.estimate - reach, self.estimate + reach


def judged_sample(human: ArrayLike, judge: ArrayLike, runs: Sequence[object] | None = None) -> JudgedSample:
    """The rollouts of one side, told apart by whether they have a human label.

    Args:
        human: (n + N,) 0 or 1; NaN where no human looked.
        judge: (n + N,) the judge's answers.
        runs: (n + N,) the training run of each rollout; needed by `prediction_powered_over_runs`.

    Raises:
        ValueError: columns of unequal length, labels other than 0, 1 and NaN, or answers that are not finite.
    """
    labels, answers = np.asarray(human, dtype=float), np.asarray(judge, dtype=float)
    ids = np.array([] if runs is None else [str(run) for run in runs], dtype=str)
    if not (labels.shape == answers.shape == (labels.size,) and (runs is None or ids.size == labels.size)):
        raise ValueError(
            f"human labels, judge answers and runs must be columns of one length, found {labels.shape}, "
            f"{answers.shape} and {ids.shape}"
        )
    known = ~np.isnan(labels)
    if not np.isin(labels[known], (0.0, 1.0)).all():
        raise ValueError("human labels must be 0 or 1, or NaN where there is none")
    if not np.isfinite(answers).all():
        raise ValueError("the judge's answers must be finite numbers on every rollout")
    if runs is None:
        return JudgedSample(labels[known], answers[known], answers[~known], ids, ids)
    return JudgedSample(labels[known], answers[known], answers[~known], ids[known], ids[~known])


def optimal_weight(sample: JudgedSample) -> float:
    """The weight of the judge that makes the variance least, as these rollouts show it; not cut to 0 and 1.

    Cov(human, judge) / ((1 + n/N) Var(judge)), both unbiased. NaN for fewer than 2 labels or a judge that always
    answers the same.

    Source: Angelopoulos, Duchi & Zrnic (2023), PPI++, arXiv:2311.01453, example 6.1.
    """
    n, rest = sample.human.size, sample.unlabelled.size
    answers = np.concatenate([sample.judged, sample.unlabelled])
    if n < 2 or rest == 0 or np.ptp(answers) == 0.0:
        return math.nan
    covariance = float(np.cov(sample.human, sample.judged)[0, 1])
    return covariance / ((1.0 + n / rest) * float(answers.var(ddof=1)))


def tuned_weight(sample: JudgedSample) -> float:
    """The power-tuned weight of ppi-python: the optimal one with the covariance over n, kept within 0 and 1.

    0 where there is no optimal one: the labels alone. With few labels the weight follows their noise, and the interval
    covers less than that at weight 1 (92 against 95 % at worst at 200 labels with 10 events).
    """
    n = sample.human.size
    weight = optimal_weight(sample)
    return 0.0 if math.isnan(weight) else min(1.0, max(0.0, weight * (n - 1) / n))


def prediction_powered_mean(sample: JudgedSample, weight: float = 1.0, level: float = 0.95) -> PredictionPowered:
    """The rate of one model: weight x mean(judge, unlabelled) + mean(human - weight x judge, labelled).

    The interval is normal, with variances over n and N (not n - 1), as in ppi-python.

    Source: Angelopoulos et al. (2023), Science 382, 669-674; with a weight, PPI++ (arXiv:2311.01453).

    Args:
        sample: its rollouts.
        weight: of the judge, 0 to 1; see `tuned_weight`.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: a weight or level outside its range.
    """
    check_level(level)
    sides = ((1.0, sample, _weight(sample, weight)),)
    return _reaching_labels(_of_sides(sides, level), sides)


def prediction_powered_difference(
    treated: JudgedSample,
    reference: JudgedSample,
    weights: tuple[float, float] = (1.0, 1.0),
    level: float = 0.95,
) -> PredictionPowered:
    """Treated minus reference of two models as they are; each side corrected by its own labels.

    The interval is normal. The judge may err otherwise on one side than on the other: that is what the labels of each
    side take out.

    Source: as for `prediction_powered_mean`; independent sides.

    Args:
        treated: rollouts of one model.
        reference: rollouts of the other.
        weights: of the judge on the treated and the reference side, 0 to 1.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: a weight or level outside its range.
    """
    check_level(level)
    sides = _two_sides(treated, reference, weights)
    return _reaching_labels(_of_sides(sides, level), sides)


def prediction_powered_over_runs(
    treated: JudgedSample,
    reference: JudgedSample,
    weights: tuple[float, float] = (1.0, 1.0),
    level: float = 0.95,
) -> PredictionPowered:
    """Treated minus reference over training runs like these: rollouts and labels of one run vary together.

    The same estimate as that of rollouts (runs count by their rollouts), its variance from the sums of each run,
    times R/(R - 1) for R labelled runs, and t with Satterthwaite's degrees of freedom over the sides' R - 1. With
    labels and rollouts in equal numbers from every run this is Welch's t on the runs' own prediction-powered rates.
    Withheld below 3 labelled runs a side. Wrong where runs differ much in their number of rollouts.

    Source: cluster-robust variance of a mean (Cameron & Miller 2015, JHR 50, 317-372) of the terms of PPI.

    Args:
        treated: rollouts with their runs.
        reference: rollouts with their runs.
        weights: of the judge on the treated and the reference side, 0 to 1.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: rollouts without runs, a run on both sides, or a weight or level outside its range.
    """
    check_level(level)
    _check_runs(treated, reference)
    sides = _two_sides(treated, reference, weights)
    found = _of_sides(sides, level)
    labelled = [np.unique(sample.runs).size for _, sample, _ in sides]
    if not found.reason and min(labelled) < FEWEST_RUNS:
        found_runs = f"{counted(labelled[0], 'labelled run')} against {labelled[1]}"
        few = f"{found_runs}; at least {FEWEST_RUNS} are needed on each side"
        found = _withheld(found, few)
    if found.reason:
        return found
    variances = [_over_runs(sample, weight, runs) for (_, sample, weight), runs in zip(sides, labelled, strict=True)]
    total = math.fsum(variances)
    spread = math.fsum(v**2 / (runs - 1) for v, runs in zip(variances, labelled, strict=True))
    df = total**2 / spread if spread > 0.0 else float(sum(labelled) - 2)
    return _reaching_labels(_with_limits(replace(found, std_error=math.sqrt(total), df=df)), sides)


Side = tuple[float, JudgedSample, float]
"""A side's sign in the estimate, its rollouts, and the judge's weight."""


def _two_sides(treated: JudgedSample, reference: JudgedSample, weights: tuple[float, float]) -> tuple[Side, Side]:
    return (1.0, treated, _weight(treated, weights[0])), (-1.0, reference, _weight(reference, weights[1]))


def _of_sides(sides: Sequence[Side], level: float) -> PredictionPowered:
    """The signed sum of the sides' rates with its normal interval."""
    labels = sum(sample.human.size for _, sample, _ in sides)
    events = int(sum(float(sample.human.sum()) for _, sample, _ in sides))
    if any(sample.human.size == 0 for _, sample, _ in sides):
        nothing = math.nan
        reason = "no rollout of a side has a human label"
        return PredictionPowered(nothing, nothing, nothing, nothing, nothing, level, labels, events, reason)
    estimate = math.fsum(sign * _rate(sample, weight) for sign, sample, weight in sides)
    std_error = math.sqrt(math.fsum(_variance(sample, weight) for _, sample, weight in sides))
    return _with_limits(PredictionPowered(estimate, std_error, math.inf, math.nan, math.nan, level, labels, events))


def _with_limits(found: PredictionPowered) -> PredictionPowered:
    lower, upper = found.unwidened
    return replace(found, lower=lower, upper=upper)


def _rate(sample: JudgedSample, weight: float) -> float:
    judged = weight * float(sample.unlabelled.mean()) if weight > 0.0 else 0.0
    return judged + float((sample.human - weight * sample.judged).mean())


def _variance(sample: JudgedSample, weight: float) -> float:
    judged = weight**2 * float(sample.unlabelled.var()) / sample.unlabelled.size if weight > 0.0 else 0.0
    return judged + float((sample.human - weight * sample.judged).var()) / sample.human.size


def _over_runs(sample: JudgedSample, weight: float, labelled_runs: int) -> float:
    """The variance of a side's rate from the sums of each run."""
    names = np.unique(np.concatenate([sample.runs, sample.unlabelled_runs]))
    rest = sample.human - weight * sample.judged
    sums = np.bincount(np.searchsorted(names, sample.runs), rest - rest.mean(), names.size) / rest.size
    if weight > 0.0:
        judged = sample.unlabelled - sample.unlabelled.mean()
        own = np.bincount(np.searchsorted(names, sample.unlabelled_runs), judged, names.size)
        sums = sums + weight * own / judged.size
    return labelled_runs / (labelled_runs - 1) * float(sums @ sums)


def _weight(sample: JudgedSample, weight: float) -> float:
    if not 0 <= weight <= 1:
        raise ValueError(f"the judge's weight must lie between 0 and 1, found {weight}")
    return weight if sample.unlabelled.size else 0.0  # every rollout is labelled: there is nothing to predict


def _check_runs(treated: JudgedSample, reference: JudgedSample) -> None:
    for sample in (treated, reference):
        if sample.runs.size != sample.human.size or sample.unlabelled_runs.size != sample.unlabelled.size:
            raise ValueError("every rollout needs its training run here, found rollouts without")
    ids = [np.union1d(sample.runs, sample.unlabelled_runs) for sample in (treated, reference)]
    shared = np.intersect1d(ids[0], ids[1])
    if shared.size:
        raise ValueError(f'a training run belongs to one side, found "{shared[0]}" on both')


def _withheld(found: PredictionPowered, reason: str) -> PredictionPowered:
    nothing = math.nan
    return replace(found, std_error=nothing, df=nothing, lower=nothing, upper=nothing, reason=reason)


def _reaching_labels(found: PredictionPowered, sides: Sequence[Side]) -> PredictionPowered:
    """Where a side has few labels, the interval widened to the exact one of the labels alone, and a note."""
    few = _few_labels(sides)
    if found.reason or not few:
        return found
    alone, below, above = 0.0, 0.0, 0.0
    for sign, sample, _ in sides:
        rate = float(sample.human.mean())
        low, high = clopper_pearson(float(sample.human.sum()), sample.human.size, found.level)
        down, up = (rate - low, high - rate) if sign > 0.0 else (high - rate, rate - low)
        alone, below, above = alone + sign * rate, math.hypot(below, down), math.hypot(above, up)
    return replace(
        found,
        lower=min(found.lower, alone - below),
        upper=max(found.upper, alone + above),
        note=f"{few}; the interval reaches as far as the exact one of the labels alone",
    )


def _few_labels(sides: Sequence[Side]) -> str:
    """What the labels lack for an interval of their own; empty where they suffice."""
    labels = [sample.human.size for _, sample, _ in sides]
    events = int(sum(float(sample.human.sum()) for _, sample, _ in sides))
    if sum(labels) < FEWEST_LABELS or min(labels) < FEWEST_LABELS_A_SIDE:
        found = " and ".join(str(n) for n in labels)
        return f"{found} labelled rollouts, where {FEWEST_LABELS} are needed and {FEWEST_LABELS_A_SIDE} on each side"
    for word, count in (("events", events), ("non-events", sum(labels) - events)):
        if count < FEWEST_LABELLED_EVENTS:
            return f"{count} labelled {word}, where {FEWEST_LABELLED_EVENTS} are needed"
    return ""
