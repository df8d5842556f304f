"""Whether a logit has finite coefficients at all, decided by linear programming and not by huge estimates."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

__all__ = ["Separation", "SeparationKind", "aliased_columns", "separated"]

Floats = NDArray[np.float64]

RANK_TOLERANCE = 1e-9  # singular values of the scaled design, relative to the largest
MARGIN_BOX = 1e6  # columns scaled to 1: rows split by less than a millionth of that count as overlapping


class SeparationKind(StrEnum):
    """How far a linear score of the columns splits the rows with events from the rows without."""

    NONE = "none"
    QUASI = "quasi"
    COMPLETE = "complete"
    COLLINEAR = "collinear"


@dataclass(frozen=True, slots=True)
class Separation:
    """Which coefficients of a binomial logit have no finite maximum likelihood estimate.

    Attributes:
        kind: none (all finite); quasi (some rows are fitted exactly at rate 0 or 1); complete (all rows are);
            collinear (the columns do not determine the coefficients, whatever the outcome).
        columns: indices of the columns whose coefficients diverge; where several columns do, the constant one
            (intercept) is not named among them, since its value only follows from theirs.
        rows: indices of the rows whose fitted rate is exactly 0 or 1.
    """

    kind: SeparationKind
    columns: tuple[int, ...] = ()
    rows: tuple[int, ...] = ()

    @property
    def finite(self) -> bool:
        """Whether the maximum likelihood estimate exists and is unique."""
        return self.kind is SeparationKind.NONE


def separated(design: Floats, events: Floats, trials: Floats) -> Separation:
    """How the rows are separated, and the columns whose coefficients diverge.

    A direction b never lowers the likelihood if every row with events scores at least 0 and every row with non-events
    at most 0. One linear program finds the direction that strictly favours as many rows as possible: it maximises
    sum t subject to t_i <= s_i x_i b and 0 <= t_i <= 1, over the b that leave the rows with both outcomes alone. The
    rows it favours are fitted at 0 or 1; the directions that leave every other row alone are the ones along which
    coefficients run off. If all outcomes are alike, the intercept is the one named.

    Source: Albert & Anderson (1984), Biometrika 71, 1-10; Konis (2007), thesis, Oxford, for deciding it by linear
    programming.

    Args:
        design: (n, p).
        events: (n,), 0 to trials.
        trials: (n,); rows with 0 trials say nothing and are left out.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, or events outside 0 to trials.
        ArithmeticError: the linear program was not solved.
    """
    check_rows(design, events, trials)
    if aliased_columns(design[trials > 0]):
        return Separation(SeparationKind.COLLINEAR)
    mixed = (events > 0) & (events < trials)
    pure = np.flatnonzero((trials > 0) & ~mixed)
    scale = np.abs(design).max(axis=0)
    free = _null_space(design[mixed] / scale)
    if free.shape[1] == 0 or pure.size == 0:
        return Separation(SeparationKind.NONE)
    signs = np.where(events[pure] > 0, 1.0, -1.0)
    favoured = pure[_favoured(signs[:, None] * (design[pure] / scale @ free))]
    if favoured.size == 0:
        return Separation(SeparationKind.NONE)
    rest = (trials > 0) & ~np.isin(np.arange(len(design)), favoured)
    kind = SeparationKind.QUASI if rest.any() else SeparationKind.COMPLETE
    loose = np.flatnonzero(np.abs(_null_space(design[rest] / scale)).max(axis=1) > RANK_TOLERANCE)
    constant = np.ptp(design[trials > 0], axis=0) == 0
    alike = np.unique(signs).size == 1 and kind is SeparationKind.COMPLETE and constant.any()
    named = loose[constant[loose]] if alike else loose[~constant[loose]]
    return Separation(kind, tuple((named if named.size else loose).tolist()), tuple(favoured.tolist()))


def aliased_columns(design: Floats) -> tuple[int, ...]:
    """Indices of the columns that take part in a linear dependence; empty if the design has full column rank.

    All members of a dependence are named, since none of them is the guilty one. A column of zeros is dependent alone.
    More columns than rows are always dependent.
    """
    scale = np.sqrt((design**2).sum(axis=0))
    null = _null_space(design / np.where(scale > 0, scale, 1.0))
    return tuple(np.flatnonzero(np.abs(null).max(axis=1, initial=0.0) > np.sqrt(RANK_TOLERANCE)).tolist())


def check_rows(design: Floats, events: Floats, trials: Floats) -> None:
    """Nothing, if these are rows of a binomial regression.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, or events outside 0 to trials.
    """
    if design.ndim != 2 or not events.shape == trials.shape == (len(design),):
        raise ValueError(
            f"design must be (n, p), events and trials (n,); found {design.shape}, {events.shape} and {trials.shape}"
        )
    if not np.isfinite(design).all():
        raise ValueError("design must be finite, found NaN or infinity")
    if not ((events >= 0) & (events <= trials) & (trials < np.inf)).all():
        raise ValueError("events must lie between 0 and trials in every row, and both be finite")


def _null_space(rows: Floats) -> Floats:
    """Orthonormal basis (p, k) of the vectors that every row maps to 0; singular values are compared with 1."""
    if len(rows) == 0:
        return np.eye(rows.shape[1])
    # With more rows than columns the triangle has the same right singular vectors, and no n by n factor is made.
    square = np.linalg.qr(rows, mode="r") if len(rows) > rows.shape[1] else rows
    _, values, right = np.linalg.svd(square, full_matrices=True)
    rank = int((values > RANK_TOLERANCE * max(1.0, float(values.max(initial=0.0)))).sum())
    return np.asarray(right[rank:].T)


def _favoured(scores: Floats) -> NDArray[np.bool_]:
    """Which rows a direction c can score above 0 while no row scores below 0; `scores` (n, k) maps c to the rows."""
    unique, back = np.unique(scores, axis=0, return_inverse=True)
    rows, columns = unique.shape
    result = linprog(
        np.concatenate([np.zeros(columns), -np.ones(rows)]),
        A_ub=np.hstack([-unique, np.eye(rows)]),
        b_ub=np.zeros(rows),
        bounds=[(-MARGIN_BOX, MARGIN_BOX)] * columns + [(0.0, 1.0)] * rows,
        method="highs",
    )
    if result.x is None or not result.success:
        raise ArithmeticError(f"the linear program of the separation check was not solved: {result.message}")
    return np.asarray(result.x[columns:] > 0.5)[back.ravel()]
