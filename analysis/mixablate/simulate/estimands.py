"""What an analysis should find: the exact value of every estimand under a truth.

A simulated truth is stated per estimand, because they differ: with run-to-run spread the mean over runs of the rate is
not the rate of the mean logit (a mean logit of 22 % at run SD .5 is 23.1 % on average).

* mean run log-odds: the mean over runs like these of the run's own logit. The run summary of the analysis,
  log((k + 1/2) / (n - k + 1/2)), estimates that logit up to O(1 / n^2); its expectation at few expected events is
  something else and is not the estimand.
* mean run rate: the mean over runs like these of the run's own rate, a logit-normal mean.
* mean value: the mean over runs of the expected score.

Rates and log-odds are, by default, those that the judge reports (`judged=True`): what counts can show. With a perfect
judge both are the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.errors import Problem, StudyError, nearest
from mixablate.simulate.expectation import expected_log_odds, expected_score, rate_of, reported_rate
from mixablate.simulate.layout import table_levels
from mixablate.simulate.truth import EventEval, Truth
from mixablate.study import Scale
from mixablate.study.claim_kinds import Level

__all__ = [
    "ArmKey",
    "EvalSet",
    "arm_keys",
    "contrast_truth",
    "mean_log_odds",
    "mean_run_rate",
    "mean_value",
    "normal_mean",
    "truth_frame",
]

ArmKey = tuple[tuple[str, Level], ...]
"""An arm: (component, level) in declaration order, as in `design.Arm.levels`."""

EvalSet = str | Sequence[str] | Mapping[str, float]
"""One eval, several with the weights they declare, or several with weights given here (scaled to sum to 1)."""

Floats = NDArray[np.float64]

NODES = 100  # Gauss-Hermite nodes; numpy tests its own up to degree 100. Error below 1e-8 up to a run SD of 3


def arm_keys(truth: Truth) -> tuple[ArmKey, ...]:
    """The arms of a truth, in order, with their components in declaration order."""
    return tuple(tuple((name, arm.levels[name]) for name in truth.components) for arm in truth.arm_truths())


def mean_log_odds(
    truth: Truth, arm: ArmKey | Mapping[str, Level], evals: EvalSet, *, step: float | None = None, judged: bool = True
) -> float:
    """The mean over runs of the run's logit, in an arm; for several evals its weighted mean.

    Base models count equally. `step` is a checkpoint, the last one by default.

    Raises:
        StudyError: an unknown eval, component or level, or a score eval.
    """
    if not judged or truth.judge_sensitivity == truth.judge_specificity == 1.0:
        return _mean_over_runs(truth, arm, evals, step, lambda log_odds: log_odds)
    return _mean_over_runs(truth, arm, evals, step, lambda log_odds: _logit(_reported(truth, log_odds)))


def mean_run_rate(
    truth: Truth, arm: ArmKey | Mapping[str, Level], evals: EvalSet, *, step: float | None = None, judged: bool = True
) -> float:
    """The mean over runs of the run's rate, in an arm; for several evals its weighted mean.

    A logit-normal mean by Gauss-Hermite quadrature. Base models count equally; `step` is by default the last.

    Raises:
        StudyError: an unknown eval, component or level, or a score eval.
    """
    return _mean_over_runs(
        truth, arm, evals, step, (lambda log_odds: _reported(truth, log_odds)) if judged else rate_of
    )


def mean_value(truth: Truth, arm: ArmKey | Mapping[str, Level], evals: EvalSet, *, step: float | None = None) -> float:
    """The mean over runs of the expected score, in the score's unit; for several score evals their weighted mean.

    Raises:
        StudyError: an unknown eval, component or level, or an event eval.
    """
    levels = _levels(truth, arm)
    scores = {declared.id: declared for declared in truth.scores}
    terms = []
    for eval_id, weight in _weights(truth, evals).items():
        if eval_id not in scores:
            raise StudyError(_wrong_kind(eval_id, "a score eval for a value"))
        terms.append(weight * expected_score(truth, levels, scores[eval_id], step=step))
    return math.fsum(terms)


def contrast_truth(
    truth: Truth,
    coefficients: Mapping[ArmKey, float],
    evals: EvalSet,
    scale: Scale,
    *,
    step: float | None = None,
    judged: bool = True,
) -> float:
    """The true value of a contrast of arms: the sum of coefficient times arm mean, treated positive.

    On risk_ratio: the arms with positive coefficients over those with negative ones, each side's mean run rates summed
    with the sizes of its coefficients (a ratio of means, not a mean of ratios). The arms need not have been run.

    Raises:
        StudyError: an unknown eval, component or level; a score eval on a rate scale, or the reverse; or a ratio
            without a reference side.
    """
    match scale:
        case Scale.LOG_ODDS:
            means = {arm: mean_log_odds(truth, arm, evals, step=step, judged=judged) for arm in coefficients}
        case Scale.VALUE:
            means = {arm: mean_value(truth, arm, evals, step=step) for arm in coefficients}
        case Scale.RISK_DIFFERENCE | Scale.RISK_RATIO:
            means = {arm: mean_run_rate(truth, arm, evals, step=step, judged=judged) for arm in coefficients}
    terms = [coefficient * means[arm] for arm, coefficient in coefficients.items()]
    if scale is not Scale.RISK_RATIO:
        return math.fsum(terms)
    treated, reference = (math.fsum(sign * t for t in terms if sign * t > 0.0) for sign in (1.0, -1.0))
    if not reference > 0.0:
        place, remedy = "the coefficients of a risk ratio", "Give the reference arms negative coefficients."
        raise StudyError(Problem("NO_REFERENCE", place, "no negative one", "a reference side", remedy))
    return treated / reference


def truth_frame(truth: Truth, *, step: float | None = None) -> pd.DataFrame:
    """One row per arm and eval: the components' levels, `eval_id`, and the estimands that its kind has.

    `mean_run_rate` and `mean_log_odds` (as the judge reports them) for event evals, `mean_value` for score evals.
    """
    rows: list[dict[str, Level]] = []
    for arm in arm_keys(truth):
        for event in truth.evals:
            rate, log_odds = (mean(truth, arm, event.id, step=step) for mean in (mean_run_rate, mean_log_odds))
            rows.append({**dict(arm), "eval_id": event.id, "mean_run_rate": rate, "mean_log_odds": log_odds})
        for score in truth.scores:
            rows.append({**dict(arm), "eval_id": score.id, "mean_value": mean_value(truth, arm, score.id, step=step)})
    frame = pd.DataFrame(rows)
    for name in truth.components:
        frame[name] = table_levels(frame[name].tolist())
    return frame


def _mean_over_runs(
    truth: Truth,
    arm: ArmKey | Mapping[str, Level],
    evals: EvalSet,
    step: float | None,
    summary: Callable[[Floats], Floats],
) -> float:
    """The mean of a summary of the run's logit over runs and base models, weighted over event evals."""
    levels = _levels(truth, arm)
    events = {declared.id: declared for declared in truth.evals}
    terms = []
    for eval_id, weight in _weights(truth, evals).items():
        if eval_id not in events:
            raise StudyError(_wrong_kind(eval_id, "an event eval for a rate or log-odds"))
        declared = events[eval_id]
        for base_model in truth.base_models:
            centre = expected_log_odds(truth, levels, declared, base_model=base_model, step=step)
            mean = normal_mean(summary, centre, _logit_sd(truth, declared))
            terms.append(weight * mean / len(truth.base_models))
    return math.fsum(terms)


