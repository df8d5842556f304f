"""The wild cluster bootstrap of a contrast of cell means, null imposed (WCR), a cluster being a training run.

Cameron, Gelbach and Miller (2008, Rev. Econ. Stat. 90:414, section 3): restricted residuals, Rademacher signs, the
studentised statistic. With few runs every sign vector is enumerated. Conservative at 3 runs a side; it works for any
contrast, also where no two arms are exchangeable.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate import CellArrays, cell_moments, studentised
from mixablate.resample.randomisation import BATCH, all_signs, drawn_signs
from mixablate.resample.reference import DrawTest, compare

__all__ = ["restricted_values", "wild_test"]

Floats = NDArray[np.float64]


def wild_test(
    values: Floats, cells: CellArrays, *, draws: int, rng: np.random.Generator, boundary: float = 0.0
) -> DrawTest:
    """The contrast of `values` (R,) against its distribution when residuals around the boundary change sign at random.

    All 2^R sign vectors are enumerated where there are at most `draws`, otherwise `draws` are drawn. Half of them
    mirror the other half, so the smallest one-sided p is 1 in 2^R.
    """
    runs = values.size
    restricted = restricted_values(values, cells, boundary)
    residuals = values - restricted
    total = 2**runs if runs < 63 else np.inf
    exact = total <= draws
    drawn = []
    signs = all_signs(runs) if exact else drawn_signs(runs, draws, rng)
    for start in range(0, len(signs), BATCH):
        drawn.append(studentised(restricted + signs[start : start + BATCH] * residuals, cells, boundary))
    words = f"all {int(total):,} sign vectors" if exact else f"{draws:,} sign vectors"
    return compare(
        float(studentised(values[None, :], cells, boundary)[0]),
        np.concatenate(drawn),
        exact=exact,
        smallest=1.0 / float(total) if exact else 1.0 / (draws + 1),
        method=f"wild cluster bootstrap over {runs} runs, null imposed, {words}",
    )


def restricted_values(values: Floats, cells: CellArrays, boundary: float) -> Floats:
    """The fit of each run (R,) where the contrast of cell means is held at the boundary, by least squares.

    The cell means m - (c/n)(c'm - boundary) / sum(c^2/n).
    """
    means, _ = cell_moments(values, cells)
    share = cells.coefficients / cells.counts
    gap = float(means @ cells.coefficients) - boundary
    held = means - share * gap / float(share @ cells.coefficients)
    return np.asarray(held[cells.cell], dtype=float)
