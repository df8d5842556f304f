"""The cells of the commonest comparison, treated against reference runs, straight from their labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mixablate.estimate import CellArrays

__all__ = ["two_arms"]


def two_arms(treated: ArrayLike, strata: Sequence[object] | None = None) -> CellArrays:
    """Cells of treated minus reference runs, within strata of equal weight where there are any.

    Args:
        treated: (R,) true (1) for treated runs.
        strata: (R,) the stratum of each run: runs are compared, and exchanged, within strata only.

    Raises:
        ValueError: labels other than true and false, lists of unequal length, or a stratum without both sides.
    """
    sides = np.asarray(treated, dtype=float)
    if not np.isin(sides, (0.0, 1.0)).all():
        raise ValueError(f"treated must be true or false (1 or 0) for every run, found {sorted(set(sides.tolist()))}")
    labels = [str(label) for label in strata] if strata is not None else [""] * sides.size
    if len(labels) != sides.size:
        raise ValueError(f"strata must be as many as the runs, found {len(labels)} for {sides.size} runs")
    names, codes = np.unique(labels, return_inverse=True)
    cell = (2 * codes.ravel() + (sides == 1.0)).astype(np.intp)
    counts = np.bincount(cell, minlength=2 * names.size).astype(float)
    if not (sides.size > 0 and (counts > 0).all()):
        raise ValueError("every stratum must hold treated and reference runs")
    return CellArrays(
        rows=np.arange(sides.size),
        cell=cell,
        coefficients=np.tile([-1.0, 1.0], names.size) / names.size,
        counts=counts,
        stratum=np.repeat(np.arange(names.size), 2),
        arm_ids=tuple(f"{name}:{side}" for name in names for side in ("reference", "treated")),
        indicator=(cell[:, None] == np.arange(counts.size)[None, :]).astype(float),
    )
