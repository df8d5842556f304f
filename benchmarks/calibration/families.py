"""Family-wise error of Holm, Hochberg and step-down max-T, false discoveries of BH and BY, over correlated evals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtr

from calibration.cells import two_arms
from calibration.intervals import ALPHA, contrast
from mixablate.claims import benjamini_hochberg, benjamini_yekutieli, hochberg, holm
from mixablate.estimate import CellArrays
from mixablate.resample import JointMember, Side, joint_wild, stage_rng, step_down_max_t

Floats = NDArray[np.float64]
ROLLOUTS = 300
RUN_SD = 0.5
EFFECT = -1.5  # on the logit, of the evals that have one
RULES: tuple[tuple[str, Callable[[Sequence[float]], tuple[float, ...]]], ...] = (
    ("holm", holm),
    ("hochberg", hochberg),
    ("benjamini_hochberg", benjamini_hochberg),
    ("benjamini_yekutieli", benjamini_yekutieli),
)


@dataclass(frozen=True, slots=True)
class Family:
    """Evals of the same runs: some with an effect, the others without; runs' deviations correlate over evals."""

    runs: int
    evals: int
    effective: int
    correlation: float

    def draw(self, rng: np.random.Generator) -> Floats:
        """Per-run log-odds of one study, (2 x runs, evals)."""
        size = (2 * self.runs, self.evals)
        shared = np.sqrt(self.correlation) * rng.standard_normal((size[0], 1))
        own = np.sqrt(1 - self.correlation) * rng.standard_normal(size)
        effect = np.where(np.arange(self.evals) < self.effective, EFFECT, 0.0)
        treated = np.repeat([0.0, 1.0], self.runs)[:, None]
        counts = rng.binomial(ROLLOUTS, expit(logit(0.2) + RUN_SD * (shared + own) + treated * effect))
        return np.log((counts + 0.5) / (ROLLOUTS - counts + 0.5))


def families() -> Iterator[Family]:
    """Five evals without effect, and ten of which half have one; 3, 5 and 10 runs an arm; correlation 0, .5 and .9."""
    for runs, (evals, effective), correlation in product((3, 5, 10), ((5, 0), (10, 5)), (0.0, 0.5, 0.9)):
        yield Family(runs, evals, effective, correlation)


def family_result(family: Family, studies: int, seed: int) -> dict[str, Any]:
    """Per rule: studies with a false rejection, mean share of false ones among the rejected, share of effects found."""
    label = f"{family.runs} v {family.runs}, {family.evals} evals, {family.effective} effective"
    label += f", correlation {family.correlation:g}"
    rng = stage_rng(seed, "family", label)
    cells = two_arms("family", (family.runs, family.runs), 0.2, 1.0, (0.5, 0.5), ROLLOUTS, "normal").cell_arrays()
    counted: dict[str, list[tuple[bool, float, float]]] = {}
    for _ in range(studies):
        values = family.draw(rng)
        for rule, p_values in adjusted(values, cells, rng):
            counted.setdefault(rule, []).append(errors(np.asarray(p_values) <= ALPHA, family.effective))
    found = {rule: np.mean(np.array(rows, dtype=float), axis=0).round(4).tolist() for rule, rows in counted.items()}
    names = ("family_wise_error", "false_discovery_rate", "power")
    return {"family": label, "rules": {rule: dict(zip(names, row, strict=True)) for rule, row in found.items()}}


def adjusted(values: Floats, cells: CellArrays, rng: np.random.Generator) -> Iterator[tuple[str, Sequence[float]]]:
    """Two-sided adjusted p-values of every rule; max-T is the claims' rule, never below Welch's own p."""
    estimate, error, df = contrast(values.T, cells)
    p_values = (2 * stdtr(df, -np.abs(estimate) / error)).tolist()
    for rule, adjust in RULES:
        yield rule, adjust(p_values)
    run_ids = tuple(f"run {i:02d}" for i in range(len(values)))
    members = [JointMember(run_ids, column, cells, 0.0, Side.EITHER) for column in values.T]
    joint = step_down_max_t(joint_wild(members, draws=1023, rng=rng))
    yield "max_t", np.maximum(joint, p_values).tolist()


def errors(rejected: NDArray[np.bool_], effective: int) -> tuple[bool, float, float]:
    """Whether one was false, the share that was, and the share of the effects found (0 without any)."""
    false = int(rejected[effective:].sum())
    found = float(rejected[:effective].mean()) if effective else 0.0
    return false > 0, false / max(1, int(rejected.sum())), found
