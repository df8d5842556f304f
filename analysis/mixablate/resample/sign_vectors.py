"""What multiplies the residuals of a cluster in a wild bootstrap: signs, enumerated or drawn, or Webb's weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mixablate.resample.randomisation import BATCH, drawn_signs

__all__ = ["SignWeights", "sign_vectors"]

Floats = NDArray[np.float64]

ELEMENTS = 40_960  # of a drawn batch: 320 KiB, so that signs and scores stay in a second-level cache
WEBB = np.array([-math.sqrt(1.5), -1.0, -math.sqrt(0.5), math.sqrt(0.5), 1.0, math.sqrt(1.5)])


class SignWeights(StrEnum):
    """Rademacher's -1 and 1, enumerated where 2^G allows; or Webb's six points, always drawn.

    Webb's are made for fewer than ten clusters, where 2^G sign vectors give few distinct p-values, but exceed the level
    there: 7.7 % against Rademacher's 4.7 % at 3 runs against 3 (nominal 5 %).
    """

    RADEMACHER = "Rademacher"
    WEBB = "Webb"


def sign_vectors(
    clusters: int, *, draws: int, rng: np.random.Generator, weights: SignWeights = SignWeights.RADEMACHER
) -> tuple[bool, Iterator[Floats]]:
    """Whether the signs are enumerated, and batches (B, G) of them.

    Enumerated, where 2^G is at most `draws`, is the half of the vectors whose last sign is positive, all ones first:
    the others mirror them, and so do their statistics. Otherwise `draws` vectors are drawn.

    Source: Webb (2014), QED working paper 1315.
    """
    if weights is SignWeights.RADEMACHER and clusters < 63 and 2**clusters <= draws:
        return True, _half_of_all(clusters)
    return False, _drawn(clusters, weights, draws, rng)


def _half_of_all(clusters: int) -> Iterator[Floats]:
    half = 2 ** (clusters - 1)
    for start in range(0, half, BATCH):
        codes = np.arange(start, min(start + BATCH, half))[:, None]
        yield np.asarray(1.0 - 2.0 * ((codes >> np.arange(clusters)[None, :]) & 1), dtype=float)


def _drawn(clusters: int, weights: SignWeights, draws: int, rng: np.random.Generator) -> Iterator[Floats]:
    size = max(1, ELEMENTS // clusters)
    for start in range(0, draws, size):
        count = min(size, draws - start)
        if weights is SignWeights.WEBB:
            yield WEBB[(rng.random((count, clusters)) * WEBB.size).astype(np.intp)]
        else:
            yield drawn_signs(clusters, count, rng)
