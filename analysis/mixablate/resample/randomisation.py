"""Exact randomisation: the runs of a stratum are exchanged between its arms, as the assignment could have been.

Valid for the sharp null that the contrast's treatment changed no run of a stratum (after the boundary is taken off).
The statistic is studentised, so the test keeps its level approximately when only the means are equal (Janssen 1997;
Chung and Romano 2013). It needs no model of the outcome.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain, combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixablate.errors import counted
from mixablate.estimate import CellArrays, studentised
from mixablate.resample.reference import DrawTest, compare

__all__ = [
    "all_signs",
    "assignment_orders",
    "assignments",
    "drawn_signs",
    "exchangeable",
    "listed_randomisation_test",
    "randomisation_test",
    "randomisation_words",
    "sign_flip_test",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
SIGN_BIT, ONE = np.array([-0.0, 1.0]).view(np.uint64)
WRITTEN_OUT = 10**7  # larger numbers of assignments are rounded in words
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
    exact, orders = assignment_orders(cells, draws=draws, rng=rng)
    drawn = np.concatenate([studentised(shifted[order], cells) for order in orders])
    smallest = 1.0 / total if exact else 1.0 / (draws + 1)
    within = counted(len(np.unique(cells.stratum)), "stratum", "strata")
    method = f"{randomisation_words(within, 'assignments', total, draws)}, studentised"
    return compare(observed, drawn, exact=exact, smallest=smallest, method=method)


def listed_randomisation_test(
    values: Floats, cells: CellArrays, admissible: ArrayLike, *, boundary: float = 0.0
) -> DrawTest:
    """The contrast of `values` (R,) against its distribution over a list of the assignments that were possible.

    For assignments restricted in ways that strata cannot say (balanced by hand, drawn again until balanced): only what
    could have been drawn, each with the same chance, may be compared. Wrong if the list is made after looking.

    Args:
        values: (R,) of the runs.
        cells: as they were assigned.
        admissible: (A, R) the cell of every run in each admissible assignment, the actual one among them, once each.
        boundary: the effect supposed under the null, taken off the treated runs first.

    Raises:
        ValueError: a list of another shape, an assignment listed twice, one with fewer than two runs in a cell, or a
            list without the actual assignment.
    """
    listed = np.asarray(admissible)
    _check_listed(listed, cells)
    shifted = values - boundary * (cells.coefficients[cells.cell] > 0)
    drawn = np.empty(len(listed))
    for start in range(0, len(listed), BATCH):
        member = listed[start : start + BATCH, :, None] == np.arange(cells.counts.size)
        drawn[start : start + BATCH] = _relabelled(shifted, member.astype(float), cells.coefficients)
    return compare(
        float(studentised(shifted[None, :], cells)[0]),
        drawn,
        exact=True,
        smallest=1.0 / len(listed),
        method=f"exact randomisation over {len(listed):,} admissible assignments, studentised",
    )


def sign_flip_test(differences: Floats, *, draws: int, rng: np.random.Generator, boundary: float = 0.0) -> DrawTest:
    """Paired runs: the sides are exchanged within pairs, which flips the sign of each pair's difference."""
    centred = differences - boundary
    pairs = centred.size
    total = 2**pairs
    exact = total <= draws
    signs = all_signs(pairs) if exact else drawn_signs(pairs, draws, rng)
    return compare(
        _paired_t(centred[None, :])[0],
        _paired_t(signs * centred),
        exact=exact,
        smallest=1.0 / total if exact else 1.0 / (draws + 1),
        method=randomisation_words(counted(pairs, "pair"), "exchanges", total, draws),
    )


def randomisation_words(within: str, things: str, total: int, draws: int) -> str:
    """How many of all assignments (or exchanges) a test looked at; only one of all is called exact.

    >>> randomisation_words("1 stratum", "assignments", 252, 9_999)
    'exact randomisation within 1 stratum, all 252 assignments'
    >>> randomisation_words("4 strata", "assignments", 4_034_567_890, 9_999)
    'randomisation within 4 strata, 9,999 of 4.03e9 assignments'
    """
    exact, looked = ("exact ", f"all {total:,}") if total <= draws else ("", f"{draws:,} of {_count_words(total)}")
    return f"{exact}randomisation within {within}, {looked} {things}"


def _count_words(total: int) -> str:
    if total < WRITTEN_OUT:
        return f"{total:,}"
    if total >= 10**300:
        return "more than 1e300"
    digits, power = f"{total:.2e}".split("e+")
    return f"{digits}e{int(power)}"


def all_signs(count: int) -> Floats:
    """All 2^count vectors of -1 and 1, the first all ones; shape (2^count, count)."""
    codes = np.arange(2**count)[:, None]
    return np.asarray(1.0 - 2.0 * ((codes >> np.arange(count)[None, :]) & 1), dtype=float)


