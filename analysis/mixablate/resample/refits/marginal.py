"""Standardised rates, their contrasts and log odds contrasts of every replicate: what the coefficients are for.

Rows and their weights are held as they are, as `standardised_rates` of the full fit holds them: the rates are about
rows like these, and only the coefficients vary between replicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixablate.estimate import RateScale
from mixablate.resample.refits.engine import block_width
from mixablate.resample.refits.plan import RefitPlan

__all__ = [
    "Counterfactuals",
    "average_slopes",
    "counterfactuals",
    "linear_contrasts",
    "rate_contrasts",
    "standardised_rate_replicates",
]

Floats = NDArray[np.float64]

MOST_EMPTY = 4  # cells of a grid per row: a sparser one costs more than its rows
SAME = 1e-12  # shares, which are at most 1
FARTHEST = 300.0  # log odds of a part, whose exponentials still add up


@dataclass(frozen=True, slots=True)
class Counterfactuals:
    """K designs over the same weighted rows, as a grid: log odds are a first part's plus a second part's.

    Designs in which every run has every eval, with weights that are a run's times an eval's, have runs first and evals
    second; any other has its distinct rows first and a second part of nothing.

    Attributes:
        first: (m, p) distinct first parts, of all designs together.
        second: (E, p) distinct second parts.
        first_shares: (K, m) of each first part in each design; sums to 1.
        second_shares: (E,) of each second part; sums to 1.
    """

    first: Floats
    second: Floats
    first_shares: Floats
    second_shares: Floats


def counterfactuals(plan: RefitPlan, designs: Sequence[ArrayLike], weights: ArrayLike) -> Counterfactuals:
    """The designs of `standardised_rates`, rows alike folded, prepared for the replicates of a plan.

    Args:
        plan: whose columns the designs have.
        designs: K matrices of (n, p), rows in the same order.
        weights: (n,) of the rows, 0 or more; scaled to sum to 1.

    Raises:
        ValueError: designs of another shape, or weights that are negative or sum to 0.
    """
    stack = np.stack([np.asarray(design, dtype=float) for design in designs])
    shares = np.asarray(weights, dtype=float)
    if not (stack.ndim == 3 and stack.shape[1:] == (shares.size, len(plan.names))):
        raise ValueError(
            f"designs need {len(plan.names)} columns and weights of all rows, found {stack.shape[1:]} and {shares.size}"
        )
    if not ((shares >= 0).all() and 0 < shares.sum() < np.inf):
        raise ValueError("weights must be 0 or more, finite, and not all 0")
    every = stack.reshape(-1, stack.shape[2])
    design = np.repeat(np.arange(len(stack)), shares.size)
    share = np.tile(shares / shares.sum(), len(stack))
    grid = _on_a_grid(every, design, share, plan.run_level)
    return grid if grid is not None else _by_row(every, design, share)


def standardised_rate_replicates(coefficients: Floats, designs: Counterfactuals) -> Floats:
    """The mean rate of each design under each replicate's coefficients (B, p), (B, K); NaN where these are."""
    return _means(coefficients, designs, slopes=False)


def average_slopes(coefficients: Floats, design: Counterfactuals) -> Floats:
    """The mean derivative of the rate by each column, per replicate (B, p): average marginal effects of doses.

    For a flag prefer the difference of two rates (`rate_contrasts`): a derivative is about small changes.

    Args:
        coefficients: (B, p).
        design: of one design (the rows as they are).

    Raises:
        ValueError: more than one design.
    """
    if len(design.first_shares) != 1:
        raise ValueError(f"slopes are of one design, found {len(design.first_shares)}")
    return np.asarray(coefficients * _means(coefficients, design, slopes=True))


def rate_contrasts(rates: Floats, contrasts: ArrayLike, scale: RateScale = "rate") -> Floats:
    """Linear combinations (B, C) of rates (B, K), of their logs or of their log odds.

    Coefficients (1, -1) give the average marginal effect on "rate", the log risk ratio on "log" and the marginal log
    odds ratio on "log_odds". Rates of exactly 0 or 1 have no logs: what is made of them is infinite or NaN.

    Args:
        rates: (B, K).
        contrasts: (C, K).
        scale: what the coefficients multiply.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        values = {"rate": rates, "log": np.log(rates), "log_odds": np.log(rates) - np.log1p(-rates)}[scale]
        return np.asarray(values @ np.atleast_2d(np.asarray(contrasts, dtype=float)).T)


def linear_contrasts(coefficients: Floats, vectors: ArrayLike) -> Floats:
    """Linear combinations (B, C) of each replicate's coefficients (B, p): log odds, for vectors (C, p)."""
    return np.asarray(coefficients @ np.atleast_2d(np.asarray(vectors, dtype=float)).T)


def _means(coefficients: Floats, designs: Counterfactuals, *, slopes: bool) -> Floats:
    """The mean rate of each design, or the mean of p(1 - p), (B, K); block by block."""
    width = block_width(len(designs.first) * len(designs.second))
    found = np.empty((len(coefficients), len(designs.first_shares)))
    grid = np.empty((len(designs.first), len(designs.second), width))
    for start in range(0, len(coefficients), width):
        part = coefficients[start : start + width].T
        rate = grid[:, :, : part.shape[1]]
        first = np.exp(np.clip(designs.first @ part, -FARTHEST, FARTHEST))[:, None]
        second = np.exp(np.clip(-(designs.second @ part), -FARTHEST, FARTHEST))
        np.add(first, second, out=rate)
        np.divide(first, rate, out=rate)
        if slopes:
            rate -= rate**2
        found[start : start + width] = (designs.first_shares @ np.einsum("mer,e->mr", rate, designs.second_shares)).T
    return found


def _on_a_grid(
    rows: Floats, design: NDArray[np.intp], share: Floats, run_level: NDArray[np.bool_]
) -> Counterfactuals | None:
    """The rows as run-level parts times the others; None where shares are no products, or there is only one part."""
    if run_level.all():
        return None
    runs, run = np.unique(rows[:, run_level], axis=0, return_inverse=True)
    evals, which = np.unique(rows[:, ~run_level], axis=0, return_inverse=True)
    total = int(design.max()) + 1
    if len(runs) * len(evals) > MOST_EMPTY * len(rows):
        return None
    place = (design * len(runs) + run.ravel()) * len(evals) + which.ravel()
    table = np.bincount(place, share, total * len(runs) * len(evals)).reshape(total, len(runs), len(evals))
    by_run, by_eval = table.sum(axis=2), table.sum(axis=(0, 1)) / total
    if not (np.abs(table - by_run[:, :, None] * by_eval) <= SAME).all():
        return None
    first, second = (np.zeros((len(parts), rows.shape[1])) for parts in (runs, evals))
    first[:, run_level], second[:, ~run_level] = runs, evals
    return Counterfactuals(first, second, by_run, by_eval)


def _by_row(rows: Floats, design: NDArray[np.intp], share: Floats) -> Counterfactuals:
    distinct, row = np.unique(rows, axis=0, return_inverse=True)
    total = int(design.max()) + 1
    table = (
        np.bincount(design * len(distinct) + row.ravel(), share, total * len(distinct)).reshape(total, -1).astype(float)
    )
    return Counterfactuals(distinct, np.zeros((1, rows.shape[1])), table, np.ones(1))