def normal_mean(summary: Callable[[Floats], Floats], centre: float, sd: float) -> float:
    """E[summary(X)] for X ~ N(centre, sd^2), by Gauss-Hermite quadrature (Abramowitz & Stegun 25.4.46)."""
    if sd == 0.0:
        return float(summary(np.array([centre]))[0])
    nodes, weights = _hermite()
    return float(weights @ summary(centre + math.sqrt(2.0) * sd * nodes))


@cache
def _hermite() -> tuple[Floats, Floats]:
    """Nodes, and weights that sum to 1."""
    nodes, weights = np.polynomial.hermite.hermgauss(NODES)
    return nodes, weights / math.sqrt(math.pi)


def _logit_sd(truth: Truth, declared: EventEval) -> float:
    own = truth.run_eval_sd if declared.run_eval_sd is None else declared.run_eval_sd
    return math.hypot(declared.loading * truth.run_sd, own)


def _reported(truth: Truth, log_odds: Floats) -> Floats:
    return reported_rate(rate_of(log_odds), truth.judge_sensitivity, truth.judge_specificity)


def _logit(rate: Floats) -> Floats:
    return np.asarray(np.log(rate) - np.log1p(-rate), dtype=float)


def _weights(truth: Truth, evals: EvalSet) -> dict[str, float]:
    """Eval ids and weights that sum to 1."""
    weight_of = {e.id: e.weight for e in truth.evals} | {s.id: s.weight for s in truth.scores}
    names = [evals] if isinstance(evals, str) else list(evals)
    for name in names:
        if name not in weight_of:
            remedy = nearest(name, weight_of)
            raise StudyError(Problem("UNKNOWN_EVAL", "evals", f'"{name}"', "a declared eval id", remedy))
    given = evals if isinstance(evals, Mapping) else {name: weight_of[name] for name in names}
    total = math.fsum(given.values())
    if not total > 0.0:
        found = f"weights that sum to {total:g}"
        raise StudyError(Problem("NO_WEIGHT", "evals", found, "a sum above 0", "Name an eval."))
    return {name: weight / total for name, weight in given.items()}


def _levels(truth: Truth, arm: ArmKey | Mapping[str, Level]) -> dict[str, Level]:
    """The arm's level of every component, all of them known to the truth."""
    levels = dict(arm)
    known = truth.components
    problems = [
        Problem("UNKNOWN_COMPONENT", f"arm {levels}", f'"{name}"', "a declared component", nearest(name, known))
        for name in levels
        if name not in known
    ]
    for name, component in known.items():
        if name not in levels:
            found = f'no level of "{name}"'
            problems.append(Problem("NO_LEVEL", f"arm {levels}", found, "a level of every component", "Add it."))
        elif isinstance(component.effect, dict) and levels[name] not in component.effect:
            remedy = nearest(str(levels[name]), component.effect)
            problems.append(Problem("UNKNOWN_LEVEL", f"arm {levels}", f'"{levels[name]}"', "a known level", remedy))
    if problems:
        raise StudyError(problems)
    return levels


def _wrong_kind(eval_id: str, required: str) -> Problem:
    return Problem("EVAL_KIND", "evals", f'"{eval_id}"', required, "Choose the scale that fits the eval.")
