"""A published claim that no two printed rates could speak to: what is said of it, and that it is no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mixablate.study import RATE, WORDS, PublishedStated, Reported

__all__ = ["stated_words"]


def stated_words(claim: PublishedStated, records: Sequence[Reported]) -> str:
    """Why it is untestable: each record as it is printed, with who printed it."""
    named = [record for wanted in claim.rests_on for record in records if record.id == wanted]
    if not named:
        return "Stated without any figure"
    if all(record.unit == WORDS for record in named):
        lead = "Stated in words only"
    elif _share_a_quantity(named):
        lead = "Printed rates do not decide a claim of this form"
    else:
        lead = "No two rates are printed that could be compared"
    return f"{lead}: {'; '.join(_quotes(named))}"


def _share_a_quantity(records: Iterable[Reported]) -> bool:
    """Whether two of the rates are of one quantity, so that it is not for want of rates that nothing is decided."""
    quantities = [record.quantity for record in records if record.unit == RATE]
    return len(set(quantities)) < len(quantities)


def _quotes(records: Iterable[Reported]) -> list[str]:
    """Every print with its unit and interval, under the name of who printed it."""
    by_source: dict[str, list[str]] = {}
    for record in records:
        unit = "" if record.unit in (RATE, WORDS, "times") else f" {record.unit}"
        ends = f", interval {record.lower} to {record.upper}" if record.lower else ""
        by_source.setdefault(record.source, []).append(f'"{record.value}"{unit}{ends}')
    return [", ".join(said) + (f" ({source})" if source else "") for source, said in by_source.items()]
