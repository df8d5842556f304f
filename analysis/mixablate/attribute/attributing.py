"""Who earned the change from baseline to full mix: from the arms that were run, or from the fitted model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mixablate.attribute.attribution import Attribution, Split, assemble, with_ends, with_part
from mixablate.attribute.games import Rule, coalitions, rule_coefficients
from mixablate.attribute.model_values import split_by_model
from mixablate.attribute.observed_values import observed_game, split_by_arms
from mixablate.design import Arm, Design
from mixablate.estimate import OutcomeModel, RunSummaries, fit_outcome
from mixablate.study import Component, Scale

__all__ = ["attribute", "observed_strata", "players_of"]

Floats = NDArray[np.float64]
MOST_PLAYERS = 12  # 4,096 coalitions; beyond that exact enumeration is not what a report waits for


def players_of(design: Design) -> tuple[Component, ...]:
    """The components that take part: those with a baseline and a target."""
    return tuple(c for c in design.components if c.baseline is not None and c.target is not None)


def attribute(
    summaries: RunSummaries,
    design: Design,
    scale: Scale,
    rule: Rule,
    *,
    level: float,
    draws: int,
    rng: np.random.Generator,
    model: OutcomeModel | str | None = None,
) -> Attribution | None:
    """The change from baseline to full mix split over the components, by one rule on one scale.

    Coalition values are the observed arms' mean run rates (or log-odds, or scores) wherever the arms that a rule, or a
    one-at-a-time part, needs were run in a common stratum; otherwise those of the binomial logit with main effects,
    standardised over evals and blocks. `Part.source` says which. On the log-odds scale an observed coalition's value is
    its mean run log-odds.

    `model` is `fit_outcome` of these summaries and this design, for callers that split an outcome several ways; it is
    fitted here, where arms are missing, if it is not given.

    Returns None where there is nothing to split: fewer than two players, more than 12, or neither arms nor model.
    """
    players = players_of(design)
    if not 2 <= len(players) <= MOST_PLAYERS:
        return None
    matrix = rule_coefficients(len(players), rule)
    strata = observed_strata(design, summaries, players, coalitions(matrix))
    if strata:
        game = observed_game(players, strata, matrix)
        split = split_by_arms(summaries, design, game, scale, level=level, draws=draws, rng=rng)
    else:
        fitted = fit_outcome(summaries, design) if model is None else model
        modelled = split_by_model(fitted, players, matrix, scale, level=level)
        if modelled is None:
            return None
        split = _prefer_arms(modelled, summaries, design, players, matrix, scale, level=level, draws=draws, rng=rng)
    method = _method(scale, len(strata), split)
    return assemble(split, summaries.outcome.name, scale, rule, players, level=level, method=method)


def _prefer_arms(
    modelled: Split,
    summaries: RunSummaries,
    design: Design,
    players: tuple[Component, ...],
    matrix: Floats,
    scale: Scale,
    *,
    level: float,
    draws: int,
    rng: np.random.Generator,
) -> Split:
    """The modelled split with the total, and every part whose own coalitions were run, from the observed arms.

    Not on log-odds over several evals: there the arms' value is the mean of log-odds, the model's the log-odds of the
    mean rate, and parts of two estimands do not add up to either.
    """
    if scale is Scale.LOG_ODDS and len(summaries.outcome.evals) > 1:
        return modelled
    split = modelled
    for index, player in enumerate(players):
        row = matrix[index : index + 1]
        strata = observed_strata(design, summaries, players, coalitions(row))
        if strata:
            game = observed_game((player,), strata, row)
            own = split_by_arms(summaries, design, game, scale, level=level, draws=draws, rng=rng)
            split = with_part(split, index, own)
    ends = observed_strata(design, summaries, players, (0, matrix.shape[1] - 1))
    if ends and split.sources != modelled.sources:
        game = observed_game((), ends, matrix[:0])
        split = with_ends(split, split_by_arms(summaries, design, game, scale, level=level, draws=draws, rng=rng))
    return split


def _method(scale: Scale, strata: int, split: Split) -> str:
    unit = {Scale.LOG_ODDS: "mean run log-odds", Scale.VALUE: "mean run score"}.get(scale, "mean run rate")
    inference = "described, not inferred" if split.reason else "Satterthwaite df"
    arms = f"observed arms: {unit}" + (f", averaged over {strata} strata" if strata > 1 else "")
    rate = "log-odds of the standardised rate" if scale is Scale.LOG_ODDS else "standardised rate"
    effects = "with main effects of components, evals and blocks, CR2 by run"
    model = f"fitted model: {rate} of a binomial logit {effects}"
    firth = (
        f"fitted model (Firth): {rate} of Firth's penalised logit (separation found by linear programming) {effects}"
    )
    words = [text for text in (arms, model, firth) if text.split(":")[0] in split.sources]
    return "coalition values from " + "; from ".join(words) + f"; {inference}"


def observed_strata(
    design: Design, summaries: RunSummaries, players: tuple[Component, ...], needed: tuple[int, ...]
) -> list[Mapping[int, Arm]]:
    """For each stratum of block and non-playing components in which every needed coalition was run: mask -> arm."""
    seen = set(summaries.arm_ids)
    names = {player.id for player in players}
    found: dict[tuple[object, ...], dict[int, Arm]] = {}
    for arm in design.arms:
        if not arm.known or arm.arm_id not in seen:
            continue
        mask = _mask(arm, players)
        if mask is not None:
            rest = tuple(level for name, level in arm.levels if name not in names)
            found.setdefault((rest, arm.block), {}).setdefault(mask, arm)
    return [arms for arms in found.values() if all(mask in arms for mask in needed)]


def _mask(arm: Arm, players: tuple[Component, ...]) -> int | None:
    mask = 0
    for position, player in enumerate(players):
        level = arm.level(player.id)
        if level == player.target:
            mask |= 1 << position
        elif level != player.baseline:
            return None
    return mask
