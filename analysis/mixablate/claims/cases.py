"""What a claim asks of the tables: the outcomes, the contrast and the region, or why it cannot be asked."""

from __future__ import annotations

from dataclasses import dataclass

from mixablate.claims.regions import Region, region_of
from mixablate.design import ConfoundKind, Contrast, Design, Switch, confounds, difference_of, switch, switch_of
from mixablate.errors import ClaimError, Problem
from mixablate.estimate import Outcome, RunSummaries, outcome_of, scales_of, summarise
from mixablate.study import Claim, ReachesZero, Scale, Stronger
from mixablate.tables import OutcomeKind, Tables

__all__ = ["Case", "cases_of", "claim_contrast", "claim_evals", "claim_switches"]


@dataclass(frozen=True, slots=True)
class Case:
    """One claim on one outcome.

    Attributes:
        claim: as declared.
        summaries: per-run summaries of the outcome.
        contrast: over arms.
        region: the claimed region.
        confounded: why the two sides differ in more than the components; empty where they do not.
        beside: what else differs between the sides without making the claim untestable (size, date, seed block).
    """

    claim: Claim
    summaries: RunSummaries
    contrast: Contrast
    region: Region
    confounded: str = ""
    beside: tuple[str, ...] = ()


def cases_of(claim: Claim, tables: Tables, design: Design) -> tuple[Case, ...]:
    """One case per outcome judged: the mean of the claim's evals, or each of them.

    Raises:
        ClaimError: evals, scale or levels that do not fit the tables.
    """
    contrast = claim_contrast(claim, design)
    cases = []
    for outcome in _outcomes(claim, tables):
        summaries = summarise(tables, design, outcome)
        _check_scale(claim, summaries)
        region = region_of(claim, lower_is_better=outcome.lower_is_better)
        shared = confounds(design, tables, contrast, [eval_id for eval_id, _ in outcome.evals])
        confounded = next((c.sentence for c in shared if c.kind is ConfoundKind.SHARED), "")
        beside = tuple(c.sentence for c in shared if c.kind is not ConfoundKind.SHARED)
        cases.append(Case(claim, summaries, contrast, region, confounded, beside))
    return tuple(cases)


def claim_contrast(claim: Claim, design: Design) -> Contrast:
    """The claim's components switched together; for `stronger` their contrast minus that of `than`."""
    own = switch(design, claim.components, name=claim.id, at=claim.at, reference=claim.reference, treated=claim.treated)
    if not isinstance(claim, Stronger):
        return own
    other = switch(design, claim.than, name=claim.id, at=claim.at, reference=claim.reference, treated=claim.treated)
    return difference_of(design, own, other, name=claim.id)


def claim_switches(claim: Claim, design: Design) -> tuple[Switch, ...]:
    """The switches that must be estimable for the claim to be tested: its own, and for `stronger` the other's."""
    sides = (claim.components, claim.than) if isinstance(claim, Stronger) else (claim.components,)
    return tuple(
        switch_of(design, side, name=claim.id, at=claim.at, reference=claim.reference, treated=claim.treated)
        for side in sides
    )


def claim_evals(claim: Claim, tables: Tables) -> tuple[str, ...]:
    """The evals a claim is about: those it names, or those of its domain that were run."""
    if not claim.domain:
        return tuple(claim.evals)
    run = set(tables.headline["eval_id"])
    mine = tables.evals[(tables.evals["domain"] == claim.domain) & tables.evals["eval_id"].isin(run)]
    return tuple(sorted(str(e) for e in mine["eval_id"]))


def _outcomes(claim: Claim, tables: Tables) -> tuple[Outcome, ...]:
    evals = claim_evals(claim, tables)
    if claim.domain and not evals:
        known = ", ".join(sorted({f'"{d}"' for d in tables.evals["domain"]}))
        raise ClaimError(
            Problem(
                "CLAIM_DOMAIN",
                f'claim "{claim.id}"',
                f'no eval of the domain "{claim.domain}"',
                f"a domain with outcomes: {known}",
                "Name evals, or another domain.",
            )
        )
    if claim.require == "each":
        return tuple(outcome_of(tables, [eval_id]) for eval_id in evals)
    name = (claim.domain if claim.domain and len(evals) > 1 else "") or " + ".join(evals)
    return (outcome_of(tables, evals, name=name),)


def _check_scale(claim: Claim, summaries: RunSummaries) -> None:
    if claim.scale in scales_of(summaries) and not (
        isinstance(claim, ReachesZero) and summaries.outcome.kind is OutcomeKind.SCORE
    ):
        return
    allowed = ", ".join(f'"{scale}"' for scale in scales_of(summaries))
    kind = "scores" if summaries.outcome.kind is OutcomeKind.SCORE else "counts of events"
    raise ClaimError(
        Problem(
            "CLAIM_SCALE",
            f'claim "{claim.id}"',
            f'scale "{claim.scale}" for "{summaries.outcome.name}", which holds {kind}',
            f"one of {allowed}",
            'Set scale = "value" for scores.' if Scale.VALUE in scales_of(summaries) else "Choose a scale of rates.",
        )
    )
