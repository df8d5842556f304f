"""From a declaration and its tables to findings, on one screen."""

from __future__ import annotations

from collections.abc import Callable

from mixablate.attribute import AttributedOutcome, attribute_outcome, coalitions_frame
from mixablate.claims import cases_of_claims, claim_switches, missing_curves
from mixablate.design import Contrast, Design, audit_design, design_of, switch
from mixablate.estimate import (
    Effect,
    OutcomeModel,
    OutcomeModels,
    RunSummaries,
    fit_outcome,
    mixed_effects,
    outcomes_of,
    regression_effects,
    run_level_effect,
    scales_of,
    summarise,
)
from mixablate.findings.against_truth import against_truth, no_truth
from mixablate.findings.by_block import block_effects
from mixablate.findings.diversity import explained_of, features_of
from mixablate.findings.doses import doses_of
from mixablate.findings.findings import Findings, sources_of
from mixablate.findings.judged import judged
from mixablate.findings.limits import limits_of, seed_limits
from mixablate.findings.measured_rates import measured_rates
from mixablate.findings.mixtures import mixture_frames
from mixablate.findings.published import published_limits, published_of
from mixablate.findings.rates import arm_rates, run_rates
from mixablate.findings.split_outcomes import outcomes_to_split
from mixablate.findings.without_runs import findings_without_runs
from mixablate.simulate import Truth
from mixablate.study import Study
from mixablate.tables import Tables

__all__ = ["analyse", "outcomes_of"]

Progress = Callable[[str], None]


def analyse(study: Study, tables: Tables, *, truth: Truth | None = None, progress: Progress | None = None) -> Findings:
    """Everything these runs say about the study: rates, effects, attribution, verdicts, and what they cannot say.

    `truth` is the known truth of a simulated study (`simulate.study_truth`); what was found is then set beside it.
    Pure: the same study and tables give the same findings, whatever the order of their rows. `progress` is called with
    the name of each stage before it starts. Of a study without runs only what it reports of others is judged.

    Raises:
        ClaimError: claims that do not fit the tables.
    """
    say = progress or (lambda _: None)
    if tables.runs.empty:
        return findings_without_runs(study, tables)
    say("design")
    design = design_of(study, tables)
    claimed = [switched for claim in study.claims for switched in claim_switches(claim, design)]
    audit = audit_design(study, design, tables, claimed)
    contrasts = component_contrasts(study, design)
    summaries = [summarise(tables, design, outcome) for outcome in outcomes_of(tables)]
    say("run-level effects")
    effects = _effects(study, design, contrasts, summaries)
    say("regression")
    models = {summary.outcome.evals: fit_outcome(summary, design) for summary in summaries}
    regression = [e for s in summaries for e in _regression(study, design, contrasts, s, models[s.outcome.evals])]
    say("attribution")
    split, unsplit = outcomes_to_split(study, design, summaries)
    attributed = _attributed(study, design, split, models)
    attributions = [a for found in attributed for a in found.attributions]
    say("doses and features")
    doses = doses_of(study, design, summaries)
    features = features_of(study, tables, design, summaries)
    explained = explained_of(study, tables, design, summaries)
    say("mix")
    mixture = mixture_frames(study, tables, design, summaries)
    say("claims")
    cases = cases_of_claims(study.claims, tables, design)
    found = judged(study, tables, design=design, models=models, cases=cases, progress=progress)
    return Findings(
        study=study,
        design=design,
        audit=audit,
        tables=tables,
        rates=arm_rates(summaries, design, level=study.analysis.level),
        run_rates=run_rates(summaries, design, level=study.analysis.level),
        effects=tuple(effects),
        regression=tuple(regression),
        attributions=tuple(attributions),
        interactions=tuple(i for found in attributed for i in found.interactions),
        coalitions=coalitions_frame([c for found in attributed for c in found.coalitions]),
        agreements=tuple(a for found in attributed for a in found.agreements),
        withheld=tuple(w for found in attributed for w in found.withheld),
        lock=found.lock,
        verdicts=found.verdicts,
        limits=(
            *seed_limits(study, tables),
            *limits_of(design, audit, summaries, effects),
            *unsplit,
            *published_limits(study),
        ),
        notices=found.notices,
        sources=sources_of(study, tables),
        block_effects=block_effects(design, contrasts, summaries, level=study.analysis.level),
        truths=against_truth(truth, design, summaries, contrasts, effects, attributions) if truth else no_truth(),
        mixture=mixture,
        doses=doses,
        features=features,
        explained=explained,
        missing_curves=missing_curves((case for own in cases.values() for case in own), design, study.analysis.level),
        measured_rates=measured_rates(tables, design),
        published=published_of(study, found.verdicts),
    )


def component_contrasts(study: Study, design: Design) -> tuple[Contrast, ...]:
    """Each component switched from its baseline to its target, at the average over strata of the others."""
    return tuple(
        switch(design, [component.id], name=component.id)
        for component in study.components
        if component.baseline is not None and component.target is not None
    )


def _effects(
    study: Study, design: Design, contrasts: tuple[Contrast, ...], summaries: list[RunSummaries]
) -> list[Effect]:
    return [
        run_level_effect(summary, contrast, scale, design, level=study.analysis.level)
        for summary in summaries
        for contrast in contrasts
        for scale in scales_of(summary)
    ]


def _regression(
    study: Study,
    design: Design,
    contrasts: tuple[Contrast, ...],
    summaries: RunSummaries,
    model: OutcomeModel | str,
) -> tuple[Effect, ...]:
    """The third line; beside it, where scenarios are random, runs and scenarios crossed in a mixed logit."""
    level = study.analysis.level
    found = regression_effects(summaries, contrasts, design, level=level, model=model)
    if study.analysis.scenarios == "random" and len(summaries.outcome.evals) > 1:
        found += mixed_effects(summaries, contrasts, design, level=level)
    return found


def _attributed(
    study: Study, design: Design, summaries: list[RunSummaries], models: OutcomeModels
) -> list[AttributedOutcome]:
    return [
        attribute_outcome(
            summary,
            design,
            level=study.analysis.level,
            draws=study.analysis.draws,
            seed=study.seed,
            model=models[summary.outcome.evals],
        )
        for summary in summaries
    ]
