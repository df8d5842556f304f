"""The frozen bundle of everything an analysis found."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from mixablate.attribute import Attribution
from mixablate.claims import Verdict
from mixablate.design import Design
from mixablate.errors import Problem
from mixablate.estimate import Effect, effects_frame
from mixablate.findings.against_truth import no_truth
from mixablate.findings.by_block import no_blocks
from mixablate.study import Study
from mixablate.tables import SourceFile, Tables

__all__ = ["Findings"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything one analysis found, with what it rests on.

    Attributes:
        study: the declaration.
        design: arms and their runs.
        rates: one row per arm and outcome (see `findings.rates`): `arm_id`, `arm`, `outcome`, `outcome_label`,
            `kind`, `domain`, `direction`, `n_runs`, `estimate` (mean run rate or value), `lower`, `upper` (over runs,
            or within the single run), `interval` ("over runs" | "within this run" | "none"), `n_trials`, `n_events`,
            `n_missing`.
        run_rates: one row per run and outcome: `run_id`, `arm_id`, `arm`, `outcome`, `rate` (or value), `n_trials`,
            `n_events`, `n_missing`, `lower`, `upper` (exact, within this run).
        effects: the run-level effects, per component x outcome x scale.
        regression: the binomial-logit line beside them (log-odds coefficient and average marginal effect).
        attributions: per outcome, scale and rule.
        verdicts: in declaration order.
        limits: what these runs cannot tell: sentences, each naming the run or arm that would.
        notices: warnings and information from reading the tables.
        sources: the files read.
        truths: of a simulated study, what was found beside what was put in (see `findings.against_truth`); else empty.
        block_effects: each component's effect in every block, pooled, and in a new one (see `findings.by_block`); empty
            where no block is declared or only one was run.
    """

    study: Study
    design: Design
    tables: Tables
    rates: pd.DataFrame
    run_rates: pd.DataFrame
    effects: tuple[Effect, ...]
    regression: tuple[Effect, ...]
    attributions: tuple[Attribution, ...]
    verdicts: tuple[Verdict, ...]
    limits: tuple[str, ...]
    notices: tuple[Problem, ...]
    sources: tuple[SourceFile, ...]
    truths: pd.DataFrame = field(default_factory=no_truth)
    block_effects: pd.DataFrame = field(default_factory=no_blocks)

    def effects_frame(self) -> pd.DataFrame:
        """Run-level effects, one row each."""
        return effects_frame(self.effects)

    def regression_frame(self) -> pd.DataFrame:
        """Regression effects, one row each."""
        return effects_frame(self.regression)

    def attribution_frame(self) -> pd.DataFrame:
        """All attributions, one row per part, then their totals."""
        if not self.attributions:
            return pd.DataFrame(columns=["outcome", "scale", "rule", "component", "label", "estimate"])
        return pd.concat([a.to_frame() for a in self.attributions], ignore_index=True)

    def verdicts_frame(self) -> pd.DataFrame:
        """One row per claim: id, kind, status, flags, estimate and interval that decided, p, reason."""
        rows = []
        for verdict in self.verdicts:
            first = verdict.evidence[0] if verdict.evidence else None
            rows.append(
                {
                    "claim": verdict.claim.id,
                    "kind": verdict.claim.kind,
                    "text": verdict.claim.text,
                    "status": str(verdict.status),
                    "flags": " ".join(verdict.flags),
                    "region": verdict.region,
                    "outcome": first.outcome if first else "",
                    "scale": str(first.scale) if first else "",
                    "estimate": first.estimate if first else None,
                    "lower": first.lower if first else None,
                    "upper": first.upper if first else None,
                    "p_value": verdict.p_value,
                    "p_adjusted": verdict.p_adjusted,
                    "fragile_to": " ".join(verdict.fragility),
                    "reason": verdict.reason,
                    "would_settle": verdict.would_settle,
                }
            )
        return pd.DataFrame(rows)
