"""Findings reshaped into the frame each figure draws and the report writes as its CSV; nothing is computed here.

Every frame has a column `simulated`. Outcomes stand in one order everywhere: in distribution, out of distribution,
capability, control; within a domain the mean of its evals first, then the evals as their table lists them.
"""

from __future__ import annotations

import math

import pandas as pd

from mixablate.attribute import Attribution
from mixablate.claims import claim_evals, region_of
from mixablate.findings import Findings
from mixablate.study import Equivalent, NoHarm, Scale
from mixablate.tables import EvalDomain

__all__ = [
    "baseline_arms",
    "block_forest_frame",
    "distribution_frame",
    "domain_outcomes",
    "forest_frame",
    "headline_outcomes",
    "in_order",
    "marked",
    "outcome_facts",
    "outcome_labels",
    "player_index",
    "rates_frame",
    "waterfall_frame",
]


def outcome_labels(findings: Findings) -> dict[str, str]:
    """Outcome -> label for people, in the order outcomes are shown; the mean of a single eval is left out."""
    evals = findings.tables.evals
    known = dict(zip(findings.rates["outcome"].astype(str), findings.rates["outcome_label"].astype(str), strict=True))
    ordered: list[str] = []
    for domain in EvalDomain:
        members = evals.loc[evals["domain"] == str(domain), "eval_id"].astype(str).tolist()
        ordered += [str(domain), *members] if len(members) > 1 else members
    return {name: known[name] for name in ordered if name in known}


def baseline_arms(findings: Findings) -> frozenset[str]:
    """Ids of the arms whose every component is at its baseline; empty where the study declares none."""
    wanted = {c.id: c.baseline for c in findings.design.components}
    if any(level is None for level in wanted.values()):
        return frozenset()
    return frozenset(a.arm_id for a in findings.design.arms if dict(a.levels) == wanted)


def rates_frame(findings: Findings) -> pd.DataFrame:
    """Rows of arms (`row` "arm": mean, interval, pooled counts) and of runs (`row` "run"), outcome by outcome."""
    shown = list(outcome_labels(findings))
    arms = findings.rates.assign(row="arm", run_id="")
    facts = ["arm_id", "outcome", "outcome_label", "kind", "domain", "direction"]
    runs = findings.run_rates.rename(columns={"rate": "estimate"}).assign(row="run", interval="none", n_runs=1)
    runs = runs.merge(arms[facts], on=["arm_id", "outcome"], how="inner", validate="many_to_one")
    frame = pd.concat([arms, runs], ignore_index=True)
    frame["n_scored"] = frame["n_trials"] - frame["n_missing"]
    frame["baseline"] = frame["arm_id"].isin(baseline_arms(findings))
    frame["level"] = findings.study.analysis.level
    order = {arm.arm_id: i for i, arm in enumerate(findings.design.arms)}
    frame["arm_index"] = frame["arm_id"].map(order)
    frame = in_order(frame, "arm_id", [a.arm_id for a in findings.design.arms])
    frame = in_order(frame, "outcome", shown)
    columns = [
        "outcome", "outcome_label", "domain", "direction", "kind", "arm_index", "arm_id", "arm", "baseline",
        "row", "run_id", "estimate", "lower", "upper", "interval", "level", "n_runs", "n_events", "n_scored",
        "n_missing",
    ]  # fmt: skip
    return marked(frame[columns], findings)


def forest_frame(findings: Findings) -> pd.DataFrame:
    """One row per outcome and component: difference of rates (or scores) with its interval, or why there is none.

    `margin_lower` and `margin_upper` are the ends of what an `equivalent` or `no_harm` claim says of this very
    difference, infinite where open; NaN where none does.
    """
    labels = outcome_labels(findings)
    facts = outcome_facts(findings)
    margins = _claimed_margins(findings, facts)
    components = {c.id: c.label for c in findings.design.components}
    rows = []
    for effect in findings.effects:
        plain = effect.scale in (Scale.RISK_DIFFERENCE, Scale.VALUE)
        if not plain or effect.contrast not in components or effect.outcome not in labels:
            continue
        margin = margins.get((effect.contrast, effect.outcome, effect.scale), (math.nan, math.nan))
        rows.append(
            {
                "outcome": effect.outcome,
                "outcome_label": labels[effect.outcome],
                **facts[effect.outcome],
                "component": effect.contrast,
                "component_label": components[effect.contrast],
                "component_index": list(components).index(effect.contrast),
                "scale": str(effect.scale),
                "estimate": effect.estimate,
                "lower": effect.lower,
                "upper": effect.upper,
                "within_lower": effect.within_lower,
                "within_upper": effect.within_upper,
                "margin_lower": margin[0],
                "margin_upper": margin[1],
                "level": effect.level,
                "p_value": effect.p_value,
                "n_treated": effect.n_treated,
                "n_reference": effect.n_reference,
                "reason": effect.reason,
            }
        )
    numbers = ["estimate", "lower", "upper", "within_lower", "within_upper", "p_value"]
    frame = pd.DataFrame(rows, columns=list(rows[0]) if rows else ["outcome", "component", *numbers])
    frame[numbers] = frame[numbers].astype(float)
    return marked(in_order(frame, "outcome", list(labels)), findings)


