"""Attributions reshaped for their drawings: shares by scale, interactions of pairs, groups with their members.

Nothing is computed here but where a bar begins.
"""

from __future__ import annotations

import math

import pandas as pd

from mixablate.attribute import Attribution, Interactions, PairIndex, Part, ScaleAgreement
from mixablate.figures.frames import headline_outcomes, outcome_facts, outcome_labels, player_index
from mixablate.findings import Findings

__all__ = ["SHARE_SCALES", "interaction_frame", "owen_frame", "share_frame"]

SHARE_SCALES = ("risk_difference", "value", "log_odds", "log_ratio")
PLAIN = ("risk_difference", "value")
NO_CHANGE = "the total is compatible with no change on this scale, so parts have no share of it"
NO_DRAWS = "no joint draws were made, so the share has no interval"
TURNED = "the total vanishes or turns round, or the part is undefined, in too many joint draws"

OUTCOME = ["outcome", "outcome_label", "kind", "direction", "domain"]
SHARE_COLUMNS = [
    "scale", "component", "label", "component_index", "estimate", "total", "share", "share_lower", "share_upper",
    "rank", "rank_differs", "sign_differs", "level", "descriptive", "withheld", "reason",
]  # fmt: skip
PAIR_COLUMNS = [
    "scale", "index", "first", "second", "first_label", "second_label", "first_index", "second_index",
    "first_position", "second_position", "estimate", "lower", "upper", "p_adjusted", "word", "clear", "level", "reason",
]  # fmt: skip
OWEN_COLUMNS = [
    "scale", "role", "group", "component", "label", "component_index", "start", "end", "estimate", "lower", "upper",
    "share", "level", "descriptive", "reason",
]  # fmt: skip


def share_frame(findings: Findings) -> pd.DataFrame:
    """One row per headline outcome, player and scale: its Shapley part's share of the total, or why there is none.

    `withheld` says why a share is not stated, `reason` why its interval is not; `rank` is 1 for the largest part in the
    total's direction; `rank_differs` and `sign_differs` hold for the player over all scales. Empty where no share is
    stated on any scale.
    """
    rows: list[dict[str, object]] = []
    for outcome, named in _headlines(findings).items():
        mine = [a for a in findings.attributions if a.outcome == outcome and a.rule == "shapley"]
        agreement = next((g for g in findings.agreements if g.outcome == outcome and g.rule == "shapley"), None)
        bars = [_share(findings, found, part, i, agreement) for found in mine for i, part in enumerate(found.parts)]
        for gone in findings.withheld:
            if mine and gone.outcome == outcome and gone.rule == "shapley":
                bars += _gone(findings, mine[0], str(gone.scale), gone.reason)
        bars.sort(key=lambda bar: SHARE_SCALES.index(str(bar["scale"])))
        rows += [named | bar for bar in bars]
    if all(row["withheld"] for row in rows):
        rows = []
    frame = pd.DataFrame(rows, columns=OUTCOME + SHARE_COLUMNS)
    numbers = ["estimate", "total", "share", "share_lower", "share_upper", "rank"]
    return _typed(frame, numbers, findings)


def _share(
    findings: Findings, found: Attribution, part: Part, position: int, agreement: ScaleAgreement | None
) -> dict[str, object]:
    ranks = {str(s): names.index(part.component) + 1 for s, names in agreement.rankings} if agreement else {}
    signs = {values[position] for _, values in agreement.signs} if agreement else set()
    held = part.share_lower is not None and part.share_upper is not None
    interval = "" if held else TURNED if found.draws else NO_DRAWS
    return {
        "scale": str(found.scale),
        "component": part.component,
        "label": part.label,
        "component_index": player_index(findings, part.component),
        "estimate": part.estimate,
        "total": found.total,
        "share": part.share,
        "share_lower": part.share_lower,
        "share_upper": part.share_upper,
        "rank": ranks.get(str(found.scale)),
        "rank_differs": len(set(ranks.values())) > 1,
        "sign_differs": len(signs) > 1,
        "level": found.level,
        "descriptive": found.descriptive,
        "withheld": NO_CHANGE if part.share is None else "",
        "reason": (found.reason or part.reason or interval) if part.share is not None else "",
    }


def _gone(findings: Findings, like: Attribution, scale: str, reason: str) -> list[dict[str, object]]:
    """Rows of a scale on which the change was not split, for the players of another."""
    return [
        {"scale": scale, "component": part.component, "label": part.label, "withheld": reason, "reason": ""}
        | {"component_index": player_index(findings, part.component), "rank_differs": False, "sign_differs": False}
        | {"level": like.level, "descriptive": False}
        for part in like.parts
    ]


