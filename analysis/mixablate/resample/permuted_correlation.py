"""Is a correlation there at all? One side is shuffled among the units of a stratum."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mixablate.resample.reference import DrawTest, compare

__all__ = ["permuted_correlation_test"]

Floats = NDArray[np.float64]
BATCH = 2048


def permuted_correlation_test(
    left: Floats, right: Floats, strata: NDArray[np.intp], *, draws: int, rng: np.random.Generator
) -> DrawTest:
    """The correlation of two residuals against its distribution when one is shuffled within strata.

    Exact for independent units without columns held constant; with them approximate, since residuals stand in for what
    would be exchanged (Freedman & Lane 1983, JBES 1, 292-298).

    Args:
        left: (n,) of mean zero within strata.
        right: (n,) likewise.
        strata: (n,) codes.
        draws: Monte Carlo draws.
        rng: of the stage.
    """
    size = float(np.linalg.norm(left) * np.linalg.norm(right))
    drawn = np.empty(draws)
    members = [np.flatnonzero(strata == code) for code in np.unique(strata)]
    for start in range(0, draws, BATCH):
        count = min(BATCH, draws - start)
        shuffled = np.tile(right, (count, 1))
        for places in members:
            order = np.argsort(rng.random((count, places.size)), axis=1)
            shuffled[:, places] = right[places][order]
        drawn[start : start + count] = shuffled @ left / size
    orders = math.prod(math.factorial(min(places.size, 20)) for places in members)
    return compare(
        float(left @ right) / size,
        drawn,
        exact=False,
        smallest=max(1.0 / (draws + 1), 1.0 / orders),
        method=f"{draws:,} shuffles of one side among {left.size} units",
    )
