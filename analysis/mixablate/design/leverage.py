"""How much single runs carry: hat values of the main-effects model."""

from __future__ import annotations

import numpy as np

from mixablate.design.arms import Design
from mixablate.design.matrix import model_matrix

__all__ = ["HIGH_LEVERAGE", "run_leverage"]

HIGH_LEVERAGE = 0.5  # above it one run decides more than half of its own fitted value
RANK_TOLERANCE = 1e-9  # of the largest singular value; levels are given to six digits or so


def run_leverage(design: Design) -> dict[str, float]:
    """Arm id -> the hat value of one of its runs in the model of main effects (and blocks) over all known runs.

    The diagonal of X (X'X)^- X' with a row a run, so it lies between 1/n and 1, sums to the rank over runs, and is 1
    where a run is fitted exactly whatever it gives. Aliased columns count once (Moore-Penrose inverse).
    """
    matrix = model_matrix(design)
    runs = np.array([len(design.arm(a).run_ids) for a in matrix.arm_ids], dtype=float)
    if not runs.size or not runs.sum():
        return {}
    u, sizes, _ = np.linalg.svd(np.sqrt(runs)[:, None] * matrix.rows, full_matrices=False)
    kept = u[:, sizes > RANK_TOLERANCE * sizes[0]]
    hat = (kept**2).sum(axis=1) / np.maximum(runs, 1.0)
    return {arm_id: float(min(h, 1.0)) for arm_id, h in zip(matrix.arm_ids, hat, strict=True)}
