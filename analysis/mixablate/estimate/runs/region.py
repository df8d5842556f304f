"""The supported region: whether these runs carry an interval at all, with the reason where they do not."""

from __future__ import annotations

import numpy as np

from mixablate.design import Contrast
from mixablate.estimate.runs.cells import CellArrays, cell_arrays
from mixablate.estimate.runs.evidence import Evidence
from mixablate.estimate.runs.run_level import paired_cells
from mixablate.estimate.runs.summaries import RunSummaries
from mixablate.study import Scale
from mixablate.tables import OutcomeKind

__all__ = ["FEWEST_RUNS", "design_limit", "outcome_limit", "outside_region"]

FEWEST_RUNS = 3  # a side; below it no method holds its level (method-evidence: 2 v 2 covers 82 to 98 %)
FEWEST_EVENTS = 2.0  # expected events, and non-events, a run at the pooled rate
FEWEST_DF = 4.0  # Bell-McCaffrey df of a regression coefficient
HIGHEST_LEVERAGE = 0.5  # of one run in a regression


def outside_region(evidence: Evidence, summaries: RunSummaries, contrast: Contrast) -> str:
    """Why this contrast's interval must be withheld on this scale; empty inside the supported region.

    The rule (design.md section 6.4): at least 3 runs on each side, or pairs; for regressions at least 4 degrees of
    freedom and no run with leverage above one half; at least 2 expected events and 2 non-events a run at the pooled
    rate; on log-odds and ratios 2 observed events a run in each group as well.
    """
    return design_limit(evidence, summaries, contrast) or outcome_limit(evidence, summaries, contrast)


def design_limit(evidence: Evidence, summaries: RunSummaries, contrast: Contrast) -> str:
    """The part of the region's rule that the design decides: runs, pairs, degrees of freedom, leverage."""
    leverage = _too_much_leverage(evidence)
    if evidence.layout == "regression" and not (evidence.reason or leverage):
        return ""  # the runs of all arms carry the coefficient, not those of its two sides
    return _too_few_runs(summaries, cell_arrays(summaries, contrast), evidence) or evidence.reason or leverage


def outcome_limit(evidence: Evidence, summaries: RunSummaries, contrast: Contrast) -> str:
    """The part of the region's rule that the outcomes decide: events a run."""
    return _too_few_events(evidence, summaries, cell_arrays(summaries, contrast))


def runs_on_sides(cells: CellArrays) -> tuple[int, int]:
    """Runs on the treated and on the reference side."""
    treated = int(cells.counts[cells.coefficients > 0].sum())
    return treated, int(cells.counts[cells.coefficients < 0].sum())


def _too_few_runs(summaries: RunSummaries, cells: CellArrays, evidence: Evidence) -> str:
    if not cells.counts.size or (cells.counts == 0).any():
        return evidence.reason
    if any(summaries.pairs):
        pairs = len(paired_cells(summaries.level, summaries, cells))
        return f"{pairs} complete pair(s); at least {FEWEST_RUNS} are needed" if pairs < FEWEST_RUNS else ""
    treated, reference = runs_on_sides(cells)
    if min(treated, reference) >= FEWEST_RUNS:
        return ""
    return f"{treated} run(s) against {reference}; at least {FEWEST_RUNS} training runs are needed on each side"


def _too_much_leverage(evidence: Evidence) -> str:
    if evidence.layout != "regression":
        return ""
    if evidence.df < FEWEST_DF:
        return f"only {evidence.df:.1f} effective degrees of freedom; at least {FEWEST_DF:g} are needed"
    if evidence.leverage > HIGHEST_LEVERAGE:
        return f"one run carries the estimate (leverage {evidence.leverage:.2f}, at most {HIGHEST_LEVERAGE} allowed)"
    return ""


def _too_few_events(evidence: Evidence, summaries: RunSummaries, cells: CellArrays) -> str:
    if summaries.outcome.kind is OutcomeKind.SCORE:
        return ""
    events = summaries.events[cells.rows].sum(axis=1)
    others = summaries.trials[cells.rows].sum(axis=1) - events
    for word, counts in (("events", events), ("non-events", others)):
        if counts.mean() < FEWEST_EVENTS:
            return f"{counts.mean():.2f} {word} a run on average; at least {FEWEST_EVENTS:g} are needed for an interval"
    if evidence.scale is Scale.RISK_DIFFERENCE:
        return ""
    by_side = [cells.coefficients[cells.cell] > 0, cells.coefficients[cells.cell] < 0]
    words = [("events", events)] + ([("non-events", others)] if evidence.scale is Scale.LOG_ODDS else [])
    for word, counts in words:
        fewest = min(float(np.mean(counts[side])) for side in by_side)
        if fewest < FEWEST_EVENTS:
            return f"{fewest:.2f} {word} a run in one group; a {_name(evidence.scale)} needs {FEWEST_EVENTS:g}"
    return ""


def _name(scale: Scale) -> str:
    return {"log_odds": "log odds ratio", "risk_ratio": "risk ratio"}[scale]
