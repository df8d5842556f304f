"""A claim's cases over fewer runs, fewer scenarios, or the scores of another judge."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from mixablate.claims.case import Case, keep_case
from mixablate.claims.kinds import cases_of, kind_of
from mixablate.design import Contrast, Design
from mixablate.estimate import Outcome, RunSummaries, recounted, summarise
from mixablate.study import Claim, Study
from mixablate.tables import OutcomeKind, Tables, headline_under, without_runs

__all__ = [
    "cases_with_judge",
    "cases_without_eval",
    "cases_without_runs",
    "design_without",
    "retold",
    "tables_of_judge",
    "without_evals",
]

Reduced = tuple[tuple[Case, ...], Design]


def cases_without_runs(claim: Claim, cases: Sequence[Case], runs: Set[str], tables: Tables, design: Design) -> Reduced:
    """The cases without these runs, and the design they then stand in.

    Where that empties an arm the contrast is made anew from the arms that are left, so that other strata and blocks
    carry it; a contrast that none of them can carry says why in its `reason`.
    """
    fewer = tuple(keep_case(case, [run_id not in runs for run_id in case.summaries.run_ids]) for case in cases)
    if not any(_emptied(case) for case in fewer):
        return fewer, design
    absent = {run_id for case in cases for run_id in case.summaries.absent}
    kept, kind = design_without(design, absent | runs), kind_of(claim)
    whole = kind.contrast(claim, tables, design)
    if whole is None:
        return tuple(replace(case, contrast=_of_arms_left(case)) for case in fewer), kept
    if all(case.contrast == whole for case in cases):
        again = kind.contrast(claim, tables, kept)
        assert again is not None
        return tuple(replace(case, contrast=again) for case in fewer), kept
    return cases_of(claim, without_runs(tables, runs), kept), kept


def _emptied(case: Case) -> bool:
    left = set(case.summaries.arm_ids)
    return any(arm_id not in left for arm_id, _ in case.contrast.coefficients)


def _of_arms_left(case: Case) -> Contrast:
    left = set(case.summaries.arm_ids)
    return replace(case.contrast, coefficients=tuple((a, c) for a, c in case.contrast.coefficients if a in left))


def design_without(design: Design, runs: Set[str]) -> Design:
    """The design of the other runs, under the same arm ids."""
    arms = (replace(arm, run_ids=tuple(r for r in arm.run_ids if r not in runs)) for arm in design.arms)
    return replace(design, arms=tuple(arm for arm in arms if arm.run_ids))


def cases_without_eval(cases: Sequence[Case], eval_id: str, tables: Tables, design: Design) -> tuple[Case, ...] | None:
    """The cases with an eval taken out of every mean that holds it and another; None where no mean does.

    The runs stay those that have all the evals, so that the scenario alone is what changes.
    """
    found = [without_evals(case, frozenset({eval_id}), tables, design) for case in cases]
    if all(one is None for one in found):
        return None
    return tuple(case if one is None else one for case, one in zip(cases, found, strict=True))


def without_evals(case: Case, evals: Set[str], tables: Tables, design: Design) -> Case | None:
    """The case with these evals taken out of its means; None where it has no mean of them and others."""
    parts = case.parts or (case.summaries,)
    if not any(_reduces(part, evals) for part in parts):
        return None
    if case.parts and any(part.outcome.kind is not OutcomeKind.EVENTS for part in parts if _reduces(part, evals)):
        return None  # a part keeps the mean of its scores, not the scores
    fewer = tuple(_fewer_evals(part, evals, tables, design) if _reduces(part, evals) else part for part in parts)
    return retold(case, fewer)


def retold(case: Case, parts: Sequence[RunSummaries]) -> Case:
    """The case with other summaries of its outcome, or of the outcomes that its number is made of."""
    if not case.parts:
        return replace(case, summaries=parts[0])
    # Scoring no missing rollout forms the number anew from its parts, by whatever rule the kind has.
    again: Case = kind_of(case.claim).scored(replace(case, parts=tuple(parts)), {})
    return again


def _reduces(summaries: RunSummaries, evals: Set[str]) -> bool:
    mine = {eval_id for eval_id, _ in summaries.outcome.evals}
    return bool(mine & evals) and bool(mine - evals)


def _fewer_evals(summaries: RunSummaries, evals: Set[str], tables: Tables, design: Design) -> RunSummaries:
    keep = [position for position, (eval_id, _) in enumerate(summaries.outcome.evals) if eval_id not in evals]
    left = [summaries.outcome.evals[position] for position in keep]
    total = sum(weight for _, weight in left)
    outcome: Outcome = replace(summaries.outcome, evals=tuple((eval_id, weight / total) for eval_id, weight in left))
    if outcome.kind is not OutcomeKind.EVENTS:
        whole = summarise(tables, design, outcome)
        place = {run_id: row for row, run_id in enumerate(whole.run_ids)}
        rows = [place[run_id] for run_id in summaries.run_ids]
        nothing = summaries.events[:, keep]
        return replace(
            summaries, outcome=outcome, level=whole.level[rows], events=nothing, trials=nothing,
            missing=summaries.missing[:, keep],
        )  # fmt: skip
    counts = (matrix[:, keep] for matrix in (summaries.events, summaries.trials, summaries.missing))
    return recounted(replace(summaries, outcome=outcome), *counts)


def tables_of_judge(study: Study, tables: Tables, judges: Set[str]) -> Tables:
    """The tables whose headline holds the scores of these judges alone, as the study would have chosen them."""
    rows = tables.outcomes[tables.outcomes["judge"].isin(list(judges))]
    headline, _ = headline_under(study, rows, "judge", None)
    return replace(tables, outcomes=rows, headline=headline)


def cases_with_judge(claim: Claim, cases: Sequence[Case], tables: Tables, design: Design) -> tuple[Case, ...]:
    """The cases over other tables of the same runs; contrasts stay as they are."""
    if any(case.parts for case in cases):
        return cases_of(claim, tables, design)
    evals = {eval_id for case in cases for eval_id, _ in case.summaries.outcome.evals}
    if not evals <= set(tables.headline["eval_id"]):
        return ()
    return tuple(replace(case, summaries=summarise(tables, design, case.summaries.outcome)) for case in cases)
