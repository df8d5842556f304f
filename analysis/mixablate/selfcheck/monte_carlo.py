"""Numbers of random resamples drawn elsewhere, beside the enumerated distribution they were drawn from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from scipy.special import ndtri

from mixablate.resample import Draws, bca_points, bootstrap_moments, draw_quantiles
from mixablate.selfcheck.comparing import Comparison, within

__all__ = ["within_monte_carlo_error"]

ERRORS = 4.0  # standard errors, as the cases' own words have it; a right number falls outside once in 16,000
TAILS = (0.025, 0.975)


def within_monte_carlo_error(
    prefix: str, draws: Draws, skew: float, drawn: Mapping[str, float | Sequence[float]], count: int
) -> Iterator[Comparison]:
    """The standard error and the 95 % intervals (norm, basic, perc, bca) of `count` random resamples.

    Args:
        prefix: of the comparisons' places.
        draws: enumerated.
        skew: the acceleration for bca; theirs is a regression on the draws.
        drawn: their numbers.
        count: how many resamples they are of.
    """
    found = bootstrap_moments(draws)
    kurtosis = float(draws.weights @ (draws.statistics - found.mean) ** 4) / found.std_error**4
    slack = ERRORS * found.std_error * math.sqrt((kurtosis - 1) / (4 * count))
    yield from _inside(f"{prefix}se", drawn.get("se"), [(found.std_error - slack, found.std_error + slack)])
    # The normal interval's middle is 2 t0 - mean*, its reach z se*: both move.
    z, shake = float(ndtri(TAILS[1])), ERRORS * found.std_error / math.sqrt(count)
    middles = [draws.observed - found.bias + sign * z * found.std_error for sign in (-1.0, 1.0)]
    norm = [(middle - shake - z * slack, middle + shake + z * slack) for middle in middles]
    yield from _inside(f"{prefix}norm", drawn.get("norm"), norm)
    bands = [_band(draws, tail) for tail in _shaken(TAILS, count)]
    yield from _inside(f"{prefix}perc", drawn.get("perc"), bands)
    mirrored = [(2 * draws.observed - high, 2 * draws.observed - low) for low, high in reversed(bands)]
    yield from _inside(f"{prefix}basic", drawn.get("basic"), mirrored)
    corrected = [_band(draws, point) for point in _shaken(bca_points(draws, skew).points, count, bias=True)]
    yield from _inside(f"{prefix}bca", drawn.get("bca"), corrected)


def _shaken(points: Sequence[float], count: int, *, bias: bool = False) -> Iterator[tuple[float, float]]:
    """Probabilities between which the drawn quantile stands; a drawn z0 moves a point by twice its density as well."""
    for point in points:
        density = math.exp(-(float(ndtri(point)) ** 2) / 2) / math.sqrt(2 * math.pi)
        moved = 2 * density * math.sqrt(math.pi / 2 / count) if bias else 0.0
        slack = ERRORS * (math.sqrt(point * (1 - point) / count) + moved)
        yield max(0.0, point - slack), min(1.0, point + slack)


def _band(draws: Draws, ends: tuple[float, float]) -> tuple[float, float]:
    low, high = draw_quantiles(draws, ends).tolist()
    return low, high


def _inside(
    what: str, numbers: float | Sequence[float] | None, bands: Sequence[tuple[float, float]]
) -> Iterator[Comparison]:
    if numbers is None:
        return
    if not isinstance(numbers, Sequence):
        yield within(what, numbers, *bands[0])
        return
    for place, (number, band) in enumerate(zip(numbers, bands, strict=True)):
        yield within(f"{what}.{place}", number, *band)
