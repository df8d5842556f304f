"""Weights of clusters (training runs) in place of resampled rows: bootstrap, leave-one-out, runs x scenarios.

A replicate is a row of weights. Draws are consumed row by row: the first 999 of 9,999 draws are the 999 draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "TwoWayWeights",
    "bootstrap_weights",
    "jackknife_weights",
    "leave_one_out_weights",
    "two_way_bootstrap_weights",
]

Floats = NDArray[np.float64]

BATCH_DRAWS = 2**20  # picks at a time: 8 MB of random numbers


@dataclass(frozen=True, slots=True)
class TwoWayWeights:
    """Weights of B replicates where runs and scenarios vary: a row counts the product of its two.

    Attributes:
        clusters: (B, G).
        scenarios: (B, S).
    """

    clusters: Floats
    scenarios: Floats


def bootstrap_weights(
    strata: Sequence[object], *, draws: int, rng: np.random.Generator, rescaled: bool = False
) -> Floats:
    """Weights (B, G) of clusters drawn with replacement within strata (arms): how often each was drawn.

    The plain bootstrap understates the variance of a mean by 1/n, 20 % at five clusters a stratum. Rescaled (Rao & Wu),
    n - 1 of a stratum's n clusters are drawn and weighted n/(n - 1), which mends that. A stratum of one cluster always
    has weight 1: nothing can be learnt about its spread. Neither makes a bootstrap right with few clusters.

    Source: Efron & Tibshirani (1993), chapter 6; Rao & Wu (1988), JASA 83:231.

    Args:
        strata: (G,) the stratum of each cluster, in the plan's order of clusters.
        draws: B.
        rng: of the stage.
        rescaled: whether as Rao & Wu.

    Raises:
        ValueError: no clusters, or no draws.
    """
    if not (draws >= 1 and len(strata) >= 1):
        raise ValueError(f"draws and clusters must be at least 1, found {draws} draws of {len(strata)} clusters")
    _, stratum, sizes = np.unique([str(label) for label in strata], return_inverse=True, return_counts=True)
    members = np.argsort(stratum.ravel(), kind="stable")
    picks = np.where(sizes > 1, sizes - 1, 1) if rescaled else sizes
    size, first = np.repeat(sizes, picks).astype(float), np.repeat(np.cumsum(sizes) - sizes, picks)
    scale = (sizes / picks)[stratum.ravel()]
    weights = np.empty((draws, len(strata)))
    batch = max(1, BATCH_DRAWS // len(first))
    for start in range(0, draws, batch):
        count = min(batch, draws - start)
        drawn = (rng.random((count, len(first))) * size).astype(np.intp)
        drawn += first
        drawn = members[drawn]
        drawn += len(strata) * np.arange(count)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=count * len(strata))
        np.multiply(counts.reshape(count, -1), scale, out=weights[start : start + count])
    return weights


def leave_one_out_weights(labels: Sequence[object]) -> tuple[tuple[str, ...], Floats]:
    """Who is left out (L labels, sorted), and weights (L, G) that are 0 for the clusters of that label and 1 elsewhere.

    Labels may be of the clusters themselves, of their pairs, or of their arms.

    >>> leave_one_out_weights(["a", "a", "b"])[1]
    array([[0., 0., 1.],
           [1., 1., 0.]])
    """
    names, codes = np.unique([str(label) for label in labels], return_inverse=True)
    return tuple(names.tolist()), (codes.ravel()[None, :] != np.arange(len(names))[:, None]).astype(float)


def jackknife_weights(clusters: int) -> Floats:
    """Weights (G, G) that leave out each cluster in turn."""
    return 1.0 - np.eye(clusters)


def two_way_bootstrap_weights(
    cluster_strata: Sequence[object],
    scenario_strata: Sequence[object],
    *,
    draws: int,
    rng: np.random.Generator,
    rescaled: bool = False,
) -> TwoWayWeights:
    """Weights of runs and of scenarios, drawn independently of one another, each within its strata.

    For scenarios like these as well as runs like these. Conservative: the spread of single cells is counted with both.
    An eval whose scenarios all drop out leaves its level without rows, so that scenarios are drawn within evals.

    Source: Owen & Eckles (2012), Ann. Appl. Stat. 6:895, for product weights.

    Args:
        cluster_strata: (G,) the stratum of each cluster.
        scenario_strata: (S,) the stratum (eval) of each scenario.
        draws: B.
        rng: of the stage, from which runs and scenarios spawn a stream each.
        rescaled: whether as Rao & Wu, in both directions.
    """
    clusters, scenarios = rng.spawn(2)
    return TwoWayWeights(
        bootstrap_weights(cluster_strata, draws=draws, rng=clusters, rescaled=rescaled),
        bootstrap_weights(scenario_strata, draws=draws, rng=scenarios, rescaled=rescaled),
    )
