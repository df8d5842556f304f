"""A verdict with how easily it flips: what it does not survive without, and what other specifications say."""

from __future__ import annotations

from dataclasses import replace

from mixablate.claims.asked import Asked
from mixablate.claims.leave_one_out import leave_one_out
from mixablate.claims.other_tables import OtherTables
from mixablate.claims.specification_curve import Fits, specification_curve
from mixablate.claims.verdict import Flag, Verdict
from mixablate.design import Design
from mixablate.tables import Tables

__all__ = ["with_robustness"]


def with_robustness(
    verdict: Verdict, asked: Asked, level: float, tables: Tables, design: Design, others: OtherTables, fits: Fits
) -> Verdict:
    """The same verdict with `left_out`, `specifications`, `fragility` and its flag; an untestable one as it is.

    Args:
        verdict: of the claim.
        asked: the claim, put to the tables.
        level: of two-sided intervals.
        tables: of the study.
        design: of the study.
        others: other judges' and steps' tables.
        fits: logits fitted already; those asked for here are added.
    """
    if asked.refused:
        return verdict
    left_out = leave_one_out(asked, verdict.status, level, tables, design, others.without)
    fragility = tuple(row.label for row in left_out if row.makes_fragile)
    first = tuple(flag for flag in verdict.flags if flag is Flag.EXPLORATORY)
    flags = (*first, *([Flag.FRAGILE] if fragility else []), *(f for f in verdict.flags if f not in first))
    specifications = specification_curve(
        asked, verdict.status, _raised(verdict) * asked.raised, level, tables, design, others, fits
    )
    return replace(verdict, left_out=left_out, fragility=fragility, flags=flags, specifications=specifications)


def _raised(verdict: Verdict) -> float:
    """By how much the claim's family raised its p; 1 where it did not, or where p is 0."""
    if not verdict.p_value or verdict.p_adjusted is None:
        return 1.0
    return max(1.0, verdict.p_adjusted / verdict.p_value)
