"""Attribution where some coalitions were never run: their values are standardised from the fitted logit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixablate.attribute.attribution import Split
from mixablate.attribute.batched_values import CoalitionRows, coalition_gradients, coalition_rows
from mixablate.estimate import (
    OutcomeModel,
    RateScale,
    outside_regression_region,
    rate_contrast,
)
from mixablate.study import Component, Scale

__all__ = ["model_coalitions", "split_by_model"]

Floats = NDArray[np.float64]


def split_by_model(
    model: OutcomeModel | str,
    players: Sequence[Component],
    matrix: Floats,
    scale: Scale,
    *,
    level: float,
) -> Split | None:
    """The parts from a binomial logit with main effects, coalition values standardised over evals, arms and blocks.

    Each part is a smooth function of the coefficients: delta method, CR2 by run, Satterthwaite df of its gradient. None
    where the model cannot be fitted (aliased components, scores); intervals are withheld outside the supported region
    of a regression. Under separation the model is Firth's penalised logit, `sources` says so, and on the log odds the
    parts of components that have no finite maximum likelihood estimate are as large as the penalty lets them be. Wrong
    where components interact on the logit: the arms that would show it were not run.
    """
    if isinstance(model, str):
        return None
    standard = coalition_gradients(model.fit.coefficients, model_coalitions(model, players))
    unit: RateScale = "log_odds" if scale is Scale.LOG_ODDS else "rate"
    ends = np.zeros(matrix.shape[1])
    ends[0], ends[-1] = -1.0, 1.0
    found = [rate_contrast(model.fit, standard, row, unit, level) for row in (ends, *matrix)]
    reason = next(filter(None, (outside_regression_region(inference) for inference in found)), "")
    bounds = np.array([(np.nan, np.nan) if reason else (f.lower, f.upper) for f in found])
    nothing = np.full(len(players), np.nan)
    values = np.log(standard.rates / (1.0 - standard.rates)) if scale is Scale.LOG_ODDS else standard.rates
    return Split(
        estimates=np.array([f.estimate for f in found[1:]]),
        std_errors=nothing if reason else np.array([f.std_error for f in found[1:]]),
        dfs=nothing if reason else np.array([f.df for f in found[1:]]),
        lowers=bounds[1:, 0],
        uppers=bounds[1:, 1],
        share_lowers=nothing,
        share_uppers=nothing,
        p_largest=nothing,
        total=found[0].estimate,
        total_lower=float(bounds[0, 0]),
        total_upper=float(bounds[0, 1]),
        baseline=float(values[0]),
        full=float(values[-1]),
        sources=("fitted model" if model.firth is None else "fitted model (Firth)",) * len(players),
        reason=reason,
    )


def model_coalitions(
    model: OutcomeModel, players: Sequence[Component], weights: ArrayLike | None = None
) -> CoalitionRows:
    """The model's rows with each coalition's components at target and the other players' at baseline.

    For `coalition_values` and `batched_parts` of refits, or `coalition_gradients` of the fit.

    Args:
        model: with main effects, so that a coalition adds the same to every row.
        players: the components, in the order of the coalitions' bits.
        weights: (B, n) of the rows in B replicates, where not those of the model.
    """
    shifts = np.zeros((2 ** len(players), model.rows.shape[1]))
    for mask, shift in enumerate(shifts):
        levels = {p.id: p.target if mask >> i & 1 else p.baseline for i, p in enumerate(players)}
        entries = model.matrix.entries(levels)
        shift[list(entries)] = list(entries.values())
    rows = model.rows.copy()
    rows[:, list(entries)] = 0.0
    return coalition_rows(rows, shifts, model.weights if weights is None else weights)
