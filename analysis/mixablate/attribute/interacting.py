"""Interactions of all pairs of an outcome, where every coalition was run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from mixablate.attribute.cells import Stratum, ValueSource
from mixablate.attribute.fitting import Fitting, coalition_label, undefined
from mixablate.attribute.games import Game, pair_game
from mixablate.attribute.inferring import Inferred, Setting, infer, setting_of
from mixablate.attribute.interactions import Interactions, PairInteraction, interaction_word
from mixablate.attribute.players import Player, Players
from mixablate.attribute.replicates import game_values
from mixablate.attribute.rules import PairIndex
from mixablate.attribute.scales import AttributionScale, scaled
from mixablate.attribute.simultaneous import Quantiles, adjusted, quantiles_of
from mixablate.estimate import number_or_none
from mixablate.resample import stage_rng

__all__ = ["pair_interactions"]

MOST_INTERACTING = 10  # players


def pair_interactions(
    setting: Setting, who: Players, fitting: Fitting, scales: Sequence[AttributionScale], seed: int
) -> tuple[Interactions, ...]:
    """Both indices on every scale, where every coalition was run."""
    k = len(who.players)
    if k < 2:
        return ()
    name, level = setting.game.summaries.outcome.name, setting.level
    reason = _not_all_run(who, fitting.strata)
    if reason:
        return tuple(Interactions(name, s, i, (), (), None, level, reason) for s in scales for i in PairIndex)
    everything = tuple(range(2**k))
    if setting.game.cells.coalitions != everything:
        cells, _ = fitting.cells(everything, ValueSource.OBSERVED)
        setting = setting_of(game_values(setting.game.summaries, setting.design, cells, None), setting.design, level)
    quantiles = quantiles_of(k * (k - 1) // 2, stage_rng(seed, "attribution", name, "interactions"))
    return tuple(_one_index(setting, who, pair_game(k, i), i, s, quantiles) for s in scales for i in PairIndex)


def _not_all_run(who: Players, strata: Sequence[Stratum]) -> str:
    k = len(who.players)
    if k > MOST_INTERACTING:
        return f"{k} players: interactions need all {2**k:,} coalitions to have been run"
    missing = [mask for mask in range(2**k) if not all(mask in stratum.arms for stratum in strata)]
    if not missing:
        return ""
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return (
        f"not run: {coalition_label(missing[0], who)}{more}. A model with main effects has no interactions to report: "
        "they are 0 on the log-odds by construction"
    )


def _one_index(
    setting: Setting, who: Players, game: Game, index: PairIndex, scale: AttributionScale, quantiles: Quantiles
) -> Interactions:
    name, level = setting.game.summaries.outcome.name, setting.level
    values = scaled(setting.game.values, scale)
    if np.isnan(values).any():
        return Interactions(name, scale, index, (), (), None, level, undefined(setting.game, game.matrix, scale, who))
    found = infer(setting, game.matrix, scale)
    at_once = adjusted(setting, found.numbers, found.jackknife.correlation, quantiles)
    lower_is_better = setting.game.summaries.outcome.lower_is_better
    pairs = tuple(
        _pair(first, second, number, p_adjusted, level, lower_is_better=lower_is_better)
        for (first, second), number, (p_adjusted, _, _) in zip(
            combinations(who.players, 2), found.numbers, at_once, strict=True
        )
    )
    taylor = index is PairIndex.SHAPLEY_TAYLOR
    alone = tuple((p.id, float(values[1 << bit] - values[0])) for bit, p in enumerate(who.players) if taylor)
    return Interactions(name, scale, index, pairs, alone, float(values[-1] - values[0]), level)


def _pair(
    first: Player, second: Player, number: Inferred, p_adjusted: float, level: float, *, lower_is_better: bool
) -> PairInteraction:
    lower, upper = number.limits((1.0 - level) / 2.0)
    error, df, low, high = map(number_or_none, (number.std_error, number.df, lower, upper))
    known = not number.reason
    at_once = p_adjusted if known else None
    return PairInteraction(
        first.id,
        second.id,
        first.label,
        second.label,
        number.estimate,
        error,
        df,
        low,
        high,
        p_value=number.p_value if known else None,
        p_adjusted=at_once,
        word=interaction_word(low, high, at_once, level=level, lower_is_better=lower_is_better),
        reason=number.reason,
    )
