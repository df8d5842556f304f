"""By what factor a dose read on a straight line in its log is off, at most, on a drop that levels off: d / (1 + d).

python benchmarks/straight_in_log_dose.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

__all__ = ["largest_factor"]

LOGS = np.linspace(-8.0, 8.0, 801)  # of the lower dose, in units of the dose that brings half of all there is
SHARES = np.linspace(0.005, 0.995, 199)  # of the way to the upper dose, on the log


def largest_factor(apart: float) -> float:
    """Of dose told to true dose at the same drop, or the reverse, over neighbours so many times apart.

    >>> round(largest_factor(3.0), 2)
    1.16
    """
    step = np.log(apart)
    low, high = LOGS[:, None], LOGS[:, None] + step
    true = low + SHARES * step
    told = low + step * (_drop(true) - _drop(low)) / (_drop(high) - _drop(low))
    return float(np.exp(np.abs(told - true).max()))


def _drop(log_dose: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(expit(log_dose))


def main() -> None:
    """Print a row for each distance between doses."""
    for apart in (2.0, 3.0, 10.0, 30.0):
        print(f"{apart:g} times apart: a factor of at most {largest_factor(apart):.2f}")


if __name__ == "__main__":
    main()
