"""Run-to-run spread of functions of coalition values: the stratified delete-one jackknife, arm by arm."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.attribute.replicates import Deletions, GameValues
from mixablate.attribute.scales import AttributionScale, combined_on, slopes

__all__ = ["ArmSpread", "Jackknife", "arm_spread", "jackknife"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ArmSpread:
    """How much runs of each arm differ (A arms), for what the deletions alone cannot show.

    Attributes:
        wider: (A,) variance of log-odds carried to rates, over the variance of rates; 1 where neither is seen.
        floor: (A,) variance of an arm's mean from rollouts alone, where all its runs stand at 0 or at 1; else 0.
        single: (A,) standard deviation of one run, pooled over the replicated arms on the log-odds (for scores, as they
            are) and carried to this arm's rate; NaN where no arm is replicated.
        pooled_df: degrees of freedom of the pooled spread.
    """

    wider: Floats
    floor: Floats
    single: Floats
    pooled_df: float


@dataclass(frozen=True, slots=True)
class Jackknife:
    """Spread over runs of q functions of coalition values on one scale.

    Attributes:
        estimates: (q,).
        replicates: (U, q) with one unit left out.
        variances: (S, q) by stratum; a sum over strata is the variance.
        std_errors, dfs: (q,).
        correlation: (q, q).
    """

    estimates: Floats
    replicates: Floats
    variances: Floats
    std_errors: Floats
    dfs: Floats
    correlation: Floats


def arm_spread(game: GameValues) -> ArmSpread:
    """The spread of each arm's runs, and of any run as the replicated arms show it."""
    summaries, members, counts = game.summaries, game.members, game.counts
    means = game.means
    several = counts > 1
    rates = _variances(summaries.level, members)
    arms = members.shape[1]
    if not game.events:
        df = float((counts[several] - 1.0).sum())
        pooled = float((rates[several] * (counts[several] - 1.0)).sum()) / df if df else math.nan
        return ArmSpread(np.ones(arms), np.zeros(arms), np.full(arms, math.sqrt(pooled)), df)
    trials = summaries.trials.sum(axis=1) @ members
    flat = (means <= 0.0) | (means >= 1.0)
    centre = np.where(flat, (means * trials + 0.5) / (trials + 1.0), means)
    slope = centre * (1.0 - centre)
    log_odds = _variances(summaries.log_odds, members)
    with np.errstate(invalid="ignore", divide="ignore"):
        wider = np.where(several & (rates > 0.0), slope**2 * log_odds / rates, 1.0)
    everyone, all_counts = _by_arm(game)
    within = _variances(summaries.log_odds, everyone)
    replicated = all_counts > 1
    df = float((all_counts[replicated] - 1.0).sum())
    pooled = float((within[replicated] * (all_counts[replicated] - 1.0)).sum()) / df if df else math.nan
    return ArmSpread(wider, np.where(flat, slope / np.maximum(trials, 1.0), 0.0), slope * math.sqrt(pooled), df)


