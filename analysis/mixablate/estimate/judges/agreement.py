"""How far two judges of the same rollouts agree, and what swapping one for the other does to rates and effects."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, ndtri

from mixablate.errors import counted
from mixablate.estimate.counts.checks import check_level
from mixablate.estimate.counts.one_proportion import wilson
from mixablate.estimate.models.inference import Inference, t_inference, withheld
from mixablate.estimate.runs.region import FEWEST_RUNS
from mixablate.estimate.runs.summaries import RunSummaries
from mixablate.tables import OutcomeKind

__all__ = ["Confusion", "Kappa", "cohen_kappa", "confusion", "judge_swap", "mean_swap", "paired_difference"]

LOPSIDED = 0.8  # prevalence index above which kappa says more about how rare events are than about the judges


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rollouts by what two judges said of them.

    Attributes:
        both: events to both.
        first_only, second_only: events to one of them.
        neither: events to none.
    """

    both: int
    first_only: int
    second_only: int
    neither: int

    def __post_init__(self) -> None:
        counts = (self.both, self.first_only, self.second_only, self.neither)
        if not (all(count >= 0 for count in counts) and 0 < sum(counts) < math.inf):
            raise ValueError(f"counts must be 0 or more and not all 0, found {counts}")

    @property
    def n(self) -> int:
        """Rollouts."""
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def agreement(self) -> float:
        """The share of rollouts that both judged alike."""
        return (self.both + self.neither) / self.n


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa: agreement beyond that of chance at the judges' own rates, as a part of what there could be.

    Attributes:
        estimate: 1 for full agreement, 0 for that of chance; NaN where both judges give one answer to everything.
        std_error: of the estimate; with the limits NaN where `reason` says why.
        lower, upper: two-sided limits at `level`, not above 1.
        level: confidence level.
        agreement: the share judged alike.
        by_chance: the share that judges of these rates would judge alike by chance.
        prevalence_index: |both - neither| / n; near 1 kappa is low however well the judges agree.
        bias_index: (second_only - first_only) / n, the difference of the judges' rates.
        pabak: 2 agreement - 1, kappa for judges who call half of the rollouts events.
        reason: why there is no interval.
        note: what to know beside it.
    """

    estimate: float
    std_error: float
    lower: float
    upper: float
    level: float
    agreement: float
    by_chance: float
    prevalence_index: float
    bias_index: float
    pabak: float
    reason: str = ""
    note: str = ""


def confusion(first: ArrayLike, second: ArrayLike) -> Confusion:
    """The rollouts by what each judge said.

    Args:
        first: (n,) 0 or 1, or true and false.
        second: (n,) of the same rollouts in the same order.

    Raises:
        ValueError: columns of unequal length or empty, or answers other than 0 and 1 (a missing one among them).

    >>> confusion([1, 1, 0, 0, 0], [1, 0, 0, 0, 1])
    Confusion(both=1, first_only=1, second_only=1, neither=2)
    """
    one, other = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if not (one.shape == other.shape == (one.size,)):
        raise ValueError(f"the judges' answers must be columns of one length, found {one.shape} and {other.shape}")
    if not (np.isin(one, (0.0, 1.0)).all() and np.isin(other, (0.0, 1.0)).all()):
        raise ValueError("the judges' answers must be 0 or 1; leave out rollouts that one of them did not score")
    both, ones, others = int(one @ other), int(one.sum()), int(other.sum())
    return Confusion(both, ones - both, others - both, one.size - ones - others + both)


def cohen_kappa(table: Confusion, level: float = 0.95) -> Kappa:
    """Cohen's kappa with the large-sample interval.

    Rollouts are taken as independent; rollouts of one training run are not, and the interval is then too narrow. The
    normal limits are poor below some ten disagreements and where events are rare, where kappa itself misleads: read it
    beside `agreement` and `pabak`. Agreement is not accuracy: two judges can share their errors.

    Source: Cohen (1960), Educ. Psychol. Meas. 20, 37-46; standard error of Fleiss, Cohen & Everitt (1969), Psychol.
    Bull. 72, 323-327, eq. 13; indices of Byrt, Bishop & Carlin (1993), J. Clin. Epidemiol. 46, 423-429.

    Args:
        table: what both judges said.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: a level outside its range.

    >>> found = cohen_kappa(Confusion(20, 5, 10, 15))
    >>> found.agreement, found.by_chance, round(found.estimate, 3)
    (0.7, 0.5, 0.4)
    """
    check_level(level)
    n = table.n
    cells = np.array([[table.both, table.first_only], [table.second_only, table.neither]]) / n
    first, second = cells.sum(axis=1), cells.sum(axis=0)
    agreement, by_chance = float(np.trace(cells)), float(first @ second)
    prevalence = abs(table.both - table.neither) / n
    bias = (table.second_only - table.first_only) / n
    known = Kappa(
        math.nan, math.nan, math.nan, math.nan, level, agreement, by_chance, prevalence, bias, 2.0 * agreement - 1.0
    )
    reason = _uninformative(table)
    if by_chance == 1.0:
        return replace(known, reason=reason)
    kappa = (agreement - by_chance) / (1.0 - by_chance)
    if reason:
        return replace(known, estimate=kappa, reason=reason)
    on = sum(cells[i, i] * (1.0 - (first[i] + second[i]) * (1.0 - kappa)) ** 2 for i in range(2))
    off = sum(cells[i, 1 - i] * (second[i] + first[1 - i]) ** 2 for i in range(2)) * (1.0 - kappa) ** 2
    variance = (on + off - (kappa - by_chance * (1.0 - kappa)) ** 2) / (n * (1.0 - by_chance) ** 2)
    std_error = math.sqrt(max(0.0, float(variance)))
    reach = float(ndtri((1.0 + level) / 2.0)) * std_error
    words = "events" if table.neither > table.both else "non-events"
    note = f"{words} are rare: kappa is low even where judges agree ({agreement:.1%} here)"
    return replace(
        known,
        estimate=kappa,
        std_error=std_error,
        lower=kappa - reach,
        upper=min(1.0, kappa + reach),
        note=note if prevalence > LOPSIDED else "",
    )


def paired_difference(table: Confusion, level: float = 0.95) -> Inference:
    """The second judge's rate minus the first's on the same rollouts of one model, with McNemar's exact p-value.

    Wrong for rollouts pooled over training runs that differ: see `mean_swap` and `judge_swap`. The p-value can differ
    from the interval near the level, for it is exact and the interval is not.

    Source: Newcombe (1998), Stat. Med. 17, 2635-2650, method 10 (score limits with the continuity-corrected
    correlation of the two judges); McNemar (1947), binomial.

    Args:
        table: what both judges said.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: a level outside its range.
    """
    check_level(level)
    n = table.n
    firsts, seconds = table.both + table.first_only, table.both + table.second_only
    rate_1, rate_2 = firsts / n, seconds / n
    low_1, high_1 = wilson(firsts, n, level)
    low_2, high_2 = wilson(seconds, n, level)
    phi = _correlation(table)
    below = _leaning(rate_2 - low_2, high_1 - rate_1, phi)
    above = _leaning(high_2 - rate_2, rate_1 - low_1, phi)
    discordant = table.first_only + table.second_only
    rarer = min(table.first_only, table.second_only)
    p_value = min(1.0, 2.0 * float(bdtr(rarer, discordant, 0.5))) if discordant else 1.0
    difference = rate_2 - rate_1
    std_error = math.sqrt(max(0.0, discordant / n - difference**2) / n)
    return Inference(difference, std_error, math.inf, difference - below, difference + above, p_value)


def judge_swap(first: RunSummaries, second: RunSummaries) -> RunSummaries:
    """Per run, the rate under the second judge minus that under the first: scores, ready for `run_level_effect`.

    A contrast of these scores (on the value scale) is what swapping the judge does to the effect: exactly the effect
    under the second judge minus that under the first. Runs that one of them lacks are named in `absent`.

    Args:
        first: of one outcome under one judge.
        second: of the same evals under the other.

    Raises:
        ValueError: outcomes of different evals, or of different kinds.
    """
    if first.outcome.evals != second.outcome.evals or first.outcome.kind is not second.outcome.kind:
        raise ValueError(
            f'two judges of one outcome are needed, found "{first.outcome.name}" and "{second.outcome.name}" with '
            "other evals, weights or kinds"
        )
    other = dict(zip(second.run_ids, second.level, strict=True))
    rows = [row for row, run_id in enumerate(first.run_ids) if run_id in other]
    known = set(first.run_ids) & set(other)
    lost = (set(first.run_ids) | set(other) | set(first.absent) | set(second.absent)) - known
    nothing = np.full((len(rows), len(first.outcome.evals)), np.nan)
    return RunSummaries(
        outcome=replace(first.outcome, kind=OutcomeKind.SCORE),
        run_ids=tuple(first.run_ids[row] for row in rows),
        arm_ids=tuple(first.arm_ids[row] for row in rows),
        pairs=tuple(first.pairs[row] for row in rows),
        log_odds=np.full(len(rows), np.nan),
        level=np.array([other[first.run_ids[row]] - first.level[row] for row in rows]),
        events=nothing,
        trials=nothing,
        missing=np.zeros_like(nothing),
        absent=tuple(sorted(lost)),
        blocks=tuple(first.blocks[row] for row in rows) if first.blocks else (),
    )


def mean_swap(swap: RunSummaries, level: float = 0.95) -> Inference:
    """The mean over runs of what swapping the judge does to a run's rate: paired t with runs - 1 degrees of freedom.

    Wrong where arms respond differently, for the mean is then that of this mixture of arms (see `judge_swap`). Withheld
    below 3 runs.

    Args:
        swap: from `judge_swap`.
        level: confidence level, between 0 and 1.

    Raises:
        ValueError: a level outside its range.
    """
    check_level(level)
    runs = swap.level.size
    if runs < FEWEST_RUNS:
        mean = float(swap.level.mean()) if runs else math.nan
        return withheld(mean, f"{counted(runs, 'run')} judged by both; at least {FEWEST_RUNS} are needed")
    error = float(swap.level.std(ddof=1)) / math.sqrt(runs)
    return t_inference(float(swap.level.mean()), error, runs - 1.0, level)


def _uninformative(table: Confusion) -> str:
    """Why the large-sample interval would have no width; empty where it has one."""
    for word, events in (("first", table.both + table.first_only), ("second", table.both + table.second_only)):
        if events in (0, table.n):
            return f"the {word} judge gave every rollout the same answer: kappa is not above 0 whatever the other said"
    if table.first_only + table.second_only == 0:
        return "the judges never disagreed: bound the share of disagreements instead (`upper_bound`)"
    return ""


def _correlation(table: Confusion) -> float:
    """Newcombe's phi: pulled towards 0 by a continuity correction where it is positive."""
    a, b, c, d = table.both, table.first_only, table.second_only, table.neither
    margins = float(a + b) * (c + d) * (a + c) * (b + d)
    product = float(a * d - b * c)
    if product > 0.0:
        product = max(0.0, product - table.n / 2.0)
    return product / math.sqrt(margins) if margins > 0.0 else 0.0


def _leaning(one: float, other: float, phi: float) -> float:
    """The distance of a limit, from those of both rates and their correlation."""
    return math.sqrt(max(0.0, one**2 - 2.0 * phi * one * other + other**2))
