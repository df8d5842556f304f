"""The run-level analysis: cell means of per-run summaries, Welch and Satterthwaite, pairs, unreplicated designs.

The training run is the experimental unit. Between two arms the existence test is Welch's t on the per-run log-odds; a
contrast of several arms has SE^2 = sum c^2 s^2 / n with Satterthwaite's degrees of freedom (Satterthwaite 1946, eq.
17); paired runs are compared within pairs; a contrast that meets an arm of one run, in a design with other runs to
learn the spread from, is read off a main-effects regression with HC2 and Bell-McCaffrey degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from mixablate.design import Contrast, Design, model_matrix
from mixablate.estimate.cells import CellArrays, cell_arrays, cell_moments, satterthwaite
from mixablate.estimate.cluster_robust import cluster_robust, contrast_inference, least_squares
from mixablate.estimate.evidence import Evidence
from mixablate.estimate.summaries import RunSummaries, keep_runs
from mixablate.study import Scale
from mixablate.tables import OutcomeKind

__all__ = ["complete_pairs", "evidence_of", "existence", "existence_scale", "paired_cells", "scales_of", "values_on"]

Floats = NDArray[np.float64]
EMPTY = np.zeros(0)


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
        why = contrast.reason or "no run with this outcome in " + ", ".join(missing)
        return _nothing(scale, why)
    if design.pair:
        return _pairs(summaries, cells, scale)
    if (cells.counts >= 2).all():
        return _cells(summaries, cells, scale)
    return _regression(summaries, contrast, cells, scale, design)


def paired_cells(values: Floats, summaries: RunSummaries, cells: CellArrays) -> Floats:
    """Cell means within each complete pair, (P, C); pairs that lack a cell are left out."""
    pairs = np.array(summaries.pairs)[cells.rows]
    codes = np.unique(pairs, return_inverse=True)[1]
    shape = (int(codes.max()) + 1 if codes.size else 0, cells.coefficients.size)
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (codes, cells.cell), values[cells.rows])
    np.add.at(counts, (codes, cells.cell), 1.0)
    complete = (counts > 0.0).all(axis=1)
    return np.asarray(sums[complete] / counts[complete])


def complete_pairs(summaries: RunSummaries, design: Design, arm_ids: Collection[str]) -> RunSummaries:
    """The runs of these arms' complete pairs, so that all numbers of a contrast speak about the same runs.

    Without pairs the summaries come back as they are.
    """
    if not design.pair:
        return summaries
    held: dict[str, set[str]] = {}
    for pair, arm_id in zip(summaries.pairs, summaries.arm_ids, strict=True):
        held.setdefault(pair, set()).add(arm_id)
    complete = {pair for pair, found in held.items() if set(arm_ids) <= found}
    return keep_runs(summaries, [pair in complete for pair in summaries.pairs])


def _sides(means: Floats, coefficients: Floats) -> tuple[float, float]:
    return float(means @ np.clip(-coefficients, 0.0, None)), float(means @ np.clip(coefficients, 0.0, None))


def _point(scale: Scale, reference: float, treated: float) -> float:
    if scale is not Scale.RISK_RATIO:
        return treated - reference
    return treated / reference if reference > 0.0 else math.nan


def _nothing(scale: Scale, reason: str, reference: float = math.nan, treated: float = math.nan) -> Evidence:
    point = _point(scale, reference, treated)
    return Evidence(scale, point, math.nan, math.nan, "cells", EMPTY, EMPTY, EMPTY, reference, treated, reason=reason)


def _cells(summaries: RunSummaries, cells: CellArrays, scale: Scale) -> Evidence:
    means, variances = cell_moments(values_on(summaries, scale)[cells.rows], cells)
    reference, treated = _sides(means, cells.coefficients)
    squares = cells.coefficients**2
    if scale is Scale.RISK_DIFFERENCE:
        return _rate_difference(summaries, cells, means, variances)
    if scale is Scale.RISK_RATIO:
        if not (reference > 0.0 and treated > 0.0):
            return _nothing(scale, "a side without events has no ratio", reference, treated)
        side = np.where(cells.coefficients > 0, treated, reference)
        shares = squares * variances / side**2  # delta method on the log of each side's mean rate
    else:
        shares = squares * variances
    return Evidence(
        scale,
        _point(scale, reference, treated),
        math.sqrt(float(shares.sum())),
        float(satterthwaite(shares, cells.counts)),
        "cells",
        EMPTY,
        EMPTY,
        EMPTY,
        reference,
        treated,
    )


def _rate_difference(summaries: RunSummaries, cells: CellArrays, means: Floats, variances: Floats) -> Evidence:
    """The spread on the logit: the rates' own (delta method) or the log-odds', whichever makes the contrast wider.

    The rates of runs are skewed, so that their standard deviation is too small whenever their mean is; the log-odds'
    spread does not share that fault. See docs/calibration.md for the coverage that decided it.
    """
    trials = np.bincount(cells.cell, summaries.trials[cells.rows].sum(axis=1), minlength=means.size)
    flat = (means <= 0.0) | (means >= 1.0)
    centre = np.where(flat, (means * trials + 0.5) / (trials + 1.0), means)
    slope = centre * (1.0 - centre)
    _, log_odds_variances = cell_moments(summaries.log_odds[cells.rows], cells)
    binomial = np.where(flat, 1.0 / (trials * centre) + 1.0 / (trials * (1.0 - centre)), 0.0)
    weights = (cells.coefficients * slope) ** 2
    candidates = (np.maximum(variances / slope**2, binomial), np.maximum(log_odds_variances, binomial))
    logit_se = np.sqrt(max(candidates, key=lambda candidate: float(weights @ candidate)))
    shares = (cells.coefficients * logit_se * slope) ** 2
    reference, treated = _sides(means, cells.coefficients)
    return Evidence(
        Scale.RISK_DIFFERENCE,
        treated - reference,
        math.sqrt(float(shares.sum())),
        float(satterthwaite(shares, cells.counts)),
        "cells",
        cells.coefficients,
        centre,
        logit_se,
        reference,
        treated,
    )


def _pairs(summaries: RunSummaries, cells: CellArrays, scale: Scale) -> Evidence:
    means = paired_cells(values_on(summaries, scale), summaries, cells)
    treated_each = means @ np.clip(cells.coefficients, 0.0, None)
    reference_each = means @ np.clip(-cells.coefficients, 0.0, None)
    pairs = len(means)
    if pairs < 2:
        return _nothing(scale, f"{pairs} complete pair(s): no spread over pairs to learn from")
    reference, treated = float(reference_each.mean()), float(treated_each.mean())
    spread = treated_each - reference_each
    if scale is Scale.RISK_RATIO:
        if not (reference > 0.0 and treated > 0.0):
            return _nothing(scale, "a side without events has no ratio", reference, treated)
        spread = treated_each / treated - reference_each / reference  # linearised log ratio, paired
    error = float(spread.std(ddof=1)) / math.sqrt(pairs)
    point = _point(scale, reference, treated)
    return Evidence(scale, point, error, pairs - 1.0, "pairs", EMPTY, EMPTY, EMPTY, reference, treated)


def _regression(
    summaries: RunSummaries, contrast: Contrast, cells: CellArrays, scale: Scale, design: Design
) -> Evidence:
    """Main effects by least squares on the runs' values; HC2 is CR2 with every run a cluster of its own."""
    means, _ = cell_moments(values_on(summaries, scale)[cells.rows], cells)
    reference, treated = _sides(means, cells.coefficients)
    if scale is Scale.RISK_RATIO:
        return _nothing(scale, "an arm of one run: no spread of its own for a ratio", reference, treated)
    matrix = model_matrix(design)
    row_of = dict(zip(matrix.arm_ids, matrix.rows, strict=True))
    known = [r for r, arm_id in enumerate(summaries.arm_ids) if arm_id in row_of]
    rows = np.array([row_of[summaries.arm_ids[r]] for r in known])
    vector = np.sum([c * row_of[arm_id] for arm_id, c in contrast.coefficients], axis=0)
    if len(known) <= np.linalg.matrix_rank(rows) or np.linalg.matrix_rank(rows) < rows.shape[1]:
        return _nothing(
            scale, "an arm of one run, and no run to spare to learn run-to-run spread from", reference, treated
        )
    return _least_squares(scale, rows, values_on(summaries, scale)[known], vector, reference, treated)


def _least_squares(
    scale: Scale, rows: Floats, values: Floats, vector: Floats, reference: float, treated: float
) -> Evidence:
    coefficients, residuals = least_squares(rows, values)
    robust = cluster_robust(rows, residuals, np.arange(len(values)))
    found = contrast_inference(float(vector @ coefficients), robust, vector)
    return Evidence(
        scale,
        found.estimate,
        found.std_error,
        found.df,
        "regression",
        EMPTY,
        EMPTY,
        EMPTY,
        reference,
        treated,
        found.leverage,
        found.reason,
    )
