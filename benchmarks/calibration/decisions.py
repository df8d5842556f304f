"""How often the rule decides: the primary alone, and with the second opinion that must agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.intervals import ALPHA, Sample, contrast, existence_p, shown
from mixablate.resample import DrawTest, assignments, exchangeable, randomisation_test, wild_test
from mixablate.study import Scale

DRAWS = 999  # Monte Carlo draws where not all assignments or sign vectors are enumerated


@dataclass(frozen=True, slots=True)
class Decisions:
    """Shares of studies.

    Attributes:
        primary: the existence test rejects, among all studies; a study that the region withholds does not.
        among_shown: the same among the studies inside the region; NaN without any.
        decided: primary and second opinion agree that there is an effect, among the first studies.
        second: the second opinion rejects, among the fewer first studies it was run on alone; NaN where it abstains.
    """

    primary: float
    among_shown: float
    decided: float
    second: float


def decisions(sample: Sample, rng: np.random.Generator, *, decided: int, second: int) -> Decisions:
    """The rule of a claim that begins at no effect, without a family, on every study of a sample.

    The second opinion, study by study, is asked in the first `decided` studies where the primary rejects, and in the
    first `second` of all.
    """
    inside = shown(sample, Scale.RISK_DIFFERENCE)
    rejects = inside & (existence_p(sample) <= ALPHA)
    estimates, _, _ = contrast(sample.log_odds, sample.cells)
    first = np.flatnonzero(rejects[:decided])
    agreed = sum(agrees(sample, int(i), float(estimates[i]), rng) for i in first)
    return Decisions(
        primary=float(rejects.mean()),
        among_shown=float(rejects[inside].mean()) if inside.any() else np.nan,
        decided=agreed / min(decided, len(rejects)),
        second=rate([second_opinion(sample, i, rng) for i in range(min(second, len(rejects)))]),
    )


def agrees(sample: Sample, study: int, estimate: float, rng: np.random.Generator) -> bool:
    """Whether the second opinion abstains or rejects on the side of the estimate."""
    test = second_opinion(sample, study, rng)
    if test.smallest > ALPHA / 2:
        return True
    return (test.p_below if estimate < 0 else test.p_above) <= ALPHA / 2


def second_opinion(sample: Sample, study: int, rng: np.random.Generator) -> DrawTest:
    """The test that the package would choose for these arms."""
    values = sample.log_odds[study]
    cells = sample.cells
    if exchangeable(cells) and 1.0 / assignments(cells) <= ALPHA / 2:
        return randomisation_test(values, cells, draws=DRAWS, rng=rng)
    return wild_test(values, cells, draws=DRAWS, rng=rng)


def rate(tests: list[DrawTest]) -> float:
    """How often the tests reject two-sided; NaN where they cannot."""
    if not tests or tests[0].smallest > ALPHA / 2:
        return float("nan")
    return float(np.mean([min(test.p_below, test.p_above) <= ALPHA / 2 for test in tests]))
