"""A test statistic against its reference distribution of draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DrawTest", "compare"]

Floats = NDArray[np.float64]
TIE = 1e-9  # statistics that agree to this relative precision are ties: permuted sums differ in the last bits


@dataclass(frozen=True, slots=True)
class DrawTest:
    """A test by draws, at one boundary.

    Attributes:
        method: in words, with the number of draws.
        p_below, p_above: one-sided p of "not below" and "not above" the boundary: small where the effect is clearly
            below (above) it.
        smallest: the smallest one-sided p these runs can give.
        exact: every assignment or sign vector was enumerated.
        draws: how many were compared.
    """

    method: str
    p_below: float
    p_above: float
    smallest: float
    exact: bool
    draws: int

    @property
    def p_two_sided(self) -> float:
        """Twice the smaller one-sided p, at most 1."""
        return min(1.0, 2.0 * min(self.p_below, self.p_above))


def compare(observed: float, drawn: Floats, *, exact: bool, smallest: float, method: str) -> DrawTest:
    """p-values by counting draws at least as extreme, ties included.

    Enumerated draws contain the observed assignment itself; Monte Carlo draws do not, and it is added to both counts
    (Davison and Hinkley 1997, eq. 4.11), so that p is never zero.
    """
    slack = TIE * max(1.0, abs(observed)) if np.isfinite(observed) else 0.0
    below = int(np.count_nonzero(drawn <= observed + slack))
    above = int(np.count_nonzero(drawn >= observed - slack))
    extra, total = (0, drawn.size) if exact else (1, drawn.size + 1)
    return DrawTest(method, (below + extra) / total, (above + extra) / total, smallest, exact, drawn.size)
