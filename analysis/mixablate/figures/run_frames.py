"""Frames of figures in which every training run is seen: estimation plots, slopes over units, trajectories."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from mixablate.claims import Verdict, claim_contrast
from mixablate.design import Contrast, Design
from mixablate.design.arms import level_text
from mixablate.estimate import Effect
from mixablate.figures.frames import domain_outcomes, in_order, marked, outcome_facts, outcome_labels
from mixablate.findings import Findings
from mixablate.study import Component, ComponentType, PublishedDeclared, Scale
from mixablate.study.claim_kinds import Level
from mixablate.tables import OutcomeKind

__all__ = ["estimation_frame", "slopes_frame", "trajectories_frame"]

ESTIMATION_COLUMNS = (
    "claim", "text", "status", "outcome", "outcome_label", "kind", "scale", "row", "side", "label", "run_id", "arm_id",
    "estimate", "lower", "upper", "level", "n_runs", "comparison",
)  # fmt: skip
UNPAIRED = "seed, not declared as a pair"
NUMBERS = ["estimate", "lower", "upper", "level"]


def estimation_frame(findings: Findings) -> pd.DataFrame:
    """Per claim that compares arms on a difference: its runs on both sides, the sides' means, the effect that decided.

    Rows: `row` "run" (one training run), "side" (its mean, arms weighted as in the contrast), "effect". An effect
    without an interval has none here. Claims that rest on the same effect of the same arms share a `comparison`.
    """
    labels, facts = outcome_labels(findings), outcome_facts(findings)
    rows: list[dict[str, object]] = []
    comparisons: dict[object, int] = {}
    for verdict in findings.verdicts:
        if isinstance(verdict.claim, PublishedDeclared):  # it rests on no run
            continue
        contrast = claim_contrast(verdict.claim, findings.tables, findings.design)
        if contrast is None or not contrast.coefficients:
            continue
        for effect in verdict.evidence:
            if _shown(effect):
                same = contrast.coefficients, effect.outcome, effect.scale, effect.lower, effect.upper
                named = {
                    "claim": verdict.claim.id,
                    "text": verdict.claim.text,
                    "status": str(verdict.status),
                    "outcome": effect.outcome,
                    "outcome_label": labels.get(effect.outcome, effect.outcome),
                    "kind": facts.get(effect.outcome, {}).get("kind", str(OutcomeKind.EVENTS)),
                    "scale": str(effect.scale),
                    "level": effect.level,
                    "comparison": comparisons.setdefault(same, len(comparisons)),
                }
                rows += [named | row for row in _of_claim(findings, verdict, contrast, effect)]
    frame = pd.DataFrame(rows, columns=list(ESTIMATION_COLUMNS))
    frame[NUMBERS] = frame[NUMBERS].astype(float)
    return marked(frame, findings)


def _shown(effect: Effect) -> bool:
    """Whether it is a difference of two sides' means."""
    sides = effect.reference is not None and effect.treated is not None
    return sides and effect.estimate is not None and effect.scale in (Scale.RISK_DIFFERENCE, Scale.VALUE)


def _of_claim(findings: Findings, verdict: Verdict, contrast: Contrast, effect: Effect) -> Iterator[dict[str, object]]:
    side_of = {arm_id: "treated" if c > 0 else "reference" for arm_id, c in contrast.coefficients}
    words = _sides_in_words(findings.design, contrast)
    runs = findings.run_rates
    runs = runs[(runs["outcome"] == effect.outcome) & runs["arm_id"].isin(side_of)]
    if runs.empty:
        return
    for run_id, arm_id, rate in runs[["run_id", "arm_id", "rate"]].itertuples(index=False):
        side = side_of[arm_id]
        yield {"row": "run", "side": side, "label": words[side], "run_id": run_id, "arm_id": arm_id, "estimate": rate}
    for side, mean, n_runs in (
        ("reference", effect.reference, effect.n_reference),
        ("treated", effect.treated, effect.n_treated),
    ):
        yield {"row": "side", "side": side, "label": words[side], "estimate": mean, "n_runs": n_runs}
    yield {
        "row": "effect",
        "side": "difference",
        "label": verdict.region,
        "estimate": effect.estimate,
        "lower": effect.lower,
        "upper": effect.upper,
        "n_runs": effect.n_runs,
    }


