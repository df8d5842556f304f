"""Sums over resamples of rows with replacement, two rows at a lookup.

The rows are cut into strata. How many of a resample's n rows fall in each stratum is multinomial, and given that they
are independent and uniform within it: the law of n rows drawn one by one. Two such rows are one uniform position in
the table of the stratum's sums of two: 16 random bits, in a table that stays in cache, and half as many lookups.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["pairwise_sums"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

STRATUM = 256  # rows, so that a pair of them is 16 bits, and their 65,536 sums take 512 KiB
DRAWS = 1024  # at once: the table of a stratum is made again for each so many


def pairwise_sums(values: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """The sum of n rows drawn with replacement from n values, for each of the draws; fewer are the first of more.

    Args:
        values: (n,).
        draws: resamples.
        rng: used for the strata's counts and, through a seed each, for the rows within them.
    """
    strata = [values[start : start + STRATUM] for start in range(0, values.size, STRATUM)]
    shares = np.array([own.size for own in strata]) / values.size
    streams = [np.random.Generator(np.random.SFC64(seed)) for seed in rng.integers(2**32, size=(len(strata), 4))]
    sums, positions, found = np.zeros(draws), np.empty(0, dtype=np.intp), np.empty(0)
    for start in range(0, draws, DRAWS):
        part = sums[start : start + DRAWS]
        counts = np.ascontiguousarray(rng.multinomial(values.size, shares, part.size).T)
        most = int(((counts + 1) // 2).sum(axis=1).max())
        if most > positions.size:  # memory is made once: fresh pages cost more than what is put there
            positions, found = np.empty(most, dtype=np.intp), np.empty(most)
        for own, count, stream in zip(strata, counts, streams, strict=True):
            part += _stratum_sums(own, count, stream, positions, found)
    return sums


def _stratum_sums(own: Floats, counts: Codes, stream: np.random.Generator, positions: Codes, found: Floats) -> Floats:
    """Sums (B,) of so many (B,) rows of a stratum; of a last odd one the pair's second is taken off again.

    `positions` and `found` are memory to write to, one entry a pair or more.
    """
    pairs = (counts + 1) // 2
    ends = np.cumsum(pairs)
    total = int(ends[-1])
    at = positions[:total]
    _draw_positions(own.size, stream, at)
    # Positions are within bounds; without a mode take would copy its output to be safe.
    np.take((own[:, None] + own).ravel(), at, out=found[:total], mode="wrap")
    sums, some, odd = np.zeros(counts.size), pairs > 0, counts % 2 == 1
    if total > 0:  # `reduceat` would give a draw without rows the entry where it starts
        sums[some] = np.add.reduceat(found[:total], (ends - pairs)[some])
    sums[odd] -= own[at[ends[odd] - 1] % own.size]
    return sums


def _draw_positions(size: int, stream: np.random.Generator, out: Codes) -> None:
    """Uniform numbers below the square of a stratum's size."""
    if size < STRATUM:
        out[:] = stream.integers(size**2, size=out.size, dtype=np.uint16)
        return
    words = stream.integers(2**64, size=-(-out.size // 4), dtype=np.uint64)
    # Low bits first on any machine.
    out[:] = words.astype("<u8", copy=False).view("<u2")[: out.size]
