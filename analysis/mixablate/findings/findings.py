"""The frozen bundle of everything an analysis found."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from mixablate.attribute import (
    Attribution,
    Interactions,
    ScaleAgreement,
    WithheldAttribution,
    coalitions_frame,
    comparisons_frame,
    interactions_frame,
)
from mixablate.claims import (
    LockComparison,
    Verdict,
    left_out_frame,
    measurement_columns,
    no_curves,
    specifications_frame,
)
from mixablate.design import Design, DesignAudit
from mixablate.errors import Problem
from mixablate.estimate import Effect, effects_frame
from mixablate.findings.against_truth import no_truth
from mixablate.findings.by_block import no_blocks
from mixablate.findings.doses import Doses, no_doses
from mixablate.findings.measured_rates import nothing_measured
from mixablate.findings.mixtures import MixtureFrames
from mixablate.findings.published import Published
from mixablate.notebook import table_html
from mixablate.study import Study
from mixablate.tables import SourceFile, Tables

__all__ = ["Findings", "sources_of"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything one analysis found, with what it rests on.

    Attributes:
        study: the declaration.
        design: arms and their runs.
        audit: what the design can estimate, claims included, and the arms to add.
        rates: one row per arm and outcome (see `findings.rates`): `arm_id`, `arm`, `outcome`, `outcome_label`,
            `kind`, `domain`, `direction`, `n_runs`, `estimate` (mean run rate or value), `lower`, `upper` (over runs,
            or within the single run), `interval` ("over runs" | "within this run" | "none"), `n_trials`, `n_events`,
            `n_missing`.
        run_rates: one row per run and outcome: `run_id`, `arm_id`, `arm`, `outcome`, `rate` (or value), `n_trials`,
            `n_events`, `n_missing`, `lower`, `upper` (exact, within this run).
        effects: the run-level effects, per component x outcome x scale.
        regression: the binomial-logit line beside them (log-odds coefficient and average marginal effect).
        attributions: per outcome, scale and rule.
        interactions: of pairs of components, per outcome, scale and index; withheld ones say why.
        coalitions: one row per outcome and coalition: `outcome`, `coalition`, `label`, `value` (mean rate or score),
            `source` ("observed" | "model" | "mixed"), `n_runs`, `arms`.
        agreements: per outcome and rule, whether the scales agree on ranking and signs.
        withheld: the rules and scales by which these runs cannot split a change, with the reason.
        verdicts: in declaration order.
        limits: what these runs cannot tell: sentences, each naming the run or arm that would.
        notices: warnings and information from reading the tables.
        sources: the files read: the study's own, if it was read from one, then those of its tables.
        truths: of a simulated study, what was found beside what was put in (see `findings.against_truth`); else empty.
        mixture: what each part of the mix does, where two or more parts vary (see `findings.mixtures`); else empty.
        doses: the dose components' shape tests, curves and runs (see `findings.doses`); empty frames without doses.
        features: one row per diversity feature, outcome and model (see `findings.diversity`).
        explained: R^2 over runs split over components, features and size, one row per outcome and source.
        missing_curves: claims' estimates over what their missing rollouts were (see `claims.missing_curves`).
        measured_rates: what stands beside the rates, one row per arm and eval (see `findings.measured_rates`).
        lock: what was locked, and what changed after; None where nothing was locked.
        block_effects: each component's effect in every block, pooled, and in a new one (see `findings.by_block`); empty
            where no block is declared or only one was run.
        published: the figures that the study reports of others (see `findings.published`); empty where it reports none.
    """

    study: Study
    design: Design
    audit: DesignAudit
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
    interactions: tuple[Interactions, ...] = ()
    coalitions: pd.DataFrame = field(default_factory=lambda: coalitions_frame(()))
    agreements: tuple[ScaleAgreement, ...] = ()
    withheld: tuple[WithheldAttribution, ...] = ()
    mixture: MixtureFrames = field(default_factory=MixtureFrames)
    doses: Doses = field(default_factory=no_doses)
    features: pd.DataFrame = field(default_factory=pd.DataFrame)
    explained: pd.DataFrame = field(default_factory=pd.DataFrame)
    missing_curves: pd.DataFrame = field(default_factory=no_curves)
    measured_rates: pd.DataFrame = field(default_factory=nothing_measured)
    lock: LockComparison | None = None
    published: Published = field(default_factory=Published)

    def _repr_html_(self) -> str:
        rows = [
            {"claim": verdict.claim.text, "status": str(verdict.status), "reason": verdict.reason}
            for verdict in self.verdicts
        ]
        runs = sum(len(arm.run_ids) for arm in self.design.arms)
        simulated = "Simulated data. " if self.study.simulated else ""
        note = f"{simulated}{len(self.design.arms)} arms, {runs} runs, {len(self.tables.evals)} evals."
        return table_html(self.study.title, rows, note)

    @property
    def mixture_effects(self) -> pd.DataFrame:
        """Effects of changes of the mix, one row each."""
        return self.mixture.effects

    @property
    def mixture_traces(self) -> pd.DataFrame:
        """Predicted outcomes along each part of the mix, and the runs."""
        return self.mixture.traces

    @property
    def mixture_fit(self) -> pd.DataFrame:
        """The models of the mix that were tried, one row per outcome and model."""
        return self.mixture.fit

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
        return pd.DataFrame([row for found in self.attributions for row in found.rows()])

    def comparisons_frame(self) -> pd.DataFrame:
        """Differences of parts, one row per outcome, scale, rule and pair."""
        return comparisons_frame(self.attributions)

    def interactions_frame(self) -> pd.DataFrame:
        """Interactions, one row per outcome, scale, index and pair."""
        return interactions_frame(self.interactions)

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
                    "specifications": sum(one.admissible for one in verdict.specifications),
                    "agreement": verdict.agreement,
                    "reason": verdict.reason,
                    "would_settle": verdict.would_settle,
                    **measurement_columns(verdict.measurement),
                }
            )
        return pd.DataFrame(rows)

    def left_out_frame(self) -> pd.DataFrame:
        """What stands of each verdict without each run, scenario, seed, judge and base model."""
        return left_out_frame(row for verdict in self.verdicts for row in verdict.left_out)

    def specifications_frame(self) -> pd.DataFrame:
        """Every specification of every claim, in declaration order."""
        return specifications_frame(one for verdict in self.verdicts for one in verdict.specifications)


def sources_of(study: Study, tables: Tables) -> tuple[SourceFile, ...]:
    """The files read: the study's own first, where it was read from one."""
    own = (SourceFile(study.file, study.file_sha256, None),) if study.file else ()
    return (*own, *tables.sources)
