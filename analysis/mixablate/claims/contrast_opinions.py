"""Second opinions on a contrast of arms: randomisation or wild bootstrap decide too, a regression stands beside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from mixablate.claims.case import Case
from mixablate.claims.kind import Posed, Question
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
from mixablate.study import Scale

__all__ = ["contrast_opinion", "logit_scale", "opinion_of", "posed", "posed_opinion", "regression_opinion"]

Floats = NDArray[np.float64]


def contrast_opinion(case: Case, design: Design, asked: Question) -> SecondOpinion:
    """The test that decides with the primary, at the region's boundaries and at unadjusted alpha/2 one-sided.

    Randomisation within strata and blocks (within pairs where runs are paired) if its smallest attainable p reaches
    alpha/2, else the wild cluster bootstrap; the last abstains where it cannot reach it either.
    """
    ends = case.region.boundaries
    return posed_opinion(case, design, asked, [(posed(case, boundary), below) for boundary, below in ends])


def posed_opinion(case: Case, design: Design, asked: Question, ends: list[tuple[Posed, bool]]) -> SecondOpinion:
    """The same for boundaries posed as contrasts of run values, each with whether the region lies below it."""
    found = [(below, _test(case, design, end, asked, f"{index}")) for index, (end, below) in enumerate(ends)]
    return opinion_of([(below, test) for below, test in found if test is not None], asked)


def opinion_of(found: list[tuple[bool, DrawTest]], asked: Question) -> SecondOpinion:
    """The opinion that tests at a region's boundaries amount to, each with whether the region lies below its boundary.

    It abstains where no data of this design could reach alpha/2.
    """
    if not found:
        return SecondOpinion("none of its kind for an unreplicated design", None, None, True, None, True, "abstains")
    if asked.supports:
        p = max(test.p_below if below else test.p_above for below, test in found)
    else:
        p = min(test.p_above if below else test.p_below for below, test in found)
    smallest, method = max(test.smallest for _, test in found), found[0][1].method
    if smallest > asked.alpha / 2.0:
        note = f"abstains: its smallest attainable one-sided p is {smallest:.3g}, above {asked.alpha / 2.0:g}"
        return SecondOpinion(method, p, smallest, True, None, True, note)
    return SecondOpinion(method, p, smallest, False, p <= asked.alpha / 2.0, True)


def logit_scale(case: Case) -> Scale | None:
    """The scale on which the binomial logit has a say on a contrast of arms; None where it has none."""
    scale = existence_scale(case.summaries) if case.region.at_no_effect else case.scale
    return scale if scale in (Scale.LOG_ODDS, Scale.RISK_DIFFERENCE) else None


def regression_opinion(
    case: Case, scale: Scale, design: Design, models: OutcomeModels, *, supports: bool, level: float
) -> SecondOpinion:
    """The binomial logit's one-sided p at the boundary, on a scale on which it has a say; it decides nothing."""
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


def posed(case: Case, boundary: float) -> Posed:
    """Run values, cells and the boundary left to test.

    A ratio r is posed as treated/r against reference at no difference, which a change by a common factor satisfies.
    """
    cells = cell_arrays(case.summaries, case.contrast)
    if case.region.at_no_effect:
        return values_on(case.summaries, existence_scale(case.summaries)), cells, 0.0
    if case.scale is not Scale.RISK_RATIO:
        return values_on(case.summaries, case.scale), cells, boundary
    return _divided(case.summaries, cells, boundary), cells, 0.0


def _test(case: Case, design: Design, end: Posed, asked: Question, stage: str) -> DrawTest | None:
    rng = stage_rng(asked.seed, "second opinion", case.claim.id, case.summaries.outcome.name, stage)
    values, cells, shift = end
    if design.pair:
        differences = paired_differences(values, case.summaries, cells, boundary=shift)
        return sign_flip_test(differences, draws=asked.draws, rng=rng)
    if (cells.counts < 2).any():
        found = run_regression(case.summaries, case.contrast, design)
        if isinstance(found, str):
            return None
        run_ids = [case.summaries.run_ids[r] for r in found.runs]
        fit = wild_regression(found.rows, values[found.runs], run_ids, found.vector)
        return None if fit.reason else restricted_wild_test(fit, draws=asked.draws, rng=rng, null=shift)
    mine = values[cells.rows]
    if exchangeable(cells) and 1.0 / count_assignments(cells) <= asked.alpha / 2.0:
        return randomisation_test(mine, cells, draws=asked.draws, rng=rng, boundary=shift)
    return wild_test(mine, cells, draws=asked.draws, rng=rng, boundary=shift)


def _divided(summaries: RunSummaries, cells: CellArrays, ratio: float) -> Floats:
    values = values_on(summaries, Scale.RISK_RATIO).copy()
    treated = cells.rows[cells.coefficients[cells.cell] > 0]
    values[treated] /= ratio
    return values
