"""Who earned the change from baseline to full mix: all rules and scales of one outcome, from one set of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixablate.attribute.agreement import ScaleAgreement, scale_agreement
from mixablate.attribute.assembling import JointDraws, Quantiles, assemble, end_row, placed
from mixablate.attribute.attribution import Attribution, WithheldAttribution
from mixablate.attribute.cells import CoalitionCells, Stratum, ValueSource, cells_of, strata_of
from mixablate.attribute.coalition import Coalition, coalition_table
from mixablate.attribute.fitted import FittedCells, fitted_cells, thin
from mixablate.attribute.games import MOST_EXACT, MOST_ORDERS, Game, game_of, pair_game
from mixablate.attribute.inferring import Setting, infer, simultaneous
from mixablate.attribute.interactions import Interactions, PairInteraction, interaction_word
from mixablate.attribute.players import Players, players_of, take_part
from mixablate.attribute.replicates import GameValues, deletions, drawn_values, game_values
from mixablate.attribute.rules import PairIndex, Rule
from mixablate.attribute.scales import AttributionScale, scaled
from mixablate.attribute.spread import arm_spread
from mixablate.design import Design
from mixablate.estimate import OutcomeModel, RunSummaries, fit_outcome
from mixablate.resample import FEWEST_RUNS, stage_rng
from mixablate.tables import OutcomeKind

__all__ = ["AttributedOutcome", "attribute_outcome", "attribution_scales"]

Floats = NDArray[np.float64]

SIMULTANEOUS = 10_000  # draws of the multivariate t: a p of .05 is right to .002
FEWER_DRAWS = 999  # where values of more than this many coalitions are drawn
MANY_COALITIONS = 4096
FIRST_ORDERS = 64  # pairs of mirrored orders to begin with
MOST_INTERACTING = 10  # players


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
        draws: joint draws over runs, made from 20 runs on.
        seed: of draws; each kind has a stream of its own, named by the outcome.
        value: where coalition values come from.
        rules: Owen is left out where groups make no difference.
        scales: all that suit the outcome, unless given.
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
        same = "groups make no difference here: the Owen value is the Shapley value" if rules else "no rule was asked for"
        return AttributedOutcome(name, reason=same)
    fitting = _Fitting(summaries, design, who, strata, model)
    games = [_settled(rule, who, keys, fitting, scales) for rule in asked]
    coalitions = sorted({mask for game in games for mask in game.coalitions})
    cells, fitted = fitting.cells(coalitions, value)
    setting = _setting(game_values(summaries, design, cells, fitted), design, level)
    clear = len(set(summaries.run_ids)) >= FEWEST_RUNS and not setting.crossed
    made = draws if len(coalitions) <= MANY_COALITIONS else min(draws, FEWER_DRAWS)
    drawn = _draws(setting, made, stage_rng(seed, "attribution", name, "draws")) if clear else JointDraws(())
    rng = stage_rng(seed, "attribution", name, "simultaneous")
    quantiles = Quantiles(rng.standard_normal((SIMULTANEOUS, len(who.players))), rng.standard_normal(SIMULTANEOUS))
    attributions: list[Attribution] = []
    withheld: list[WithheldAttribution] = []
    for scale in scales:
        for game in games:
            reason = _undefined(setting.game, placed(game, coalitions), scale, who)
            if reason:
                withheld.append(WithheldAttribution(name, scale, str(game.rule), reason))
            else:
                method = _method(setting, game, scale)
                attributions.append(
                    assemble(setting, game, scale, who, drawn, quantiles, value=str(value), method=method)
                )
    by_rule = {rule: [a for a in attributions if a.rule == rule] for rule in asked}
    return AttributedOutcome(
        name,
        tuple(attributions),
        tuple(withheld),
        _interactions(setting, who, fitting, scales, seed) if value is not ValueSource.MODEL else (),
        coalition_table(setting.game, who.players),
        tuple(scale_agreement(found) for found in by_rule.values() if len(found) > 1 and len(found[0].parts) > 1),
    )


@dataclass(frozen=True, slots=True)
class _Fitting:
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
        model = fit_outcome(self.summaries, self.design) if self.model is None else self.model
        return fitted_cells(model, self.summaries, self.design, self.who.players, coalitions, self.strata)

    @property
    def _replicated(self) -> bool:
        return len(set(self.summaries.arm_ids)) < len(self.summaries.arm_ids) or bool(self.design.pair)


def _setting(game: GameValues, design: Design, level: float) -> Setting:
    return Setting(game, design, deletions(game), arm_spread(game), level)


def _settled(
    rule: Rule, who: Players, keys: Floats, fitting: _Fitting, scales: Sequence[AttributionScale]
) -> Game:
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


def _precise(game: Game, fitting: _Fitting, scales: Sequence[AttributionScale]) -> bool:
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


def _draws(setting: Setting, draws: int, rng: np.random.Generator) -> JointDraws:
    found = drawn_values(setting.game, draws, rng)
    return JointDraws((), found) if isinstance(found, str) else JointDraws(tuple(found))


def _nothing(design: Design, who: Players) -> str:
    if len(players_of(design)) < 2:
        return "fewer than two components have a baseline and a target: there is nothing to split"
    if not who.players:
        return "; ".join(f"{left.label}: {left.reason}" for left in who.left_out)
    return "no run of a known mix has this outcome"


def _undefined(game: GameValues, matrix: Floats, scale: AttributionScale, who: Players) -> str:
    """Why the rule has no numbers on the scale; empty where it has."""
    used = np.abs(matrix).sum(axis=0) > 0.0
    used[[0, -1]] = True
    labels = {position: _label(mask, who) for position, mask in enumerate(game.cells.coalitions) if used[position]}
    missing = [label for position, label in labels.items() if np.isnan(game.values[position])]
    if missing:
        why = f"; no model fills in: {game.fitted}" if isinstance(game.fitted, str) else ""
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        return f"not run: {', '.join(missing[:3])}{more}{why}"
    logs = scaled(game.values, scale)
    flat = [(label, game.values[position]) for position, label in labels.items() if np.isnan(logs[position])]
    if flat:
        return f"the rate is {flat[0][1]:g} for {flat[0][0]}, which has no logarithm on this scale"
    return ""


def _label(mask: int, who: Players) -> str:
    held = [player.label for bit, player in enumerate(who.players) if mask >> bit & 1]
    return f'"{" + ".join(held) or "baseline"}"'


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


def _interactions(
    setting: Setting, who: Players, fitting: _Fitting, scales: Sequence[AttributionScale], seed: int
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
        setting = _setting(game_values(setting.game.summaries, setting.design, cells, None), setting.design, level)
    rng = stage_rng(seed, "attribution", name, "interactions")
    pairs = k * (k - 1) // 2
    quantiles = Quantiles(rng.standard_normal((SIMULTANEOUS, pairs)), rng.standard_normal(SIMULTANEOUS))
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
        f"not run: {_label(missing[0], who)}{more}. A model with main effects has no interactions to report: they are 0 "
        "on the log-odds by construction"
    )


def _one_index(
    setting: Setting, who: Players, game: Game, index: PairIndex, scale: AttributionScale, quantiles: Quantiles
) -> Interactions:
    name, level = setting.game.summaries.outcome.name, setting.level
    values = scaled(setting.game.values, scale)
    if np.isnan(values).any():
        return Interactions(
            name, scale, index, (), (), None, level, _undefined(setting.game, game.matrix, scale, who)
        )
    found = infer(setting, game.matrix, scale)
    correlation = found.jackknife.correlation
    several = len(found.numbers) > 1
    smallest = (
        simultaneous(found.numbers, correlation, quantiles.normals, quantiles.scores)
        if several and not setting.crossed
        else np.ones(0)
    )
    players = who.players
    names = [(players[i], players[j]) for i in range(len(players)) for j in range(i + 1, len(players))]
    pairs = []
    for (first, second), number in zip(names, found.numbers, strict=True):
        lower, upper = (None if number.reason else limit for limit in number.limits((1.0 - level) / 2.0))
        p = None if number.reason else number.p_value
        adjusted = p
        if p is not None and smallest.size:
            adjusted = max(p, float((1 + np.count_nonzero(smallest <= p)) / (1 + smallest.size)))
        elif p is not None:
            adjusted = min(1.0, p * len(found.numbers))
        stated: Mapping[str, float | None] = {
            "std_error": None if number.reason else number.std_error,
            "df": None if number.reason else number.df,
        }
        word = interaction_word(lower, upper, lower_is_better=setting.game.summaries.outcome.lower_is_better)
        pairs.append(
            PairInteraction(
                first.id, second.id, first.label, second.label, number.estimate, stated["std_error"], stated["df"],
                lower, upper, p, adjusted, word, number.reason,
            )  # fmt: skip
        )
    alone = tuple((player.id, float(values[1 << bit] - values[0])) for bit, player in enumerate(players))
    taylor = index is PairIndex.SHAPLEY_TAYLOR
    return Interactions(name, scale, index, tuple(pairs), alone if taylor else (), float(values[-1] - values[0]), level)
