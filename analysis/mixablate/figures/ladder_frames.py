"""The frame of the verdict ladder: claims, each with its effect and the region that it claims."""

from __future__ import annotations

import math

import pandas as pd

from mixablate.claims import Region, Status, Verdict, as_printed, published_region, regions_of
from mixablate.estimate import Effect
from mixablate.figures.frames import marked, outcome_facts, outcome_labels
from mixablate.figures.style import STATUS_LOOKS
from mixablate.findings import Findings
from mixablate.study import Claim, PublishedClaim, PublishedDeclared

__all__ = ["ladder_frame"]


def ladder_frame(findings: Findings) -> pd.DataFrame:
    """One row per claim and effect that judged it, best status first; the region's ends are in the effect's unit.

    Claims on published figures that cannot be tested have no interval to draw and stand in the table of claims alone;
    of the comparisons of another the one that lies least inside its region has a row.
    """
    facts = outcome_facts(findings)
    labels = outcome_labels(findings)
    printed = {record.id: record.value for record in findings.study.reported}
    names = {record.id: record.name for record in findings.study.reported}
    rows: list[dict[str, object]] = []
    for verdict in sorted(filter(_has_strip, findings.verdicts), key=lambda v: list(STATUS_LOOKS).index(v.status)):
        for place, effect in enumerate(_drawn(verdict) or (None,)):
            claim, outcome = verdict.claim, effect.outcome if effect else ""
            regions = _regions(claim, facts)
            region = regions[place % len(regions)]
            estimate, lower, upper = _judged_numbers(claim, effect)
            of_prints = ""
            if effect and isinstance(claim, PublishedDeclared):
                of_prints = names.get(effect.contrast) or as_printed(effect, printed)
                of_prints += f", hardest of {len(verdict.evidence)}" if len(verdict.evidence) > 1 else ""
            rows.append(
                {
                    "claim": claim.id,
                    "text": claim.text,
                    "kind": claim.kind,
                    "status": str(verdict.status),
                    "flags": " ".join(verdict.flags),
                    "outcome": outcome,
                    "outcome_label": of_prints or labels.get(outcome, outcome),
                    "scale": str(effect.scale if effect else claim.scale),
                    "estimate": estimate,
                    "lower": lower,
                    "upper": upper,
                    "level": effect.level if effect else findings.study.analysis.level,
                    "region": verdict.region,
                    "region_lower": region.lower if region else None,
                    "region_upper": region.upper if region else None,
                    "margin": getattr(claim, "margin", None),
                    "reason": verdict.reason,
                }
            )
    columns = ["claim", "text", "kind", "status", "flags", "outcome", "outcome_label", "scale"]
    numbers = ["estimate", "lower", "upper", "level", "region_lower", "region_upper", "margin"]
    frame = pd.DataFrame(rows, columns=[*columns, *numbers, "region", "reason"])
    frame[numbers] = frame[numbers].astype(float)
    return marked(frame, findings)


def _drawn(verdict: Verdict) -> tuple[Effect, ...]:
    """The effects with a row each: all on runs; of a published claim the comparison that lies least inside."""
    region = published_region(verdict.claim) if isinstance(verdict.claim, PublishedDeclared) else None
    if region is None or len(verdict.evidence) < 2:
        return verdict.evidence

    def inside(effect: Effect) -> float:
        _, lower, upper = _judged_numbers(verdict.claim, effect)
        room = [region.upper - upper] if upper is not None else []
        room += [lower - region.lower] if lower is not None else []
        return min(room, default=-math.inf)

    return (min(verdict.evidence, key=inside),)


def _has_strip(verdict: Verdict) -> bool:
    return verdict.status is not Status.UNTESTABLE or not isinstance(verdict.claim, PublishedDeclared)


def _regions(claim: Claim | PublishedClaim, facts: dict[str, dict[str, str]]) -> tuple[Region | None, ...]:
    """The claimed regions, as far as the direction of what is claimed is known."""
    if isinstance(claim, PublishedDeclared):
        return (published_region(claim),)
    direction = facts.get(claim.evals[0] if claim.evals else claim.domain, {}).get("direction", "")
    return regions_of(claim, lower_is_better=direction == "lower") if direction else (None,)


def _judged_numbers(
    claim: Claim | PublishedClaim, effect: Effect | None
) -> tuple[float | None, float | None, float | None]:
    """Estimate and interval in the unit of the claim's region.

    The region of "reaches zero" is one of the treated rate: its number is the treated rate, with limits only where the
    effect is of the treated side alone (no reference); an interval of a difference is not one of a rate.
    """
    if effect is None:
        return None, None, None
    if claim.kind == "reaches_zero":
        limits = (effect.lower, effect.upper) if effect.reference is None else (None, None)
        return effect.treated, *limits
    return effect.estimate, effect.lower, effect.upper
