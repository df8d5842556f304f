"""Gold cases of average marginal effects, standardised rates and their log ratio in a logit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.estimate.models.cluster_robust import Correction, stata_factor
from mixablate.estimate.models.inference import Inference
from mixablate.estimate.models.logit import (
    Covariance,
    LogitFit,
    RateScale,
    fit_logit,
    rate_contrast,
    standardised_rates,
)
from mixablate.selfcheck.case import GoldCase
from mixablate.selfcheck.column_roles import Counts, binomial_counts, formula_of, nearest
from mixablate.selfcheck.comparing import Comparison, close
from mixablate.selfcheck.formula import model_frame
from mixablate.selfcheck.logits import must_fit
from mixablate.selfcheck.named_columns import named_columns, source_columns

__all__ = ["check_average_marginal_effect"]

Floats = NDArray[np.float64]

STEP = 1e-4
"""Of a derivative's central difference, in standard deviations: truncation and rounding are both near 1e-9 there."""

WHITE = {
    "se_HC0": Correction.CR0,
    "se_HC1": Correction.CR1S,
    "se_HC2": Correction.CR2,
    "se_HC3": Correction.CR3,
}

CONTRASTS: Mapping[str, tuple[tuple[float, float], RateScale]] = {
    "risk1": ((1, 0), "rate"),
    "risk0": ((0, 1), "rate"),
    "dydx": ((1, -1), "rate"),
    "logRR": ((1, -1), "log"),
}
"""What each key takes of the rates with the variable at 1 and at 0."""


@dataclass(frozen=True, slots=True)
class _Effects:
    """What a case asks for: by key the contrast of standardised rates over two counterfactual designs."""

    names: tuple[str, ...]
    design: Floats
    counts: Counts
    contrasts: Mapping[str, tuple[list[Floats], Floats, RateScale]]

    def fit(self, clusters: Sequence[object], correction: Correction) -> LogitFit:
        return must_fit(self.names, self.design, self.counts, clusters, correction)

    def of(self, fit: LogitFit, covariance: Covariance = "clustered") -> dict[str, Inference]:
        found = {}
        for key, (designs, vector, scale) in self.contrasts.items():
            rates = standardised_rates(fit, designs, self.counts.trials)
            found[key] = rate_contrast(fit, rates, vector, scale, covariance=covariance)
        return found


def check_average_marginal_effect(case: GoldCase) -> Iterator[Comparison]:
    """Discrete changes, standardised rates and log ratios of 0/1 variables; mean derivatives of the others.

    A variable is 0/1 where the reference has its rate at 1. Rows count by their prior weights (trials). Standard errors
    are the model's, White's (`se_HC0`), or, under any other key, clustered by the column and with the factor that come
    nearest.
    """
    table, reference = case.table(), case.reference
    absolute, relative = case.tolerance("est_abs", "abs"), case.tolerance("se_rel", "rel")
    effects = _effects(table, reference)
    rows = range(len(table))
    model = effects.of(effects.fit(rows, Correction.CR0), "model")
    for key in (key for key, value in reference.items() if isinstance(value, Mapping) and "estimate" in value):
        found = model[key].estimate if key in model else None
        yield close(f"{key}.estimate", found, reference[key]["estimate"], absolute)
    kinds = dict.fromkeys(name for key in model for name in reference[key] if name != "estimate")
    for kind in kinds:
        theirs = {key: reference[key][kind] for key in model if kind in reference[key]}
        if kind == "se_model":
            ours = _errors(model)
        elif kind in WHITE:
            ours = _errors(effects.of(effects.fit(rows, WHITE[kind])))
        else:
            ours = _nearest_clustered(effects, table, theirs)
        for key, expected in theirs.items():
            yield close(f"{key}.{kind}", ours[key], expected, relative, relative=True)


def _effects(table: pd.DataFrame, reference: Mapping[str, Any]) -> _Effects:
    names = model_frame(formula_of(reference), table).names
    contrasts = {}
    for key, value in reference.items():
        what, _, variable = key.partition("_")
        if not (isinstance(value, Mapping) and what in CONTRASTS and variable in table.columns):
            continue
        coefficients, scale = CONTRASTS[what]
        vector, levels = np.array(coefficients), (1.0, 0.0)
        at = [table.assign(**{variable: level}) for level in levels]
        if f"risk1_{variable}" not in reference:
            step = STEP * float(table[variable].std())
            at = [table.assign(**{variable: table[variable] + sign * step}) for sign in (1, -1)]
            vector = vector / (2 * step)
        contrasts[key] = ([named_columns(names, changed) for changed in at], vector, scale)
    design = named_columns(names, table)

    def estimates(counts: Counts) -> Floats:
        fit = fit_logit(design, counts.events, counts.trials, ["all"] * len(table), names=names)
        if not isinstance(fit, LogitFit):
            return np.full(len(contrasts), np.nan)
        found = _Effects(names, design, counts, contrasts).of(fit, "model")
        return np.array([inference.estimate for inference in found.values()])

    expected = [reference[key]["estimate"] for key in contrasts]
    counts = binomial_counts(reference, table, source_columns(names, table), estimates, expected)
    return _Effects(names, design, counts, contrasts)


def _nearest_clustered(effects: _Effects, table: pd.DataFrame, theirs: Mapping[str, float]) -> dict[str, float]:
    """Clustered standard errors: CR0 times each of the factors in use, or CR2, by the column that comes nearest."""
    candidates: dict[str, dict[str, float]] = {}
    for column in (c for c in table.columns if c not in effects.counts.columns):
        labels = table[column].tolist()
        plain, groups = _errors(effects.of(effects.fit(labels, Correction.CR0))), table[column].nunique()
        stata = stata_factor(len(table), len(effects.names), groups)
        for factor in (1.0, groups / max(groups - 1, 1), stata):
            candidates[f"{column} {factor}"] = {key: error * math.sqrt(factor) for key, error in plain.items()}
        candidates[f"{column} CR2"] = _errors(effects.of(effects.fit(labels, Correction.CR2)))
    best = nearest(list(candidates), lambda name: np.array([candidates[name][key] for key in theirs]), theirs.values())
    return candidates[best]


def _errors(found: Mapping[str, Inference]) -> dict[str, float]:
    return {key: inference.std_error for key, inference in found.items()}
