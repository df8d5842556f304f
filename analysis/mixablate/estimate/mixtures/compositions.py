"""Fractions of a whole and their log-ratios: closure, zeros, centre, and the coordinates clr, ilr and alr."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["alr", "centre", "closed", "clr", "ilr", "pivot_basis", "total_variance", "without_zeros"]

Floats = NDArray[np.float64]


def closed(amounts: Floats) -> Floats:
    """Rows of amounts, 0 or more, divided by their sums: fractions that sum to 1, (n, D).

    Fractions that were rounded, and token counts, become fractions. A table refuses sums beyond its tolerance before.

    Raises:
        ValueError: amounts below 0, or a row without any.
    """
    totals = amounts.sum(axis=1, keepdims=True)
    if not ((amounts >= 0).all() and (totals > 0).all()):
        raise ValueError("a mix needs amounts of 0 or more, and one above 0 in every row")
    return np.asarray(amounts / totals, dtype=float)


def without_zeros(fractions: Floats, zero: float) -> Floats:
    """The fractions with every 0 replaced by `zero` and the others scaled down, so that their ratios stay; (n, D).

    A log-ratio needs fractions above 0. WRONG as a measure of a part that is truly absent: the logarithm of the
    replacement is a long way from that of the smallest fraction seen, and results depend on it.

    Source: multiplicative replacement, Martín-Fernández, Barceló-Vidal & Pawlowsky-Glahn (2003), Math. Geology 35:253.

    Args:
        fractions: (n, D), rows that sum to 1.
        zero: what stands for 0, above 0.

    Raises:
        ValueError: a replacement that is not above 0, or that leaves nothing for the other parts.

    >>> [round(f, 4) for f in without_zeros(np.array([[0.8, 0.2, 0.0]]), 0.01)[0].tolist()]
    [0.792, 0.198, 0.01]
    """
    absent = fractions <= 0.0
    rest = 1.0 - zero * absent.sum(axis=1, keepdims=True)
    if not (zero > 0 and (rest > 0).all()):
        raise ValueError(f"zeros cannot be replaced by {zero:g} in a mix of {fractions.shape[1]} parts")
    return np.asarray(np.where(absent, zero, fractions * rest), dtype=float)


def pivot_basis(parts: int) -> Floats:
    """The orthonormal basis V (D, D - 1) of pivot coordinates: column j sets the first j parts against part j + 1.

    Column j is sqrt(j / (j + 1)) (1/j, ..., 1/j, -1, 0, ..., 0).

    Source: Egozcue et al. (2003), Math. Geology 35:279; Fišerová & Hron (2011), Math. Geosciences 43:455.
    """
    basis = np.zeros((parts, parts - 1))
    for j in range(1, parts):
        basis[:j, j - 1], basis[j, j - 1] = 1 / j, -1.0
        basis[:, j - 1] *= np.sqrt(j / (j + 1))
    return basis


def clr(fractions: Floats) -> Floats:
    """Logarithms less their row mean, (n, D); fractions above 0."""
    logs = np.log(fractions)
    return np.asarray(logs - logs.mean(axis=1, keepdims=True), dtype=float)


def ilr(fractions: Floats, basis: Floats | None = None) -> Floats:
    """Coordinates of the mixes in an orthonormal basis, by default `pivot_basis`; (n, D - 1), fractions above 0."""
    turn = pivot_basis(fractions.shape[1]) if basis is None else basis
    return np.asarray(np.log(fractions) @ turn, dtype=float)


def alr(fractions: Floats, reference: int) -> Floats:
    """Logarithms of each part over the reference part, in the parts' order without it; (n, D - 1)."""
    others = np.delete(fractions, reference, axis=1)
    return np.asarray(np.log(others / fractions[:, [reference]]), dtype=float)


def centre(fractions: Floats) -> Floats:
    """The closed geometric mean of the mixes, (D,); fractions above 0."""
    return np.asarray(closed(np.exp(np.log(fractions).mean(axis=0))[None])[0], dtype=float)


def total_variance(fractions: Floats) -> float:
    """The sum of the variances (n - 1) of the clr coordinates: the spread of the mixes."""
    return float(clr(fractions).var(axis=0, ddof=1).sum())
