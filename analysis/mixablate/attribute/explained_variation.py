"""Explained variation split over its sources: LMG, the Shapley value of R^2, and that of the deviance.

The game's value of a set of players is what a regression on their columns alone explains, so a player is credited for
what it explains beyond the others averaged over every order of entry. Correlated players share credit; a player without
an effect of its own gets some if it moves with one that has.

Source: Lindeman, Merenda & Gold (1980), Introduction to Bivariate and Multivariate Analysis, p. 119; Grömping (2006),
Journal of Statistical Software 17(1); for the deviance Cameron & Windmeijer (1997), Journal of Econometrics 77:329.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, fdtrc, stdtrit, xlogy

from mixablate.attribute.rules import Rule, rule_coefficients
from mixablate.estimate import number_or_none

__all__ = [
    "MOST_PLAYERS",
    "Explained",
    "ExplainedPart",
    "explained_deviance",
    "explained_r2",
    "explained_variation",
    "replicated_r2",
]

Floats = NDArray[np.float64]
MOST_PLAYERS = 10  # 1,024 regressions; more sources than that are not told apart by some hundred runs
FEWEST_FOR_BOOTSTRAP = 20  # runs; below it percentile intervals are too short (design.md section 6.10)
FEWEST_RESIDUAL = 4  # degrees of freedom, as for every regression here
SINGULAR = 1e-10
MOST_STEPS = 60
SETTLED = 1e-12
FLAT = 1e-8  # added to the information of separated designs, whose deviance still has its limit


@dataclass(frozen=True, slots=True)
class ExplainedPart:
    """One player's part of the explained variation.

    Attributes:
        player: label.
        part: of R^2; parts sum to the total.
        lower, upper: by the jackknife over runs; None where withheld.
        boot_lower, boot_upper: percentiles of the bootstrap of runs; None below 20 runs.
        share: part over total; None where the total is not clearly above zero.
        alone: what it explains by itself; `last`: what it adds to all others.
    """

    player: str
    part: float
    lower: float | None
    upper: float | None
    boot_lower: float | None
    boot_upper: float | None
    share: float | None
    alone: float
    last: float


@dataclass(frozen=True, slots=True)
class Explained:
    """A regression's R^2 split over players.

    Attributes:
        parts: one a player, summing to `total`.
        total: R^2 of all players beyond what is always in the model.
        p_value: of no effect of any player (F test).
        n_runs: rows.
        values: (2^k,) explained by every set of players, as bit masks.
        method: in words.
        undefined: bootstrap replicates without full rank, left out and counted.
        reason: why there are no intervals; empty where there are.
    """

    parts: tuple[ExplainedPart, ...]
    total: float
    p_value: float | None
    n_runs: int
    values: Floats
    method: str
    undefined: int
    reason: str


def explained_r2(columns: Sequence[Floats], response: Floats, always: Floats | None = None) -> Floats:
    """R^2 (2^k,) of the least squares fit on every set of k players, as bit masks in ascending order.

    Of what the columns `always` in the model (an intercept unless given) leave unexplained. Rows with a NaN in a set's
    columns are left out of that set's fit, as R's `lm` does; sets then speak about different rows.

    Args:
        columns: k blocks (n, m), a player each.
        response: (n,).
        always: (n, c).

    Raises:
        ValueError: more than `MOST_PLAYERS` + 5 players, or a response without variation.
    """
    _check_players(columns)
    base = np.ones((response.size, 1)) if always is None else always
    found = []
    for mask in range(2 ** len(columns)):
        design = np.hstack([base, *(block for place, block in enumerate(columns) if mask >> place & 1)])
        rows = np.isfinite(design).all(axis=1) & np.isfinite(response)
        total = _residual(base[rows], response[rows])
        if not total > 0.0:
            raise ValueError("the response does not vary beyond what is always in the model")
        found.append(1.0 - _residual(design[rows], response[rows]) / total)
    return np.array(found)


def explained_deviance(
    columns: Sequence[Floats], events: Floats, trials: Floats, always: Floats | None = None
) -> Floats:
    """McFadden's pseudo-R^2 (2^k,), 1 - D(set) / D(none), of the binomial logit on every set of players.

    All sets at once by Newton's method. Where a set separates the outcomes its deviance is the limit that the
    likelihood approaches. Deviances count rollouts as independent, so that this describes the counts; it has no
    interval over runs of its own, and 2^k refits for each run left out would cost more than the R^2 of run-level
    log-odds, which has them. Rows with a NaN in a set's columns leave that set's fit.

    Args:
        columns: k blocks (n, m), a player each.
        events: (n,), 0 to trials.
        trials: (n,).
        always: (n, c); an intercept unless given.

    Raises:
        ValueError: too many players, or counts without variation.
    """
    _check_players(columns)
    base = np.ones((events.size, 1)) if always is None else always
    deviances = []
    for mask in range(2 ** len(columns)):
        design = np.hstack([base, *(block for place, block in enumerate(columns) if mask >> place & 1)])
        rows = np.isfinite(design).all(axis=1) & (trials > 0.0)
        deviances.append(_deviance(design[rows], events[rows], trials[rows]))
    found = np.array(deviances)
    if not found[0] > 0.0:
        raise ValueError("the counts do not vary beyond what is always in the model")
    return np.asarray(1.0 - found / found[0])


def explained_variation(
    players: Sequence[str],
    columns: Sequence[Floats],
    response: Floats,
    *,
    level: float,
    always: Floats | None = None,
    draws: int = 0,
    rng: np.random.Generator | None = None,
) -> Explained:
    """The LMG parts of R^2 over runs, with jackknife and, from 20 runs, bootstrap intervals.

    The jackknife leaves out each run in turn: part +- t SE with n - 1 degrees of freedom. The bootstrap draws runs with
    replacement and gives percentiles. R^2 and so its parts are biased upwards, by about players / runs, and no interval
    mends that: parts near zero say little.

    Args:
        players: labels (k).
        columns: k blocks (n, m).
        response: (n,) run values.
        level: of the intervals.
        always: (n, c) columns in every model (blocks); an intercept unless given.
        draws: of the bootstrap; 0 for none.
        rng: of the stage, for the bootstrap.

    Raises:
        ValueError: too many players, or a response that does not vary.
    """
    base = np.ones((response.size, 1)) if always is None else always
    values = explained_r2(columns, response, base)
    rule = rule_coefficients(len(players), Rule.SHAPLEY)
    parts, total = rule @ values, float(values[-1] - values[0])
    size, rank = response.size, int(np.linalg.matrix_rank(np.hstack([base, *columns])))
    spare, used = size - rank, rank - int(np.linalg.matrix_rank(base))
    reason = "" if spare >= FEWEST_RESIDUAL else f"{size} runs for {rank} coefficients: too few for intervals"
    p_value = float(fdtrc(used, spare, total / used / ((1.0 - total) / spare))) if spare > 0 and total < 1.0 else None
    jack, boot, undefined = (np.full((2, len(players)), math.nan),) * 2 + (0,)
    if not reason:
        left_out = replicated_r2(columns, response, base, 1.0 - np.eye(size)) @ rule.T
        good = np.isfinite(left_out).all(axis=1)
        if good.all():
            error = np.sqrt((size - 1.0) / size * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
            reach = float(stdtrit(size - 1, 0.5 + level / 2)) * error
            jack = np.stack([parts - reach, parts + reach])
        else:
            reason = f"without some one run ({int((~good).sum())} of {size}) a source no longer varies"
        if draws and rng is not None and size >= FEWEST_FOR_BOOTSTRAP:
            picks = rng.integers(size, size=(draws, size)) + size * np.arange(draws)[:, None]
            weights = np.bincount(picks.ravel(), minlength=draws * size).reshape(draws, size).astype(float)
            drawn = replicated_r2(columns, response, base, weights) @ rule.T
            usable = np.isfinite(drawn).all(axis=1)
            undefined = int((~usable).sum())
            if undefined <= draws // 20:
                boot = np.quantile(drawn[usable], [0.5 - level / 2, 0.5 + level / 2], axis=0)
    clear = p_value is not None and not reason and p_value <= 1.0 - level
    words = "LMG: Shapley value of R^2 over runs; jackknife over runs, t with n - 1 df"
    if draws and size >= FEWEST_FOR_BOOTSTRAP and not reason:
        words += f"; percentiles of {draws:,} bootstraps of runs" + (f", {undefined} undefined" if undefined else "")
    last = rule_coefficients(len(players), Rule.LEAVE_ONE_OUT) @ values
    alone = rule_coefficients(len(players), Rule.ADD_ONE_IN) @ values
    rows = [
        ExplainedPart(
            player=str(player),
            part=float(parts[i]),
            lower=number_or_none(jack[0, i]),
            upper=number_or_none(jack[1, i]),
            boot_lower=number_or_none(boot[0, i]),
            boot_upper=number_or_none(boot[1, i]),
            share=float(parts[i] / total) if clear else None,
            alone=float(alone[i]),
            last=float(last[i]),
        )
        for i, player in enumerate(players)
    ]
    return Explained(tuple(rows), total, p_value, size, values, words, undefined, reason)


def replicated_r2(columns: Sequence[Floats], response: Floats, always: Floats, weights: Floats) -> Floats:
    """R^2 (B, 2^k) of every set of players under each row of `weights` (B, n) of the rows.

    From weighted moment matrices, one batched solve a set; NaN in replicates whose full model has not full rank.
    Columns should be complete.
    """
    blocks = [always, *columns]
    full = np.hstack([*blocks, response[:, None]])
    full = full - np.hstack([np.zeros((1, always.shape[1])), full[:, always.shape[1] :].mean(axis=0, keepdims=True)])
    scale = np.sqrt((full**2).sum(axis=0))
    full = full / np.where(scale > 0.0, scale, 1.0)
    size = full.shape[1]
    moments = (weights @ (full[:, :, None] * full[:, None, :]).reshape(len(full), size * size)).reshape(-1, size, size)
    diagonal = np.sqrt(np.maximum(np.einsum("bii->bi", moments), 1e-300))
    moments = moments / diagonal[:, :, None] / diagonal[:, None, :]
    whole = np.linalg.eigvalsh(moments[:, :-1, :-1])[:, 0] > SINGULAR
    found = np.full((len(weights), 2 ** len(columns)), math.nan)
    if not whole.any():
        return found
    good = moments[whole]
    edges = np.cumsum([0, *(block.shape[1] for block in blocks)])
    left = np.empty((len(good), 2 ** len(columns)))
    for mask in range(2 ** len(columns)):
        held = [0, *(place + 1 for place in range(len(columns)) if mask >> place & 1)]
        index = np.concatenate([np.arange(edges[place], edges[place + 1]) for place in held])
        cross = good[:, index, -1]
        solved = np.linalg.solve(good[:, index[:, None], index], cross[:, :, None])[:, :, 0]
        left[:, mask] = good[:, -1, -1] - (cross * solved).sum(axis=1)
    varies = left[:, 0] > SINGULAR
    found[whole] = np.where(varies[:, None], 1.0 - left / np.where(varies, left[:, 0], 1.0)[:, None], math.nan)
    return found


def _check_players(columns: Sequence[Floats]) -> None:
    if not 1 <= len(columns) <= MOST_PLAYERS + 5:
        raise ValueError(f"there must be 1 to {MOST_PLAYERS + 5} players, found {len(columns)}")


def _residual(design: Floats, response: Floats) -> float:
    """The residual sum of squares, by an orthonormal basis of the columns (aliased ones add nothing)."""
    scale = np.sqrt((design**2).sum(axis=0))
    u, sizes, _ = np.linalg.svd(design[:, scale > 0.0] / scale[scale > 0.0], full_matrices=False)
    basis = u[:, sizes > SINGULAR * sizes[0]]
    left = response - basis @ (basis.T @ response)
    left = left - basis @ (basis.T @ left)
    return float(left @ left)


def _deviance(design: Floats, events: Floats, trials: Floats) -> float:
    """The binomial deviance at its minimum, by Newton steps on an orthonormal basis, halved until it falls."""
    scale = np.sqrt((design**2).sum(axis=0))
    u, sizes, _ = np.linalg.svd(design[:, scale > 0.0] / scale[scale > 0.0], full_matrices=False)
    basis = u[:, sizes > SINGULAR * sizes[0]] * math.sqrt(len(design))
    theta = np.zeros(basis.shape[1])
    deviance = _deviance_at(basis @ theta, events, trials)
    for _ in range(MOST_STEPS):
        rate = expit(basis @ theta)
        information = basis.T @ (basis * (trials * rate * (1.0 - rate))[:, None])
        information += FLAT * np.trace(information) / len(theta) * np.eye(len(theta))
        step = np.linalg.solve(information, basis.T @ (events - trials * rate))
        for _ in range(30):
            moved = _deviance_at(basis @ (theta + step), events, trials)
            if moved <= deviance:
                break
            step = step / 2.0
        done = deviance - moved <= SETTLED * max(moved, 1e-6)
        if moved <= deviance:
            theta, deviance = theta + step, moved
        if done:
            break
    return deviance


def _deviance_at(odds: Floats, events: Floats, trials: Floats) -> float:
    others = trials - events
    observed = events / trials
    kept = xlogy(events, observed) + xlogy(others, 1.0 - observed)
    return 2.0 * float((kept + events * np.logaddexp(0.0, -odds) + others * np.logaddexp(0.0, odds)).sum())
