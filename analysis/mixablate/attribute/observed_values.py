"""Attribution from the arms that were run: every part is a contrast of cell means, so its interval is closed-form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixablate.attribute.attribution import Split
from mixablate.design import Arm, Contrast, Design
from mixablate.estimate import (
    RunSummaries,
    cell_arrays,
    complete_pairs,
    evidence_of,
    interval,
    outside_region,
    values_on,
)
from mixablate.resample import FEWEST_RUNS, bootstrap_means
from mixablate.study import Component, Scale

__all__ = ["ObservedGame", "observed_game", "split_by_arms"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ObservedGame:
    """The total and every part as contrasts over observed arms, strata weighted equally.

    Attributes:
        contrasts: the total first, then one per player.
        baseline, full: arm_id -> weight of the two ends.
    """

    contrasts: tuple[Contrast, ...]
    baseline: tuple[tuple[str, float], ...]
    full: tuple[tuple[str, float], ...]

    @property
    def arms(self) -> tuple[str, ...]:
        """Every arm that some contrast uses."""
        return tuple(dict.fromkeys(arm_id for contrast in self.contrasts for arm_id, _ in contrast.coefficients))


def observed_game(players: Sequence[Component], strata: Sequence[Mapping[int, Arm]], matrix: Floats) -> ObservedGame:
    """The game of these strata: each maps a coalition to the arm that ran it; `matrix` is `rule_coefficients`."""
    ends = np.zeros(matrix.shape[1])
    ends[0], ends[-1] = -1.0, 1.0
    names = [("total", "Total change"), *((player.id, player.label) for player in players)]
    contrasts = []
    for (name, label), row in zip(names, [ends, *matrix], strict=True):
        coefficients: dict[str, float] = {}
        for arms in strata:
            for mask in np.flatnonzero(row):
                arm_id = arms[int(mask)].arm_id
                coefficients[arm_id] = coefficients.get(arm_id, 0.0) + float(row[mask]) / len(strata)
        contrasts.append(
            Contrast(name, label, (name,), tuple(coefficients.items()), (), (), (), "baseline", "full mix")
        )
    weight = 1.0 / len(strata)
    return ObservedGame(
        tuple(contrasts),
        tuple((arms[0].arm_id, weight) for arms in strata),
        tuple((arms[len(ends) - 1].arm_id, weight) for arms in strata),
    )


def split_by_arms(
    summaries: RunSummaries,
    design: Design,
    game: ObservedGame,
    scale: Scale,
    *,
    level: float,
    draws: int,
    rng: np.random.Generator,
) -> Split:
    """The parts with intervals over training runs.

    Shares get percentile intervals from the Rao-Wu bootstrap over runs (20 runs or more), and are withheld where the
    total's interval includes zero or scenarios are random. Where an arm has a single run the split is descriptive: no
    interval at all.
    """
    usable = complete_pairs(summaries, design, game.arms)
    means = _arm_means(usable, scale, game.arms)
    evidence = [evidence_of(usable, contrast, scale, design) for contrast in game.contrasts]
    single = [arm_id for arm_id in game.arms if usable.arm_ids.count(arm_id) == 1 and not design.pair]
    reasons = [outside_region(e, usable, c) for e, c in zip(evidence, game.contrasts, strict=True)]
    reason = f'the arm "{design.arm(single[0]).label}" has a single run' if single else next(filter(None, reasons), "")
    points = np.array([sum(c * means[arm_id] for arm_id, c in contrast.coefficients) for contrast in game.contrasts])
    bounds = np.array([interval(e, level) if not reason else (np.nan, np.nan) for e in evidence])
    nothing = np.full(len(points) - 1, np.nan)
    split = Split(
        estimates=points[1:],
        std_errors=np.array([e.std_error for e in evidence[1:]]) if not reason else nothing,
        dfs=np.array([e.df for e in evidence[1:]]) if not reason else nothing,
        lowers=bounds[1:, 0],
        uppers=bounds[1:, 1],
        share_lowers=nothing,
        share_uppers=nothing,
        p_largest=nothing,
        total=float(points[0]),
        total_lower=float(bounds[0, 0]),
        total_upper=float(bounds[0, 1]),
        baseline=float(sum(w * means[a] for a, w in game.baseline)),
        full=float(sum(w * means[a] for a, w in game.full)),
        sources=("observed arms",) * (len(points) - 1),
        reason=reason,
    )
    crossed = design.scenarios == "random" and len(usable.outcome.evals) > 1  # draws of runs alone would be too narrow
    if split.clear and not (design.pair or crossed) and len(usable.run_ids) >= FEWEST_RUNS:
        return _with_draws(split, usable, game, scale, level, draws, rng)
    return split


def _arm_means(summaries: RunSummaries, scale: Scale, arms: Sequence[str]) -> dict[str, float]:
    values = values_on(summaries, scale)
    ids = np.array(summaries.arm_ids)
    return {arm_id: float(values[ids == arm_id].mean()) if (ids == arm_id).any() else np.nan for arm_id in arms}


def _with_draws(
    split: Split,
    summaries: RunSummaries,
    game: ObservedGame,
    scale: Scale,
    level: float,
    draws: int,
    rng: np.random.Generator,
) -> Split:
    """Joint draws of all parts: shares of the total, and how often each part is largest in the total's direction."""
    cells = cell_arrays(summaries, replace(game.contrasts[0], coefficients=tuple((a, 0.0) for a in game.arms)))
    means = bootstrap_means(values_on(summaries, scale)[cells.rows], cells, draws=draws, rng=rng)
    position = {arm_id: index for index, arm_id in enumerate(cells.arm_ids)}
    matrix = np.zeros((len(position), len(game.contrasts)))
    for column, contrast in enumerate(game.contrasts):
        for arm_id, coefficient in contrast.coefficients:
            matrix[position[arm_id], column] = coefficient
    drawn = means @ matrix
    lowers, uppers = _share_limits(drawn, np.sign(split.total), level)
    largest = np.argmax(drawn[:, 1:] * np.sign(split.total), axis=1)
    often = np.bincount(largest, minlength=split.estimates.size) / len(drawn)
    return replace(split, share_lowers=lowers, share_uppers=uppers, p_largest=often)


def _share_limits(drawn: Floats, sign: float, level: float) -> tuple[Floats, Floats]:
    """Percentile limits of the shares; NaN where draws whose total vanishes or turns round would reach into them."""
    nothing = np.full(drawn.shape[1] - 1, np.nan)
    tail = (1.0 - level) / 2.0
    sound = drawn[:, 0] * sign > 0.0
    if np.count_nonzero(~sound) > tail * len(drawn):
        return nothing, nothing
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(sound[:, None], drawn[:, 1:] / drawn[:, :1], np.inf * np.sign(drawn[:, 1:]))
    lowers, uppers = np.quantile(np.nan_to_num(shares, nan=0.0), [tail, 1.0 - tail], axis=0)
    return np.where(np.isfinite(lowers), lowers, np.nan), np.where(np.isfinite(uppers), uppers, np.nan)
