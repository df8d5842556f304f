"""The supported region: whether these runs carry an interval at all, with the reason where they do not."""

from __future__ import annotations

import numpy as np

from mixablate.design import Contrast
from mixablate.design.pairs import PairedArms, paired_arms
from mixablate.errors import counted
from mixablate.estimate.runs.cells import CellArrays, cell_arrays, runs_on_sides
from mixablate.estimate.runs.evidence import Evidence
from mixablate.estimate.runs.pairs import paired_cells
from mixablate.estimate.runs.summaries import RunSummaries
from mixablate.study import Scale
from mixablate.tables import OutcomeKind

__all__ = [
    "FEWEST_RUNS",
    "design_limit",
    "few_on_a_side",
    "few_pairs",
    "outcome_limit",
    "outside_region",
    "pairs_of",
    "thin_regression",
]

FEWEST_RUNS = 3  # a side; below it no method holds its level (method-evidence: 2 v 2 covers 82 to 98 %)
FEWEST_EVENTS = 2.0  # expected events, and non-events, a run at the pooled rate
FEWEST_DF = 4.0  # Bell-McCaffrey df of a regression coefficient
HIGHEST_LEVERAGE = 0.5  # of one run in a regression
ROUNDING = 1e-9  # a full factorial run once has 4 degrees of freedom and leverage one half but for the last bits


def outside_region(evidence: Evidence, summaries: RunSummaries, contrast: Contrast) -> str:
    """Why this contrast's interval must be withheld on this scale; empty inside the supported region.

    The rule (design.md section 6.4): at least 3 runs on each side, or pairs; for regressions at least 4 degrees of
    freedom and no run with leverage above one half; at least 2 expected events and 2 non-events a run at the pooled
    rate, on the side with fewer rollouts; on log-odds and ratios 2 observed events a run in each group as well.
    """
    return design_limit(evidence, summaries, contrast) or outcome_limit(evidence, summaries, contrast)


def design_limit(evidence: Evidence, summaries: RunSummaries, contrast: Contrast) -> str:
    """The part of the region's rule that the design decides: runs, pairs, degrees of freedom, leverage."""
    regression = evidence.layout == "regression"
    thin = thin_regression(evidence.df, evidence.leverage) if regression else ""
    if regression and not (evidence.reason or thin):
        return ""  # the runs of all arms carry the coefficient, not those of its two sides
    return _too_few_runs(summaries, contrast, evidence) or evidence.reason or thin


def outcome_limit(evidence: Evidence, summaries: RunSummaries, contrast: Contrast) -> str:
    """The part of the region's rule that the outcomes decide: events a run, and that some runs of an arm differ."""
    return _too_few_events(evidence, summaries, cell_arrays(summaries, contrast)) or _no_spread(evidence)


def _too_few_runs(summaries: RunSummaries, contrast: Contrast, evidence: Evidence) -> str:
    cells = cell_arrays(summaries, contrast)
    if not cells.counts.size or (cells.counts == 0).any():
        return evidence.reason
    if any(summaries.pairs):
        return few_pairs(summaries, contrast)
    return few_on_a_side(*runs_on_sides(cells))


def few_pairs(summaries: RunSummaries, contrast: Contrast) -> str:
    """Why paired runs carry no interval of this contrast; empty where enough of its pairs are complete."""
    pairs = len(paired_cells(summaries.level, summaries, cell_arrays(summaries, contrast)))
    if pairs >= FEWEST_RUNS:
        return ""
    few = f"{counted(pairs, 'complete pair')}; at least {FEWEST_RUNS} are needed"
    return few if pairs else f"{few}: {pairs_of(summaries, contrast).words}"


def pairs_of(summaries: RunSummaries, contrast: Contrast) -> PairedArms:
    """How the pairs of these runs hold the arms of the contrast."""
    blocks = summaries.blocks or ("",) * len(summaries.pairs)
    return paired_arms(zip(summaries.arm_ids, blocks, summaries.pairs, strict=True), contrast)


def few_on_a_side(treated: int, reference: int) -> str:
    """Why so many runs on each side carry no interval; empty where they do."""
    if min(treated, reference) >= FEWEST_RUNS:
        return ""
    return (
        f"{counted(treated, 'run')} against {reference}; at least {FEWEST_RUNS} training runs are needed on each side"
    )


def thin_regression(df: float, leverage: float) -> str:
    """Why a regression coefficient with these degrees of freedom, and this leverage, carries no interval; or empty."""
    if not df >= FEWEST_DF - ROUNDING:
        return f"only {df:.1f} effective degrees of freedom; at least {FEWEST_DF:g} are needed"
    if not leverage <= HIGHEST_LEVERAGE + ROUNDING:
        return f"one run carries the estimate (leverage {leverage:.2f}, at most {HIGHEST_LEVERAGE} allowed)"
    return ""


def _no_spread(evidence: Evidence) -> str:
    """Where all agree to the last digit the interval would have no width, however few the rollouts."""
    if evidence.std_error <= ROUNDING * max(1.0, abs(evidence.estimate)):
        return "the runs of each arm agree to the last digit: nothing shows how much runs differ"
    return ""


def _too_few_events(evidence: Evidence, summaries: RunSummaries, cells: CellArrays) -> str:
    if summaries.outcome.kind is OutcomeKind.SCORE:
        return ""
    events, trials = summaries.events[cells.rows].sum(axis=1), summaries.trials[cells.rows].sum(axis=1)
    others = trials - events
    by_side = [cells.coefficients[cells.cell] > 0, cells.coefficients[cells.cell] < 0]
    sizes = sorted(float(np.mean(trials[side])) for side in by_side)
    where = " at the mean rate, on the side with fewer rollouts" if sizes[0] < sizes[1] else ""
    for word, counts in (("events", events), ("non-events", others)):
        # Not the mean count: where one side has few rollouts, the half event of its log-odds passes for an effect.
        expected = sizes[0] * float(np.mean(counts / trials))
        if not expected >= FEWEST_EVENTS - ROUNDING:
            return (
                f"{expected:.2f} {word} a run on average{where}; at least {FEWEST_EVENTS:g} are needed for an interval"
            )
    if evidence.scale is Scale.RISK_DIFFERENCE:
        return ""
    log_odds = evidence.scale is Scale.LOG_ODDS
    # The half event is added to every eval of a run, and a mean over evals does not average its bias away.
    evals, each = (summaries.events.shape[1], " and eval") if log_odds and summaries.events.shape[1] > 1 else (1, "")
    for word, counts in [("events", events)] + ([("non-events", others)] if log_odds else []):
        fewest = min(float(np.mean(counts[side])) for side in by_side) / evals
        if fewest < FEWEST_EVENTS:
            return f"{fewest:.2f} {word} a run{each} in one group; a {_name(evidence.scale)} needs {FEWEST_EVENTS:g}"
    return ""


def _name(scale: Scale) -> str:
    return {"log_odds": "log odds ratio", "risk_ratio": "risk ratio"}[scale]
