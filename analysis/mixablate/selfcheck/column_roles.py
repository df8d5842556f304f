"""Which column of a case is the response, the weights or the cluster, where a reference does not name them.

make.R fixes these roles for each case, and its cases differ. A role that only the numbers can tell goes to the column
whose numbers come nearest to the reference's; whether they agree is then compared like everything else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.estimate.models.cluster_robust import least_squares
from mixablate.selfcheck.expressions import evaluated, words_of

__all__ = ["Counts", "binomial_counts", "counts_of", "formula_of", "nearest", "numeric_response"]

Candidate = TypeVar("Candidate")

Floats = NDArray[np.float64]

WHOLE = 1e-6
"""Proportions are written to 15 digits: times their weights they are whole to about 1e-12."""

ENOUGH = 1e-4
"""A largest relative difference at which no further candidate is tried; far wider than what is then compared."""

RESPONSES = ("{}", "log({})", "sqrt({})", "log1p({})", "log10({})", "exp({})")
"""What a least squares fit may have for its response, of a column."""


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
    """The counts that a response most likely means: the first of what it can mean.

    Raises:
        ValueError: proportions without a column that makes whole numbers of them.
    """
    return next(_counts(response, data))


def binomial_counts(
    reference: Mapping[str, Any],
    data: pd.DataFrame,
    used: Collection[str],
    numbers: Callable[[Counts], Floats],
    expected: Iterable[float | None],
) -> Counts:
    """The counts of a logit whose numbers come nearest to the expected ones.

    The response is the formula's; without one `y`, or any column of 0 and 1, or of rates, that no coefficient uses.

    Args:
        reference: of the case.
        data: its table.
        used: columns that the coefficients use.
        numbers: of a fit to these counts; NaN where it has none.
        expected: the reference's.

    Raises:
        ValueError: proportions without a column that makes whole numbers of them.
    """
    stated = formula_of(reference).partition("~")[0].strip()
    if stated:
        return nearest(_counts(stated, data), numbers, expected)
    free = [c for c in data.columns if c not in used and pd.api.types.is_numeric_dtype(data[c])]
    candidates: list[Counts] = []
    binary = {c for c in free if data[c].isin([0, 1]).all()}
    for column in sorted(free, key=lambda c: (c != "y", c not in binary)):
        with suppress(ValueError):  # neither 0 and 1 nor rates of some column's trials
            candidates += _counts(f"`{column}`", data)
    return nearest(candidates, numbers, expected)


def numeric_response(reference: Mapping[str, Any], data: pd.DataFrame, design: Floats, used: Collection[str]) -> str:
    """The response of a least squares fit: the formula's, else that whose coefficients come nearest.

    A column that no coefficient uses, or its logarithm, root or exponential.
    """
    stated = formula_of(reference).partition("~")[0].strip()
    if stated:
        return stated
    free = [c for c in data.columns if c not in used and pd.api.types.is_numeric_dtype(data[c])]

    def coefficients(response: str) -> Floats:
        with np.errstate(all="ignore"):
            values = np.asarray(evaluated(response, data), dtype=float)
        found = np.isfinite(values).all()
        return least_squares(design, values)[0] if found else np.full(design.shape[1], math.nan)

    written = (form.format(f"`{column}`") for form in RESPONSES for column in free)
    return nearest(written, coefficients, reference["coef"].values())


def nearest(
    candidates: Iterable[Candidate], numbers: Callable[[Candidate], Floats], expected: Iterable[float | None]
) -> Candidate:
    """The candidate whose numbers come nearest to the expected ones, by the largest relative difference.

    The first that comes within 1e-4 is taken, and a candidate that is alone without a look at its numbers.

    Raises:
        ValueError: no candidate.
    """
    options = list(candidates)
    theirs = np.array([math.nan if number is None else number for number in expected], dtype=float)
    known = ~np.isnan(theirs) & (theirs != 0)
    distances: list[float] = []
    for option in options if len(options) > 1 else []:
        worst = float(np.abs(numbers(option)[known] / theirs[known] - 1).max(initial=0.0))
        if worst <= ENOUGH:
            return option
        distances.append(math.inf if math.isnan(worst) else worst)
    if not options:
        raise ValueError("no column of the case can stand in this role")
    return options[int(np.argmin(distances))] if distances else options[0]


def _counts(response: str, data: pd.DataFrame) -> Iterator[Counts]:
    """The counts that a response can mean: 0/1 rows, `cbind(events, others)`, or proportions with their weights.

    Weights are a column of whole numbers that makes a whole number of every proportion, the smallest first; rows of 0
    and 1 have none, or for weights how often they were seen.

    Raises:
        ValueError: proportions without such a column, or other numbers.
    """
    bound = re.fullmatch(r"cbind\((.+),([^,]+)\)", response)
    if bound:
        events, others = (np.asarray(evaluated(part, data), dtype=float) for part in bound.groups())
        yield Counts(events, events + others, frozenset(words_of(response) & set(data.columns)))
        return
    with np.errstate(all="ignore"):
        values = np.asarray(evaluated(response, data), dtype=float)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f'a response must be 0 and 1, proportions or cbind(events, others), found "{response}"')
    words = words_of(response) & set(data.columns)
    single = not ((values > 0) & (values < 1)).any()
    if single:
        yield Counts(values, np.ones(len(values)), frozenset(words))
    numeric = [c for c in data.columns if pd.api.types.is_numeric_dtype(data[c])]
    weights = [c for c in numeric if c not in words and _makes_whole(values, data[c])]
    if not (weights or single):
        raise ValueError(f'no column of {list(data.columns)} makes whole numbers of the proportions "{response}"')
    for trials in sorted((data[c].to_numpy(dtype=float) for c in weights), key=lambda column: float(column.sum())):
        events = np.round(values * trials)
        same = {c for c in numeric if any((data[c] == column).all() for column in (events, trials, trials - events))}
        yield Counts(events, trials, frozenset(words | same))


def _makes_whole(proportions: Floats, column: pd.Series) -> bool:
    if not pd.api.types.is_numeric_dtype(column):
        return False
    weights = column.to_numpy(dtype=float)
    events = proportions * weights
    whole = (np.abs(events - np.round(events)) < WHOLE) & (weights == np.round(weights)) & (weights >= 1)
    return bool(whole.all())
