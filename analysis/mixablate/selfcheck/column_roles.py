"""Which column of a case is the response, the weights or the cluster, where a reference does not name them.

make.R fixes these roles for each case, and its cases differ. A role that only the numbers can tell goes to the column
whose numbers come nearest to the reference's; whether they agree is then compared like everything else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.estimate.models.cluster_robust import least_squares

__all__ = ["Counts", "binary_response", "counts_of", "formula_of", "nearest_column", "numeric_response"]

Floats = NDArray[np.float64]

WHOLE = 1e-6
"""Proportions are written to 15 digits: times their weights they are whole to about 1e-12."""


@dataclass(frozen=True, slots=True)
class Counts:
    """A binomial response: events and trials (n,), and the columns of the table that hold it."""

    events: Floats
    trials: Floats
    columns: frozenset[str]


def formula_of(reference: Mapping[str, Any]) -> str:
    """The formula of a reference, in one line (R breaks long ones into several texts); empty without one."""
    found = reference.get("formula", "")
    return found if isinstance(found, str) else " ".join(str(line) for line in found)


def counts_of(response: str, data: pd.DataFrame) -> Counts:
    """The counts that a response means: 0/1 rows, `cbind(events, others)`, or proportions with their weights.

    Weights are the column of whole numbers that makes a whole number of every proportion; of several, the smallest.

    Raises:
        ValueError: proportions without such a column.
    """
    bound = re.fullmatch(r"cbind\((.+),([^,]+)\)", response)
    if bound:
        events, others = (np.asarray(data.eval(part, engine="python"), dtype=float) for part in bound.groups())
        words = set(re.findall(r"[\w.]+", response)) & set(data.columns)
        return Counts(events, events + others, frozenset(words))
    values = data[response].to_numpy(dtype=float)
    if not ((values > 0) & (values < 1)).any():
        return Counts(values, np.ones(len(values)), frozenset({response}))
    weights = [c for c in data.columns if c != response and _makes_whole(values, data[c])]
    if not weights:
        raise ValueError(f'no column of {list(data.columns)} makes whole numbers of the proportions "{response}"')
    trials = min((data[c].to_numpy(dtype=float) for c in weights), key=lambda column: float(column.sum()))
    events = np.round(values * trials)
    numeric = [c for c in data.columns if pd.api.types.is_numeric_dtype(data[c])]
    same = {c for c in numeric if any((data[c] == column).all() for column in (events, trials, trials - events))}
    return Counts(events, trials, frozenset({response} | same))


def binary_response(reference: Mapping[str, Any], data: pd.DataFrame, used: Collection[str]) -> str:
    """The response of a logit: the formula's, else `y`, else the first column of 0 and 1 that no coefficient uses."""
    stated = formula_of(reference).partition("~")[0].strip()
    free = [c for c in data.columns if c not in used]
    return stated or ("y" if "y" in free else next(c for c in free if set(data[c].unique()) <= {0, 1}))


def numeric_response(reference: Mapping[str, Any], data: pd.DataFrame, design: Floats, used: Collection[str]) -> str:
    """The response of a least squares fit: the formula's, else the column whose coefficients come nearest."""
    stated = formula_of(reference).partition("~")[0].strip()
    free = [c for c in data.columns if c not in used and pd.api.types.is_numeric_dtype(data[c])]
    if stated:
        return stated
    return nearest_column(
        free, lambda c: least_squares(design, data[c].to_numpy(dtype=float))[0], reference["coef"].values()
    )


def nearest_column(
    candidates: Sequence[str], numbers: Callable[[str], Floats], expected: Iterable[float | None]
) -> str:
    """The column whose numbers come nearest to the expected ones, by the largest relative difference.

    Raises:
        ValueError: no candidate.
    """
    theirs = np.array([math.nan if number is None else number for number in expected], dtype=float)
    if len(candidates) == 1:
        return candidates[0]

    def distance(column: str) -> float:
        known = ~np.isnan(theirs) & (theirs != 0)
        worst = float(np.abs(numbers(column)[known] / theirs[known] - 1).max(initial=0.0))
        return math.inf if math.isnan(worst) else worst

    return min(candidates, key=distance)


def _makes_whole(proportions: Floats, column: pd.Series) -> bool:
    if not pd.api.types.is_numeric_dtype(column):
        return False
    weights = column.to_numpy(dtype=float)
    events = proportions * weights
    whole = (np.abs(events - np.round(events)) < WHOLE) & (weights == np.round(weights)) & (weights >= 1)
    return bool(whole.all())