def _sides_in_words(design: Design, contrast: Contrast) -> dict[str, str]:
    """Side -> what its arms hold of the switched components, or the contrast's own words where they differ in that."""
    words = {"reference": contrast.reference, "treated": contrast.treated}
    switched = [component for component in design.components if component.id in contrast.components]
    for side, sign in (("reference", -1.0), ("treated", 1.0)):
        arms = [design.arm(arm_id) for arm_id, coefficient in contrast.coefficients if coefficient * sign > 0.0]
        held = {tuple(arm.level(component.id) for component in switched) for arm in arms}
        if len(held) == 1:
            words[side] = _held_in_words(switched, held.pop())
    return words


def _held_in_words(components: Sequence[Component], levels: Sequence[Level | None]) -> str:
    """Categories by level, doses with it, flags that are on by their label; "without" where nothing is left to name."""
    named = []
    for component, level in zip(components, levels, strict=True):
        if component.type is ComponentType.CATEGORY:
            named.append(str(level))
        elif component.type is not ComponentType.FLAG:
            named.append(f"{component.label} {'unknown' if level is None else level_text(level)}")
        elif level:
            named.append(component.label)
    return " + ".join(named) or (f"without {components[0].label}" if len(components) == 1 else "none of these")


def slopes_frame(findings: Findings) -> pd.DataFrame:
    """Mean run rate (or score) of every unit in every arm, for units met in two arms or more.

    A unit is a declared pair, else a base model where several were used, else a seed that several arms share. Arms that
    differ in nothing but the block are one here: a base model that is a block would meet no other's arms. Means of
    domains (or their only eval) alone. Equal seeds of arms that are not declared as pairs need not have anything in
    common, and the unit's kind says so. Columns: `unit_kind`, `unit`, `arm_id`, `arm`, `arm_index`, `estimate`,
    `n_runs`.
    """
    across = _across_blocks(findings.design)
    kind, unit_of = _units(findings, across)
    arms = {arm_id: index for index, arm_id in enumerate(dict.fromkeys(arm_id for arm_id, _ in across.values()))}
    labels, facts = outcome_labels(findings), outcome_facts(findings)
    runs = findings.run_rates.assign(unit=findings.run_rates["run_id"].map(unit_of))
    runs = runs[runs["outcome"].isin(domain_outcomes(findings)) & runs["unit"].notna()]
    named = [across[str(arm_id)] for arm_id in runs["arm_id"]]
    runs = runs.assign(arm_id=[arm_id for arm_id, _ in named], arm=[label for _, label in named])
    keys = ["outcome", "unit", "arm_id", "arm"]
    frame = runs.groupby(keys, sort=False)["rate"].agg(["mean", "size"]).reset_index()
    frame = frame.rename(columns={"mean": "estimate", "size": "n_runs"})
    met = frame.groupby(["outcome", "unit"])["arm_id"].transform("size")
    frame = frame[met > 1]
    frame = frame.assign(
        unit_kind=kind,
        arm_index=frame["arm_id"].map(arms),
        outcome_label=frame["outcome"].map(labels),
        kind=frame["outcome"].map(lambda name: facts[name]["kind"]),
        direction=frame["outcome"].map(lambda name: facts[name]["direction"]),
    )
    frame = frame.sort_values(["unit", "arm_index"], kind="stable")
    columns = [
        "outcome", "outcome_label", "kind", "direction", "unit_kind", "unit", "arm_index", "arm_id", "arm", "estimate",
        "n_runs",
    ]  # fmt: skip
    return marked(in_order(frame[columns], "outcome", list(labels)), findings)


