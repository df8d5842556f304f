"""Doses of a study: the tests of each curve's shape, the curves, and the runs behind them, as frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import pandas as pd

from mixablate.design import Design
from mixablate.estimate import (
    RunSummaries,
)
from mixablate.estimate.doses import (
    Asked,
    DoseRuns,
    DoseTest,
    Shape,
    departure_from_linearity,
    dose_components,
    dose_curves,
    dose_runs,
    dose_terms,
    last_step,
    shown_values,
    step_against,
    trend,
)
from mixablate.resample import DrawTest, isotonic_randomisation_test, stage_rng
from mixablate.study import Component, Equivalent, NoHarm, Scale, Study
from mixablate.tables import OutcomeKind

__all__ = ["CURVE_COLUMNS", "DOSE_COLUMNS", "DOSE_RUN_COLUMNS", "Doses", "doses_of", "no_doses"]

DOSE_COLUMNS = tuple(field.name for field in fields(DoseTest))
CURVE_COLUMNS = (
    "component", "outcome", "shape", "dose", "estimate", "lower", "upper", "level", "method", "reason",
)  # fmt: skip
MOST_DRAWS = 2999  # of the monotone test: its p to .004 at .05; a study's own number of draws where that is fewer
DOSE_RUN_COLUMNS = ("component", "outcome", "run_id", "dose", "stratum", "estimate", "value")


@dataclass(frozen=True, slots=True)
class Doses:
    """Three frames: `tests` (`DOSE_COLUMNS`), `curves` (`CURVE_COLUMNS`), `runs` (`DOSE_RUN_COLUMNS`)."""

    tests: pd.DataFrame
    curves: pd.DataFrame
    runs: pd.DataFrame


def no_doses() -> Doses:
    """The same frames without a row."""
    return Doses(
        pd.DataFrame(columns=list(DOSE_COLUMNS)),
        pd.DataFrame(columns=list(CURVE_COLUMNS)),
        pd.DataFrame(columns=list(DOSE_RUN_COLUMNS)),
    )


def doses_of(study: Study, design: Design, summaries: Sequence[RunSummaries]) -> Doses:
    """Every dose or fraction with three known levels or more, on every outcome.

    A component that no outcome's runs can speak about gets one row, with the reason, for all outcomes.
    """
    tests: list[DoseTest] = []
    curves: list[tuple[object, ...]] = []
    dots: list[tuple[object, ...]] = []
    for component in dose_components(design):
        found = [(summary, dose_runs(summary, design, component)) for summary in summaries]
        reasons = {runs for _, runs in found if isinstance(runs, str)}
        if found and len(reasons) == 1 and all(isinstance(runs, str) for _, runs in found):
            tests.append(_untold(study, component, "", reasons.pop()))
            continue
        for summary, runs in found:
            if isinstance(runs, str):
                tests.append(_untold(study, component, summary.outcome.name, runs))
                continue
            tests += _tests(study, design, component, summary, runs)
            curves += _curves(runs, study.analysis.level)
            dots += _dots(runs)
    if not tests:
        return no_doses()
    rows = [
        {n: getattr(test, n) for n in DOSE_COLUMNS}
        | {"asked": str(test.asked), "scale": str(test.scale), "left_out": "; ".join(test.left_out)}
        for test in tests
    ]
    numbers = ["estimate", "std_error", "df", "lower", "upper", "p_value", "smallest_p", "detectable"]
    frame = pd.DataFrame(rows, columns=list(DOSE_COLUMNS))
    frame[numbers] = frame[numbers].astype(float)
    return Doses(
        frame,
        pd.DataFrame(curves, columns=list(CURVE_COLUMNS)),
        pd.DataFrame(dots, columns=list(DOSE_RUN_COLUMNS)),
    )


def _tests(study: Study, design: Design, component: Component, summary: RunSummaries, runs: DoseRuns) -> list[DoseTest]:
    level = study.analysis.level
    found = []
    for shape in (Shape.LINEAR, Shape.LOG):
        terms = dose_terms(runs.doses, shape)
        found += [trend(runs, terms, level=level)] if terms else []
    found.append(departure_from_linearity(runs, level=level))
    rng = stage_rng(study.seed, "doses", component.id, summary.outcome.name)
    draws = min(study.analysis.draws, MOST_DRAWS)
    test = isotonic_randomisation_test(runs.values, runs.at, runs.stratum, draws=draws, rng=rng)
    found.append(_monotone(runs, test, level))
    found.append(step_against(summary, design, component, runs, level=level))
    events = summary.outcome.kind is OutcomeKind.EVENTS
    scales = (Scale.RISK_DIFFERENCE, Scale.LOG_ODDS) if events else (Scale.VALUE,)
    margins = _margins(study, component, summary)
    found += last_step(summary, design, component, runs, scales, level=level, margins=margins)
    return found


def _monotone(runs: DoseRuns, test: DrawTest, level: float) -> DoseTest:
    """The randomisation test as a row; it abstains where no assignment could have been clear."""
    alpha = 1.0 - level
    reason = ""
    if test.smallest > alpha:
        reason = f"the smallest p these runs can give is {test.smallest:.3g}, above {alpha:.3g}"
    way = "rises" if test.observed > 0.0 else "falls"
    clear = f"the outcome {way} with the dose, in some monotone way"
    told = clear if test.p_absolute <= alpha else "no clear monotone trend"
    return DoseTest(
        component=runs.component,
        outcome=runs.outcome.name,
        asked=Asked.MONOTONE,
        scale=runs.scale,
        unit="share of the spread within strata that the nearest monotone curve explains, negative where it falls",
        estimate=test.observed,
        std_error=None,
        df=None,
        lower=None,
        upper=None,
        level=level,
        p_value=None if reason else test.p_absolute,
        smallest_p=test.smallest,
        detectable=None,
        n_runs=len(runs.run_ids),
        n_doses=runs.doses.size,
        n_strata=int(runs.stratum.max()) + 1,
        method=test.method,
        scope="these runs, had doses been dealt to them otherwise within strata",
        reason=reason,
        finding=f"cannot tell: {reason}" if reason else told,
        left_out=runs.left_out,
    )


def _margins(study: Study, component: Component, summary: RunSummaries) -> dict[Scale, float]:
    """Margins that the study declares for this dose on this outcome, by scale; the smallest of several."""
    found: dict[Scale, float] = {}
    evals = {eval_id for eval_id, _ in summary.outcome.evals}
    for claim in study.claims:
        if isinstance(claim, Equivalent | NoHarm) and claim.components == (component.id,):
            named = set(claim.evals) == evals if claim.evals else claim.domain == summary.outcome.name
            if named:
                found[claim.scale] = min(claim.margin, found.get(claim.scale, claim.margin))
    return found


def _untold(study: Study, component: Component, outcome: str, reason: str) -> DoseTest:
    blank = (None,) * 5
    return DoseTest(
        component.id, outcome, Asked.TREND, Scale.LOG_ODDS, "", *blank, study.analysis.level, None, None, None, 0, 0, 0,
        "none", "none", reason, f"cannot tell: {reason}",
    )  # fmt: skip


def _curves(runs: DoseRuns, level: float) -> list[tuple[object, ...]]:
    return [
        (runs.component, runs.outcome.name, str(curve.shape), *point, level, curve.method, curve.reason)
        for curve in dose_curves(runs, level=level)
        for point in zip(*(a.tolist() for a in (curve.dose, curve.estimate, curve.lower, curve.upper)), strict=True)
    ]


def _dots(runs: DoseRuns) -> list[tuple[object, ...]]:
    columns = (runs.run_ids, runs.dose.tolist(), runs.stratum.tolist(), shown_values(runs).tolist())
    return [
        (runs.component, runs.outcome.name, *row, value)
        for *row, value in zip(*columns, runs.values.tolist(), strict=True)
    ]
