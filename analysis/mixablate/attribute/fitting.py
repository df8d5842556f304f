"""From the coalitions that rules ask for to their cells and model, with orders enough where they are sampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mixablate.attribute.cells import CoalitionCells, Stratum, ValueSource, cells_of
from mixablate.attribute.fitted import FittedCells, Refitting, fitted_cells, refitting, thin
from mixablate.attribute.games import MOST_ORDERS, Game, end_row, game_of
from mixablate.attribute.players import Players
from mixablate.attribute.replicates import GameValues
from mixablate.attribute.rules import Rule
from mixablate.attribute.scales import AttributionScale, scaled
from mixablate.design import Design
from mixablate.estimate import OutcomeModel, RunSummaries, fit_outcome

__all__ = ["Fitting", "coalition_label", "settled", "undefined"]

Floats = NDArray[np.float64]

SPELLED_OUT = 4  # players; the names of more would fill a footnote

FIRST_ORDERS = 16  # pairs of mirrored orders to begin with


@dataclass(frozen=True)  # no slots: the fit is made once, where it is asked for
class Fitting:
    """What coalition values are made from, before it is known which coalitions are asked for."""

    summaries: RunSummaries
    design: Design
    who: Players
    strata: tuple[Stratum, ...]
    model: OutcomeModel | str | None

    def cells(self, coalitions: Sequence[int], value: ValueSource) -> tuple[CoalitionCells, FittedCells | str | None]:
        """The cells of these coalitions, and the model where some need it."""
        cells = cells_of(coalitions, self.strata, value)
        once = value is ValueSource.MIXED and not self._replicated
        if value is ValueSource.OBSERVED or not (once or cells.modelled.any()):
            return cells, None
        fitted = self.fitted(coalitions)
        if once and not isinstance(fitted, str):
            total = fitted.inference(end_row(len(coalitions)), "rate", 0.95)
            if not thin(total):
                return cells_of(coalitions, self.strata, ValueSource.MODEL), fitted
        return cells, fitted if cells.modelled.any() else None

    def fitted(self, coalitions: Sequence[int]) -> FittedCells | str:
        """The model's values of these coalitions, or why there are none."""
        return fitted_cells(self._refitting, self.summaries, self.design, self.who.players, coalitions, self.strata)

    @cached_property
    def _refitting(self) -> Refitting | str:
        model = fit_outcome(self.summaries, self.design) if self.model is None else self.model
        return refitting(model, self.summaries, self.design)

    @property
    def _replicated(self) -> bool:
        return len(set(self.summaries.arm_ids)) < len(self.summaries.arm_ids) or bool(self.design.pair)


def settled(rule: Rule, who: Players, keys: Floats, fitting: Fitting, scales: Sequence[AttributionScale]) -> Game:
    """The rule's game; where it is sampled, with orders enough for Monte Carlo errors below a tenth of the spread.

    The spread is the model's standard error over runs (sampled games rest on the model), or the part itself where it
    has none. At most 4,096 orders.
    """
    pairs = FIRST_ORDERS
    while True:
        game = game_of(len(who.players), rule, who.groups, keys[:pairs])
        if not game.orders or 2 * pairs >= MOST_ORDERS or _precise(game, fitting, scales):
            return game
        pairs *= 2


def _precise(game: Game, fitting: Fitting, scales: Sequence[AttributionScale]) -> bool:
    fitted = fitting.fitted(game.coalitions)
    if isinstance(fitted, str):
        return True
    cells = cells_of(game.coalitions, fitting.strata, ValueSource.MODEL)
    values = fitted.values(cells.modelled)
    for scale in scales:
        errors = game.mc_errors(scaled(values, scale))
        for row, error in zip(game.matrix, errors, strict=True):
            found = fitted.inference(row, scale.rate_scale, 0.95)
            yard = abs(found.estimate) if thin(found) else found.std_error
            if error > 0.1 * yard:
                return False
    return True


def undefined(game: GameValues, matrix: Floats, scale: AttributionScale, who: Players) -> str:
    """Why the rule has no numbers on the scale; empty where it has."""
    used = np.abs(matrix).sum(axis=0) > 0.0
    used[[0, -1]] = True
    masks = game.cells.coalitions
    missing = np.flatnonzero(used & np.isnan(game.values)).tolist()
    if missing:
        why = f"; no model fills in: {game.fitted}" if isinstance(game.fitted, str) else ""
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        return f"not run: {', '.join(coalition_label(masks[m], who) for m in missing[:3])}{more}{why}"
    flat = np.flatnonzero(used & np.isnan(scaled(game.values, scale))).tolist()
    if flat:
        rate, label = game.values[flat[0]], coalition_label(masks[flat[0]], who)
        return f"the rate is {rate:g} for {label}, which has no logarithm on this scale"
    return ""


def coalition_label(mask: int, who: Players) -> str:
    """The coalition for people, quoted: its players' labels, "baseline", or of many players "full mix"."""
    held = [player.label for bit, player in enumerate(who.players) if mask >> bit & 1]
    if len(held) == len(who.players) > SPELLED_OUT:
        return '"full mix"'
    return f'"{" + ".join(held) or "baseline"}"'
