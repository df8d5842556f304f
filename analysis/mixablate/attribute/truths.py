"""The true parts of a known truth: the same functions of true coalition values, for simulations and calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mixablate.attribute.cells import strata_of
from mixablate.attribute.games import exact_game
from mixablate.attribute.players import take_part
from mixablate.attribute.rules import Rule
from mixablate.attribute.scales import AttributionScale, combined_on
from mixablate.design import Design
from mixablate.estimate import RunSummaries
from mixablate.study.claim_kinds import Level

__all__ = ["true_parts"]


def true_parts(
    value_of: Callable[[Mapping[str, Level]], float],
    summaries: RunSummaries,
    design: Design,
    scale: AttributionScale,
    rule: Rule = Rule.SHAPLEY,
) -> tuple[float, ...]:
    """Each player's true part, in the order of `Attribution.parts`, whichever coalitions were run.

    Args:
        value_of: component levels -> the true mean rate (or score) of such runs.
        summaries: of the outcome; they say which arms have it.
        design: players and strata, as `attribute_outcome` takes them.
        scale: as asked of the attribution.
        rule: likewise.
    """
    who = take_part(design)
    game = exact_game(len(who.players), rule, who.groups)
    strata = strata_of(design, summaries, who.players)
    values = np.zeros(len(game.coalitions))
    for position, mask in enumerate(game.coalitions):
        levels: dict[str, Level | None] = {}
        for bit, player in enumerate(who.players):
            levels |= player.levels(present=bool(mask >> bit & 1))
        for stratum in strata:
            held = {name: level for name, level in (dict(stratum.rest) | levels).items() if level is not None}
            values[position] += value_of(held) / len(strata)
    return tuple(combined_on(scale, values, game.matrix).tolist())
