"""Single rollouts that add up to given counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixablate.simulate.draw import Counts
from mixablate.simulate.layout import Layout

__all__ = ["place_rollouts"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def place_rollouts(counts: Counts, layout: Layout, rng: np.random.Generator) -> tuple[Floats, ...]:
    """One (R, T, n_trials) array per eval, event evals first: 1, 0 or a score, NaN where not scored.

    Given the counts, every arrangement is equally likely. Given a score's mean and SD, normal items are their
    residuals' direction, which is uniform on the sphere: standardised normal draws.
    """
    events = (
        _place_events(counts.n_missing[:, e], counts.n_events[:, e], int(trials), rng)
        for e, trials in enumerate(layout.n_trials)
    )
    scores = (
        _place_scores(counts.value[:, c], counts.n[:, c], counts.sd[:, c], int(trials), rng)
        for c, trials in enumerate(layout.score_trials)
    )
    return (*events, *scores)


def _ranks(shape: tuple[int, ...], rng: np.random.Generator) -> Ints:
    """A random permutation of 0, 1, ... along the last axis of every cell."""
    return np.argsort(rng.random(shape), axis=-1)


def _place_events(n_missing: Ints, n_events: Ints, trials: int, rng: np.random.Generator) -> Floats:
    ranks = _ranks((*n_missing.shape, trials), rng)
    missing = n_missing[..., None]
    values = (ranks < missing + n_events[..., None]).astype(float)
    values[ranks < missing] = np.nan
    return values


def _place_scores(value: Floats, n: Ints, sd: Floats, trials: int, rng: np.random.Generator) -> Floats:
    scored = _ranks((*n.shape, trials), rng) < n[..., None]
    normal = np.where(scored, rng.standard_normal(scored.shape), 0.0)
    count = np.maximum(n, 1)[..., None]
    centred = np.where(scored, normal - normal.sum(axis=-1, keepdims=True) / count, 0.0)
    spread = np.sqrt((centred**2).sum(axis=-1, keepdims=True) / np.maximum(count - 1, 1))
    unit = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0.0)
    items = np.nan_to_num(value)[..., None] + np.nan_to_num(sd)[..., None] * unit
    return np.where(scored, items, np.nan)