def interaction_frame(findings: Findings) -> pd.DataFrame:
    """One row per headline outcome and pair: the Shapley-Taylor interaction on the rate (or score) scale.

    `clear` says that the pair is clear of zero, all pairs at once. An outcome whose interactions are withheld has one
    row without a pair, and its reason. Empty where every outcome's are, or where there are no pairs.
    """
    rows: list[dict[str, object]] = []
    for outcome, named in _headlines(findings).items():
        for found in findings.interactions:
            if found.outcome == outcome and found.index == PairIndex.SHAPLEY_TAYLOR and str(found.scale) in PLAIN:
                rows += [named | row for row in _pairs(findings, found)]
    if not any(row["first"] for row in rows):
        rows = []
    frame = pd.DataFrame(rows, columns=OUTCOME + PAIR_COLUMNS)
    return _typed(frame, ["estimate", "lower", "upper", "p_adjusted"], findings)


def _pairs(findings: Findings, found: Interactions) -> list[dict[str, object]]:
    shared = {"scale": str(found.scale), "index": str(found.index), "level": found.level}
    if not found.pairs:
        blank = dict.fromkeys(("first", "second", "first_label", "second_label", "word"), "")
        nowhere = dict.fromkeys(("first_index", "second_index", "first_position", "second_position"), -1)
        return [shared | blank | nowhere | {"clear": False, "reason": found.reason}]
    players = list(dict.fromkeys(name for pair in found.pairs for name in (pair.first, pair.second)))
    return [
        shared
        | {
            "first": pair.first,
            "second": pair.second,
            "first_label": pair.first_label,
            "second_label": pair.second_label,
            "first_index": player_index(findings, pair.first),
            "second_index": player_index(findings, pair.second),
            "first_position": players.index(pair.first),
            "second_position": players.index(pair.second),
            "estimate": pair.estimate,
            "lower": pair.lower,
            "upper": pair.upper,
            "p_adjusted": pair.p_adjusted,
            "word": pair.word,
            "clear": pair.word.endswith(" together"),
            "reason": pair.reason,
        }
        for pair in found.pairs
    ]


def owen_frame(findings: Findings) -> pd.DataFrame:
    """Owen values of the headline outcomes on the rate (or score) scale, as a tree whose bars tile their parent's.

    `role` is "total", "group" (of several members) or "part"; `group` is the parent of a part, empty at the root. Empty
    where groups make no difference.
    """
    rows: list[dict[str, object]] = []
    for outcome, named in _headlines(findings).items():
        for found in findings.attributions:
            plain = str(found.scale) in PLAIN and found.rule == "owen" and bool(found.groups)
            if found.outcome == outcome and plain:
                rows += [named | row for row in _tree(findings, found)]
    frame = pd.DataFrame(rows, columns=OUTCOME + OWEN_COLUMNS)
    return _typed(frame, ["start", "end", "estimate", "lower", "upper", "share"], findings)


def _tree(findings: Findings, found: Attribution) -> list[dict[str, object]]:
    """The total, then every group followed by its members; a member that stands alone hangs from the root."""
    shared = {"scale": str(found.scale), "level": found.level, "descriptive": found.descriptive}
    total = {"role": "total", "group": "", "component": "total", "label": "Total change", "component_index": -1}
    ends = {"estimate": found.total, "lower": found.total_lower, "upper": found.total_upper, "reason": found.reason}
    rows: list[dict[str, object]] = [total | {"start": 0.0, "end": found.total, "share": math.nan} | ends]
    at = 0.0
    for group in found.groups:
        members = [part for part in found.parts if _group_of(findings, part.component) == group.component]
        several = len(members) > 1
        if several:
            rows.append(_branch(group, "group", "", at, -1))
        for part in members:
            rows.append(
                _branch(part, "part", group.component if several else "", at, player_index(findings, part.component))
            )
            at += part.estimate
    return [shared | row | {"reason": row["reason"] or found.reason} for row in rows]


def _group_of(findings: Findings, player: str) -> str:
    """The declared group of all components of a player, else the player's own id."""
    groups = {c.group for c in findings.design.components if c.id == player or c.id in player.split("+")}
    only = groups.pop() if len(groups) == 1 else ""
    return only or player


def _branch(part: Part, role: str, group: str, start: float, index: int) -> dict[str, object]:
    return {
        "role": role,
        "group": group,
        "component": part.component,
        "label": part.label,
        "component_index": index,
        "start": start,
        "end": start + part.estimate,
        "estimate": part.estimate,
        "lower": part.lower,
        "upper": part.upper,
        "share": part.share,
        "reason": part.reason,
    }


def _headlines(findings: Findings) -> dict[str, dict[str, object]]:
    """The headline outcomes in their order, each with the columns that say what it is."""
    labels, facts = outcome_labels(findings), outcome_facts(findings)
    return {
        outcome: {"outcome": outcome, "outcome_label": labels.get(outcome, outcome), **facts[outcome]}
        for outcome in headline_outcomes(findings)
    }


def _typed(frame: pd.DataFrame, numbers: list[str], findings: Findings) -> pd.DataFrame:
    frame[numbers] = frame[numbers].astype(float)
    return frame.assign(simulated=findings.study.simulated)
