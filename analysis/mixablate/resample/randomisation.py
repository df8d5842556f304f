"""Exact randomisation: the runs of a stratum are exchanged between its arms, as the assignment could have been.

Valid for the sharp null that the contrast's treatment changed no run of a stratum (after the boundary is taken off).
The statistic is studentised, so the test keeps its level approximately when only the means are equal (Janssen 1997;
Chung and Romano 2013). It needs no model of the outcome.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from mixablate.estimate import CellArrays, studentised
from mixablate.resample.reference import DrawTest, compare

__all__ = ["assignments", "exchangeable", "randomisation_test", "sign_flip_test"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
BATCH = 4096  # rows a batch: 4096 x 40 runs of float64 stay in a second-level cache


def exchangeable(cells: CellArrays) -> bool:
    """Whether every stratum holds exactly one treated and one reference arm, so that its runs can be exchanged."""
    if (cells.stratum < 0).any():
        return False
    for stratum in np.unique(cells.stratum):
        signs = np.sign(cells.coefficients[cells.stratum == stratum])
        if sorted(signs.tolist()) != [-1.0, 1.0]:
            return False
    return True


def assignments(cells: CellArrays) -> int:
    """How many assignments of runs to arms within strata there are."""
    count = 1
    for stratum in np.unique(cells.stratum):
        sizes = cells.counts[cells.stratum == stratum].astype(int)
        count *= math.comb(int(sizes.sum()), int(sizes[0]))
    return count


def randomisation_test(
    values: Floats, cells: CellArrays, *, draws: int, rng: np.random.Generator, boundary: float = 0.0
) -> DrawTest:
    """The contrast of `values` (R,) against its distribution over assignments within strata.

    `boundary` is the effect supposed under the null: it is taken off the treated runs first. All assignments are
    enumerated where there are at most `draws` of them, otherwise `draws` are drawn.

    Raises:
        ValueError: a stratum is not one treated against one reference arm.
    """
    if not exchangeable(cells):
        raise ValueError("every stratum must hold one treated and one reference arm")
    shifted = values - boundary * (cells.coefficients[cells.cell] > 0)
    observed = float(studentised(shifted[None, :], cells)[0])
    total = assignments(cells)
    exact = total <= draws
    batches = _enumerated(shifted, cells) if exact else _drawn(shifted, cells, draws, rng)
    drawn = np.concatenate([studentised(batch, cells) for batch in batches])
    words = f"all {total:,} assignments" if exact else f"{draws:,} of {total:.3g} assignments"
    smallest = 1.0 / total if exact else 1.0 / (draws + 1)
    method = f"exact randomisation within {len(np.unique(cells.stratum))} strata, {words}, studentised"
    return compare(observed, drawn, exact=exact, smallest=smallest, method=method)


def sign_flip_test(differences: Floats, *, draws: int, rng: np.random.Generator, boundary: float = 0.0) -> DrawTest:
    """Paired runs: the sides are exchanged within pairs, which flips the sign of each pair's difference."""
    centred = differences - boundary
    pairs = centred.size
    total = 2**pairs
    exact = total <= draws
    signs = all_signs(pairs) if exact else drawn_signs(pairs, draws, rng)
    words = f"all {total:,} exchanges" if exact else f"{draws:,} of {total:.3g} exchanges"
    return compare(
        _paired_t(centred[None, :])[0],
        _paired_t(signs * centred),
        exact=exact,
        smallest=1.0 / total if exact else 1.0 / (draws + 1),
        method=f"exact randomisation within {pairs} pairs, {words}",
    )


def all_signs(count: int) -> Floats:
    """All 2^count vectors of -1 and 1, the first all ones; shape (2^count, count)."""
    codes = np.arange(2**count)[:, None]
    return np.asarray(1.0 - 2.0 * ((codes >> np.arange(count)[None, :]) & 1), dtype=float)


def drawn_signs(count: int, draws: int, rng: np.random.Generator) -> Floats:
    """Random vectors of -1 and 1 (Rademacher); shape (draws, count)."""
    return np.where(rng.random((draws, count)) < 0.5, -1.0, 1.0)


def _paired_t(differences: Floats) -> Floats:
    mean = differences.mean(axis=1)
    error = differences.std(axis=1, ddof=1) / math.sqrt(differences.shape[1])
    tiny = 1e-12 * max(1.0, float(np.abs(differences).max(initial=0.0)))
    flat = np.where(np.abs(mean) <= tiny, 0.0, np.copysign(np.inf, mean))
    return np.where(error > tiny, mean / np.where(error > tiny, error, 1.0), flat)


def _strata(cells: CellArrays) -> Iterator[tuple[Ints, int]]:
    """Run positions of each stratum, the first `n` of its first arm's size belonging to that arm."""
    for stratum in np.unique(cells.stratum):
        first, second = np.flatnonzero(cells.stratum == stratum)
        yield (
            np.concatenate([np.flatnonzero(cells.cell == first), np.flatnonzero(cells.cell == second)]),
            int(cells.counts[first]),
        )


def _enumerated(values: Floats, cells: CellArrays) -> Iterator[Floats]:
    choices = []
    for members, size in _strata(cells):
        orders = []
        for chosen in combinations(range(members.size), size):
            rest = [i for i in range(members.size) if i not in chosen]
            orders.append(members[[*chosen, *rest]])
        choices.append((members, orders))
    batch: list[Floats] = []
    for picked in product(*(orders for _, orders in choices)):
        row = values.copy()
        for (members, _), order in zip(choices, picked, strict=True):
            row[members] = values[order]
        batch.append(row)
        if len(batch) == BATCH:
            yield np.array(batch)
            batch = []
    if batch:
        yield np.array(batch)


def _drawn(values: Floats, cells: CellArrays, draws: int, rng: np.random.Generator) -> Iterator[Floats]:
    strata = list(_strata(cells))
    for start in range(0, draws, BATCH):
        count = min(BATCH, draws - start)
        keys = rng.random((count, values.size))
        batch = np.empty((count, values.size))
        for members, _ in strata:
            batch[:, members] = values[members][np.argsort(keys[:, members], axis=1)]
        yield batch