def drawn_signs(count: int, draws: int, rng: np.random.Generator) -> Floats:
    """Random vectors of -1 and 1 (Rademacher); shape (draws, count).

    A vector is the first `count` bits of as many 64-bit numbers as it needs, each put before the bits of 1.0.
    """
    words = rng.integers(2**64, size=(draws, -(-count // 64), 1), dtype=np.uint64)
    bits = np.left_shift(words, np.arange(min(count, 64), dtype=np.uint64))
    bits &= SIGN_BIT
    bits |= ONE
    return np.asarray(bits.view(np.float64).reshape(draws, -1)[:, :count], dtype=float)


def _check_listed(listed: NDArray[np.generic], cells: CellArrays) -> None:
    number = cells.counts.size
    known = np.isin(listed, np.arange(number)).all()
    if not (listed.ndim == 2 and listed.shape[1] == cells.cell.size and known):
        raise ValueError(
            f"admissible must give one of {number} cells (0 to {number - 1}) for each of {cells.cell.size} runs, found "
            f"an array of {listed.shape}"
        )
    if len(np.unique(listed, axis=0)) != len(listed):
        raise ValueError("an admissible assignment is listed more than once")
    if not (listed == cells.cell).all(axis=1).any():
        raise ValueError("the actual assignment is not among the admissible ones")
    if min(int((listed == cell).sum(axis=1).min()) for cell in range(number)) < 2:
        raise ValueError("every admissible assignment needs at least two runs in every cell")


def _relabelled(values: Floats, member: Floats, coefficients: Floats) -> Floats:
    """The studentised contrast of fixed values (R,) under assignments (A, R, C) of 0 and 1."""
    counts = member.sum(axis=1)
    means = np.einsum("r,arc->ac", values, member) / counts
    deviations = values[None, :] - np.einsum("ac,arc->ar", means, member)
    variances = np.einsum("ar,arc->ac", deviations**2, member) / (counts * (counts - 1.0))
    return ratio_to_error(means @ coefficients, np.sqrt(variances @ coefficients**2), np.abs(values).max(initial=0.0))


def ratio_to_error(gap: Floats, error: Floats, size: float) -> Floats:
    """Gap over error; where the values (of this size) have no spread, minus or plus infinity, or 0 at no gap."""
    tiny = 1e-12 * max(1.0, size)
    flat = np.where(np.abs(gap) <= tiny, 0.0, np.copysign(np.inf, gap))
    return np.where(error > tiny, gap / np.where(error > tiny, error, 1.0), flat)


def _paired_t(differences: Floats) -> Floats:
    mean = differences.mean(axis=1)
    error = differences.std(axis=1, ddof=1) / math.sqrt(differences.shape[1])
    return ratio_to_error(mean, error, float(np.abs(differences).max(initial=0.0)))


def assignment_orders(cells: CellArrays, *, draws: int, rng: np.random.Generator) -> tuple[bool, Iterator[Ints]]:
    """Whether all assignments are enumerated, and batches (B, R) of them: which run's value stands in each place.

    All are enumerated, the actual one first, where there are at most `draws`; otherwise `draws` are drawn.
    """
    if assignments(cells) <= draws:
        return True, _enumerated(cells)
    return False, _drawn(cells, draws, rng)


def _strata(cells: CellArrays) -> Iterator[tuple[Ints, int]]:
    """Run positions of each stratum, the first `n` of its first arm's size belonging to that arm."""
    for stratum in np.unique(cells.stratum):
        first, second = np.flatnonzero(cells.stratum == stratum)
        yield (
            np.concatenate([np.flatnonzero(cells.cell == first), np.flatnonzero(cells.cell == second)]),
            int(cells.counts[first]),
        )


def _enumerated(cells: CellArrays) -> Iterator[Ints]:
    strata = [(members, members[_choices(members.size, size)]) for members, size in _strata(cells)]
    total = assignments(cells)
    for start in range(0, total, BATCH):
        codes = np.arange(start, min(start + BATCH, total))
        batch = np.tile(np.arange(cells.cell.size), (codes.size, 1))
        for members, orders in reversed(strata):
            codes, picked = np.divmod(codes, len(orders))
            batch[:, members] = orders[picked]
        yield batch


def _choices(runs: int, size: int) -> NDArray[np.int16]:
    """Every choice of `size` among `runs` places, followed by the places left over; (choices, runs)."""
    count = math.comb(runs, size)
    flat = np.fromiter(chain.from_iterable(combinations(range(runs), size)), dtype=np.int16, count=count * size)
    chosen = flat.reshape(count, size)
    left = np.ones((count, runs), dtype=bool)
    np.put_along_axis(left, chosen.astype(np.intp), False, axis=1)
    rest = np.broadcast_to(np.arange(runs, dtype=np.int16), (count, runs))[left].reshape(count, runs - size)
    return np.concatenate([chosen, rest], axis=1)


def _drawn(cells: CellArrays, draws: int, rng: np.random.Generator) -> Iterator[Ints]:
    strata = list(_strata(cells))
    for start in range(0, draws, BATCH):
        count = min(BATCH, draws - start)
        keys = rng.random((count, cells.cell.size))
        batch = np.tile(np.arange(cells.cell.size), (count, 1))
        for members, _ in strata:
            batch[:, members] = members[np.argsort(keys[:, members], axis=1)]
        yield batch
