"""The cells of the calibration: what was simulated, and the counts of many studies of it at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from mixablate.estimate import CellArrays

Floats = NDArray[np.float64]
Shape = Literal["normal", "bimodal", "skew", "t3"]
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
GRIDS = ("null", "effect", "wide", "shapes", "strata", "power")


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm: its runs, the sign of its side, its centre and run-to-run SD on the logit."""

    side: int
    runs: int
    centre: float
    sd: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a grid.

    Attributes:
        grid: the grid it belongs to.
        label: the arms in words, such as "3 v 10".
        arms: reference arms first; sides weighted equally over their arms.
        base: the reference rate at the centre of its runs.
        odds_ratio: treated over reference, at the centre.
        rollouts: per run.
        shape: the distribution of runs around the centre, on the logit.
    """

    grid: str
    label: str
    arms: tuple[Arm, ...]
    base: float
    odds_ratio: float
    rollouts: int
    shape: Shape = "normal"

    @property
    def name(self) -> str:
        """Unique among all cells."""
        sds = "/".join(f"{sd:g}" for sd in dict.fromkeys((self.arms[0].sd, self.arms[-1].sd)))
        return f"{self.grid} {self.label} base {self.base:g} OR {self.odds_ratio:g} SD {sds} {self.shape}"

    @property
    def fewest_runs(self) -> int:
        """Runs on the smaller side."""
        return min(sum(arm.runs for arm in self.arms if arm.side == side) for side in (-1, 1))

    def cell_arrays(self) -> CellArrays:
        """The runs by arm, as the package holds them."""
        counts = np.array([arm.runs for arm in self.arms])
        cell = np.repeat(np.arange(counts.size), counts)
        sides = np.array([arm.side for arm in self.arms])
        coefficients = sides / np.array([np.count_nonzero(sides == side) for side in sides])
        names = tuple(f"arm {i}" for i in range(counts.size))
        stratum = np.array([list(sides[:i]).count(side) for i, side in enumerate(sides)])
        indicator = (cell[:, None] == np.arange(counts.size)).astype(float)
        return CellArrays(np.arange(cell.size), cell, coefficients, counts.astype(float), stratum, names, indicator)

    def draw(self, studies: int, rng: np.random.Generator) -> Floats:
        """Event counts, (studies, R)."""
        columns = []
        for arm in self.arms:
            noise = deviations(self.shape, arm.sd, (studies, arm.runs), rng)
            columns.append(rng.binomial(self.rollouts, expit(arm.centre + noise)).astype(float))
        return np.hstack(columns)

    def mean_rates(self) -> Floats:
        """The true mean run rate of every arm."""
        return np.array([mean_over_runs(arm, self.shape, expit) for arm in self.arms])

    def mean_log_odds(self) -> Floats:
        """The true mean run log-odds of every arm."""
        return np.array([mean_over_runs(arm, self.shape, lambda x: x) for arm in self.arms])


def deviations(shape: Shape, sd: float, size: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Runs' deviations on the logit: SD `sd` for every shape but bimodal, where one run in five is broken (+2.5 sd)."""
    if shape == "bimodal":
        return np.where(rng.random(size) < 0.2, 2.5 * sd, 0.0) + 0.3 * sd * rng.standard_normal(size)
    if shape == "skew":
        return sd * (rng.exponential(size=size) - 1.0)
    if shape == "t3":
        return sd * rng.standard_t(3, size=size) / np.sqrt(3.0)
    return sd * rng.standard_normal(size)


def mean_over_runs(arm: Arm, shape: Shape, function: object) -> float:
    """The mean of a function of a run's logit over runs, by quadrature; for skew and t3 over fixed draws."""
    assert callable(function)
    if shape in ("skew", "t3"):
        drawn = deviations(shape, arm.sd, (1, 1_000_000), np.random.default_rng(1))
        return float(np.mean(function(arm.centre + drawn)))
    spread = 0.3 * arm.sd if shape == "bimodal" else arm.sd
    values = function(arm.centre + spread * NODES) @ WEIGHTS / WEIGHTS.sum()
    if shape == "normal":
        return float(values)
    broken = function(arm.centre + 2.5 * arm.sd + spread * NODES) @ WEIGHTS / WEIGHTS.sum()
    return float(0.8 * values + 0.2 * broken)


