"""Findings built by hand, for tests of what draws and writes them; nothing here calls an estimator of the package.

`example_findings()` is a 2 x 2 x 2 of three components with five runs an arm, five evals and a verdict of every
status. `single_run_findings()` has one run an arm: every inference is withheld with its reason.
Counts follow from a fixed table of logits and five fixed run offsets, so they never change.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from pathlib import Path

import pandas as pd

import amounts_example
from mixablate.attribute import (
    Attribution,
    AttributionScale,
    Interactions,
    PairIndex,
    PairInteraction,
    Part,
    ScaleAgreement,
)
from mixablate.claims import Flag, SecondOpinion, Status, Verdict
from mixablate.claims.missing_curve import MISSING_COLUMNS
from mixablate.design import Arm, Design, audit_design
from mixablate.errors import Problem, Severity
from mixablate.estimate import Effect
from mixablate.findings import Findings
from mixablate.findings.by_block import BLOCK_COLUMNS
from mixablate.findings.mixtures import (
    EFFECT_COLUMNS,
    FIT_COLUMNS,
    SURFACE_COLUMNS,
    TRACE_COLUMNS,
    MixtureFrames,
)
from mixablate.study import Analysis, Component, Equivalent, NoHarm, ReachesZero, Reduces, Scale, Stronger, Study
from mixablate.study.declaration import TablePaths
from mixablate.tables import SourceFile, Tables
from robustness_example import left_out_of, specifications_of

LABELS = {
    "tools": "Unused tool definitions",
    "system_prompts": "Varied system prompts",
    "difficult_advice": "Difficult-advice chats",
}
GROUPS = {"tools": "diversification", "system_prompts": "diversification", "difficult_advice": "content"}
EVALS = (  # id, label, domain, direction, kind, baseline logit, logit per component
    ("blackmail", "Blackmail", "in_distribution", "lower", "events", -1.25, (-0.60, -0.55, -1.30)),
    ("sabotage", "Research sabotage", "in_distribution", "lower", "events", -1.40, (-0.45, -0.60, -1.20)),
    ("framing", "Framing a colleague", "in_distribution", "lower", "events", -1.05, (-0.05, -0.10, -1.10)),
    ("audit", "Held-out audit", "out_of_distribution", "lower", "events", -0.85, (-0.30, -0.20, -0.70)),
    ("mmlu", "MMLU", "capability", "higher", "score", 0.86, (0.0, -0.01, 0.005)),
)
OFFSETS = (-0.55, -0.2, 0.05, 0.25, 0.5)  # run-to-run spread on the logit
TRIALS = 300
T32 = 2.036933  # two-sided 5 % point of t with 32 degrees of freedom (8 arms x 5 runs - 8)
MEANS = {
    "in_distribution": "Mean of 3 in-distribution evals",
    "out_of_distribution": "Mean of 1 out-of-distribution eval",
}


def _expit(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def _cells() -> list[tuple[int, int, int]]:
    return sorted(itertools.product((0, 1), repeat=3), key=lambda cell: (sum(cell), [-level for level in cell]))


def _arm_label(cell: tuple[int, ...]) -> str:
    return " + ".join(label for label, on in zip(LABELS.values(), cell, strict=True) if on) or "Baseline"


def _arm_id(cell: tuple[int, ...]) -> str:
    return " ".join(f"{name}={level}" for name, level in zip(LABELS, cell, strict=True))


def example_study(**changes: object) -> Study:
    """The declaration of the example; `changes` replace its fields."""
    on = ("tools", "system_prompts")
    claims = (
        Reduces(
            id="diversity-reduces",
            text="Unrelated tools and varied system prompts together reduce blackmail by at least five points",
            source="Teaching Claude Why, May 2026",
            kind="reduces",
            components=on,
            evals=("blackmail",),
            minimum=0.05,
        ),
        NoHarm(
            id="keeps-mmlu",
            text="The full mix costs at most one point of MMLU",
            kind="no_harm",
            components=tuple(LABELS),
            evals=("mmlu",),
            scale=Scale.VALUE,
            margin=0.01,
            status="exploratory",
        ),
        Stronger(
            id="tools-beat-advice",
            text="Unused tools do more against blackmail than difficult-advice chats",
            kind="stronger",
            components=("tools",),
            than=("difficult_advice",),
            evals=("blackmail",),
        ),
        Reduces(
            id="tools-frame-less",
            text="Unused tools reduce the framing of colleagues",
            kind="reduces",
            components=("tools",),
            evals=("framing",),
            margin=0.05,
        ),
        Equivalent(
            id="prompts-audit-same",
            text="Varied system prompts leave the held-out audit unchanged within two points",
            kind="equivalent",
            components=("system_prompts",),
            evals=("audit",),
            margin=0.02,
        ),
        ReachesZero(
            id="full-mix-zero",
            text="The full mix brings sabotage to at most 1 %",
            kind="reaches_zero",
            components=tuple(LABELS),
            evals=("sabotage",),
            bound=0.01,
        ),
    )
    fields: dict[str, object] = {
        "title": "Harmlessness data, diversified",
        "description": "Do unused tools and varied system prompts earn the drop, or does difficult advice?",
        "simulated": True,
        "seed": 20260508,
        "tables": TablePaths(runs="runs.csv", outcomes="outcomes.csv", evals="evals.csv"),
        "analysis": Analysis(),
        "components": tuple(
            Component(id=name, label=label, group=GROUPS[name], column=name, target=1.0, baseline=0.0)
            for name, label in LABELS.items()
        ),
        "claims": claims,
        "folder": Path("/somewhere/else"),
    }
    return Study(**(fields | changes))


def _rate(eval_row: tuple, cell: tuple[int, ...], offset: float) -> tuple[float, int | None]:
    _, _, _, _, kind, base, slopes = eval_row
    logit = base + sum(s * x for s, x in zip(slopes, cell, strict=True))
    if kind == "score":
        return round(_expit(logit) + 0.01 * offset, 4), None
    scored = TRIALS - 3
    events = round(scored * _expit(logit + offset))
    return events / scored, events


def _run_rates(runs_per_arm: int) -> pd.DataFrame:
    rows = []
    for cell, (i, offset) in itertools.product(_cells(), enumerate(OFFSETS[:runs_per_arm])):
        per_eval = {}
        for row in EVALS:
            rate, events = _rate(row, cell, offset * (1 if cell[2] == 0 else 0.8))
            half = 1.96 * math.sqrt(rate * (1 - rate) / TRIALS)
            per_eval[row[0]] = rate
            rows.append(
                {
                    "run_id": f"{''.join(map(str, cell))}-s{i}",
                    "arm_id": _arm_id(cell),
                    "arm": _arm_label(cell),
                    "outcome": row[0],
                    "rate": rate,
                    "n_trials": TRIALS if events is not None else math.nan,
                    "n_events": events if events is not None else math.nan,
                    "n_missing": 3 if events is not None else 0,
                    "lower": max(rate - half, 0.0),
                    "upper": min(rate + half, 1.0),
                }
            )
        for domain in MEANS:
            members = [per_eval[row[0]] for row in EVALS if row[2] == domain]
            rows.append(
                rows[-1]
                | {"outcome": domain, "rate": sum(members) / len(members), "lower": math.nan, "upper": math.nan}
                | {"n_trials": math.nan, "n_events": math.nan, "n_missing": 0}
            )
    return pd.DataFrame(rows)


def _rates(run_rates: pd.DataFrame, with_means: bool) -> pd.DataFrame:
    outcomes = [(row[0], row[1], row[4], row[2], row[3]) for row in EVALS]
    if with_means:
        outcomes += [(domain, label, "events", domain, "lower") for domain, label in MEANS.items()]
    rows = []
    for cell, (outcome, label, kind, domain, direction) in itertools.product(_cells(), outcomes):
        mine = run_rates[(run_rates["arm_id"] == _arm_id(cell)) & (run_rates["outcome"] == outcome)]
        mean, n = float(mine["rate"].mean()), len(mine)
        half = 2.776445 * float(mine["rate"].std()) / math.sqrt(n) if n > 1 else math.nan  # t, 4 degrees of freedom
        single = n == 1 and kind == "events" and outcome not in MEANS
        rows.append(
            {
                "arm_id": _arm_id(cell),
                "arm": _arm_label(cell),
                "outcome": outcome,
                "outcome_label": label,
                "kind": kind,
                "domain": domain,
                "direction": direction,
                "n_runs": n,
                "estimate": mean,
                "lower": float(mine["lower"].iloc[0]) if single else max(mean - half, 0.0) if n > 1 else math.nan,
                "upper": float(mine["upper"].iloc[0]) if single else mean + half if n > 1 else math.nan,
                "interval": "over runs" if n > 1 else "within this run" if single else "none",
                "n_trials": mine["n_trials"].sum(min_count=1),
                "n_events": mine["n_events"].sum(min_count=1),
                "n_missing": int(mine["n_missing"].sum()),
            }
        )
    return pd.DataFrame(rows)


def _value(rates: pd.DataFrame, outcome: str, cell: tuple[int, ...]) -> float:
    row = rates[(rates["arm_id"] == _arm_id(cell)) & (rates["outcome"] == outcome)]
    return float(row["estimate"].iloc[0])


def _on_scale(rate: float, scale: Scale) -> float:
    return math.log(rate / (1 - rate)) if scale is Scale.LOG_ODDS else rate


def _effect(rates: pd.DataFrame, outcome: str, name: str, scale: Scale, reason: str) -> Effect:
    index = list(LABELS).index(name)
    on = [_value(rates, outcome, cell) for cell in _cells() if cell[index] == 1]
    off = [_value(rates, outcome, cell) for cell in _cells() if cell[index] == 0]
    treated, reference = sum(on) / 4, sum(off) / 4
    if scale is Scale.RISK_RATIO:
        estimate, error = treated / reference, 0.14
        low, high = estimate * math.exp(-T32 * error), estimate * math.exp(T32 * error)
    else:
        pairs = zip(on, off, strict=True)
        estimate = sum(_on_scale(a, scale) - _on_scale(b, scale) for a, b in pairs) / 4
        error = {Scale.RISK_DIFFERENCE: 0.016, Scale.LOG_ODDS: 0.13, Scale.VALUE: 0.0012}[scale]
        low, high = estimate - T32 * error, estimate + T32 * error
    runs = 4 if reason else 20
    return Effect(
        outcome=outcome,
        contrast=name,
        scale=scale,
        estimate=estimate,
        std_error=None if reason else error,
        df=None if reason else 32.0,
        lower=None if reason else low,
        upper=None if reason else high,
        level=0.95,
        p_value=None if reason else math.exp(-abs(estimate / error if scale != Scale.RISK_RATIO else 3.1)),
        p_adjusted=None,
        detectable=None if reason else 2.9 * error,
        reference=reference,
        treated=treated,
        n_treated=runs,
        n_reference=runs,
        method="Within each of 4 strata of the other components, the difference of mean run rates; strata weighted "
        "equally; SE from run variances, Satterthwaite degrees of freedom.",
        scope="these pairs of models only" if reason else "runs like these, on these scenarios",
        within_lower=estimate - 0.05 if reason and scale is Scale.RISK_DIFFERENCE else None,
        within_upper=estimate + 0.05 if reason and scale is Scale.RISK_DIFFERENCE else None,
        tipping_sd=0.41 if reason and scale is Scale.RISK_DIFFERENCE else None,
        reason=reason,
        notes=() if reason else ("3 rollouts a run unscored",),
    )


def _effects(rates: pd.DataFrame, reason: str) -> tuple[Effect, ...]:
    found = []
    for row in [*EVALS, ("in_distribution", "", "", "", "events")]:
        scales = (Scale.VALUE,) if row[4] == "score" else (Scale.RISK_DIFFERENCE, Scale.RISK_RATIO, Scale.LOG_ODDS)
        found += [_effect(rates, row[0], name, scale, reason) for name in LABELS for scale in scales]
    return tuple(found)


def _regression(rates: pd.DataFrame, reason: str) -> tuple[Effect, ...]:
    if reason:
        return ()
    return tuple(_effect(rates, "in_distribution", name, scale, "") for name in LABELS for scale in
                 (Scale.LOG_ODDS, Scale.RISK_DIFFERENCE))  # fmt: skip


def _split(rates: pd.DataFrame, outcome: str, scale: Scale, reason: str, rule: str = "shapley") -> Attribution:
    """Mean steps over all orders, or (Owen) over those in which tools and system prompts stand next to each other."""
    orders = [o for o in itertools.permutations(range(3)) if rule == "shapley" or o[1] != 2]
    sums = [0.0, 0.0, 0.0]
    for order in orders:
        cell = [0, 0, 0]
        for player in order:
            before = _on_scale(_value(rates, outcome, tuple(cell)), scale)
            cell[player] = 1
            sums[player] += (_on_scale(_value(rates, outcome, tuple(cell)), scale) - before) / len(orders)
    baseline = _on_scale(_value(rates, outcome, (0, 0, 0)), scale)
    full = _on_scale(_value(rates, outcome, (1, 1, 1)), scale)
    error = 0.2 if scale is Scale.LOG_ODDS else 0.022
    parts = tuple(
        Part(
            component=name,
            label=label,
            estimate=estimate,
            std_error=None if reason else error,
            df=None if reason else 32.0,
            lower=None if reason else estimate - T32 * error,
            upper=None if reason else estimate + T32 * error,
            share=estimate / (full - baseline),
            share_lower=None if reason else max(estimate / (full - baseline) - 0.16, 0.0),
            share_upper=None if reason else estimate / (full - baseline) + 0.16,
            p_largest=None if reason else (0.02, 0.05, 0.93)[i],
            source="observed",
        )
        for i, (name, label, estimate) in enumerate(zip(LABELS, LABELS.values(), sums, strict=True))
    )
    return Attribution(
        outcome=outcome,
        scale=AttributionScale(str(scale)),
        rule=rule,
        baseline=baseline,
        full=full,
        total=full - baseline,
        total_lower=None if reason else full - baseline - 2 * error,
        total_upper=None if reason else full - baseline + 2 * error,
        parts=parts,
        unattributed=(full - baseline) - sum(sums),
        level=0.95,
        descriptive=bool(reason),
        method=f"{rule.title()} value over {len(orders)} orders of adding the components, from the observed mean of "
        "each of 8 arms.",
        reason=reason,
        groups=_groups(parts, reason) if rule == "owen" else (),
    )


def _groups(parts: tuple[Part, ...], reason: str) -> tuple[Part, ...]:
    found = []
    for group in dict.fromkeys(GROUPS.values()):
        members = [part for part in parts if GROUPS[part.component] == group]
        step, error = sum(part.estimate for part in members), 0.03
        limits = {} if reason else {"lower": step - T32 * error, "upper": step + T32 * error}
        share = sum(part.share or 0.0 for part in members)
        changes = {"component": group, "label": group, "estimate": step, "share": share}
        found.append(dataclasses.replace(parts[0], **(changes | limits)))
    return tuple(found)


def _interactions(rates: pd.DataFrame, outcome: str, reason: str) -> Interactions:
    """Shapley-Taylor of three players: 2/3 of what a pair does without the third and 1/3 of what it does with it."""
    pairs = []
    for first, second in itertools.combinations(range(3), 2):
        third, estimate = 3 - first - second, 0.0
        for with_third, weight in ((0, 2 / 3), (1, 1 / 3)):
            for a, b in itertools.product((0, 1), repeat=2):
                cell = tuple({first: a, second: b, third: with_third}[i] for i in range(3))
                estimate += weight * (1 if a == b else -1) * _value(rates, outcome, cell)
        lower, upper = (None, None) if reason else (estimate - T32 * 0.02, estimate + T32 * 0.02)
        clear = lower is not None and upper is not None and not lower <= 0.0 <= upper
        word = (
            ""
            if reason
            else "worse together"
            if clear and estimate > 0.0
            else "better together"
            if clear
            else "no clear interaction"
        )
        (one, one_label), (two, two_label) = list(LABELS.items())[first], list(LABELS.items())[second]
        numbers = (None,) * 6 if reason else (0.02, 32.0, lower, upper, 0.01, 0.03)
        pairs.append(PairInteraction(one, two, one_label, two_label, estimate, *numbers, word, reason))
    on = AttributionScale.RISK_DIFFERENCE
    return Interactions(outcome, on, PairIndex.SHAPLEY_TAYLOR, tuple(pairs), (), None, 0.95)


def _agreement(attributions: tuple[Attribution, ...], outcome: str) -> ScaleAgreement:
    mine = [a for a in attributions if a.outcome == outcome and a.rule == "shapley"]
    rankings = tuple((a.scale, tuple(p.component for p in sorted(a.parts, key=lambda p: p.estimate))) for a in mine)
    return ScaleAgreement(outcome, "shapley", rankings, tuple((a.scale, (-1, -1, -1)) for a in mine), agree=True)


def _attributions(rates: pd.DataFrame, reason: str) -> tuple[Attribution, ...]:
    return tuple(
        _split(rates, outcome, scale, reason, rule)
        for outcome in ("in_distribution", "out_of_distribution", "blackmail", "audit")
        for scale in (Scale.RISK_DIFFERENCE, Scale.LOG_ODDS)
        for rule in ("shapley", "owen")
    )


SHOWN = {  # claim: status, estimate, lower, upper, p, flags, region, reason, what would settle
    "diversity-reduces": (
        Status.SUPPORTED, -0.122, -0.171, -0.073, 0.0031, (), "drop of at least 0.05 (risk difference)",
        "The 95 % interval of the drop, 0.073 to 0.171, lies inside the claimed region.", "",
    ),
    "keeps-mmlu": (
        Status.SUPPORTED, -0.0011, -0.0049, 0.0027, 0.0002, (Flag.EXPLORATORY, Flag.FEW_RUNS),
        "worse by no more than 0.01 (value)", "The 95 % interval lies above the margin of -0.01.", "",
    ),
    "tools-beat-advice": (
        Status.CONTRADICTED, 0.094, 0.047, 0.141, 0.0009, (Flag.FRAGILE,),
        "own drop minus the other's at least 0 (risk difference)",
        "The 95 % interval lies wholly on the other side of zero.", "",
    ),
    "tools-frame-less": (
        Status.EQUIVALENT, -0.008, -0.041, 0.025, 0.31, (), "drop of at least 0 (risk difference), margin 0.05",
        "Neither in the region nor outside it; the 90 % interval lies within the margin of 0.05.", "",
    ),
    "prompts-audit-same": (
        Status.UNDECIDED, -0.031, -0.069, 0.007, 0.58, (Flag.MISSING_MATTERS,), "within 0.02 (risk difference)",
        "The 95 % interval reaches over the margin of 0.02 on one side.",
        "about 14 runs an arm instead of 5, at the run-to-run spread seen here",
    ),
    "full-mix-zero": (
        Status.UNTESTABLE, None, None, None, None, (), "upper bound of the treated rate at most 0.01",
        "Only 1.9 events a run are expected at the pooled rate; 2 are needed for a run-level bound.",
        "600 rollouts a run in the arm tools=1 system_prompts=1 difficult_advice=1",
    ),
}  # fmt: skip


def _verdicts(study: Study, rates: pd.DataFrame, withheld: str) -> tuple[Verdict, ...]:
    found = []
    for claim in study.claims:
        status, estimate, lower, upper, p, flags, region, reason, settle = SHOWN[claim.id]
        if withheld:
            status, lower, upper, p, flags, reason = Status.UNTESTABLE, None, None, None, (), withheld
            settle = "at least 2 more runs in every arm"
        base = _effect(rates, claim.evals[0], "tools", Scale.RISK_DIFFERENCE, withheld)
        alone = {"reference": None} if isinstance(claim, ReachesZero) else {}
        shown = Effect(
            **{name: getattr(base, name) for name in base.__slots__}
            | {"contrast": claim.id, "scale": claim.scale, "estimate": estimate, "lower": lower, "upper": upper}
            | {"p_value": p, "reason": reason if status is Status.UNTESTABLE else ""}
            | alone
        )
        opinions = () if withheld or status is Status.UNTESTABLE else (
            SecondOpinion("exact randomisation within strata", p, 0.0003, False, True, True),
            SecondOpinion("binomial logit, CR2 and Satterthwaite", p, None, False, True, False, "a third line"),
        )  # fmt: skip
        fragile = ("100-s4",) if Flag.FRAGILE in flags else ()
        found.append(
            Verdict(
                claim=claim,
                status=status,
                evidence=(shown,),
                region=region,
                p_value=p,
                p_adjusted=None if p is None else min(1.0, 3 * p),
                second_opinions=opinions,
                fragility=fragile,
                reason=reason,
                would_settle=settle,
                flags=flags,
                left_out=left_out_of(shown, status, fragile),
                specifications=specifications_of(shown, status),
            )
        )
    return tuple(found)


def _tables(run_rates: pd.DataFrame) -> Tables:
    ids = sorted(set(run_rates["run_id"]))
    evals = pd.DataFrame(
        [
            {"eval_id": row[0], "label": row[1], "domain": row[2], "direction": row[3], "weight": 1.0,
             "contaminated": False, "task_version": "1", "kind": row[4]}
            for row in EVALS
        ]
    )  # fmt: skip
    headline = run_rates[~run_rates["outcome"].isin(MEANS)].rename(columns={"outcome": "eval_id"})
    headline["n_scored"] = headline["n_trials"] - headline["n_missing"]
    return Tables(
        runs=pd.DataFrame(
            {"run_id": ids, "base_model": "Qwen3-32B", "seed": [run_id.partition("-s")[2] for run_id in ids]}
        ),
        outcomes=_over_steps(headline),
        evals=evals,
        headline=headline,
        sources=(),
    )


def _over_steps(headline: pd.DataFrame) -> pd.DataFrame:
    """The last step as it is, and an earlier one with half the events (of scores, half the value)."""
    last = headline.assign(step=300.0, value=headline["rate"], n=math.nan)
    earlier = last.assign(step=100.0, value=last["value"] / 2, n_events=last["n_events"] // 2)
    return pd.concat([earlier, last], ignore_index=True)


MIX_PARTS = ("Plain chat", "Tool chats", "Stories")
MIX_SLOPES = (0.3, -0.4, -0.2)  # of the rate by the share, with the others in proportion
MIX_REFERENCE = (0.6, 0.2, 0.2)


def _mixture(runs_per_arm: int, reason: str) -> MixtureFrames:
    """A mix of three parts on two outcomes; a `reason` withholds every interval."""
    effects, traces, fits, surface = [], [], [], []
    blank = math.nan if reason else 0.0
    for outcome, scale in (("in_distribution", "risk_difference"), ("mmlu", "value")):
        for rank, (part, slope, start) in enumerate(zip(MIX_PARTS, MIX_SLOPES, MIX_REFERENCE, strict=True), start=1):
            change = 0.05 * slope
            limits = [change + step + blank for step in (-0.01, 0.01, -0.013, 0.013)]
            effects.append((outcome, part, "cox", "", start, start + 0.05, scale, change, 0.004 + blank, 20 + blank,
                            *limits, 0.95, 0.02 + blank, 0.03 + blank, math.nan if reason else float(rank),
                            8 * runs_per_arm, "by hand", reason))  # fmt: skip
            for i in range(6):
                at = 0.1 * i + start / 2
                rate = 0.3 + slope * (at - start) * 0.5
                limit = 0.02 + 0.01 * i + blank
                traces.append((outcome, part, "trace", "", at, start, rate, rate - limit, rate + limit, reason))
            for i in range(8 * runs_per_arm):
                at = start / 2 + 0.05 * (i % 10)
                traces.append((outcome, part, "run", f"r{i}", at, start, 0.25 + 0.01 * (i % 7), math.nan, math.nan, ""))
        fits.append(dict.fromkeys(FIT_COLUMNS, math.nan) | {
            "outcome": outcome, "model": "linear", "words": "Scheff\u00e9's linear blending model", "chosen": True,
            "columns": 3, "n_runs": 8 * runs_per_arm, "n_mixes": 8, "cv_folds": 8, "joint_method": "by hand",
            "reference": "as declared: by hand", "reason": "",
        })  # fmt: skip
        for i in range(5):
            for j in range(5 - i):
                point = (i / 4, j / 4, 1 - (i + j) / 4)
                value = 0.3 + sum(slope * share for slope, share in zip(MIX_SLOPES, point, strict=True)) / 4
                surface.append((outcome, "surface", "", *point, *MIX_PARTS, value))
        surface.append((outcome, "run", "r1", 0.5, 0.25, 0.25, *MIX_PARTS, 0.31))
    return MixtureFrames(
        pd.DataFrame(effects, columns=list(EFFECT_COLUMNS)),
        pd.DataFrame(traces, columns=list(TRACE_COLUMNS)),
        pd.DataFrame(fits, columns=list(FIT_COLUMNS)),
        pd.DataFrame(surface, columns=list(SURFACE_COLUMNS)),
    )


BLOCKS = ("Qwen3-32B", "Llama-3.1-8B", "an 'odd', long name of a base model that no column holds", "untrained")


def _block_rows(outcome: str, name: str, scale: Scale, effects: tuple[float, ...], reason: str) -> list[dict]:
    """Three blocks with an interval (the second on the other side, the third by its estimate alone), one without."""
    blank = dict.fromkeys(BLOCK_COLUMNS) | {"against": "", "notes": "", "reason": reason}
    known = blank | {"outcome": outcome, "contrast": name, "scale": str(scale), "level": 0.95, "method": "by hand"}
    rows = []
    for block, estimate, half in zip(BLOCKS, effects, (0.02, 0.02, 0.2), strict=False):
        row = known | {"block": block, "kind": "within", "estimate": estimate, "n_treated": 5, "n_reference": 5}
        if not reason:
            against = {0: "", 1: "interval", 2: "estimate"}[len(rows)]
            row |= {"std_error": half / 2, "df": 8.0, "lower": estimate - half, "upper": estimate + half}
            row |= {"p_value": 0.02, "weight": (0.4, 0.4, 0.2)[len(rows)], "against": against}
        rows.append(row | {"n_runs": 10})
    nothing = {"reason": "no run stands at 1", "n_treated": 0, "n_reference": 4, "n_runs": 4}
    rows.append(known | nothing | {"block": BLOCKS[3], "kind": "within"})
    pooled = known | {"kind": "pooled", "block": "", "n_treated": 15, "n_reference": 15, "n_runs": 30, "n_blocks": 3}
    if not reason:
        pooled |= {"estimate": -0.08, "std_error": 0.02, "df": 2.0, "lower": -0.17, "upper": 0.01, "p_value": 0.06}
        pooled |= {"tau": 0.03, "tau_lower": 0.01, "tau_upper": 0.2, "i2": 0.7, "q": 6.1, "q_df": 2, "q_p": 0.05}
    ahead = {"kind": "prediction", "estimate": None, "std_error": None, "p_value": None, "tau": None}
    ends = {} if reason else {"lower": -0.9, "upper": 0.74}
    return [*rows, pooled | {"notes": "1 of 4 blocks left out: untrained"}, pooled | ahead | ends]


def _block_effects(reason: str) -> pd.DataFrame:
    rows = []
    for outcome, scale in (("blackmail", Scale.RISK_DIFFERENCE), ("blackmail", Scale.LOG_ODDS), ("mmlu", Scale.VALUE)):
        for name in LABELS:
            rows += _block_rows(outcome, name, scale, (-0.12, 0.09, 0.01), reason)
    return pd.DataFrame(rows, columns=list(BLOCK_COLUMNS))


def _missing_curves(verdicts: tuple[Verdict, ...]) -> pd.DataFrame:
    """A line that rises and one that falls through the first difference of every claim."""
    rows: list[dict[str, object]] = []
    for verdict in verdicts:
        found = next((e for e in verdict.evidence if e.scale is Scale.RISK_DIFFERENCE), None)
        for side, slope in (("treated", 0.06), ("reference", -0.05)) if found and found.estimate is not None else ():
            named = {
                "claim": verdict.claim.id, "text": verdict.claim.text, "outcome": found.outcome,
                "scale": "risk_difference", "side": side, "n_missing": 15, "scored_rate": 0.2, "level": 0.95,
                "region_lower": -math.inf, "region_upper": 0.0,
            }  # fmt: skip
            for share in (math.nan, 0.0, 0.25, 0.5, 0.75, 1.0):
                moved = 0.0 if math.isnan(share) else slope * (share - 0.2)
                ends = {
                    end: getattr(found, end) and getattr(found, end) + moved for end in ("estimate", "lower", "upper")
                }
                rows.append(named | {"share": share} | ends)
    return pd.DataFrame(rows, columns=list(MISSING_COLUMNS))


def build_findings(
    runs_per_arm: int, reason: str = "", study: Study | None = None, *, with_means: bool = True
) -> Findings:
    """Findings of `runs_per_arm` runs in each of the eight arms; a `reason` withholds every inference."""
    study = study or example_study()
    run_rates = _run_rates(runs_per_arm)
    rates = _rates(run_rates, with_means=True)
    effects, verdicts = _effects(rates, reason), _verdicts(study, rates, reason)
    attributions, regression = _attributions(rates, reason), _regression(rates, reason)
    if not with_means:
        rates = rates[~rates["outcome"].isin(MEANS)]
        run_rates = run_rates[~run_rates["outcome"].isin(MEANS)]
    arms = tuple(
        Arm(
            arm_id=_arm_id(cell),
            label=_arm_label(cell),
            levels=tuple(zip(LABELS, map(float, cell), strict=True)),
            block=(),
            run_ids=tuple(sorted(set(run_rates[run_rates["arm_id"] == _arm_id(cell)]["run_id"]))),
        )
        for cell in _cells()
    )
    design, tables = Design(components=study.components, arms=arms), _tables(run_rates)
    return Findings(
        study=study,
        design=design,
        audit=audit_design(study, design, tables),
        tables=tables,
        rates=rates.reset_index(drop=True),
        run_rates=run_rates.reset_index(drop=True),
        effects=effects,
        regression=regression,
        attributions=attributions,
        interactions=tuple(_interactions(rates, outcome, reason) for outcome in MEANS if with_means),
        agreements=tuple(_agreement(attributions, name) for name in dict.fromkeys(a.outcome for a in attributions)),
        verdicts=verdicts,
        block_effects=_block_effects(reason),
        limits=(
            "The claim \"full-mix-zero\" needs 600 rollouts a run in the arm with all three components.",
            "No run trains on difficult advice alone at twice the dose, so nothing is said about more of it.",
        ),
        notices=(
            Problem("missing_outcomes", "outcomes.csv", "3 unscored rollouts in every run", "none",
                    "Bounds put them on either side.", Severity.WARNING),
        ),
        sources=(
            SourceFile("outcomes.csv", "ab" * 32, 200),
            SourceFile("runs.csv", "cd" * 32, 40),
            SourceFile("evals.csv", "ef" * 32, 5),
        ),
        mixture=_mixture(runs_per_arm, reason),
        doses=amounts_example.doses(reason),
        features=amounts_example.features(reason),
        explained=amounts_example.explained(reason),
        missing_curves=_missing_curves(verdicts),
    )  # fmt: skip


def example_findings(study: Study | None = None) -> Findings:
    """Three components, eight arms of five runs, five evals, a verdict of every status."""
    return build_findings(5, study=study)


def single_run_findings(study: Study | None = None) -> Findings:
    """The same arms with one run each: the differences stand, every inference is withheld with its reason."""
    return build_findings(1, "1 run on each side of the contrast; 3 are required for run-level inference", study)
