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
        observed: the statistic.
        p_absolute: two-sided by the statistic's absolute value: the share of draws at least as far from 0.
        tied, tied_absolute: the share of draws that tie with the statistic, and with its absolute value.
    """

    method: str
    p_below: float
    p_above: float
    smallest: float
    exact: bool
    draws: int
    observed: float
    p_absolute: float
    tied: float
    tied_absolute: float

    @property
    def p_two_sided(self) -> float:
        """Twice the smaller one-sided p, at most 1 ("equal-tail")."""
        return min(1.0, 2.0 * min(self.p_below, self.p_above))

    @property
    def p_absolute_beyond(self) -> float:
        """The share of draws strictly further from 0: p without its ties, too small by them and never a p-value."""
        return max(0.0, self.p_absolute - self.tied_absolute)

    @property
    def mid_p_below(self) -> float:
        """`p_below` with half its ties; see `mid_p_absolute`."""
        return self.p_below - self.tied / 2.0

    @property
    def mid_p_above(self) -> float:
        """`p_above` with half its ties; see `mid_p_absolute`."""
        return self.p_above - self.tied / 2.0

    @property
    def mid_p_absolute(self) -> float:
        """`p_absolute` with half its ties (Lancaster 1961, JASA 56:223): right on average over a null's draws only.

        It does not keep its level: at 3 runs against 3 the mid-p of a randomisation test rejected 9.4 % of true nulls
        at 5 %, at 5 against 5 4.6 %. It decides nothing here.
        """
        return self.p_absolute - self.tied_absolute / 2.0

    @property
    def smallest_two_sided(self) -> float:
        """The smallest two-sided p these runs can give: .10 at 3 runs against 3, .029 at 4, .008 at 5."""
        return min(1.0, 2.0 * self.smallest)

    def abstention(self, alpha: float) -> str:
        """Why the test says nothing at a two-sided level: no data of this design could reach it. Empty where it can."""
        if self.smallest_two_sided <= alpha:
            return ""
        return (
            f"abstains: the smallest two-sided p these runs can give is {self.smallest_two_sided:.3g}, above {alpha:g}"
        )


def compare(observed: float, drawn: Floats, *, exact: bool, smallest: float, method: str) -> DrawTest:
    """p-values by counting draws at least as extreme, ties included.

    Enumerated draws contain the observed assignment itself; Monte Carlo draws do not, and it is added to both counts
    (Davison and Hinkley 1997, eq. 4.11), so that p is never zero.
    """
    slack = TIE * max(1.0, abs(observed)) if np.isfinite(observed) else 0.0
    below = int(np.count_nonzero(drawn <= observed + slack))
    above = int(np.count_nonzero(drawn >= observed - slack))
    size, distance = np.abs(drawn), abs(observed)
    absolute = int(np.count_nonzero(size >= distance - slack))
    beyond = int(np.count_nonzero(size > distance + slack))
    extra, total = (0, drawn.size) if exact else (1, drawn.size + 1)
    return DrawTest(
        method=method,
        p_below=(below + extra) / total,
        p_above=(above + extra) / total,
        smallest=smallest,
        exact=exact,
        draws=drawn.size,
        observed=observed,
        p_absolute=(absolute + extra) / total,
        tied=(below + above - drawn.size + extra) / total,
        tied_absolute=(absolute - beyond + extra) / total,
    )
