"""Effects of studies from their published counts, ready to be pooled."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixablate.estimate.models.inference import Inference, t_inference, withheld

__all__ = ["CountScale", "effects_from_counts", "mantel_haenszel_ratio"]

Floats = NDArray[np.float64]

CountScale = Literal["risk_difference", "risk_ratio", "log_odds"]


def effects_from_counts(
    events_1: ArrayLike, trials_1: ArrayLike, events_0: ArrayLike, trials_0: ArrayLike, scale: CountScale
) -> tuple[Floats, Floats]:
    """The effect of side 1 against side 0 in every study, and its sampling variance; both (k,).

    Risk ratios come as logarithms, log odds as log odds ratios. Where one of a study's four cells is empty, half an
    event is added to each of them (R's metafor, "only0"). The variances are those of independent trials: wrong, and far
    too small, for rollouts of a few training runs, whose effects and standard errors come from `run_level_effect`.

    Args:
        events_1: (k,) of side 1, 0 to its trials.
        trials_1: (k,) of side 1, more than 0.
        events_0: (k,) of side 0.
        trials_0: (k,) of side 0.
        scale: of the effects.

    Raises:
        ValueError: lists of unequal length, or counts outside their range.

    >>> effects, variances = effects_from_counts([10], [100], [20], [100], "risk_ratio")
    >>> round(float(effects[0]), 4), round(float(variances[0]), 2)
    (-0.6931, 0.13)
    """
    a, n, c, m = _counts(events_1, trials_1, events_0, trials_0)
    half = np.where((a == 0) | (a == n) | (c == 0) | (c == m), 0.5, 0.0)
    a, n, c, m = a + half, n + 2 * half, c + half, m + 2 * half
    p, q = a / n, c / m
    if scale == "risk_difference":
        return p - q, p * (1 - p) / n + q * (1 - q) / m
    if scale == "risk_ratio":
        return np.log(p / q), 1 / a - 1 / n + 1 / c - 1 / m
    return np.log(p / (1 - p) * (1 - q) / q), 1 / a + 1 / (n - a) + 1 / c + 1 / (m - c)


def mantel_haenszel_ratio(
    events_1: ArrayLike, trials_1: ArrayLike, events_0: ArrayLike, trials_0: ArrayLike, *, level: float = 0.95
) -> Inference:
    """The log of the risk ratio that studies have in common, side 1 over side 0, with its normal interval.

    Needs no correction for empty cells and holds with rare events. Wrong where the ratio differs between studies, and
    where trials within a study are not independent (rollouts of a few training runs).

    Source: Mantel & Haenszel (1959); variance: Greenland & Robins (1985), Biometrics 41, 55-68.

    Args:
        events_1: (k,) of side 1, 0 to its trials.
        trials_1: (k,) of side 1, more than 0.
        events_0: (k,) of side 0.
        trials_0: (k,) of side 0.
        level: of the interval, between 0 and 1.

    Returns:
        Withheld, with a reason, where one side has no events at all.

    Raises:
        ValueError: lists of unequal length, or an argument outside its range.
    """
    a, n, c, m = _counts(events_1, trials_1, events_0, trials_0)
    total = n + m
    one, other = float((a * m / total).sum()), float((c * n / total).sum())
    if not (one > 0 and other > 0):
        return withheld(math.nan, "one side has no events in any study")
    variance = float(((n * m * (a + c) / total**2) - a * c / total).sum()) / (one * other)
    return t_inference(math.log(one / other), math.sqrt(max(0.0, variance)), math.inf, level)


def _counts(*lists: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
    a, n, c, m = (np.atleast_1d(np.asarray(values, dtype=float)) for values in lists)
    if not a.shape == n.shape == c.shape == m.shape or a.ndim != 1:
        raise ValueError(
            f"four lists as long as each other are needed, found {a.shape}, {n.shape}, {c.shape}, {m.shape}"
        )
    for events, trials in ((a, n), (c, m)):
        if not ((trials > 0) & np.isfinite(trials)).all():
            raise ValueError("trials must be more than 0 and finite in every study")
        if not ((events >= 0) & (events <= trials)).all():
            raise ValueError("events must lie between 0 and the trials in every study")
    return a, n, c, m
