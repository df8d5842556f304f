"""The third line: a binomial logit on the counts, clustered by run, beside the run-level analysis.

By maximum likelihood where that has finite estimates; where the outcomes are separated, by Firth's penalty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.design import Contrast, Design, ModelMatrix, model_matrix
from mixablate.errors import DesignError
from mixablate.estimate.models.firth import FirthFit, ProfileInterval, firth_over_runs, firth_profile, fit_firth
from mixablate.estimate.models.inference import Inference, withheld
from mixablate.estimate.models.logit import (
    LogitFit,
    Unfitted,
    fit_logit,
    linear_contrast,
    rate_contrast,
    standardised_rates,
)
from mixablate.estimate.runs.cells import cell_arrays, runs_on_sides
from mixablate.estimate.runs.effect import Effect, number_or_none
from mixablate.estimate.runs.region import thin_regression
from mixablate.estimate.runs.summaries import RunSummaries
from mixablate.study import Scale
from mixablate.study.claim_kinds import Level
from mixablate.tables import OutcomeKind

__all__ = [
    "OutcomeModel",
    "OutcomeModels",
    "fit_outcome",
    "levels_of_side",
    "outside_regression_region",
    "regression_effects",
    "rows_at",
]

Floats = NDArray[np.float64]
METHOD = "{logit} on counts, main effects of components, evals and blocks; CR2 by {unit}, Satterthwaite df"


@dataclass(frozen=True, slots=True)
class OutcomeModel:
    """A binomial logit of one outcome's counts.

    Attributes:
        fit: the fit, over runs.
        firth: the penalised fit behind it, where the outcomes are separated; None where it is maximum likelihood.
        matrix: the arms' encoding; the fit's further columns are dummies for the outcome's second and later evals.
        rows: (n, p) the fitted rows, run by run, evals within runs.
        weights: (n,) of the rows when rates are standardised: evals by weight, arms alike, runs alike within arms.
    """

    fit: LogitFit
    matrix: ModelMatrix
    rows: Floats
    weights: Floats
    firth: FirthFit | None = None

    @property
    def words(self) -> str:
        """The name of the fit: a binomial logit, or Firth's penalised one with how separation was found."""
        if self.firth is None:
            return "binomial logit"
        return f"Firth's penalised logit (separation found by linear programming: {self.fit.penalised_for})"


OutcomeModels = Mapping[tuple[tuple[str, float], ...], OutcomeModel | str]
"""The fit of each outcome, or why there is none, by the outcome's weighted evals: fitted once, used by all that ask."""


def fit_outcome(summaries: RunSummaries, design: Design) -> OutcomeModel | str:
    """The logit of an outcome over the runs of known arms, or the sentence that says why there is none.

    Where linear programming finds the outcomes separated (an arm without events), it is Firth's penalised logit and
    never maximum likelihood, whose estimates would be whatever size the iteration stopped at. Aliased columns have no
    estimates under any penalty.
    """
    if summaries.outcome.kind is not OutcomeKind.EVENTS:
        return "scores have no binomial regression"
    matrix = model_matrix(design)
    position = {arm_id: index for index, arm_id in enumerate(matrix.arm_ids)}
    known = [r for r, arm_id in enumerate(summaries.arm_ids) if arm_id in position]
    if not known:
        return "no run of a known mix has this outcome"
    evals = len(summaries.outcome.evals)
    arms = matrix.rows[[position[summaries.arm_ids[r]] for r in known]]
    dummies = np.eye(evals)[:, 1:]
    rows = np.hstack([np.repeat(arms, evals, axis=0), np.tile(dummies, (len(known), 1))])
    names = matrix.names + tuple(eval_id for eval_id, _ in summaries.outcome.evals[1:])
    units = summaries.pairs if design.pair else summaries.run_ids  # a pair's runs are not independent of each other
    clusters = np.repeat([units[r] for r in known], evals)
    counts = {arm_id: summaries.arm_ids.count(arm_id) for arm_id in matrix.arm_ids}
    per_run = np.array([1.0 / counts[summaries.arm_ids[r]] for r in known])
    weights = np.repeat(per_run, evals) * np.tile([w for _, w in summaries.outcome.evals], len(known))
    events, trials = summaries.events[known].ravel(), summaries.trials[known].ravel()
    firth = None
    try:
        fit = fit_logit(rows, events, trials, clusters.tolist(), names=names)
        if isinstance(fit, Unfitted):
            if fit.separation.finite:
                return fit.reason
            firth = fit_firth(rows, events, trials, clusters.tolist(), names=names)
            fit = firth_over_runs(firth)
    except DesignError as error:
        return "; ".join(problem.found for problem in error.problems)
    except ArithmeticError as error:
        return str(error)
    return OutcomeModel(fit, matrix, rows, weights, firth)


