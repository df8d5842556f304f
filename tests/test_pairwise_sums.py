"""Sums over resampled rows, looked up in pairs: their law, and the same rows looked up one by one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from mixablate.resample import stage_rng
from mixablate.resample.pairwise_sums import DRAWS, STRATUM, pairwise_sums

Floats = NDArray[np.float64]

ROUNDING = 1e-11  # of some hundred additions of numbers about 1
# Strata: one of a row alone; one that is not full; a full one; full ones and a row, which most resamples lack.
SIZES = [1, 100, STRATUM, 2 * STRATUM + 1]


def rng(stage: str = "pairs") -> np.random.Generator:
    return stage_rng(20261125, stage)


def singly(values: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """The sums of the same rows, each drawn pair taken apart; for no more draws than are made at once."""
    strata = np.split(values, range(STRATUM, values.size, STRATUM))
    seeds = rng.integers(2**32, size=(len(strata), 4))
    counts = rng.multinomial(values.size, [own.size / values.size for own in strata], draws)
    sums = np.zeros(draws)
    for stratum, (own, seed) in enumerate(zip(strata, seeds, strict=True)):
        stream, column = np.random.Generator(np.random.SFC64(seed)), counts[:, stratum]
        many = int(((column + 1) // 2).sum())
        if own.size == STRATUM:  # four positions to a word of 64 bits, low bits first
            words = [int(word) for word in stream.integers(2**64, size=many // 4 + (many % 4 > 0), dtype=np.uint64)]
            pairs = iter([word >> shift & 0xFFFF for word in words for shift in (0, 16, 32, 48)])
        else:
            pairs = iter(stream.integers(own.size**2, size=many, dtype=np.uint16).tolist())
        for draw, count in enumerate(column.tolist()):
            rows = [row for _ in range((count + 1) // 2) for row in divmod(next(pairs), own.size)]
            sums[draw] += own[rows[:count]].sum()
    return sums


@pytest.mark.parametrize("size", SIZES)
def test_sums_are_those_of_the_rows_one_by_one(size: int) -> None:
    values = rng("values").normal(size=size)
    np.testing.assert_allclose(pairwise_sums(values, 60, rng()), singly(values, 60, rng()), atol=ROUNDING)


@pytest.mark.parametrize("size", SIZES)
def test_every_resample_has_as_many_rows_as_there_are(size: int) -> None:
    assert (pairwise_sums(np.ones(size), DRAWS + 7, rng()) == size).all()


@pytest.mark.parametrize("size", [100, STRATUM, 2 * STRATUM + 1])
@pytest.mark.parametrize("rows", ["first", "last", "every third"])
def test_how_often_rows_are_drawn_is_binomial(size: int, rows: str) -> None:
    chosen = {"first": slice(0, 1), "last": slice(size - 1, None), "every third": slice(0, None, 3)}[rows]
    marked = np.zeros(size)
    marked[chosen] = 1.0
    draws = 20_000
    times = np.bincount(pairwise_sums(marked, draws, rng()).astype(int), minlength=size + 1)
    expected = stats.binom(size, marked.mean()).pmf(np.arange(size + 1)) * draws
    common = expected > 5
    rare = times[~common].sum(), expected[~common].sum()
    found, wanted = np.append(times[common], rare[0]), np.append(expected[common], rare[1])
    # A chi-squared test at 1e-4, with the rare counts as one.
    assert ((found - wanted) ** 2 / wanted).sum() < stats.chi2(found.size - 1).ppf(1 - 1e-4)


def test_two_rows_of_a_stratum_are_drawn_as_often_together_as_rows_of_two() -> None:
    # Multinomial counts: any two rows' covariance is -1/n, so that the sum of both has variance 2 - 4/n. With 40,000
    # draws a variance near 2 has a standard error of about .02.
    size, draws = 2 * STRATUM, 40_000
    for other in (1, STRATUM):
        both = np.zeros(size)
        both[[0, other]] = 1.0
        assert pairwise_sums(both, draws, rng()).var() == pytest.approx(2 - 4 / size, abs=0.1)


@pytest.mark.parametrize("size", SIZES)
def test_fewer_sums_are_the_first_of_more(size: int) -> None:
    values = rng("values").normal(size=size)
    more = pairwise_sums(values, 2 * DRAWS + 9, rng())
    for fewer in (1, 99, DRAWS, DRAWS + 1):
        assert np.array_equal(pairwise_sums(values, fewer, rng()), more[:fewer])
