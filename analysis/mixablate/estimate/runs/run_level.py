"""The run-level analysis: cell means of per-run summaries, Welch and Satterthwaite, pairs, unreplicated designs.

The training run is the experimental unit. Between two arms the existence test is Welch's t on the per-run log-odds; a
contrast of several arms has SE^2 = sum c^2 s^2 / n with Satterthwaite's degrees of freedom (Satterthwaite 1946, eq.
17); paired runs are compared within pairs; a contrast that meets an arm of one run, in a design with other runs to
learn the spread from, is read off a main-effects regression with HC2 and Bell-McCaffrey degrees of freedom. Where the
study declares its scenarios random, a mean over evals is clustered by run and by eval.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mixablate.design import Contrast, Design, model_matrix
from mixablate.errors import counted
from mixablate.estimate.models.cluster_robust import cluster_robust, contrast_inference, least_squares
from mixablate.estimate.models.two_way import cell_log_odds, cell_rates, scenario_contrast
from mixablate.estimate.runs.cells import CellArrays, cell_arrays, cell_moments, satterthwaite
from mixablate.estimate.runs.evidence import Evidence
from mixablate.estimate.runs.pairs import paired_runs, paired_spread
from mixablate.estimate.runs.rate_limits import rate_spread
from mixablate.estimate.runs.summaries import RunSummaries, keep_runs
from mixablate.study import Scale
from mixablate.tables import OutcomeKind

__all__ = [
    "FEWEST_SCENARIOS",
    "RunRegression",
    "complete_pairs",
    "evidence_of",
    "existence",
    "existence_scale",
    "regression_evidence",
    "run_regression",
    "scales_of",
    "values_on",
]

Floats = NDArray[np.float64]
FEWEST_SCENARIOS = 3  # two leave one degree of freedom, and an SD that is a guess
EQUAL = 1e-9  # relative difference of weights that is rounding


@dataclass(frozen=True, slots=True)
class RunRegression:
    """Runs as rows of a main-effects model, for designs with arms of one run.

    Attributes:
        runs: (n,) positions in the summaries.
        rows: (n, p) of the model matrix.
        vector: (p,) the contrast of coefficients.
    """

    runs: NDArray[np.intp]
    rows: Floats
    vector: Floats


def scales_of(summaries: RunSummaries) -> tuple[Scale, ...]:
    """The scales an outcome can be stated on."""
    if summaries.outcome.kind is OutcomeKind.SCORE:
        return (Scale.VALUE,)
    return (Scale.RISK_DIFFERENCE, Scale.RISK_RATIO, Scale.LOG_ODDS)


def existence_scale(summaries: RunSummaries) -> Scale:
    """The scale on which existence is tested, whatever the display scale: per-run log-odds, or the score itself."""
    return Scale.VALUE if summaries.outcome.kind is OutcomeKind.SCORE else Scale.LOG_ODDS


def values_on(summaries: RunSummaries, scale: Scale) -> Floats:
    """The per-run values whose means a scale compares: log-odds, or rates (scores) for every other scale."""
    return summaries.log_odds if scale is Scale.LOG_ODDS else summaries.level


def existence(summaries: RunSummaries, contrast: Contrast, design: Design) -> Evidence:
    """The evidence on which "is there an effect at all" is tested."""
    return evidence_of(summaries, contrast, existence_scale(summaries), design)


def evidence_of(summaries: RunSummaries, contrast: Contrast, scale: Scale, design: Design) -> Evidence:
    """A contrast's estimate with its standard error over runs, by the layout the design calls for.

    Returns evidence with a `reason` and NaN standard error where no run-to-run spread can be learned.
    """
    cells = cell_arrays(summaries, contrast)
    if not cells.counts.size or (cells.counts == 0).any():
        missing = [a for a, n in zip(cells.arm_ids, cells.counts, strict=True) if n == 0]
        runs = "run of a complete pair" if design.pair else "run"
        why = contrast.reason or f"no {runs} with this outcome in {', '.join(missing)}"
        return _nothing(scale, why)
    if design.scenarios == "random" and len(summaries.outcome.evals) > 1:
        return _scenarios(summaries, cells, scale, design)
    if design.pair:
        return _pairs(summaries, cells, scale)
    if (cells.counts >= 2).all():
        return _cells(summaries, cells, scale)
    return _regression(summaries, contrast, cells, scale, design)


def complete_pairs(summaries: RunSummaries, design: Design, arm_ids: Collection[str]) -> RunSummaries:
    """The runs of these arms' complete pairs, so that all numbers of a contrast speak about the same runs.

    A pair is complete when it holds all of these arms that lie in its block. Without pairs the summaries come back as
    they are.
    """
    if not design.pair:
        return summaries
    block_of = {arm.arm_id: arm.block for arm in design.arms}
    wanted: dict[tuple[str, ...] | None, set[str]] = {}
    for arm_id in arm_ids:
        wanted.setdefault(block_of[arm_id], set()).add(arm_id)
    units = [(block_of.get(a), p) for a, p in zip(summaries.arm_ids, summaries.pairs, strict=True)]
    held: dict[tuple[tuple[str, ...] | None, str], set[str]] = {}
    for unit, arm_id in zip(units, summaries.arm_ids, strict=True):
        held.setdefault(unit, set()).add(arm_id)
    complete = {unit for unit, found in held.items() if unit[0] in wanted and wanted[unit[0]] <= found}
    return keep_runs(summaries, [unit in complete for unit in units])


def _sides(means: Floats, coefficients: Floats) -> tuple[float, float]:
    return float(means @ np.clip(-coefficients, 0.0, None)), float(means @ np.clip(coefficients, 0.0, None))


def _point(scale: Scale, reference: float, treated: float) -> float:
    if scale is not Scale.RISK_RATIO:
        return treated - reference
    return treated / reference if reference > 0.0 else math.nan


def _nothing(scale: Scale, reason: str, reference: float = math.nan, treated: float = math.nan) -> Evidence:
    point = _point(scale, reference, treated)
    return Evidence(scale, point, math.nan, math.nan, "cells", reference, treated, reason=reason)


def _cells(summaries: RunSummaries, cells: CellArrays, scale: Scale) -> Evidence:
    means, variances = cell_moments(values_on(summaries, scale)[cells.rows], cells)
    reference, treated = _sides(means, cells.coefficients)
    if scale in (Scale.RISK_DIFFERENCE, Scale.RISK_RATIO):
        return _rates(summaries, cells, scale, reference, treated)
    shares = cells.coefficients**2 * variances
    error, df = math.sqrt(float(shares.sum())), float(satterthwaite(shares, cells.counts))
    return Evidence(scale, treated - reference, error, df, "cells", reference, treated)


def _rates(summaries: RunSummaries, cells: CellArrays, scale: Scale, reference: float, treated: float) -> Evidence:
    if scale is Scale.RISK_RATIO and not (reference > 0.0 and treated > 0.0):
        return _nothing(scale, "a side without events has no ratio", reference, treated)
    trials = summaries.trials[cells.rows].sum(axis=1)
    spread = rate_spread(summaries.level[cells.rows], summaries.log_odds[cells.rows], trials, cells, scale)
    point, error, df = _point(scale, reference, treated), float(spread.std_error), float(spread.df)
    return Evidence(scale, point, error, df, "cells", reference, treated, spread)


def _pairs(summaries: RunSummaries, cells: CellArrays, scale: Scale) -> Evidence:
    paired = paired_runs(values_on(summaries, scale), summaries, cells)
    reference, treated = _sides(paired.cells, cells.coefficients)
    if (paired.counts < 2).any():
        where = "a block with " if paired.counts.size > 1 else ""
        reason = f"{where}{counted(int(paired.counts.min()), 'complete pair')}: no spread over pairs to learn from"
        return _nothing(scale, reason, reference, treated)
    weights = cells.coefficients
    if scale is Scale.RISK_RATIO:
        if not (reference > 0.0 and treated > 0.0):
            return _nothing(scale, "a side without events has no ratio", reference, treated)
        weights = weights / np.where(weights > 0, treated, reference)  # linearised log ratio
    error, df = paired_spread(paired, weights)
    if scale in (Scale.RISK_DIFFERENCE, Scale.RISK_RATIO):
        # The spread over pairs that the log-odds imply for the contrast of rates: rule 2 of `rate_limits`.
        slope = paired.cells * (1.0 - paired.cells)
        implied = paired_spread(paired_runs(summaries.log_odds, summaries, cells), weights * slope)
        error, df = max((error, df), implied, key=lambda spread: spread[0])
    layout: Literal["pairs", "block_pairs"] = "pairs" if paired.counts.size == 1 else "block_pairs"
    return Evidence(scale, _point(scale, reference, treated), error, df, layout, reference, treated)


def _scenarios(summaries: RunSummaries, cells: CellArrays, scale: Scale, design: Design) -> Evidence:
    """Runs crossed with evals that stand for others like them: two-way clustering with scenario effects."""
    means, _ = cell_moments(values_on(summaries, scale)[cells.rows], cells)
    reference, treated = _sides(means, cells.coefficients)
    reason = _no_scenarios(summaries, scale, design)
    if reason:
        return _nothing(scale, reason, reference, treated)
    events, trials = summaries.events[cells.rows], summaries.trials[cells.rows]
    values = cell_log_odds(events, trials) if scale is Scale.LOG_ODDS else cell_rates(events, trials)
    arms = [cells.arm_ids[cell] for cell in cells.cell]
    contrast = dict(zip(cells.arm_ids, cells.coefficients.tolist(), strict=True))
    found = scenario_contrast(values, arms, contrast).new
    return Evidence(
        scale, found.estimate, found.std_error, found.df, "scenarios", reference, treated, reason=found.reason
    )


def _no_scenarios(summaries: RunSummaries, scale: Scale, design: Design) -> str:
    """Why these evals cannot stand for others like them; empty where they can."""
    weights = [weight for _, weight in summaries.outcome.evals]
    if design.pair:
        return 'paired runs with random scenarios have no interval here; set scenarios = "fixed"'
    if scale not in (Scale.LOG_ODDS, Scale.RISK_DIFFERENCE):
        return "random scenarios have an interval on log_odds and risk_difference only"
    if len(weights) < FEWEST_SCENARIOS:
        return f"{len(weights)} scenarios; at least {FEWEST_SCENARIOS} are needed to speak about others like them"
    if max(weights) > min(weights) * (1.0 + EQUAL):
        return "random scenarios need equal weights in the evals table"
    return ""


def run_regression(summaries: RunSummaries, contrast: Contrast, design: Design) -> RunRegression | str:
    """The main-effects regression that carries a contrast with an arm of one run, or why there is none."""
    matrix = model_matrix(design)
    row_of = dict(zip(matrix.arm_ids, matrix.rows, strict=True))
    known = [r for r, arm_id in enumerate(summaries.arm_ids) if arm_id in row_of]
    rows = np.array([row_of[summaries.arm_ids[r]] for r in known])
    vector = np.sum([c * row_of[arm_id] for arm_id, c in contrast.coefficients], axis=0)
    if len(known) <= np.linalg.matrix_rank(rows) or np.linalg.matrix_rank(rows) < rows.shape[1]:
        return "an arm of one run, and no run to spare to learn run-to-run spread from"
    return RunRegression(np.array(known, dtype=np.intp), rows, np.asarray(vector, dtype=float))


def _regression(
    summaries: RunSummaries, contrast: Contrast, cells: CellArrays, scale: Scale, design: Design
) -> Evidence:
    """Main effects by least squares on the runs' values; HC2 is CR2 with every run a cluster of its own."""
    means, _ = cell_moments(values_on(summaries, scale)[cells.rows], cells)
    reference, treated = _sides(means, cells.coefficients)
    if scale is Scale.RISK_RATIO:
        return _nothing(scale, "an arm of one run: no spread of its own for a ratio", reference, treated)
    found = run_regression(summaries, contrast, design)
    if isinstance(found, str):
        return _nothing(scale, found, reference, treated)
    run_ids = [summaries.run_ids[r] for r in found.runs]
    return regression_evidence(scale, found, values_on(summaries, scale)[found.runs], run_ids, (reference, treated))


def regression_evidence(
    scale: Scale, regression: RunRegression, values: Floats, run_ids: Sequence[str], sides: tuple[float, float]
) -> Evidence:
    """A contrast read off the main-effects regression of these runs' values: HC2, Bell-McCaffrey degrees of freedom."""
    coefficients, residuals = least_squares(regression.rows, values)
    robust = cluster_robust(regression.rows, residuals, run_ids)
    found = contrast_inference(float(regression.vector @ coefficients), robust, regression.vector)
    return Evidence(
        scale,
        found.estimate,
        found.std_error,
        found.df,
        "regression",
        *sides,
        leverage=found.leverage,
        reason=found.reason,
    )
