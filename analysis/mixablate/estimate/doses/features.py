"""Diversity features of the training data as regressors over runs: alone, given the size, given the components.

A feature that moves with the token count over these runs cannot be told from it, and the row says so in place of a
number. Nothing here is a mediation analysis: a feature's coefficient is not "the part of a component's effect that goes
through" it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.design import Design, model_matrix
from mixablate.estimate.models.cluster_robust import cluster_robust, contrast_inference, least_squares
from mixablate.estimate.runs.detectable import detectable
from mixablate.estimate.runs.region import thin_regression
from mixablate.estimate.runs.run_level import existence_scale, values_on
from mixablate.estimate.runs.summaries import RunSummaries
from mixablate.study import Scale
from mixablate.tables import OutcomeKind, Tables

__all__ = ["FEATURE", "HIGHEST_VIF", "FeatureEffect", "Given", "feature_columns", "feature_effects", "size_terms"]

Floats = NDArray[np.float64]
FEATURE = "feature."
SIZES = ("tokens", "examples", "epochs")
HIGHEST_VIF = 10.0  # nine tenths of the feature's spread are the other columns' (Marquardt 1970, Technometrics 12:591)
FEWEST_EVENTS = 2.0  # a run and eval, as for every log-odds
VARIES = 1e-9  # relative spread below which a column is constant
RANK = 1e-9


class Given(StrEnum):
    """What a feature's effect is adjusted for."""

    ALONE = "alone"
    SIZE = "size"
    COMPONENTS = "components"


@dataclass(frozen=True, slots=True)
class FeatureEffect:
    """The slope of an outcome on one feature over runs.

    Attributes:
        feature: column name, with its "feature.".
        outcome: name.
        given: what else is in the model.
        adjusted: the columns adjusted for, in words.
        scale: of the numbers: log-odds, or score units.
        estimate, std_error, df, lower, upper, p_value, detectable: per standard deviation of the feature over the runs;
            all None where the feature cannot be separated or tested.
        per_unit: the estimate per unit of the feature.
        sd: of the feature over these runs.
        level: of the interval.
        vif: variance inflation 1 / (1 - R2) of the feature by the columns adjusted for; infinity where they give it.
        collinear: that R2.
        partial_r2: share of the outcome's remaining spread that the feature explains.
        n_runs: training runs.
        method, scope: in words.
        reason: why it cannot be separated or has no interval; empty where it has one.
    """

    feature: str
    outcome: str
    given: Given
    adjusted: str
    scale: Scale
    estimate: float | None
    std_error: float | None
    df: float | None
    lower: float | None
    upper: float | None
    p_value: float | None
    detectable: float | None
    per_unit: float | None
    sd: float
    level: float
    vif: float
    collinear: float
    partial_r2: float | None
    n_runs: int
    method: str
    scope: str
    reason: str


def feature_columns(tables: Tables) -> tuple[str, ...]:
    """The runs' feature columns (validated as numbers when the tables were read), in order."""
    return tuple(name for name in tables.runs.columns if str(name).startswith(FEATURE))


def size_terms(runs: pd.DataFrame) -> tuple[tuple[str, ...], Floats]:
    """Names and columns (R, k) of log tokens, log examples and log epochs, those known, above 0 and not constant."""
    names, columns = [], []
    for name in SIZES:
        amounts = runs[name].to_numpy(dtype=float) if name in runs.columns else np.full(len(runs), math.nan)
        if amounts.size and (amounts > 0.0).all() and _varies(np.log(amounts)):
            names.append(f"log {name}")
            columns.append(np.log(amounts))
    return tuple(names), np.column_stack(columns) if columns else np.empty((len(runs), 0))


def feature_effects(
    summaries: RunSummaries, tables: Tables, design: Design, *, level: float
) -> tuple[FeatureEffect, ...]:
    """Every feature's slope on one outcome: alone, given log size, given the declared components.

    Runs of known arms whose feature is known. Blocks and pairs are in every model. Least squares on the per-run
    log-odds (or scores), HC2, Bell-McCaffrey df. Withheld where the other columns explain nine tenths or more of the
    feature, where fewer than 4 degrees of freedom are left or one run has leverage above one half, and where events
    are too few for log-odds.
    """
    matrix = model_matrix(design)
    arms = dict(zip(matrix.arm_ids, matrix.rows, strict=True))
    known = [r for r, arm_id in enumerate(summaries.arm_ids) if arm_id in arms]
    table = tables.runs.set_index("run_id").reindex([summaries.run_ids[r] for r in known])
    scale = existence_scale(summaries)
    thin = _thin_counts(summaries, known)
    found: list[FeatureEffect] = []
    for feature in feature_columns(tables):
        amounts = table[feature].to_numpy(dtype=float)
        held = np.isfinite(amounts)
        rows = [r for r, keep in zip(known, held.tolist(), strict=True) if keep]
        if not rows or not _varies(amounts[held]):
            continue
        names, sizes = size_terms(table[held])
        components = np.array([arms[summaries.arm_ids[r]] for r in rows])
        always = np.hstack([np.ones((len(rows), 1)), _blocks(design, summaries, rows)])
        declared = [c.label for c in design.components if c.id not in matrix.constant]
        layout = [*design.block, *([design.pair] if design.pair else [])]
        models: tuple[tuple[Given, list[str], Floats], ...] = (
            (Given.ALONE, [], always),
            (Given.SIZE, list(names), np.hstack([always, sizes])),
            (Given.COMPONENTS, declared, np.hstack([always, components])),
        )
        x, y = amounts[held], values_on(summaries, scale)[rows]
        run_ids = [summaries.run_ids[r] for r in rows]
        for given, beside, others in models:
            if given is Given.ALONE or beside:
                case = (feature, summaries.outcome.name, given, " and ".join([*beside, *layout]), scale)
                found.append(_effect(case, x, y, others, run_ids, thin, level))
    return tuple(found)