def _claimed_margins(
    findings: Findings, facts: dict[str, dict[str, str]]
) -> dict[tuple[str, str, Scale], tuple[float, float]]:
    """(Component, outcome, scale) -> the ends within which all claims of no change, or no harm, hold its effect.

    Claims on the switch of that component alone, from its baseline to its target, on average over the others.
    """
    found: dict[tuple[str, str, Scale], tuple[float, float]] = {}
    for claim in (verdict.claim for verdict in findings.verdicts):
        if not isinstance(claim, Equivalent | NoHarm) or len(claim.components) != 1 or claim.at != "average":
            continue
        if claim.reference or claim.treated:
            continue
        evals = claim_evals(claim, findings.tables)
        for outcome in evals if claim.require == "each" or len(evals) == 1 else (claim.domain,):
            if outcome in facts:
                region = region_of(claim, lower_is_better=facts[outcome]["direction"] == "lower")
                key = (claim.components[0], outcome, claim.scale)
                low, high = found.get(key, (-math.inf, math.inf))
                found[key] = (max(low, region.lower), min(high, region.upper))
    return found


def block_forest_frame(findings: Findings) -> pd.DataFrame:
    """Per outcome and component: a row a block, the pooled effect, the prediction; differences of rates or scores."""
    labels, facts = outcome_labels(findings), outcome_facts(findings)
    components = {c.id: c.label for c in findings.design.components}
    frame = findings.block_effects
    plain = frame["scale"].isin([str(Scale.RISK_DIFFERENCE), str(Scale.VALUE)])
    frame = frame[plain & frame["contrast"].isin(components) & frame["outcome"].isin(labels)]
    frame = frame.assign(
        outcome_label=frame["outcome"].map(labels),
        direction=frame["outcome"].map(lambda name: facts[name]["direction"]),
        component_label=frame["contrast"].map(components),
    )
    numbers = ["estimate", "lower", "upper", "level", "p_value", "weight", "tau"]
    frame[numbers] = frame[numbers].astype(float)
    columns = [
        "outcome", "outcome_label", "direction", "contrast", "component_label", "scale", "kind", "block", "estimate",
        "lower", "upper", "level", "p_value", "weight", "against", "tau", "n_treated", "n_reference", "n_blocks",
        "reason",
    ]  # fmt: skip
    return marked(in_order(frame[columns], "outcome", list(labels)), findings)


def domain_outcomes(findings: Findings) -> list[str]:
    """The mean, or only eval, of each domain of misalignment: in distribution, then out of it."""
    evals, known = findings.tables.evals, set(findings.rates["outcome"])
    chosen: list[str] = []
    for domain in (EvalDomain.IN_DISTRIBUTION, EvalDomain.OUT_OF_DISTRIBUTION):
        members = evals[evals["domain"] == str(domain)]["eval_id"].astype(str).tolist()
        chosen += [str(domain)] if len(members) > 1 else members
    return [name for name in chosen if name in known]


def headline_outcomes(findings: Findings) -> list[str]:
    """The outcomes whose attribution is drawn: the mean (or only eval) of each domain that has one, misalignment first.

    Where no domain mean was attributed, every attributed outcome that is better when lower.
    """
    attributed = {a.outcome for a in findings.attributions if a.rule == "shapley"}
    evals = findings.tables.evals
    chosen = [name for name in domain_outcomes(findings) if name in attributed]
    lower = evals[evals["direction"] == "lower"]["eval_id"].astype(str).tolist()
    return chosen or [name for name in lower if name in attributed]


def waterfall_frame(findings: Findings) -> pd.DataFrame:
    """Shapley attributions of the headline outcomes on the rate (or score) scale, as bars with start and end."""
    labels, facts = outcome_labels(findings), outcome_facts(findings)
    rows: list[dict[str, object]] = []
    for outcome in headline_outcomes(findings):
        for found in findings.attributions:
            plain = str(found.scale) in (Scale.RISK_DIFFERENCE, Scale.VALUE)
            if found.outcome == outcome and found.rule == "shapley" and plain:
                named = {"outcome": outcome, "outcome_label": labels.get(outcome, outcome), **facts[outcome]}
                rows += [named | bar for bar in _bars(findings, found)]
    order = ["outcome", "outcome_label", "kind", "direction", "domain", "scale", "role", "label", "component_index"]
    numbers = ["start", "end", "estimate", "lower", "upper", "share"]
    numbers += ["lower_simultaneous", "upper_simultaneous", "loo_lower", "loo_upper"]
    frame = pd.DataFrame(rows, columns=[*order, *numbers, "level", "descriptive", "reason"])
    frame[numbers] = frame[numbers].astype(float)
    return marked(frame, findings)


