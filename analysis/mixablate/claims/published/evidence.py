"""A comparison of printed figures as a row of the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mixablate.estimate import Effect
from mixablate.estimate.reported import (
    INDEPENDENT,
    DropPerAmount,
    OverRuns,
    ReportedComparison,
    ReportedContrast,
    ReportedSide,
)
from mixablate.study import PublishedClaim, PublishedReachesZero, Reported, Scale

__all__ = ["NOT_COMPARED", "as_printed", "effect_of", "effect_per_amount", "no_effect"]

NOT_COMPARED = "none: nothing is compared"
PRINTED = "printed figures as they stand"
THESE = f"these very models only, {INDEPENDENT}"
RUNS = "runs like these, as far as the printed spread says"


def as_printed(effect: Effect, printed: Mapping[str, str]) -> str:
    """What a comparison is of, in the words of the prints (record id -> value).

    One value, two sides, or two arms from one reference; what is not compared stands apart and forms no series.
    """
    values = [printed.get(name, name) for name in effect.contrast.split(" -> ")]
    if effect.method == NOT_COMPARED:
        return " | ".join(values)
    if len(values) < 3:
        return " \u2192 ".join(values)
    start, other, treated = values
    return f"{treated} against {other}, both from {start}"


def no_effect(claim: PublishedClaim, records: Sequence[Reported], level: float, reason: str) -> Effect:
    """A row without a number, for figures that are not compared."""
    return _effect(claim, records, level, reason=reason, method=NOT_COMPARED)


def effect_per_amount(
    claim: PublishedClaim, records: Sequence[Reported], level: float, found: DropPerAmount, reason: str
) -> Effect:
    """One drop per unit of data over another, at the printed figures."""
    notes = (f"over all that rounding allows: {found.lower:.3g} to {found.upper:.3g}",)
    return _effect(claim, records, level, reason=reason, estimate=found.estimate, notes=notes)


def effect_of(
    claim: PublishedClaim,
    compared: ReportedComparison,
    shown: Sequence[Reported],
    reason: str,
    runs: OverRuns | None = None,
) -> Effect:
    """Two rates as they are printed, with the interval between these models where n is stated.

    Args:
        claim: as declared.
        compared: the two sides; of `reaches_zero` the treated one twice.
        shown: the records of the row.
        reason: why they cannot decide; then no interval stands where a reader takes it for one of the mix.
        runs: the interval over runs, where their spread is printed.
    """
    assert compared.sides is not None
    assert compared.variation is not None
    reference, treated = (_point(side) for side in compared.sides)
    within = _within(claim, compared)
    tipping = None if claim_is_of_models(claim) else compared.variation.tipping_sd
    numbers: dict[str, float | None] = {"treated": treated, "tipping_sd": tipping}
    method, scope = PRINTED, THESE
    if isinstance(claim, PublishedReachesZero):
        numbers |= {"estimate": treated}
    else:
        ratio = claim.scale is Scale.RISK_RATIO
        numbers |= {"estimate": _difference(reference, treated, ratio=ratio), "reference": reference}
    if runs is not None and not runs.reason:
        numbers |= {"lower": runs.lower, "upper": runs.upper, "std_error": runs.std_error, "df": runs.df}
        method, scope = runs.method, RUNS
    elif claim_is_of_models(claim) and not reason:
        numbers |= dict(zip(("lower", "upper"), _models_interval(claim, compared, within), strict=True))
        method = _interval_method(claim, compared)
    numbers |= {"within_lower": within[0], "within_upper": within[1]}
    notes = tuple(f"n not stated: {record.name}" for record in shown if record.n is None)
    notes += tuple(f"training runs not stated, taken as one: {record.name}" for record in shown if record.runs is None)
    return _effect(claim, shown, compared.level, reason=reason, method=method, scope=scope, notes=notes, **numbers)


def _point(side: ReportedSide) -> float | None:
    """The printed rate; None where only a side or range of it is printed."""
    return side.taken if side.record.figure.is_point else None


def _difference(reference: float | None, treated: float | None, *, ratio: bool) -> float | None:
    """Treated minus reference, or over it."""
    if reference is None or treated is None or (ratio and not reference):
        return None
    return treated / reference if ratio else treated - reference


def claim_is_of_models(claim: PublishedClaim) -> bool:
    """Whether the claim is about the very models that were evaluated."""
    return getattr(claim, "about", "mix") == "models"


def _within(claim: PublishedClaim, compared: ReportedComparison) -> tuple[float | None, float | None]:
    """The interval between these very models, from rollout noise alone, on the claim's scale."""
    if isinstance(claim, PublishedReachesZero):
        bounds = compared.sides[1].bounds if compared.sides else None
        return (None, None) if bounds is None else (bounds.lower, bounds.upper)
    contrast = _contrast(claim, compared)
    if contrast is None or contrast.reason:
        return None, None
    return _known(contrast.lower), _known(contrast.upper)


def _contrast(claim: PublishedClaim, compared: ReportedComparison) -> ReportedContrast | None:
    return next((c for c in compared.contrasts if c.scale is claim.scale), None)


def _models_interval(
    claim: PublishedClaim, compared: ReportedComparison, within: tuple[float | None, float | None]
) -> tuple[float | None, float | None]:
    if not isinstance(claim, PublishedReachesZero):
        return within
    bounds = compared.sides[1].bounds if compared.sides else None
    return None, None if bounds is None else bounds.at_most


def _interval_method(claim: PublishedClaim, compared: ReportedComparison) -> str:
    contrast = _contrast(claim, compared)
    if contrast is None:
        return "one-sided exact upper bound (Clopper & Pearson 1934) over the worst case of rounding"
    return contrast.method


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _effect(
    claim: PublishedClaim,
    records: Sequence[Reported],
    level: float,
    *,
    reason: str,
    method: str = PRINTED,
    scope: str = THESE,
    notes: tuple[str, ...] = (),
    **numbers: float | None,
) -> Effect:
    treated = records[-1]
    found = {name: _known(value) for name, value in numbers.items()}
    return Effect(
        outcome=treated.eval or treated.quantity,
        contrast=" -> ".join(record.id for record in records),
        scale=claim.scale,
        estimate=found.get("estimate"),
        std_error=found.get("std_error"),
        df=found.get("df"),
        lower=found.get("lower"),
        upper=found.get("upper"),
        level=level,
        p_value=None,
        p_adjusted=None,
        detectable=None,
        reference=found.get("reference"),
        treated=found.get("treated"),
        n_treated=treated.runs or 0,
        n_reference=(records[0].runs or 0) if len(records) > 1 else 0,
        method=method,
        scope=scope,
        within_lower=found.get("within_lower"),
        within_upper=found.get("within_upper"),
        tipping_sd=found.get("tipping_sd"),
        reason=reason,
        notes=notes,
    )
