"""How often the tests of a dose's shape reject a true null at 5 %, and find a rise of two run SD; prints a table.

Scores of runs at doses 0, 1, 2, 4 (departure: also 8), run SD 1. `python benchmarks/dose_shapes.py`, half a minute.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mixablate.estimate import (
    Outcome,
)
from mixablate.estimate.doses import (
    DoseRuns,
    Shape,
    departure_from_linearity,
    dose_terms,
    trend,
)
from mixablate.resample import isotonic_randomisation_test
from mixablate.study import Scale
from mixablate.tables import OutcomeKind

LEVEL = 0.95
SCORE = Outcome("score", "Score", (("score", 1.0),), OutcomeKind.SCORE, True, "in_distribution")


def runs_of(dose: np.ndarray, values: np.ndarray) -> DoseRuns:
    doses, at = np.unique(dose, return_inverse=True)
    none = np.full((dose.size, 1), math.nan)
    ids = tuple(f"r{i:03d}" for i in range(dose.size))
    one = np.zeros(dose.size, dtype=np.intp)
    return DoseRuns("d", "D", SCORE, Scale.VALUE, ids, dose, values, values, none, none, one, doses, at.ravel(), ())


def rejected(p_of: Callable[[], float | None], studies: int) -> str:
    found = [p for p in (p_of() for _ in range(studies)) if p is not None]
    return f"{100 * np.mean(np.array(found) <= 1 - LEVEL):.1f} % of {len(found):,}"


def main() -> None:
    rng = np.random.default_rng(99)

    def line(dose: np.ndarray, mean: np.ndarray, sd: np.ndarray | float = 1.0) -> float | None:
        terms = dose_terms(np.unique(dose), Shape.LINEAR)
        assert terms is not None
        return trend(runs_of(dose, mean + sd * rng.normal(size=dose.size)), terms, level=LEVEL).p_value

    def bend(dose: np.ndarray) -> float | None:
        return departure_from_linearity(runs_of(dose, dose + rng.normal(size=dose.size)), level=LEVEL).p_value

    def monotone(mean: np.ndarray) -> float:
        one = np.zeros(16, dtype=np.intp)
        values = mean + rng.normal(size=16)
        return isotonic_randomisation_test(values, at, one, draws=399, rng=rng).p_absolute

    at = np.repeat(np.arange(4), 4)
    four, three, single = np.repeat([0.0, 1, 2, 4], 4), np.repeat([0.0, 1, 2, 4], 3), np.arange(16.0)
    straight, threshold = four / 2, np.where(at >= 2, 2.0, 0.0)
    rows = {
        "trend, 4 doses x 4 runs, no effect": rejected(lambda: line(four, 0 * four), 4000),
        "the same, run SD .5, 1, 1, 2": rejected(lambda: line(four, 0 * four, np.repeat([0.5, 1, 1, 2], 4)), 4000),
        "trend, 4 doses x 3 runs, no effect": rejected(lambda: line(three, 0 * three), 4000),
        "trend, 16 doses x 1 run (HC2), no effect": rejected(lambda: line(single, 0 * single), 4000),
        "departure, 4 doses x 5 runs on a line": rejected(lambda: bend(np.repeat([0.0, 1, 2, 4], 5)), 2000),
        "departure, 5 doses x 5 runs on a line": rejected(lambda: bend(np.repeat([0.0, 1, 2, 4, 8], 5)), 2000),
        "monotone, 4 x 4, no effect": rejected(lambda: monotone(0 * four), 2000),
        "trend, 4 x 4, straight rise of 2 SD": rejected(lambda: line(four, straight), 1000),
        "monotone, 4 x 4, straight rise of 2 SD": rejected(lambda: monotone(straight), 1000),
        "trend, 4 x 4, threshold of 2 SD": rejected(lambda: line(four, threshold), 1000),
        "monotone, 4 x 4, threshold of 2 SD": rejected(lambda: monotone(threshold), 1000),
    }
    for what, share in rows.items():
        print(f"| {what} | {share} |")


if __name__ == "__main__":
    main()
