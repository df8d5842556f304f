"""The outcomes that a claim is about: the mean of its evals, or each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from mixablate.errors import ClaimError, Problem
from mixablate.estimate import Outcome, RunSummaries, outcome_of, scales_of
from mixablate.study import Declared, Scale
from mixablate.tables import OutcomeKind, Tables

__all__ = ["check_scale", "claim_evals", "claimed_outcomes", "evals_of_domain"]


def claimed_outcomes(claim: Declared, tables: Tables) -> tuple[Outcome, ...]:
    """One outcome, the mean of the claim's evals, or one for each eval where the claim requires each.

    Raises:
        ClaimError: an unknown eval, a domain without evals, or evals that have no common mean.
    """
    evals: Sequence[str] = claim.evals or evals_of_domain(claim, claim.domain, tables)
    if claim.require == "each":
        return tuple(outcome_of(tables, [eval_id]) for eval_id in evals)
    name = (claim.domain if claim.domain and len(evals) > 1 else "") or " + ".join(evals)
    return (outcome_of(tables, evals, name=name),)


def claim_evals(claim: Declared, tables: Tables) -> tuple[str, ...]:
    """The evals a claim is about: those it names, and those of its domains that were run."""
    domains = {claim.domain, getattr(claim, "to_domain", "")} - {""}
    return tuple(dict.fromkeys([*claim.named_evals, *(e for d in sorted(domains) for e in _run_of(d, tables))]))


def evals_of_domain(claim: Declared, domain: str, tables: Tables) -> list[str]:
    """The evals of a domain that were run, in alphabetical order.

    Raises:
        ClaimError: there is none.
    """
    evals = _run_of(domain, tables)
    if not evals:
        known = ", ".join(sorted({f'"{d}"' for d in tables.evals["domain"]}))
        raise ClaimError(
            Problem(
                "CLAIM_DOMAIN",
                f'claim "{claim.id}"',
                f'no eval of the domain "{domain}"',
                f"a domain with outcomes: {known}",
                "Name evals, or another domain.",
            )
        )
    return evals


def _run_of(domain: str, tables: Tables) -> list[str]:
    run = set(tables.headline["eval_id"])
    mine = tables.evals[(tables.evals["domain"] == domain) & tables.evals["eval_id"].isin(run)]
    return sorted(str(e) for e in mine["eval_id"])


def check_scale(claim: Declared, summaries: RunSummaries) -> None:
    """Refuse a scale that the outcome cannot be stated on.

    Raises:
        ClaimError: a scale of rates for scores, or the reverse.
    """
    if claim.scale not in scales_of(summaries):
        raise _refused_scale(claim, summaries)


def _refused_scale(claim: Declared, summaries: RunSummaries) -> ClaimError:
    scores = summaries.outcome.kind is OutcomeKind.SCORE
    holds = "scores" if scores else "counts of events"
    said = "" if "scale" in claim.model_fields_set else " (where none is written)"
    takes = get_args(type(claim).model_fields["scale"].annotation) or tuple(Scale)
    allowed = [f'"{scale}"' for scale in scales_of(summaries) if scale in takes]
    required, remedy = (
        f"an eval with {'counts of events' if scores else 'scores'}",
        "Choose another kind, or other evals",
    )
    if allowed:
        required, remedy = f"scale = {' or '.join(allowed)}", f"Write scale = {allowed[0]} in the claim"
    if allowed and scores:
        remedy += ": run means are compared, and its minimum or margin is in the unit of the score"
    return ClaimError(
        Problem(
            "CLAIM_SCALE",
            f'claim "{claim.id}"',
            f'scale "{claim.scale}"{said} for "{summaries.outcome.name}", which holds {holds}',
            required,
            f"{remedy}.",
        )
    )
