"""The random numbers: the counts and scores that the runs of a truth happen to give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.simulate.expectation import rate_of, reported_rate
from mixablate.simulate.layout import Layout, lay_out
from mixablate.simulate.truth import Truth

__all__ = ["Counts", "draw_counts", "draw_with", "simulate_counts", "streams_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STREAMS = ("run", "run_eval", "missing", "events", "scores", "placement")
"""Named stages of chance, each with a stream of its own. Append only: the order is what a seed means."""


@dataclass(frozen=True, slots=True)
class Counts:
    """One draw from a layout; R runs, E event evals, C score evals, T steps.

    Attributes:
        log_odds: (R, E, T) the runs' true logits, run effects included, before judge error.
        n_trials: (R, E, T) rollouts attempted.
        n_missing: (R, E, T) of them not scored.
        n_events: (R, E, T) events the judge reports among the scored ones.
        value: (R, C, T) mean of the scored items; NaN where none was scored.
        n: (R, C, T) items scored.
        sd: (R, C, T) SD of the scored items; NaN below two.
    """

    log_odds: Floats
    n_trials: Ints
    n_missing: Ints
    n_events: Ints
    value: Floats
    n: Ints
    sd: Floats


def simulate_counts(truth: Truth, *, seed: int | np.random.Generator) -> Counts:
    """The arrays behind `simulate`, without frames. For many draws lay out once and call `draw_counts`."""
    return draw_counts(lay_out(truth), seed=seed)


def draw_counts(layout: Layout, *, seed: int | np.random.Generator) -> Counts:
    """One draw from a layout; equal to the draw of `simulate` at this seed."""
    return draw_with(layout, streams_of(seed))


def streams_of(seed: int | np.random.Generator) -> dict[str, np.random.Generator]:
    """One independent stream per stage of `STREAMS`; a generator is spawned from, an integer starts anew."""
    return dict(zip(STREAMS, np.random.default_rng(seed).spawn(len(STREAMS)), strict=True))


def draw_with(layout: Layout, streams: dict[str, np.random.Generator]) -> Counts:
    """One draw from a layout with these streams."""
    log_odds, n_missing, n_events = _events(layout, streams)
    value, n, sd = _scores(layout, streams)
    n_trials = np.broadcast_to(layout.n_trials[:, None], log_odds.shape)
    return Counts(log_odds, n_trials, n_missing, n_events, value, n, sd)


def _events(layout: Layout, streams: dict[str, np.random.Generator]) -> tuple[Floats, Ints, Ints]:
    runs, evals, _ = layout.log_odds.shape
    shared = layout.run_sd * streams["run"].standard_normal((runs, 1)) * layout.loading
    own = layout.run_eval_sd * streams["run_eval"].standard_normal((runs, evals))
    log_odds = layout.log_odds + (shared + own)[:, :, None]
    reported = reported_rate(rate_of(log_odds), layout.sensitivity, layout.specificity)
    trials = np.broadcast_to(layout.n_trials[:, None], log_odds.shape)
    n_missing = streams["missing"].binomial(trials, layout.missing_rate[:, None, None])
    return log_odds, n_missing, streams["events"].binomial(trials - n_missing, reported)


def _scores(layout: Layout, streams: dict[str, np.random.Generator]) -> tuple[Floats, Ints, Floats]:
    """Means and SDs of normal items, drawn from their sampling distributions: normal, and chi-square on n - 1."""
    rng = streams["scores"]
    runs, scores, _ = layout.score.shape
    expected = layout.score + (layout.score_run_sd * rng.standard_normal((runs, scores)))[:, :, None]
    trials = np.broadcast_to(layout.score_trials[:, None], expected.shape)
    n = trials - rng.binomial(trials, layout.missing_rate[:, None, None])
    item_sd = np.broadcast_to(layout.score_item_sd[:, None], expected.shape)
    value = expected + item_sd / np.sqrt(np.maximum(n, 1)) * rng.standard_normal(expected.shape)
    df = np.maximum(n - 1, 1)
    sd = item_sd * np.sqrt(rng.chisquare(df) / df)
    return np.where(n >= 1, value, np.nan), n, np.where(n >= 2, sd, np.nan)
