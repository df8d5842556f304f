"""Whether the models of a claim acted at all, and what would be said of the rollouts in which they did."""

from __future__ import annotations

import math
from dataclasses import replace

from mixablate.claims.case import Case
from mixablate.claims.measurement.measured import Acting
from mixablate.estimate import number_or_none
from mixablate.estimate.runs.acting import acted_only, acting_rates, side_mean
from mixablate.tables import Tables

__all__ = ["LEAST_ACTING", "acting_case", "acting_of", "acting_words", "stopped_acting"]

LEAST_ACTING = 0.7  # of a side's rollouts; below it a low rate may be passivity


def acting_of(case: Case, tables: Tables) -> Acting | None:
    """Both sides' acting rates, with the rate of events when they acted; None where the tables do not say."""
    evals: dict[str, float] = {}
    for part in case.parts or (case.summaries,):
        for eval_id, weight in part.outcome.evals:
            evals[eval_id] = evals.get(eval_id, 0.0) + weight
    total = sum(evals.values())
    rates = acting_rates(tables, case.summaries, {name: weight / total for name, weight in evals.items()})
    treated, reference = (side_mean(rates, case.summaries, case.contrast, sign) for sign in (1.0, -1.0))
    if math.isnan(treated) and math.isnan(reference):
        return None
    given = None if case.parts else acted_only(tables, case.summaries)
    when = [math.nan if given is None else side_mean(given.level, given, case.contrast, sign) for sign in (1.0, -1.0)]
    return Acting(*(number_or_none(value) for value in (treated, reference, *when)))


def acting_case(case: Case, tables: Tables) -> Case | None:
    """The case over the rollouts in which the models acted; None where there is none."""
    given = None if case.parts else acted_only(tables, case.summaries)
    return None if given is None else replace(case, summaries=given)


def stopped_acting(acting: Acting | None) -> bool:
    """Whether a side acted in fewer than 70 % of its rollouts."""
    return acting is not None and any(
        rate is not None and not rate >= LEAST_ACTING for rate in (acting.treated, acting.reference)
    )


def acting_words(acting: Acting) -> str:
    """Both sides' acting rates in a sentence, with what happened when they acted."""
    said = [
        f"the {side} side acted in {rate:.1%} of its rollouts"
        + ("" if given is None else f", {given:.1%} of these with the event")
        for side, rate, given in (
            ("treated", acting.treated, acting.given_treated),
            ("reference", acting.reference, acting.given_reference),
        )
        if rate is not None
    ]
    sentence = "; ".join(said)
    return f"{sentence[:1].upper()}{sentence[1:]}. Below {LEAST_ACTING:.0%} a low rate may be passivity, not safety"
