"""A dose as columns of a regression: as it is, its logarithm, or a natural cubic spline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["LONG_SPAN", "DoseTerms", "Shape", "dose_terms", "span"]

Floats = NDArray[np.float64]
LONG_SPAN = 20.0  # largest over smallest dose above 0: beyond it an axis is logarithmic
SPLINE_LEVELS = 5  # distinct doses that a spline of four knots needs to be more than a join of dots
LOG_LEVELS = 3  # distinct doses above 0


class Shape(StrEnum):
    """How the outcome may depend on the dose."""

    LINEAR = "linear"
    LOG = "log"
    SPLINE = "spline"
    MONOTONE = "monotone"


@dataclass(frozen=True, slots=True)
class DoseTerms:
    """The columns of a shape, with what predicts from them.

    Attributes:
        shape: linear, log or spline.
        unit: the dose that scales the columns: slopes are stated per dose (linear) or per doubling (log).
        zero: whether runs at dose 0 have a level of their own (log only: 0 has no logarithm).
        knots: of a spline, on its own axis.
        logged: whether a spline's axis is log2(1 + dose / unit).
    """

    shape: Shape
    unit: float
    zero: bool = False
    knots: tuple[float, ...] = ()
    logged: bool = False

    @property
    def slope(self) -> int:
        """Which column holds the slope."""
        return 1 if self.zero else 0

    @property
    def words(self) -> str:
        """The shape in words a reviewer can check."""
        if self.shape is Shape.LINEAR:
            return "straight line in the dose"
        if self.shape is Shape.LOG:
            return "straight line in log2(dose)" + ("; runs at dose 0 have a level of their own" if self.zero else "")
        axis = f"log2(1 + dose/{self.unit:g})" if self.logged else "the dose"
        knots = ", ".join(format(knot, ".3g") for knot in self.knots)
        return f"natural cubic spline in {axis}, knots at {knots}"

    def columns(self, dose: Floats) -> Floats:
        """The columns (n, k) at these doses (n,)."""
        if self.shape is Shape.LINEAR:
            return dose[:, None]
        if self.shape is Shape.LOG:
            above = dose > 0.0
            logs = np.log2(np.where(above, dose, self.unit) / self.unit) * above
            return np.column_stack([~above, logs]).astype(float) if self.zero else logs[:, None]
        return _natural(self._axis(dose), np.array(self.knots))

    def _axis(self, dose: Floats) -> Floats:
        return np.asarray(np.log2(1.0 + dose / self.unit) if self.logged else dose, dtype=float)


def span(doses: Floats) -> float:
    """The largest dose over the smallest above 0; 1 where none is."""
    above = doses[doses > 0.0]
    return float(above.max() / above.min()) if above.size else 1.0


def dose_terms(doses: Floats, shape: Shape) -> DoseTerms | None:
    """The terms of a shape over these distinct doses (D,), ascending; None where they are too few for it.

    The logarithm is of doses above 0, at least three of them; dose 0 gets an intercept of its own, since no number of
    doublings leads to it. The spline has four knots: the ends and the terciles of the distinct doses, on the logarithm
    log2(1 + dose/smallest) where doses span more than 20 times. Doses below 0 have no logarithm.
    """
    above = doses[doses > 0.0]
    unit = float(above.min()) if above.size else 1.0
    if shape is Shape.LINEAR:
        return DoseTerms(shape, 1.0)
    if shape is Shape.LOG:
        if above.size < LOG_LEVELS or doses.min() < 0.0:
            return None
        return DoseTerms(shape, unit, zero=bool((doses == 0.0).any()))
    if doses.size < SPLINE_LEVELS or shape is Shape.MONOTONE:
        return None
    logged = span(doses) > LONG_SPAN and float(doses.min()) >= 0.0
    axis = np.log2(1.0 + doses / unit) if logged else doses
    places = np.rint(np.linspace(0, axis.size - 1, 4)).astype(int)
    return DoseTerms(shape, unit, knots=tuple(axis[places].tolist()), logged=logged)


def _natural(x: Floats, knots: Floats) -> Floats:
    """Natural cubic spline columns (n, K - 1): linear beyond the end knots (Hastie, Tibshirani & Friedman, eq. 5.4)."""
    low, high = knots[0], knots[-1]
    z, k = (x - low) / (high - low), (knots - low) / (high - low)
    cubes = np.maximum(z[:, None] - k, 0.0) ** 3
    steps = (cubes[:, :-1] - cubes[:, -1:]) / (k[-1] - k[:-1])
    return np.column_stack([z, steps[:, :-1] - steps[:, -1:]])
