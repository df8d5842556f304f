"""What the figures of the mix draw: traces of the parts that matter most, and predictions over three parts."""

from __future__ import annotations

import math

import pandas as pd

from mixablate.figures.frames import in_order, marked, outcome_facts, outcome_labels
from mixablate.findings import Findings
from mixablate.tables import EvalDomain

__all__ = ["MOST_OUTCOMES", "MOST_PARTS", "mix_outcomes", "surface_frame", "traces_frame"]

MOST_OUTCOMES = 4
MOST_PARTS = 6


def mix_outcomes(findings: Findings) -> list[str]:
    """The outcomes of the mix that are drawn: for each domain its mean or, of a single eval, that; at most four.

    Evals of a domain without a mean follow where there is room.
    """
    labels, evals = outcome_labels(findings), findings.tables.evals
    modelled = set(findings.mixture_traces["outcome"])
    heads, others = [], []
    for domain in EvalDomain:
        members = evals.loc[evals["domain"] == str(domain), "eval_id"].astype(str).tolist()
        mean = str(domain) in labels and len(members) > 1
        heads += [str(domain)] if mean else members[:1]
        others += [] if mean else members[1:]
    return [name for name in (*heads, *others) if name in modelled and name in labels][:MOST_OUTCOMES]


def traces_frame(findings: Findings) -> pd.DataFrame:
    """Traces and runs of the headline outcomes, for the six parts whose changes are largest over these outcomes."""
    outcomes = mix_outcomes(findings)
    traces = findings.mixture_traces
    parts = list(dict.fromkeys(traces.loc[(traces["row"] == "trace").to_numpy(), "part"]))
    shown = _largest(findings, outcomes, parts)[:MOST_PARTS]
    frame = traces[traces["part"].isin(shown)].assign(n_parts=len(parts), level=findings.study.analysis.level)
    return _outcome_columns(findings, in_order(in_order(frame, "part", shown), "outcome", outcomes))


def surface_frame(findings: Findings) -> pd.DataFrame:
    """Predictions over the mixes of exactly three parts, and the runs, for the headline outcomes."""
    return _outcome_columns(findings, in_order(findings.mixture.surface, "outcome", mix_outcomes(findings)))


def _largest(findings: Findings, outcomes: list[str], parts: list[str]) -> list[str]:
    """The parts by their mean rank among the outcomes' Cox changes, the largest first; unranked ones as they stand."""
    effects = findings.mixture_effects
    mine = effects[(effects["kind"] == "cox") & effects["outcome"].isin(outcomes)]
    ranks = mine.assign(rank=mine["rank"].astype(float)).dropna(subset=["rank"]).groupby("part")["rank"].mean()
    return sorted(parts, key=lambda part: float(ranks.get(part, math.inf)))


def _outcome_columns(findings: Findings, frame: pd.DataFrame) -> pd.DataFrame:
    labels, facts = outcome_labels(findings), outcome_facts(findings)
    names = frame["outcome"].astype(str)
    return marked(
        frame.assign(outcome_label=[labels[name] for name in names], kind=[facts[name]["kind"] for name in names]),
        findings,
    )
