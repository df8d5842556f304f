"""Second opinions of another nature: randomisation or wild bootstrap decide too, a regression stands beside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from mixablate.claims.cases import Case
from mixablate.claims.verdict import SecondOpinion
from mixablate.design import Design
from mixablate.estimate import (
    CellArrays,
    OutcomeModels,
    RunSummaries,
    cell_arrays,
    existence_scale,
    paired_differences,
    regression_effects,
    run_regression,
    values_on,
)
from mixablate.resample import (
    DrawTest,
    exchangeable,
    randomisation_test,
    restricted_wild_test,
    sign_flip_test,
    stage_rng,
    wild_regression,
    wild_test,
)
from mixablate.resample import assignments as count_assignments
from mixablate.study import ReachesZero, Scale, Stronger

__all__ = ["deciding_opinion", "posed", "regression_opinion", "regression_scale"]

Floats = NDArray[np.float64]


def deciding_opinion(
    case: Case, design: Design, *, supports: bool, alpha: float, draws: int, seed: int
) -> SecondOpinion | None:
    """The test that decides with the primary, at the region's boundaries and at unadjusted alpha/2 one-sided.

    Randomisation within strata and blocks (within pairs where runs are paired) if its smallest attainable p reaches
    alpha/2, else the wild cluster bootstrap; the last abstains where it cannot reach it either. None for
    `reaches_zero`, which no such test speaks to.

    Args:
        case: the claim on one outcome.
        design: arms and pairs.
        supports: whether the primary says supported (all boundaries must be cleared) or contradicted (one must).
        alpha: two-sided level.
        draws: Monte Carlo draws where enumeration is too long.
        seed: of the study.
    """
    if isinstance(case.claim, ReachesZero):
        return None
    found = [
        (below, _test(case, design, boundary, alpha, draws, seed, f"{index}"))
        for index, (boundary, below) in enumerate(case.region.boundaries)
    ]
    tests = [test for _, test in found if test is not None]
    if not tests:
        return SecondOpinion("none of its kind for an unreplicated design", None, None, True, None, True, "abstains")
    if supports:
        p = max(test.p_below if below else test.p_above for below, test in found if test is not None)
    else:
        p = min(test.p_above if below else test.p_below for below, test in found if test is not None)
    smallest = max(test.smallest for test in tests)
    if smallest > alpha / 2.0:
        note = f"abstains: its smallest attainable one-sided p is {smallest:.3g}, above {alpha / 2.0:g}"
        return SecondOpinion(tests[0].method, p, smallest, True, None, True, note)
    return SecondOpinion(tests[0].method, p, smallest, False, p <= alpha / 2.0, True)


def regression_scale(case: Case) -> Scale | None:
    """The scale on which the binomial logit has a say on a claim; None where it has none."""
    scale = existence_scale(case.summaries) if case.region.at_no_effect else case.claim.scale
    spoken = scale in (Scale.LOG_ODDS, Scale.RISK_DIFFERENCE) and not isinstance(case.claim, (Stronger, ReachesZero))
    return scale if spoken else None


def regression_opinion(
    case: Case, design: Design, models: OutcomeModels, *, supports: bool, level: float
) -> SecondOpinion | None:
    """The binomial logit's one-sided p at the boundary; it decides nothing. None where it has no say."""
    scale = regression_scale(case)
    if scale is None:
        return None
    model = models[case.summaries.outcome.evals]
    effects = regression_effects(case.summaries, [case.contrast], design, level=level, model=model)
    effect = next(e for e in effects if e.scale is scale)
    if effect.estimate is None or effect.std_error is None or effect.df is None:
        return SecondOpinion(effect.method, None, None, True, None, False, effect.reason)
    tails = []
    for boundary, below in case.region.boundaries:
        end = 0.0 if case.region.at_no_effect else boundary
        distance = (effect.estimate - end) / effect.std_error
        tails.append(float(stdtr(effect.df, distance if below == supports else -distance)))
    p = max(tails) if supports else min(tails)
    return SecondOpinion(effect.method, p, None, False, p <= (1.0 - level) / 2.0, False)


def _test(
    case: Case, design: Design, boundary: float, alpha: float, draws: int, seed: int, stage: str
) -> DrawTest | None:
    rng = stage_rng(seed, "second opinion", case.claim.id, case.summaries.outcome.name, stage)
    values, cells, shift = posed(case, boundary)
    if design.pair:
        differences = paired_differences(values, case.summaries, cells, boundary=shift)
        return sign_flip_test(differences, draws=draws, rng=rng)
    if (cells.counts < 2).any():
        found = run_regression(case.summaries, case.contrast, design)
        if isinstance(found, str):
            return None
        run_ids = [case.summaries.run_ids[r] for r in found.runs]
        fit = wild_regression(found.rows, values[found.runs], run_ids, found.vector)
        return None if fit.reason else restricted_wild_test(fit, draws=draws, rng=rng, null=shift)
    mine = values[cells.rows]
    if exchangeable(cells) and 1.0 / count_assignments(cells) <= alpha / 2.0:
        return randomisation_test(mine, cells, draws=draws, rng=rng, boundary=shift)
    return wild_test(mine, cells, draws=draws, rng=rng, boundary=shift)


def posed(case: Case, boundary: float) -> tuple[Floats, CellArrays, float]:
    """Run values, cells and the boundary left to test.

    A ratio r is posed as treated/r against reference at no difference, which a change by a common factor satisfies.
    """
    cells = cell_arrays(case.summaries, case.contrast)
    if case.region.at_no_effect:
        return values_on(case.summaries, existence_scale(case.summaries)), cells, 0.0
    if case.claim.scale is not Scale.RISK_RATIO:
        return values_on(case.summaries, case.claim.scale), cells, boundary
    return _divided(case.summaries, cells, boundary), cells, 0.0


def _divided(summaries: RunSummaries, cells: CellArrays, ratio: float) -> Floats:
    values = values_on(summaries, Scale.RISK_RATIO).copy()
    treated = cells.rows[cells.coefficients[cells.cell] > 0]
    values[treated] /= ratio
    return values