def _across_blocks(design: Design) -> dict[str, tuple[str, str]]:
    """Arm id -> its id and label without the block; whole where mixes of one block share their levels (", mix 2")."""
    stripped = {}
    for arm in design.arms:
        where = f" [{', '.join(arm.block)}]"
        stripped[arm.arm_id] = (arm.arm_id.removesuffix(where), arm.label.removesuffix(where))
    return stripped


def _units(findings: Findings, across: Mapping[str, tuple[str, str]]) -> tuple[str, dict[str, str]]:
    """What joins runs of different arms, and the unit of each run."""
    design, runs = findings.design, findings.tables.runs.set_index("run_id")
    if design.pair:
        return design.pair, dict(design.pairs)
    for column in ("base_model", "seed"):
        if column in runs.columns:
            values = runs[column].dropna().astype(str)
            arm_of = pd.Series({run: across[arm_id][0] for run, arm_id in design.arm_of_runs().items()})
            arm_of = arm_of.reindex(values.index)
            shared = arm_of.groupby(values).nunique() > 1
            if values.nunique() > 1 and shared.any():
                return (UNPAIRED if column == "seed" else column), {
                    str(run): unit for run, unit in values.items() if shared[unit]
                }
    return "", {}


def trajectories_frame(findings: Findings) -> pd.DataFrame:
    """Rate (or score) of every run at every evaluated training step, for evals measured at two steps or more.

    Judges, metrics and replicates of one run, eval and step are pooled by their scored rollouts (scores: by `n`).
    """
    outcomes = findings.tables.outcomes
    if "step" not in outcomes.columns or outcomes["step"].nunique() < 2:
        return marked(pd.DataFrame(columns=["outcome", "run_id", "step", "estimate"]), findings)
    arm_of = findings.design.arm_of_runs()
    arms = {arm.arm_id: (index, arm.label) for index, arm in enumerate(findings.design.arms)}
    labels, facts = outcome_labels(findings), outcome_facts(findings)
    evals = dict(zip(findings.tables.evals["eval_id"], findings.tables.evals["label"], strict=True))
    rows: list[dict[str, object]] = []
    for (name, run, step), mine in outcomes.groupby(["eval_id", "run_id", "step"], sort=True):
        eval_id, run_id = str(name), str(run)
        level, scored = _pooled(mine, facts[eval_id]["kind"])
        if run_id in arm_of and not math.isnan(level):
            index, label = arms[arm_of[run_id]]
            rows.append(
                {
                    "outcome": eval_id,
                    "outcome_label": labels.get(eval_id, evals[eval_id]),
                    **facts[eval_id],
                    "arm_index": index,
                    "arm_id": arm_of[run_id],
                    "arm": label,
                    "run_id": run_id,
                    "step": step,
                    "estimate": level,
                    "n_scored": scored,
                }
            )
    columns = [
        "outcome", "outcome_label", "domain", "direction", "kind", "arm_index", "arm_id", "arm", "run_id", "step",
        "estimate", "n_scored",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns).astype({"step": float})
    steps = frame.groupby("outcome")["step"].transform("nunique")
    return marked(in_order(frame[steps > 1], "outcome", list(labels)), findings)


def _pooled(rows: pd.DataFrame, kind: str) -> tuple[float, float]:
    if kind == OutcomeKind.EVENTS:
        scored = float((rows["n_trials"] - rows["n_missing"]).sum())
        return (float(rows["n_events"].sum()) / scored if scored > 0 else math.nan), scored
    known = rows.dropna(subset=["value"])
    weights = known["n"].fillna(1.0) if "n" in known else pd.Series(1.0, index=known.index)
    total = float(weights.sum())
    return (float((known["value"] * weights).sum()) / total if total > 0 else math.nan), total
