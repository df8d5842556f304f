"""The binomial likelihood times Jeffreys' prior of a logit: its value, its curvature, and the way up."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import expit, log_expit

from mixablate.estimate.models.count_cells import CountCells

__all__ = ["PenalisedPoint", "climb", "log_size"]

Floats = NDArray[np.float64]

MOST_STEPS = 1000  # ten are usual; hypotheses far from the data lead over ridges and saddles
MOST_HALVINGS = 60
CONVERGED = 1e-16  # Newton decrement: twice the log-likelihood still to be gained; the last step squares it
SLACK = 1e-12  # of the log-likelihood's size: what rounding may take from it in a step that does no harm
LONGEST = 4.0  # a step moves no row's log odds further
LEAST_CURVED = 1e-3  # eigenvalue of the curvature relative to the information's
TINY = 1e-300


@dataclass(frozen=True, slots=True)
class PenalisedPoint:
    """The penalised log-likelihood at some coefficients (p,), and per cell (c,) what its derivatives need.

    Attributes:
        coefficients: of the columns in use.
        value: the penalised log-likelihood there.
        score: events - trials p + leverage (1/2 - p).
        weight: w = trials p (1 - p).
        leverage: h.
        tilt: c = 1/2 - p.
        rows: (c, p) Q of sqrt(w) X = QR.
    """

    coefficients: Floats
    value: float
    score: Floats
    weight: Floats
    leverage: Floats
    tilt: Floats
    rows: Floats


def climb(design: Floats, cells: CountCells, start: Floats, free: Floats) -> PenalisedPoint:
    """The maximum over start + free @ anything, by Newton steps that are halved until they do not lose.

    Args:
        design: (c, p) of the cells, best with orthogonal columns.
        cells: their counts.
        start: (p,).
        free: (p, m) the directions in which the coefficients may move.

    Raises:
        ArithmeticError: no convergence: a hypothesis that leaves rows a likelihood of e^-700.
    """
    point, columns = _at(design, cells, start), design @ free
    for _ in range(MOST_STEPS):
        step, gain = _newton(point, columns)
        reach = float(np.abs(columns @ step).max(initial=0.0))
        moved = _halved(design, cells, point, free @ step * min(1.0, LONGEST / max(reach, LONGEST)))
        flat = moved is None or moved.value <= point.value
        if gain < CONVERGED or (flat and gain < math.sqrt(CONVERGED)):
            return moved or point
        if moved is None:
            break
        point = moved
    raise ArithmeticError("Firth's penalised likelihood did not converge")


def _halved(design: Floats, cells: CountCells, point: PenalisedPoint, step: Floats) -> PenalisedPoint | None:
    """The first of the full step, half of it and so on that does not lose; None if all lose."""
    slack = SLACK * (1 + abs(point.value))
    for halving in range(MOST_HALVINGS):
        moved = _at(design, cells, point.coefficients + step / 2**halving)
        if moved.value >= point.value - slack:
            return moved
    return None


def _newton(point: PenalisedPoint, columns: Floats) -> tuple[Floats, float]:
    """The uphill step along these columns, and its decrement.

    Minus the second derivative is X' diag(w + h p (1 - p) - 2 h c^2) X + 2 B B' with B the sum of c x (q kron q)'; it
    is used in the coordinates of R, where the first term is the unit matrix. Along its eigenvectors of negative value,
    between two maxima, the step goes uphill too: a plain Newton step would end on the saddle.
    """
    weight, leverage, tilt = point.weight, point.leverage, point.tilt
    straight, triangle = _straightened(columns, weight)
    slope = straight.T @ point.score
    pairs = (point.rows[:, :, None] * point.rows[:, None, :]).reshape(len(weight), -1)
    bent = (straight * tilt[:, None]).T @ pairs
    weights = weight + leverage * (0.25 - 3 * tilt**2)
    values, turn = np.linalg.eigh((straight * weights[:, None]).T @ straight + 2 * bent @ bent.T)
    turned = turn.T @ slope / np.maximum(np.abs(values), LEAST_CURVED)
    return np.asarray(solve_triangular(triangle, turn @ turned)), float(turned @ (turn.T @ slope))


def _at(design: Floats, cells: CountCells, coefficients: Floats) -> PenalisedPoint:
    """The penalised log-likelihood at these coefficients: sqrt(w) X = QR, h the squared lengths of the rows of Q."""
    score = design @ coefficients
    weight = np.maximum(cells.trials * expit(score) * expit(-score), TINY)
    straight, triangle = _straightened(design, weight)
    q = straight * np.sqrt(weight)[:, None]
    leverage, tilt = (q**2).sum(axis=1), -0.5 * np.tanh(score / 2)
    others = cells.trials - cells.events
    likelihood = float(cells.events @ log_expit(score) + others @ log_expit(-score))
    return PenalisedPoint(
        coefficients=coefficients,
        value=likelihood + log_size(triangle),
        score=cells.events - cells.trials * expit(score) + leverage * tilt,
        weight=weight,
        leverage=leverage,
        tilt=tilt,
        rows=q,
    )


def _straightened(columns: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """The columns times R^-1, and R, of sqrt(w) X = QR; row by row exact, however unequal the weights."""
    order = np.argsort(-weight, kind="stable")
    triangle = np.asarray(np.linalg.qr((np.sqrt(weight)[:, None] * columns)[order], mode="r"))
    return np.asarray(solve_triangular(triangle, columns.T, trans="T").T), triangle


def log_size(triangle: Floats) -> float:
    """Half the log determinant of R'R, for R (p, p) triangular."""
    return float(np.log(np.maximum(np.abs(np.diag(triangle)), TINY)).sum())
