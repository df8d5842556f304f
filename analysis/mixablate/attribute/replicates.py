"""Coalition values of the data and of its replicates: with one run deleted, and with runs drawn again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.attribute.cells import CoalitionCells
from mixablate.attribute.fitted import FittedCells
from mixablate.design import Design
from mixablate.estimate import RunSummaries, complete_pairs
from mixablate.tables import OutcomeKind

__all__ = ["Deletions", "GameValues", "deletions", "drawn_values", "game_values"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

BLOCK = 4_000_000  # coalition values of drawn replicates at a time
COUNTED = 256  # draws whose picks are counted together: their counts stay in cache


@dataclass(frozen=True, slots=True)
class GameValues:
    """The value of each coalition, and what its arms are made of.

    Attributes:
        summaries: of the outcome.
        cells: where each value comes from.
        fitted: the model, None where no coalition needs it; a sentence where there is none.
        members: (R, A) of 0 and 1: the runs of each arm.
        values: (m,) mean rates (or scores); NaN where neither arms nor model give one.
        paired: whether runs are paired: a pair is then deleted as one.
        units: the unit (run or pair) of each run.
    """

    summaries: RunSummaries
    cells: CoalitionCells
    fitted: FittedCells | str | None
    members: Floats
    values: Floats
    paired: bool
    units: tuple[str, ...]

    @property
    def counts(self) -> Floats:
        """(A,) runs of each arm."""
        return np.asarray(self.members.sum(axis=0))

    @property
    def means(self) -> Floats:
        """(A,) arm means."""
        return np.asarray(self.summaries.level @ self.members / self.counts)

    @property
    def events(self) -> bool:
        """Whether values are rates."""
        return self.summaries.outcome.kind is OutcomeKind.EVENTS


@dataclass(frozen=True, slots=True)
class Deletions:
    """Coalition values with one unit (run, or pair) left out at a time, by stratum of the jackknife.

    Attributes:
        units: (U,) ids.
        stratum: (U,) 0 to S - 1: the unit's arm; all the same for pairs.
        counts: (S,) units of each stratum.
        arms: (S,) position of the stratum among the arms of the cells, -1 for other arms and for pairs.
        values: (U, m). The only run of its arm leaves the model and stays in its arm's mean.
    """

    units: tuple[str, ...]
    stratum: Ints
    counts: Floats
    arms: Ints
    values: Floats

    @property
    def alone(self) -> NDArray[np.bool_]:
        """(S,) whether a stratum has a single unit."""
        return self.counts < 2


def game_values(
    summaries: RunSummaries, design: Design, cells: CoalitionCells, fitted: FittedCells | str | None
) -> GameValues:
    """The values of the data as they are."""
    members = _members(summaries, design, cells.arm_ids)
    means = summaries.level @ members / members.sum(axis=0)
    values = cells.weights @ means
    if cells.modelled.any():
        if fitted is None or isinstance(fitted, str):
            values = np.where(cells.modelled.any(axis=1), np.nan, values)
        else:
            values = values + fitted.values(cells.modelled)
    units = summaries.pairs if design.pair else summaries.run_ids
    return GameValues(summaries, cells, fitted, members, values, bool(design.pair), tuple(units))


def _members(summaries: RunSummaries, design: Design, arm_ids: Sequence[str]) -> Floats:
    """(R, A) the runs of each arm; of pairs only those that are complete, where there are any."""
    members = np.array([[own == arm for arm in arm_ids] for own in summaries.arm_ids], dtype=float)
    members = members.reshape(len(summaries.arm_ids), len(arm_ids))
    complete = set(complete_pairs(summaries, design, arm_ids).run_ids)
    kept = np.array([run_id in complete for run_id in summaries.run_ids])
    return members * kept[:, None] if complete else members


def deletions(game: GameValues) -> Deletions:
    """Every unit left out once: for the stratified jackknife and for the range over runs left out.

    Only units that some value rests on: those of the cells' arms, and all of the model's where it is used.
    """
    cells, modelled = game.cells, _model_of(game)
    in_model = set(modelled.units) if modelled else set()
    used = {unit for unit, row in zip(game.units, game.members, strict=True) if row.any()}
    units = [u for u in dict.fromkeys(game.units) if u in in_model or u in used]
    arm_of = dict(zip(game.units, game.summaries.arm_ids, strict=True))
    labels = ["pairs" if game.paired else arm_of[u] for u in units]
    names = tuple(dict.fromkeys(labels))
    counts = Counter(labels)
    kept = np.array([[u != other for other in game.units] for u in units], dtype=float).reshape(len(units), -1)
    in_arms = kept if game.paired else np.where([[counts[label] < 2] for label in labels], 1.0, kept)
    position = {arm_id: index for index, arm_id in enumerate(cells.arm_ids)}
    return Deletions(
        tuple(units),
        np.array([names.index(label) for label in labels], dtype=np.intp),
        np.array([counts[name] for name in names], dtype=float),
        np.array([position.get(name, -1) for name in names], dtype=np.intp),
        _reweighted(game, in_arms, kept),
    )


def drawn_values(game: GameValues, draws: int, rng: np.random.Generator) -> list[Floats] | str:
    """Coalition values of resampled runs, in blocks (b, m); or why runs cannot be drawn here.

    Rao & Wu (1988): n - 1 runs are drawn with replacement from each arm of n and weighted n / (n - 1), which makes the
    variance of a mean the unbiased s^2/n. Arm means and model refits share the draws. Where every arm has one run and
    all values are the model's, runs are drawn from all of them (the cluster bootstrap).
    """
    if game.paired:
        return "paired runs are not drawn again"
    rows = np.flatnonzero(game.members.any(axis=1))
    modelled = _model_of(game)
    if modelled:
        rows = np.array([r for r, unit in enumerate(game.units) if unit in set(modelled.units)], dtype=np.intp)
    arms = np.array(game.summaries.arm_ids)[rows]
    strata = [rows[arms == arm] for arm in dict.fromkeys(arms.tolist())]
    if any(len(stratum) < 2 for stratum in strata):
        if game.cells.arm_ids or any(len(stratum) > 1 for stratum in strata):
            return "an arm of one run cannot be drawn again"
        strata = [rows]
    width = max(1, BLOCK // len(game.cells.coalitions))
    blocks = []
    for start in range(0, draws, width):
        weights = _rao_wu(strata, len(game.units), min(width, draws - start), rng)
        blocks.append(_reweighted(game, weights, weights))
    return blocks


def _rao_wu(strata: Sequence[Ints], runs: int, draws: int, rng: np.random.Generator) -> Floats:
    """Weights (draws, runs): each stratum's n - 1 picks, counted and times n / (n - 1)."""
    sizes = np.array([len(stratum) for stratum in strata])
    picked = np.repeat(sizes, sizes - 1)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes - 1)
    order, factor = np.concatenate(strata), np.repeat(sizes / (sizes - 1.0), sizes)
    weights = np.zeros((draws, runs))
    for start in range(0, draws, COUNTED):
        block = weights[start : start + COUNTED]
        picks = (rng.random((len(block), picked.size)) * picked).astype(np.intp)
        picks += first + order.size * np.arange(len(block))[:, None]
        counts = np.bincount(picks.ravel(), minlength=len(block) * order.size)
        block[:, order] = counts.reshape(len(block), order.size) * factor
    return weights


def _reweighted(game: GameValues, in_arms: Floats, in_model: Floats) -> Floats:
    """(B, m) under weights (B, R) of the runs in arm means and in the model."""
    with np.errstate(invalid="ignore", divide="ignore"):
        sums = in_arms @ np.hstack([game.summaries.level[:, None] * game.members, game.members])
        means = sums[:, : game.members.shape[1]] / sums[:, game.members.shape[1] :]
    values = np.where(np.isnan(game.values), np.nan, means @ game.cells.weights.T)
    modelled = _model_of(game)
    if modelled is None:
        return np.asarray(values)
    first = {unit: index for index, unit in reversed(list(enumerate(game.units)))}
    clusters = in_model[:, [first[unit] for unit in modelled.units]]
    return np.asarray(values + modelled.refitted(game.cells.modelled, clusters))


def _model_of(game: GameValues) -> FittedCells | None:
    return game.fitted if not (game.fitted is None or isinstance(game.fitted, str)) else None