def jackknife(
    game: GameValues, left_out: Deletions, spread: ArmSpread, matrix: Floats, scale: AttributionScale
) -> Jackknife:
    """Spread of matrix @ g(values), g the scale, for matrix (q, m).

    A stratum of n units adds (n - 1)/n sum (theta_(i) - mean)^2: for a contrast of arm means c^2 s^2 / n to the last
    digit, with Satterthwaite's degrees of freedom from these terms. An arm with a single run has no such term: its
    mean's part is that of the pooled spread of a run, on top of what leaving it out of the model changes, and it has
    the pooled degrees of freedom. Where runs at low rates show too little spread of rates, that of their log-odds is
    taken, for all arms or none, whichever makes the number's spread wider (as in `rate_limits`).
    """
    estimates = combined_on(scale, game.values, matrix)
    replicates = combined_on(scale, left_out.values, matrix)
    by_arm = np.where(matrix != 0.0, matrix * slopes(game.values, scale), 0.0) @ game.cells.weights
    parts, shifts = _terms(estimates, replicates, left_out, by_arm, spread)
    variances = np.array([(part**2).sum(axis=0) for part in parts]).reshape(-1, len(matrix))
    variances, shifts = _wider(variances, shifts, left_out, by_arm, spread)
    total = variances.sum(axis=0)
    alone = left_out.alone
    df = np.where(alone, 1.0, left_out.counts - 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        terms = (variances[~alone] ** 2 / df[~alone, None]).sum(axis=0)
        if alone.any():
            terms = terms + variances[alone].sum(axis=0) ** 2 / max(spread.pooled_df, 1.0)
        dfs = np.where(terms > 0.0, total**2 / np.where(terms > 0.0, terms, 1.0), float(df[~alone].sum()))
        if not math.isnan(spread.pooled_df):
            borrowed = variances[alone].sum(axis=0) > 0.0  # from the arms that the other terms are of: no more df
            dfs = np.where(borrowed, np.minimum(dfs, max(spread.pooled_df, 1.0)), dfs)
    joint = np.vstack(shifts) if shifts else np.zeros((0, len(matrix)))
    return Jackknife(estimates, replicates, variances, np.sqrt(total), dfs, _correlation(joint.T @ joint))


def _terms(
    estimates: Floats, replicates: Floats, left_out: Deletions, by_arm: Floats, spread: ArmSpread
) -> tuple[list[Floats], list[Floats]]:
    """Per stratum, vectors (units, q) whose squares add up to its variance, and those of its joint variance."""
    parts, joint = [], []
    for stratum, (count, arm) in enumerate(zip(left_out.counts, left_out.arms, strict=True)):
        mine = replicates[left_out.stratum == stratum]
        if count > 1:
            part = (mine - mine.mean(axis=0)) * math.sqrt((count - 1.0) / count)
            parts.append(part)
            joint.append(part)
            continue
        change = estimates - mine  # (1, q), of the model without this run
        own = by_arm[:, arm] * spread.single[arm] if arm >= 0 else np.zeros(len(estimates))
        parts.append(np.abs(own) + np.abs(change))
        joint.append(own + change)
    return parts, joint


def _wider(
    variances: Floats, joint: list[Floats], left_out: Deletions, by_arm: Floats, spread: ArmSpread
) -> tuple[Floats, list[Floats]]:
    """The variances by the rates' or the log-odds' spread, by column; joint terms are of what is wider for most."""
    arms = left_out.arms
    known = (arms >= 0) & ~left_out.alone
    floor, factor = np.zeros_like(variances), np.ones(len(arms))
    floor[known] = (by_arm[:, arms[known]] ** 2 * spread.floor[arms[known]]).T
    factor[known] = spread.wider[arms[known]]
    narrow, wide = np.maximum(variances, floor), np.maximum(variances * factor[:, None], floor)
    by_log_odds = wide.sum(axis=0) > narrow.sum(axis=0)
    chosen = np.where(by_log_odds, wide, narrow)
    if by_log_odds.mean() > 0.5:
        joint = [part * math.sqrt(f) for part, f in zip(joint, factor, strict=True)]
    return chosen, joint


def _correlation(covariance: Floats) -> Floats:
    sd = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = covariance / np.outer(sd, sd)
    found = np.where(np.isfinite(found), found, 0.0)
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def _variances(values: Floats, members: Floats) -> Floats:
    """(A,) sample variances of each arm's runs; 0 for a single one."""
    counts = members.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = values @ members / counts
        deviations = (values[:, None] - means) * members
        return np.where(counts > 1, (deviations**2).sum(axis=0) / np.maximum(counts - 1.0, 1.0), 0.0)


def _by_arm(game: GameValues) -> tuple[Floats, Floats]:
    arms = np.array(game.summaries.arm_ids)
    members = (arms[:, None] == np.unique(arms)).astype(float)
    return members, members.sum(axis=0)