def two_arms(
    grid: str, runs: tuple[int, int], base: float, ratio: float, sds: tuple[float, float], rollouts: int, shape: Shape
) -> Cell:
    """Reference against treated."""
    centres = (float(logit(base)), float(logit(base) + np.log(ratio)))
    arms = tuple(Arm(side, n, c, s) for side, n, c, s in zip((-1, 1), runs, centres, sds, strict=True))
    return Cell(grid, f"{runs[0]} v {runs[1]}", arms, base, ratio, rollouts, shape)


def stratified(
    strata: int, runs: tuple[int, int], base: float, ratio: float, sds: tuple[float, float], rollouts: int
) -> Cell:
    """The same comparison in several strata whose baselines lie .6 apart on the logit, end to end."""
    shifts = 0.6 * (np.arange(strata) / (strata - 1) - 0.5)
    sides = [(-1, runs[0], 0.0, sds[0]), (1, runs[1], float(np.log(ratio)), sds[1])]
    arms = tuple(Arm(side, n, float(logit(base) + s + c), sd) for side, n, c, sd in sides for s in shifts)
    return Cell("strata", f"{strata} strata of {runs[0]} v {runs[1]}", arms, base, ratio, rollouts)


def cells_of(grid: str) -> Iterator[Cell]:
    """All cells of a grid.

    "null" and "effect" are the grids of method-evidence.md; "wide" adds more designs, spreads and effects at 300
    rollouts; "shapes" has runs that are not normal on the logit; "strata" averages over strata; "power" is a drop from
    22 % to 3 % at 300 rollouts and run SD .5, and two smaller ones.
    """
    equal = ((0.0, 0.0), (0.5, 0.5), (1.0, 1.0))
    unequal = ((0.2, 1.0), (1.0, 0.2))
    if grid == "null":
        for runs, base, sds in product(((2, 2), (3, 3), (5, 5), (10, 10), (2, 8), (10, 3)), (0.2, 0.02, 0.005), equal):
            yield two_arms(grid, runs, base, 1.0, sds, 200, "normal")
    elif grid == "effect":
        for runs, base, (ratio, sds) in product(
            ((3, 3), (5, 5), (10, 10), (3, 10)), (0.2, 0.05, 0.02), ((0.25, (0.5, 0.5)), (1.0, (0.2, 1.0)))
        ):
            yield two_arms(grid, runs, base, ratio, sds, 200, "normal")
    elif grid == "wide":
        designs = ((3, 3), (4, 4), (5, 5), (10, 10), (3, 10), (10, 3), (5, 10), (10, 5))
        for runs, base, ratio, sds in product(designs, (0.2, 0.05, 0.02), (1.0, 0.5, 0.25), equal + unequal):
            yield two_arms(grid, runs, base, ratio, sds, 300, "normal")
    elif grid == "shapes":
        shapes: tuple[Shape, ...] = ("bimodal", "skew", "t3")
        for runs, ratio, shape in product(((3, 3), (5, 5), (10, 10)), (1.0, 0.25), shapes):
            yield two_arms(grid, runs, 0.1, ratio, (1.0, 1.0), 200, shape)
    elif grid == "power":
        for runs, treated in product(((3, 3), (4, 4), (5, 5), (10, 10)), (0.03, 0.10, 0.15)):
            ratio = float(np.exp(logit(treated) - logit(0.22)))
            yield two_arms(grid, runs, 0.22, ratio, (0.5, 0.5), 300, "normal")
    else:
        layouts = ((4, (5, 5)), (4, (2, 2)), (2, (3, 3)), (2, (3, 10)), (2, (3, 2)))
        for (strata, runs), base, ratio, sds in product(layouts, (0.2, 0.05, 0.02), (1.0, 0.25), equal + unequal):
            yield stratified(strata, runs, base, ratio, sds, 300)
