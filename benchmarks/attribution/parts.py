"""One study of a cell: attributed, and every part of it set beside its true value."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from attribution.cells import COMPONENTS, Cell, truth_of
from mixablate.attribute import (
    Attribution,
    AttributionScale,
    Rule,
    attribute_outcome,
    true_parts,
)
from mixablate.design import Design, design_of
from mixablate.estimate import RunSummaries, outcome_of, summarise
from mixablate.estimate.runs.summaries import run_log_odds
from mixablate.simulate import Layout, draw_counts, lay_out, mean_run_rate, simulate
from mixablate.study import Study, parse_study
from mixablate.study.claim_kinds import Level
from mixablate.tables import tables_from_frames

__all__ = ["Counts", "one_study", "study_of"]

LEVEL = 0.95
DRAWS = 199  # joint draws, for shares and ranks

Counts = Counter[tuple[str, ...]]
"""(what, ...) -> how many studies: see `one_study`."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is true of a cell, and everything of its studies that chance does not touch.

    Attributes:
        layout: what counts are drawn from.
        design: the arms.
        summaries: of the study of seed 0, whose counts are exchanged.
        order: the layout's runs in the order of the summaries.
        parts: per scale, the true part of each component.
    """

    layout: Layout
    design: Design
    summaries: RunSummaries
    order: tuple[int, ...]
    parts: Mapping[AttributionScale, Mapping[str, float]]


def study_of(cell: Cell) -> Study:
    """The declaration of a cell's studies."""
    lines = ['title = "Calibration"', "seed = 1", f"baseline = {{ {', '.join(f'{c} = 0' for c in COMPONENTS)} }}"]
    lines += ["[tables]", 'runs = "r.csv"', 'outcomes = "o.csv"', 'evals = "e.csv"']
    for component in COMPONENTS:
        dose = component == "advice" and "doses" in cell.arms
        lines += [f"[components.{component}]", f'type = "{"dose" if dose else "flag"}"', "target = 1"]
    return parse_study("\n".join(lines), place="calibration", folder=Path())


@cache
def known(cell: Cell) -> Known:
    """The cell's truth, computed once a process."""
    truth, study = truth_of(cell), study_of(cell)
    layout, found = lay_out(truth), simulate(truth, seed=0)
    tables = tables_from_frames(study, runs=found.runs, outcomes=found.outcomes, evals=found.evals)
    design = design_of(study, tables)
    names = [declared.id for declared in truth.evals]
    summaries = summarise(tables, design, outcome_of(tables, names, name="mean"))

    def rate(levels: Mapping[str, Level]) -> float:
        return mean_run_rate(truth, levels, names)

    parts = {
        scale: dict(zip(COMPONENTS, true_parts(rate, summaries, design, scale), strict=True))
        for scale in (AttributionScale.RISK_DIFFERENCE, AttributionScale.LOG_ODDS, AttributionScale.LOG_RATIO)
    }
    order = tuple(layout.run_ids.index(run_id) for run_id in summaries.run_ids)
    return Known(layout, design, summaries, order, parts)


def drawn(cell: Known, seed: int) -> RunSummaries:
    """The summaries of the cell's study of this seed: what `summarise` makes of its tables."""
    events = draw_counts(cell.layout, seed=seed).n_events[cell.order, :, 0].astype(float)
    trials = cell.summaries.trials
    weights = np.array([weight for _, weight in cell.summaries.outcome.evals])
    return replace(
        cell.summaries,
        events=events,
        log_odds=run_log_odds(events, trials) @ weights,
        level=(events / trials) @ weights,
    )


def one_study(cell: Cell, seed: int) -> Counts:
    """What one study of the cell counts.

    Keys: ("part" | "simultaneous" | "share" | "total" | "difference", scale, name, "covered" | "below" | "above" |
    "withheld"), where below means that the interval lies below the true value; ("found", scale, component): the part's
    interval excludes zero; ("found simultaneously", ...); ("largest", scale, component): the largest part;
    ("source", scale, component, source).
    """
    is_known = known(cell)
    summaries = drawn(is_known, seed)
    found = attribute_outcome(
        summaries, is_known.design, level=LEVEL, draws=DRAWS, seed=seed, rules=(Rule.SHAPLEY,), interactions=False
    )
    counts: Counts = Counter()
    for split in found.attributions:
        _count(split, is_known.parts[split.scale], counts)
    for withheld in found.withheld:
        counts["no split", str(withheld.scale)] += 1
    return counts


def _count(split: Attribution, parts: Mapping[str, float], counts: Counts) -> None:
    scale, total = str(split.scale), math.fsum(parts.values())
    counts["total", scale, "", _place(split.total_lower, split.total_upper, total)] += 1
    for part in split.parts:
        name, value = part.component, parts[part.component]
        counts["source", scale, name, part.source] += 1
        counts["part", scale, name, _place(part.lower, part.upper, value)] += 1
        counts["simultaneous", scale, name, _place(part.lower_simultaneous, part.upper_simultaneous, value)] += 1
        if total:
            counts["share", scale, name, _place(part.share_lower, part.share_upper, value / total)] += 1
        for word, low, high in (
            ("found", part.lower, part.upper),
            ("found simultaneously", part.lower_simultaneous, part.upper_simultaneous),
        ):
            counts[word, scale, name] += low is not None and high is not None and not low <= 0.0 <= high
    counts["all at once", scale, "", _all_at_once(split, parts)] += 1
    for pair in split.comparisons:
        value = parts[pair.first] - parts[pair.second]
        counts["difference", scale, f"{pair.first} - {pair.second}", _place(pair.lower, pair.upper, value)] += 1
    largest = min(split.parts, key=lambda part: part.estimate)  # every true total is a drop
    counts["largest", scale, largest.component] += 1


def _place(lower: float | None, upper: float | None, value: float) -> str:
    if lower is None or upper is None:
        return "withheld"
    return "below" if upper < value else "above" if lower > value else "covered"


def _all_at_once(split: Attribution, parts: Mapping[str, float]) -> str:
    places = {_place(p.lower_simultaneous, p.upper_simultaneous, parts[p.component]) for p in split.parts}
    if "withheld" in places:
        return "withheld"
    return "covered" if places == {"covered"} else "missed"