def _bars(findings: Findings, found: Attribution) -> list[dict[str, object]]:
    """Baseline, one floating bar a part, full mix: each from its start to its end."""
    nothing = dict.fromkeys(("lower", "upper", "share"), math.nan)
    blank: dict[str, object] = {"component_index": -1, "start": 0.0, "reason": "", **nothing}
    bars: list[dict[str, object]] = [
        blank | {"role": "baseline", "label": "Baseline", "end": found.baseline, "estimate": found.baseline}
    ]
    at = found.baseline
    for part in found.parts:
        bars.append(
            {
                "role": "part",
                "label": part.label,
                "component_index": player_index(findings, part.component),
                "start": at,
                "end": at + part.estimate,
                "estimate": part.estimate,
                "lower": part.lower,
                "upper": part.upper,
                "share": part.share,
                "lower_simultaneous": part.lower_simultaneous,
                "upper_simultaneous": part.upper_simultaneous,
                "loo_lower": part.loo_lower,
                "loo_upper": part.loo_upper,
                "reason": found.reason or part.reason,
            }
        )
        at += part.estimate
    bars.append(blank | {"role": "full", "label": "Full mix", "end": found.full, "estimate": found.full})
    shared = {"scale": str(found.scale), "level": found.level, "descriptive": found.descriptive}
    return [bar | shared for bar in bars]


def player_index(findings: Findings, player: str) -> int:
    """Place of a player's first component among the study's, which decides its look; -1 where it is none of them."""
    index = {component.id: i for i, component in enumerate(findings.design.components)}
    return index.get(player, min((index[name] for name in player.split("+") if name in index), default=-1))


def distribution_frame(findings: Findings) -> pd.DataFrame:
    """Arms and runs with their in-distribution and out-of-distribution rate, where both are rates."""
    sides = {}
    for axis, domain in (("in", EvalDomain.IN_DISTRIBUTION), ("out", EvalDomain.OUT_OF_DISTRIBUTION)):
        rates = findings.rates[findings.rates["domain"] == str(domain)]
        evals = [name for name in dict.fromkeys(rates["outcome"]) if name != str(domain)]
        name = evals[0] if len(evals) == 1 else str(domain)
        arms = rates[(rates["outcome"] == name) & (rates["kind"] == "events")].assign(row="arm", run_id="")
        runs = findings.run_rates[findings.run_rates["outcome"].isin(set(arms["outcome"]))]
        runs = runs.rename(columns={"rate": "estimate"}).assign(row="run", lower=math.nan, upper=math.nan)
        both = pd.concat([arms, runs.assign(interval="none")], ignore_index=True)
        keep = ["row", "arm_id", "arm", "run_id", "outcome", "estimate", "lower", "upper", "interval"]
        sides[axis] = both[keep]
    frame = sides["in"].merge(sides["out"], on=["row", "arm_id", "arm", "run_id"], suffixes=("_in", "_out"))
    labels, facts = outcome_labels(findings), outcome_facts(findings)
    for axis in ("in", "out"):
        frame[f"label_{axis}"] = frame[f"outcome_{axis}"].map(labels)
        frame[f"direction_{axis}"] = [facts[str(outcome)]["direction"] for outcome in frame[f"outcome_{axis}"]]
    frame["baseline"] = frame["arm_id"].isin(baseline_arms(findings))
    frame["level"] = findings.study.analysis.level
    return marked(in_order(frame, "arm_id", [a.arm_id for a in findings.design.arms]), findings)


def outcome_facts(findings: Findings) -> dict[str, dict[str, str]]:
    """Outcome -> its domain, direction and kind; a mean of a domain has those of its evals."""
    facts = {
        str(row["eval_id"]): {key: str(row[key]) for key in ("domain", "direction", "kind")}
        for _, row in findings.tables.evals.iterrows()
    }
    means = {f["domain"]: f for f in reversed(list(facts.values()))}
    return means | facts


def in_order(frame: pd.DataFrame, column: str, order: list[str]) -> pd.DataFrame:
    """The rows whose `column` is in `order`, in that order, otherwise as they stood."""
    place = {name: i for i, name in enumerate(order)}
    kept = frame[frame[column].isin(place)]
    return kept.loc[kept[column].map(place).sort_values(kind="stable").index].reset_index(drop=True)


def marked(frame: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """The frame with a column that says whether the data are simulated."""
    return frame.assign(simulated=findings.study.simulated)
