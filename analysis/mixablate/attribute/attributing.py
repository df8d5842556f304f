"""Who earned the change from baseline to full mix: all rules and scales of one outcome, from one set of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mixablate.attribute.agreement import ScaleAgreement, scale_agreement
from mixablate.attribute.assembling import assemble
from mixablate.attribute.attribution import Attribution, WithheldAttribution
from mixablate.attribute.cells import ValueSource, strata_of
from mixablate.attribute.coalition import Coalition, coalition_table
from mixablate.attribute.drawing import JointDraws, draw_jointly
from mixablate.attribute.fitting import Fitting, settled, undefined
from mixablate.attribute.games import MOST_ORDERS, Game, placed
from mixablate.attribute.inferring import Setting, setting_of
from mixablate.attribute.interacting import pair_interactions
from mixablate.attribute.interactions import Interactions
from mixablate.attribute.players import Players, players_of, take_part
from mixablate.attribute.replicates import game_values
from mixablate.attribute.rules import Rule
from mixablate.attribute.scales import AttributionScale
from mixablate.attribute.simultaneous import quantiles_of
from mixablate.design import Design
from mixablate.estimate import OutcomeModel, RunSummaries
from mixablate.resample import FEWEST_RUNS, stage_rng
from mixablate.tables import OutcomeKind

__all__ = ["AttributedOutcome", "attribute_outcome", "attribution_scales"]

FEWER_DRAWS = 999  # where values of more than this many coalitions are drawn
MANY_COALITIONS = 4096


@dataclass(frozen=True, slots=True)
class AttributedOutcome:
    """All that one outcome's coalition values say.

    Attributes:
        outcome: its name.
        attributions: one per rule and scale that these runs can split.
        withheld: rules and scales that they cannot, with the reason.
        interactions: per scale and index; withheld ones carry their reason and no pairs.
        coalitions: every coalition's value and source.
        agreements: per rule, whether scales agree.
        reason: why there is nothing to split; empty where there is.
    """

    outcome: str
    attributions: tuple[Attribution, ...] = ()
    withheld: tuple[WithheldAttribution, ...] = ()
    interactions: tuple[Interactions, ...] = ()
    coalitions: tuple[Coalition, ...] = ()
    agreements: tuple[ScaleAgreement, ...] = ()
    reason: str = ""


def attribution_scales(summaries: RunSummaries) -> tuple[AttributionScale, ...]:
    """The scales a change of this outcome is split on."""
    if summaries.outcome.kind is OutcomeKind.SCORE:
        return (AttributionScale.VALUE,)
    return (AttributionScale.RISK_DIFFERENCE, AttributionScale.LOG_ODDS, AttributionScale.LOG_RATIO)


def attribute_outcome(
    summaries: RunSummaries,
    design: Design,
    *,
    level: float,
    draws: int,
    seed: int,
    value: ValueSource = ValueSource.MIXED,
    rules: Sequence[Rule] = tuple(Rule),
    scales: Sequence[AttributionScale] = (),
    interactions: bool = True,
    model: OutcomeModel | str | None = None,
) -> AttributedOutcome:
    """The change from baseline to full mix split over the players, by every rule on every scale.

    A coalition's value is the mean rate (or score) over runs of its arm, over evals by weight, over strata alike; where
    it was not run, that of the main-effects model. The scales are functions of these values. Where no arm was run
    twice and the model carries an interval, all values are the model's.

    Args:
        summaries: of the outcome.
        design: arms, pairs and scenarios.
        level: of intervals.
        draws: joint draws over runs, made from 20 runs on; 0 for none (no intervals of shares, no ranks).
        seed: of draws; each kind has a stream of its own, named by the outcome.
        value: where coalition values come from.
        rules: Owen is left out where groups make no difference.
        scales: all that suit the outcome, unless given.
        interactions: whether those of pairs are asked for as well.
        model: `fit_outcome` of these summaries and this design, where it was fitted already.
    """
    name = summaries.outcome.name
    who = take_part(design)
    strata = strata_of(design, summaries, who.players) if who.players else ()
    if len(players_of(design)) < 2 or not strata:
        return AttributedOutcome(name, reason=_nothing(design, who))
    scales = tuple(scales) or attribution_scales(summaries)
    keys = stage_rng(seed, "attribution", name, "orders").random((MOST_ORDERS // 2, 2 * len(who.players)))
    asked = [rule for rule in rules if rule is not Rule.OWEN or who.grouped]
    if not asked:
        same = (
            "groups make no difference here: the Owen value is the Shapley value" if rules else "no rule was asked for"
        )
        return AttributedOutcome(name, reason=same)
    fitting = Fitting(summaries, design, who, strata, model)
    games = [settled(rule, who, keys, fitting, scales) for rule in asked]
    coalitions = sorted({mask for game in games for mask in game.coalitions})
    cells, fitted = fitting.cells(coalitions, value)
    setting = setting_of(game_values(summaries, design, cells, fitted), design, level)
    clear = len(set(summaries.run_ids)) >= FEWEST_RUNS and not setting.crossed
    made = draws if len(coalitions) <= MANY_COALITIONS else min(draws, FEWER_DRAWS)
    drawn = draw_jointly(setting.game, made, stage_rng(seed, "attribution", name, "draws")) if clear else JointDraws(())
    quantiles = quantiles_of(len(who.players), stage_rng(seed, "attribution", name, "simultaneous"))
    attributions: list[Attribution] = []
    withheld: list[WithheldAttribution] = []
    for scale in scales:
        on_scale = drawn.on(scale)
        for game in games:
            reason = undefined(setting.game, placed(game, coalitions), scale, who)
            if reason:
                withheld.append(WithheldAttribution(name, scale, str(game.rule), reason))
            else:
                method = _method(setting, game, scale)
                attributions.append(
                    assemble(setting, game, scale, who, on_scale, quantiles, value=str(value), method=method)
                )
    by_rule = {rule: [a for a in attributions if a.rule == rule] for rule in asked}
    return AttributedOutcome(
        name,
        tuple(attributions),
        tuple(withheld),
        pair_interactions(setting, who, fitting, scales, seed)
        if interactions and value is not ValueSource.MODEL
        else (),
        coalition_table(setting.game, who.players),
        tuple(scale_agreement(found) for found in by_rule.values() if len(found) > 1 and len(found[0].parts) > 1),
    )


def _nothing(design: Design, who: Players) -> str:
    if len(players_of(design)) < 2:
        return "fewer than two components have a baseline and a target: there is nothing to split"
    if not who.players:
        return "; ".join(f"{left.label}: {left.reason}" for left in who.left_out)
    return "no run of a known mix has this outcome"


def _method(setting: Setting, game: Game, scale: AttributionScale) -> tuple[str, str]:
    cells = setting.game.cells
    used = np.abs(placed(game, cells.coalitions)).sum(axis=0) > 0.0
    used[[0, -1]] = True
    unit = "mean run rate" if setting.game.events else "mean run score"
    strata = f", averaged over {len(cells.strata)} strata" if len(cells.strata) > 1 else ""
    said = []
    if cells.weights[used].any():
        said.append(f"observed arms ({unit}{strata})")
    if cells.modelled[used].any() and not (setting.game.fitted is None or isinstance(setting.game.fitted, str)):
        said.append(f"the fitted model ({setting.game.fitted.words}{strata})")
    values = f"coalition values from {' and, where not run, from '.join(said)}"
    on = {"log_odds": "; differences of log odds of mean rates", "log_ratio": "; differences of logs of mean rates"}
    engine = "delete-one-pair jackknife" if setting.game.paired else "delete-one-run jackknife within arms"
    if scale is AttributionScale.RISK_DIFFERENCE and not cells.modelled[used].any():
        engine = "MOVER limits of contrasts of arm means"
    return f"{values}{on.get(str(scale), '')}", f"{engine}, Satterthwaite df"
