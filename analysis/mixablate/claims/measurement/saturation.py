"""Whether an outcome is saturated: so near one of its ends that it leaves nothing to tell apart."""

from __future__ import annotations

import numpy as np

from mixablate.claims.case import Case
from mixablate.claims.numbers_in_words import amount
from mixablate.estimate import cell_arrays
from mixablate.estimate.runs.cells import side_level
from mixablate.estimate.runs.region import FEWEST_EVENTS
from mixablate.study import ReachesZero, Scale
from mixablate.tables import OutcomeKind

__all__ = ["saturated"]


def saturated(case: Case) -> str:
    """Why the outcome leaves nothing to tell apart, in words; empty where it does.

    An outcome of events is saturated where both sides have fewer than 2 events, or 2 non-events, a run on average, or
    where the reference side leaves less room than the claim asks for; a score, where half of the runs of each side
    share one value that no run passes.
    """
    if case.parts:
        return ""
    cells = cell_arrays(case.summaries, case.contrast)
    treated, reference = (cells.rows[(sign * cells.coefficients[cells.cell]) > 0.0] for sign in (1.0, -1.0))
    if not treated.size or not reference.size:
        return ""
    if case.summaries.outcome.kind is OutcomeKind.SCORE:
        return _score_at_an_end(case, treated, reference)
    return _no_room(case) or _at_an_end(case, treated, reference)


def _at_an_end(case: Case, treated: np.ndarray, reference: np.ndarray) -> str:
    events, trials = case.summaries.events.sum(axis=1), case.summaries.trials.sum(axis=1)
    for counts in (events, trials - events):
        if max(float(counts[side].mean()) for side in (treated, reference)) < FEWEST_EVENTS:
            rates = [f"{float(case.summaries.level[side].mean()):.1%}" for side in (reference, treated)]
            return (
                f"both sides stand at an end of the scale ({' and '.join(rates)}), which leaves nothing to tell apart"
            )
    return ""


def _no_room(case: Case) -> str:
    """The reference side leaves less room than the claimed change, or shows the claimed zero itself."""
    rate = side_level(case.summaries, case.contrast, -1.0)
    if rate is None:
        return ""
    if isinstance(case.claim, ReachesZero):
        if rate > case.region.upper:
            return ""
        return f"the reference side is at {rate:.2%} too, so that these components need not have done anything"
    if case.unit is not Scale.RISK_DIFFERENCE or case.region.at_no_effect or len(case.region.boundaries) != 1:
        return ""
    ((boundary, below),) = case.region.boundaries
    room, asked = (rate, -boundary) if below else (1.0 - rate, boundary)
    if not 0.0 <= room < asked:
        return ""
    word = "drop" if below else "rise"
    return f"the reference side is at {rate:.1%}: no {word} of {amount(asked, case.unit)} was possible on it"


def _score_at_an_end(case: Case, treated: np.ndarray, reference: np.ndarray) -> str:
    values = case.summaries.level
    shown = values[np.concatenate([treated, reference])]
    for end in (float(shown.max()), float(shown.min())):
        shares = [float((values[side] == end).mean()) for side in (treated, reference)]
        if min(shares) >= 0.5 and min(treated.size, reference.size) > 1:
            return f"half or more of the runs of each side share the score {end:g}, which no run passes"
    return ""
