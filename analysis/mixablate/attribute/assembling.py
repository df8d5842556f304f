"""From inferences and joint draws to a named attribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mixablate.attribute.attribution import ADDS_UP, Attribution, Comparison, Part
from mixablate.attribute.drawing import MOST_UNDEFINED, Drawn, JointDraws, from_draws
from mixablate.attribute.games import Game, end_row, placed
from mixablate.attribute.inferring import Inferred, Setting, infer
from mixablate.attribute.players import Players
from mixablate.attribute.rules import Rule
from mixablate.attribute.scales import AttributionScale, scaled
from mixablate.attribute.simultaneous import Quantiles, adjusted
from mixablate.estimate import number_or_none

__all__ = ["assemble"]

Floats = NDArray[np.float64]

MOST_COMPARED = 15  # players: 105 differences


def assemble(
    setting: Setting,
    game: Game,
    scale: AttributionScale,
    who: Players,
    drawn: JointDraws,
    quantiles: Quantiles,
    *,
    value: str,
    method: tuple[str, str],
) -> Attribution:
    """The attribution by one rule on one scale; every value it needs must be defined on that scale.

    `drawn` holds values on that scale. `method` says where values come from, and what the intervals are.
    """
    matrix = placed(game, setting.game.cells.coalitions)
    k, total_row = len(matrix), end_row(matrix.shape[1])
    pairs = list(combinations(range(k), 2)) if k <= MOST_COMPARED else []
    gaps = np.array([matrix[i] - matrix[j] for i, j in pairs]).reshape(-1, matrix.shape[1])
    members = _members(who, game)
    sums = np.array([matrix[list(held)].sum(axis=0) for held in members.values()]).reshape(-1, matrix.shape[1])
    found = infer(setting, np.vstack([total_row, matrix, sums, gaps]), scale)
    total, parts = found.numbers[0], found.numbers[1 : k + 1]
    groups = found.numbers[k + 1 : k + 1 + len(members)]
    lower, upper = total.limits((1.0 - setting.level) / 2.0)
    clear = lower > 0.0 or upper < 0.0
    shown = clear or (bool(total.reason) and total.estimate != 0.0)
    joint = from_draws(drawn, np.vstack([total_row, matrix]), total.estimate, setting.level, clear=clear)
    correlation = found.jackknife.correlation[1 : k + 1, 1 : k + 1]
    at_once = adjusted(setting, parts, correlation, quantiles)
    values = scaled(setting.game.values, scale)
    mc = game.mc_errors(_of(game, setting, values))
    named = []
    for i, player in enumerate(who.players):
        loo = _left_out(setting, found.jackknife.replicates[:, 1 + i], parts[i].estimate)
        part = _part(player.id, player.label, parts[i], setting.level, total.estimate if shown else None)
        named.append(_with(part, at_once[i], loo, joint, i, mc_error=float(mc[i]) if game.orders else None))
    named_groups = tuple(
        _part(name, name, number, setting.level, total.estimate if shown else None)
        for name, number in zip(members, groups, strict=True)
    )
    compared = tuple(
        _comparison(who, pair, number, setting.level)
        for pair, number in zip(pairs, found.numbers[k + 1 + len(members) :], strict=True)
    )
    rest = total.estimate - math.fsum(part.estimate for part in named)
    return Attribution(
        outcome=setting.game.summaries.outcome.name,
        scale=scale,
        rule=str(game.rule),
        baseline=float(values[0]),
        full=float(values[-1]),
        total=total.estimate,
        total_lower=number_or_none(lower),
        total_upper=number_or_none(upper),
        parts=tuple(named),
        unattributed=0.0 if abs(rest) <= ADDS_UP * abs(total.estimate) else rest,
        level=setting.level,
        descriptive=bool(total.reason),
        method="; ".join((method[0], "described, not inferred" if total.reason else method[1])),
        reason=total.reason,
        value=value,
        groups=named_groups,
        comparisons=compared,
        ranking=_ranking(who, named, compared, scale),
        draws=joint.draws,
        undefined=joint.undefined,
        orders=game.orders,
        notes=(*who.sentences, *_notes(game, mc, parts, joint)),
        left_out=who.left_out,
    )


def _of(game: Game, setting: Setting, values: Floats) -> Floats:
    where = {mask: index for index, mask in enumerate(setting.game.cells.coalitions)}
    return values[[where[mask] for mask in game.coalitions]]


def _members(who: Players, game: Game) -> dict[str, list[int]]:
    """The players of each declared group, for the rule that keeps groups together."""
    if game.rule is not Rule.OWEN or not who.grouped:
        return {}
    found: dict[str, list[int]] = {}
    for position, player in enumerate(who.players):
        found.setdefault(player.group or player.id, []).append(position)
    return found


def _part(name: str, label: str, found: Inferred, level: float, total: float | None) -> Part:
    lower, upper = found.limits((1.0 - level) / 2.0)
    return Part(
        component=name,
        label=label,
        estimate=found.estimate,
        std_error=number_or_none(found.std_error),
        df=number_or_none(found.df),
        lower=number_or_none(lower),
        upper=number_or_none(upper),
        share=found.estimate / total if total is not None else None,
        share_lower=None,
        share_upper=None,
        p_largest=None,
        source=found.source,
        p_value=number_or_none(found.p_value),
        reason=found.reason,
    )


def _with(
    part: Part,
    at_once: tuple[float, float, float],
    loo: tuple[float, float, str],
    joint: Drawn,
    position: int,
    *,
    mc_error: float | None,
) -> Part:
    ranks = joint.ranks[position]
    return replace(
        part,
        p_adjusted=number_or_none(at_once[0]),
        lower_simultaneous=number_or_none(at_once[1]),
        upper_simultaneous=number_or_none(at_once[2]),
        loo_lower=number_or_none(loo[0]),
        loo_upper=number_or_none(loo[1]),
        loo_run=loo[2],
        share_lower=number_or_none(joint.lowers[position]),
        share_upper=number_or_none(joint.uppers[position]),
        p_largest=number_or_none(ranks[0]),
        rank_probabilities=() if np.isnan(ranks).any() else tuple(ranks.tolist()),
        mc_error=mc_error,
    )


def _left_out(setting: Setting, replicates: Floats, estimate: float) -> tuple[float, float, str]:
    """The range over runs left out, those alone in their arm aside, and the run that moves the number most."""
    left_out = setting.left_out
    usable = ~left_out.alone[left_out.stratum] & ~np.isnan(replicates)
    if not usable.any():
        return math.nan, math.nan, ""
    moved = np.where(usable, np.abs(replicates - estimate), -1.0)
    kept = replicates[usable]
    return float(kept.min()), float(kept.max()), left_out.units[int(np.argmax(moved))]


def _comparison(who: Players, pair: tuple[int, int], found: Inferred, level: float) -> Comparison:
    lower, upper = found.limits((1.0 - level) / 2.0)
    first, second = (who.players[position].id for position in pair)
    return Comparison(
        first,
        second,
        found.estimate,
        number_or_none(found.std_error),
        number_or_none(found.df),
        number_or_none(lower),
        number_or_none(upper),
        number_or_none(found.p_value),
        found.reason,
    )


def _ranking(who: Players, parts: Sequence[Part], compared: Sequence[Comparison], scale: AttributionScale) -> str:
    """Which parts moved the outcome further than which, and which against which, by the intervals of differences."""
    if len(parts) < 2 or not compared:
        return ""
    withheld = [c.reason for c in compared if c.lower is None]
    if len(withheld) == len(compared):
        return f"No ranking of parts: {withheld[0]}."
    labels = {player.id: f'"{player.label}"' for player in who.players}
    sizes = {part.component: part.estimate for part in parts}
    stated = {name: f"{labels[name]} ({_size_text(size, scale)})" for name, size in sizes.items()}
    moved = {part.component for part in parts if _holds_no_zero(part)}
    further: dict[str, list[str]] = {}
    against: dict[str, list[str]] = {}
    apart, level = [], []
    for c in compared:
        if not _holds_no_zero(c):
            level.append(f"{labels[c.first]} and {labels[c.second]}")
            continue
        high, low = (c.first, c.second) if c.difference > 0.0 else (c.second, c.first)
        if sizes[low] < 0.0 < sizes[high] and {low, high} <= moved:
            against.setdefault(high, []).append(stated[low])
        elif sizes[low] < 0.0 < sizes[high]:
            apart.append(f"{stated[high]} and {stated[low]} differ")
        else:
            more, less = (high, low) if sizes[low] >= 0.0 else (low, high)
            further.setdefault(more, []).append(stated[less])
    said = []
    for name, words in stated.items():
        verb = "raised" if sizes[name] > 0.0 else "lowered"
        said += [f"{words} {verb} it by more than {' and '.join(further[name])}"] if name in further else []
        said += [f"{words} raised it, {' and '.join(against[name])} lowered it"] if name in against else []
    said += apart
    if level:
        said.append(f"{', '.join(level)} cannot be ranked by these runs")
    return "; ".join(said) + "."


def _holds_no_zero(found: Part | Comparison) -> bool:
    """Whether it has an interval, and zero is not in it."""
    return found.lower is not None and found.upper is not None and not found.lower <= 0.0 <= found.upper


def _size_text(size: float, scale: AttributionScale) -> str:
    """A part in percentage points, or with two decimals on the other scales."""
    return f"{100.0 * size:.1f}" if scale is AttributionScale.RISK_DIFFERENCE else f"{size:.2f}"


def _notes(game: Game, mc: Floats, parts: Sequence[Inferred], joint: Drawn) -> list[str]:
    notes = []
    if game.orders:
        yard = np.array([part.std_error if not part.reason else abs(part.estimate) for part in parts])
        note = f"{game.orders:,} sampled orders; Monte Carlo standard errors up to {mc.max():.2g}"
        if (mc > 0.1 * yard).any():
            note += ", more than a tenth of a part's own standard error: more orders would be needed"
        notes.append(note + ".")
    if joint.undefined:
        said = f"{joint.undefined:,} of {joint.draws:,} draws left a part undefined"
        withheld = joint.undefined > MOST_UNDEFINED * joint.draws
        notes.append(said + ("; intervals of shares and rankings are withheld." if withheld else " and were left out."))
    return notes