def _effect(
    case: tuple[str, str, Given, str, Scale],
    x: Floats,
    y: Floats,
    others: Floats,
    run_ids: Sequence[str],
    thin: str,
    level: float,
) -> FeatureEffect:
    feature, outcome, given, adjusted, scale = case
    basis = _orthonormal(others)
    sd = float(x.std(ddof=1))
    z = (x - x.mean()) / sd
    left = z - basis @ (basis.T @ z)
    collinear = min(max(1.0 - float(left @ left) / float(z @ z), 0.0), 1.0)
    vif = 1.0 / (1.0 - collinear) if collinear < 1.0 - RANK else math.inf
    reason = _inseparable(feature, adjusted, collinear, vif) if vif >= HIGHEST_VIF - RANK else ""
    if not reason and len(y) <= basis.shape[1] + 1:
        reason = f"{len(y)} runs for {basis.shape[1] + 1} coefficients leave no run to learn run-to-run spread from"
    estimate = error = df = lower = upper = p_value = partial = math.nan
    if not reason:
        rows = np.column_stack([basis, left])
        coefficients, residuals = least_squares(rows, y)
        robust = cluster_robust(rows, residuals, list(run_ids))
        vector = np.zeros(rows.shape[1])
        vector[-1] = 1.0
        inference = contrast_inference(float(coefficients[-1]), robust, vector, level)
        estimate, partial = inference.estimate, _partial_r2(y, basis, left)
        reason = inference.reason or thin_regression(inference.df, inference.leverage) or thin
        error, df, lower, upper = inference.std_error, inference.df, inference.lower, inference.upper
        p_value = inference.p_value
    kept = not reason
    return FeatureEffect(
        feature=feature,
        outcome=outcome,
        given=given,
        adjusted=adjusted,
        scale=scale,
        estimate=estimate if kept else None,
        std_error=error if kept else None,
        df=df if kept else None,
        lower=lower if kept else None,
        upper=upper if kept else None,
        p_value=p_value if kept else None,
        detectable=detectable(error, df, level=level) if kept and error > 0.0 else None,
        per_unit=estimate / sd if kept else None,
        sd=sd,
        level=level,
        vif=vif,
        collinear=collinear,
        partial_r2=partial if kept else None,
        n_runs=len(y),
        method="least squares over runs on the standardised feature"
        + (f", given {adjusted}" if adjusted else "")
        + ", HC2 standard error, Bell-McCaffrey df; an association over these runs, not a mediated part of any effect",
        scope="runs like these, on these scenarios" if kept else "these models only, on these scenarios",
        reason=reason,
    )


def _inseparable(feature: str, adjusted: str, collinear: float, vif: float) -> str:
    shown = "infinite" if math.isinf(vif) else f"{vif:.1f}"
    return (
        f"cannot separate {feature} from {adjusted}: they move together over these runs "
        f"(R^2 = {collinear:.3f}; VIF {shown})"
    )


def _partial_r2(y: Floats, basis: Floats, left: Floats) -> float:
    residual = y - basis @ (basis.T @ y)
    total, size = float(residual @ residual), float(left @ left)
    return float(left @ residual) ** 2 / (size * total) if total > 0.0 else math.nan


def _orthonormal(columns: Floats) -> Floats:
    """An orthonormal basis (R, rank) of these columns: nuisance columns may be aliased with one another."""
    lengths = np.sqrt((columns**2).sum(axis=0))
    used = columns[:, lengths > 0.0] / lengths[lengths > 0.0]
    u, sizes, _ = np.linalg.svd(used, full_matrices=False)
    return np.asarray(u[:, sizes > RANK * sizes[0]], dtype=float)


def _blocks(design: Design, summaries: RunSummaries, rows: Sequence[int]) -> Floats:
    """Indicators (R, k) of the blocks and pairs, without the first of each."""
    block_of = {arm.arm_id: arm.block for arm in design.arms}
    kinds: list[list[str]] = [
        [block_of[summaries.arm_ids[r]][place] for r in rows] for place in range(len(design.block))
    ]
    kinds += [[summaries.pairs[r] for r in rows]] if design.pair else []
    columns = [[float(value == one) for value in values] for values in kinds for one in sorted(set(values))[1:]]
    return np.array(columns, dtype=float).T if columns else np.empty((len(rows), 0))


def _thin_counts(summaries: RunSummaries, rows: Sequence[int]) -> str:
    if summaries.outcome.kind is OutcomeKind.SCORE or not rows:
        return ""
    events, trials = summaries.events[list(rows)], summaries.trials[list(rows)]
    for word, counts in (("events", events), ("non-events", trials - events)):
        if not float(counts.mean()) >= FEWEST_EVENTS:
            return f"{float(counts.mean()):.2f} {word} a run and eval on average; a log-odds needs {FEWEST_EVENTS:g}"
    return ""


def _varies(values: Floats) -> bool:
    return bool(np.ptp(values) > VARIES * max(1.0, float(np.abs(values).max())))