def rows_at(model: OutcomeModel, levels: Mapping[str, Level | None]) -> Floats:
    """The fitted rows with these components set to these levels, all else as it was; (n, p)."""
    rows = model.rows.copy()
    for column, entry in model.matrix.entries(levels).items():
        rows[:, column] = entry
    return rows


def outside_regression_region(inference: Inference) -> str:
    """Why a regression's interval must be withheld; empty where it need not."""
    return inference.reason or thin_regression(inference.df, inference.leverage)


def regression_effects(
    summaries: RunSummaries,
    contrasts: Sequence[Contrast],
    design: Design,
    *,
    level: float,
    model: OutcomeModel | str | None = None,
) -> tuple[Effect, ...]:
    """Per contrast: the log odds ratio of the logit and the average marginal effect (risk difference).

    It stands beside the run-level effects and decides nothing. Withheld, with the reason, outside the supported region
    of a regression (4 degrees of freedom, leverage one half), and where the design is aliased. Under separation the
    numbers are those of Firth's penalised logit, and `method` says so; an effect that rests on the runs at a rate of 0
    or 1 has an estimate but no interval over runs, and on the log odds the profile interval of these models instead.

    Args:
        summaries: of the outcome.
        contrasts: over arms.
        design: arms and pairs.
        level: of the intervals.
        model: `fit_outcome` of these summaries and this design, where it was fitted already.
    """
    fitted = fit_outcome(summaries, design) if model is None else model
    found = []
    for contrast in contrasts:
        if contrast.reason:
            continue
        for scale in (Scale.LOG_ODDS, Scale.RISK_DIFFERENCE):
            found.append(_effect(summaries, contrast, scale, design, fitted, level))
    return tuple(found)


def _effect(
    summaries: RunSummaries, contrast: Contrast, scale: Scale, design: Design, model: OutcomeModel | str, level: float
) -> Effect:
    rates: tuple[float | None, float | None] = (None, None)
    within = None
    if isinstance(model, str):
        reason = model
        inference = withheld(math.nan, reason)
    else:
        reference, treated = (rows_at(model, levels_of_side(contrast, design, sign)) for sign in (-1.0, 1.0))
        standard = standardised_rates(model.fit, [reference, treated], model.weights)
        rates = (float(standard.rates[0]), float(standard.rates[1]))
        if scale is Scale.LOG_ODDS:
            inference = linear_contrast(model.fit, treated[0] - reference[0], level)
        else:
            inference = rate_contrast(model.fit, standard, [-1.0, 1.0], level=level)
        reason = outside_regression_region(inference)
        if reason and model.firth is not None and scale is Scale.LOG_ODDS:
            within = firth_profile(model.firth, treated[0] - reference[0], level)
    n_treated, n_reference = runs_on_sides(cell_arrays(summaries, contrast))
    return Effect(
        outcome=summaries.outcome.name,
        contrast=contrast.name,
        scale=scale,
        estimate=number_or_none(inference.estimate),
        std_error=None if reason else number_or_none(inference.std_error),
        df=None if reason else number_or_none(inference.df),
        lower=None if reason else number_or_none(inference.lower),
        upper=None if reason else number_or_none(inference.upper),
        level=level,
        p_value=None if reason else number_or_none(inference.p_value),
        p_adjusted=None,
        detectable=None,
        reference=rates[0],
        treated=rates[1],
        n_treated=n_treated,
        n_reference=n_reference,
        method=_method(model, scale, design, within),
        scope="runs like these, on these scenarios" if within is None else "these models only, on these scenarios",
        within_lower=None if within is None else number_or_none(within.lower),
        within_upper=None if within is None else number_or_none(within.upper),
        reason=reason,
    )


def _method(model: OutcomeModel | str, scale: Scale, design: Design, within: ProfileInterval | None) -> str:
    words = METHOD.format(logit="binomial logit" if isinstance(model, str) else model.words, unit=design.pair or "run")
    if within is not None:
        words += "; within these runs the profile penalised-likelihood interval, rollouts taken as independent"
    return words + ("" if scale is Scale.LOG_ODDS else "; average marginal effect by the delta method")


def levels_of_side(contrast: Contrast, design: Design, sign: float) -> dict[str, Level | None]:
    """The levels of the contrast's components on its treated (1) or reference (-1) side."""
    arm = design.arm(next(arm_id for arm_id, c in contrast.coefficients if c * sign > 0))
    return {component: arm.level(component) for component in contrast.components}
