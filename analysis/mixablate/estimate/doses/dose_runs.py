"""The runs that speak about a dose: their doses and outcomes, within strata of everything else that was declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixablate.design import Arm, Design
from mixablate.estimate.runs.run_level import existence_scale, values_on
from mixablate.estimate.runs.summaries import Outcome, RunSummaries
from mixablate.study import Component, ComponentType, Scale

__all__ = ["FEWEST_LEVELS", "DoseRuns", "dose_components", "dose_runs", "thin_sides"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
FEWEST_LEVELS = 3  # two doses are a contrast, which the effects already state; a shape needs three
FEWEST_EVENTS = 2.0  # a run and eval on each side of the mean dose, as for every log-odds (design.md section 6.4)
DIGITS = 12  # significant digits of a dose: 0.1 + 0.2 and 0.3 are one level


@dataclass(frozen=True, slots=True)
class DoseRuns:
    """Runs whose dose varies within their stratum: equal levels of the other components, equal block, equal pair.

    Attributes:
        component, label: of the dose.
        outcome: what was measured.
        scale: of `values`: log-odds, or the score itself.
        run_ids: (R,).
        dose: (R,) in the unit of the runs table.
        values: (R,) weighted mean over evals of the run's log-odds, or its score.
        level: (R,) the run's rate (weighted mean over evals) or score.
        events, trials: (R, E) counts; NaN for scores.
        stratum: (R,) 0 to S - 1.
        doses: (D,) distinct, ascending.
        at: (R,) position of each run's dose in `doses`.
        left_out: strata in which only one dose was run, in words; they say nothing about the dose.
    """

    component: str
    label: str
    outcome: Outcome
    scale: Scale
    run_ids: tuple[str, ...]
    dose: Floats
    values: Floats
    level: Floats
    events: Floats
    trials: Floats
    stratum: Ints
    doses: Floats
    at: Ints
    left_out: tuple[str, ...]

    @property
    def strata(self) -> Floats:
        """(R, S) indicators of the strata."""
        return np.asarray(self.stratum[:, None] == np.arange(int(self.stratum.max()) + 1), dtype=float)

    @property
    def cells(self) -> Ints:
        """(R,) the cell (stratum and dose) of each run, 0 to C - 1."""
        return np.asarray(np.unique(self.stratum * self.doses.size + self.at, return_inverse=True)[1].ravel())

    @property
    def replicated(self) -> bool:
        """Whether every cell holds two runs or more, so that run-to-run spread shows without a model of the dose."""
        return bool(np.bincount(self.cells).min() >= 2)


def dose_components(design: Design) -> tuple[Component, ...]:
    """The doses and fractions that these arms hold at three known levels or more, in declaration order."""
    found = []
    for component in design.components:
        if component.type in (ComponentType.DOSE, ComponentType.FRACTION):
            levels = {_dose(arm, component.id) for arm in design.arms if arm.known}
            found += [component] if len(levels) >= FEWEST_LEVELS else []
    return tuple(found)


def dose_runs(summaries: RunSummaries, design: Design, component: Component) -> DoseRuns | str:
    """The runs that speak about this dose, or the sentence that says why none do.

    Only differences of dose within a stratum count, so a stratum with a single dose is left out. Paired runs are
    compared within pairs: the pair is part of the stratum.
    """
    arms = {arm.arm_id: arm for arm in design.arms if arm.known}
    rows = [r for r, arm_id in enumerate(summaries.arm_ids) if arm_id in arms]
    keys = [_stratum(arms[summaries.arm_ids[r]], design, component, summaries.pairs[r]) for r in rows]
    doses = [_dose(arms[summaries.arm_ids[r]], component.id) for r in rows]
    held: dict[tuple[Any, ...], set[float]] = {}
    for key, dose in zip(keys, doses, strict=True):
        held.setdefault(key, set()).add(dose)
    varied = [key for key, levels in held.items() if len(levels) > 1]
    used = {key: place for place, key in enumerate(varied)}
    if not used:
        return f'no two runs differ in "{component.label}" alone: the other components, blocks or pairs differ too'
    kept = [i for i, key in enumerate(keys) if key in used]
    levels, at = np.unique([doses[i] for i in kept], return_inverse=True)
    if levels.size < FEWEST_LEVELS:
        return (
            f'only {levels.size} doses of "{component.label}" were run with all else equal; at least {FEWEST_LEVELS} '
            "are needed for a shape"
        )
    chosen = np.array([rows[i] for i in kept], dtype=np.intp)
    scale = existence_scale(summaries)
    return DoseRuns(
        component.id,
        component.label,
        summaries.outcome,
        scale,
        tuple(summaries.run_ids[r] for r in chosen),
        levels[at.ravel()],
        values_on(summaries, scale)[chosen],
        summaries.level[chosen],
        summaries.events[chosen],
        summaries.trials[chosen],
        np.array([used[keys[i]] for i in kept], dtype=np.intp),
        levels,
        np.asarray(at.ravel(), dtype=np.intp),
        tuple(_words(key, design, component) for key in held if key not in used),
    )


def thin_sides(runs: DoseRuns, coefficients: Floats) -> str:
    """Why counts are too few for a log-odds contrast with these coefficients of runs (R,); empty where they are not.

    The half event of the empirical log-odds pulls a side with few events (or few non-events) towards even odds, which
    passes for an effect of the dose.
    """
    if runs.scale is Scale.VALUE:
        return ""
    for word, counts in (("events", runs.events), ("non-events", runs.trials - runs.events)):
        for side, where in ((coefficients < 0.0, "lower"), (coefficients > 0.0, "higher")):
            mean = float(counts[side].mean()) if side.any() else FEWEST_EVENTS
            if not mean >= FEWEST_EVENTS:
                return f"{mean:.2f} {word} a run and eval at the {where} doses; a log-odds needs {FEWEST_EVENTS:g}"
    return ""


def _dose(arm: Arm, component: str) -> float:
    return float(format(float(str(arm.level(component))), f".{DIGITS}g"))


def _stratum(arm: Arm, design: Design, component: Component, pair: str) -> tuple[Any, ...]:
    return (tuple(arm.level(c.id) for c in _others(design, component)), arm.block, pair)


def _others(design: Design, component: Component) -> list[Component]:
    return [c for c in design.components if c.id != component.id and not (design.pair and c.column == design.pair)]


def _words(key: tuple[Any, ...], design: Design, component: Component) -> str:
    levels, block, pair = key
    named = [f"{c.id}={v if isinstance(v, str) else format(v, 'g')}"
             for c, v in zip(_others(design, component), levels, strict=True)]  # fmt: skip
    return ", ".join([*named, *block, *([pair] if pair else [])])
