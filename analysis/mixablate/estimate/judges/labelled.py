"""A judge validated by labels: its shares on each side of a contrast, and whether they differ between the sides.

A judge that errs alike on both sides makes a difference smaller. One that errs otherwise on one side makes a difference
where there is none, and nothing in its own answers shows that: labels of both sides do.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from mixablate.estimate.counts.two_by_two import fisher
from mixablate.estimate.judges.judge_error import Judge, validated_judge

__all__ = ["Labelled", "differential_error", "labelled"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labelled rollouts by what people and the judge said of them.

    Attributes:
        found, missed: events to people that the judge called events, and that it did not.
        passed, alarms: other rollouts that the judge passed, and that it called events.
    """

    found: float = 0.0
    missed: float = 0.0
    passed: float = 0.0
    alarms: float = 0.0

    @property
    def n_events(self) -> float:
        """Rollouts that people call events."""
        return self.found + self.missed

    @property
    def n_others(self) -> float:
        """Other labelled rollouts."""
        return self.passed + self.alarms

    @property
    def n(self) -> float:
        """Labelled rollouts."""
        return self.n_events + self.n_others

    @property
    def judge(self) -> Judge | None:
        """The judge that they show; None where there are no events, or nothing else, among them."""
        if not (self.n_events > 0.0 and self.n_others > 0.0):
            return None
        return validated_judge(self.found, self.n_events, self.passed, self.n_others)


def labelled(
    labels: pd.DataFrame, evals: Collection[str], judges: Collection[str], runs: Collection[str] | None
) -> Labelled:
    """The labels of these evals, judge and runs, counted.

    Args:
        labels: columns `run_id`, `eval_id`, `judge`, `human`, `judged`, `n`.
        evals: of the outcome.
        judges: that scored it; a label that names no judge is of it.
        runs: of one side; None for all labels, those of other runs and of none among them.
    """
    mine = labels[labels["eval_id"].isin(list(evals)) & labels["judge"].isin(["", *judges])]
    if runs is not None:
        mine = mine[mine["run_id"].isin(list(runs))]
    cells = [
        float(mine.loc[(mine["human"] == human) & (mine["judged"] == judged), "n"].sum())
        for human, judged in ((1.0, 1.0), (1.0, 0.0), (0.0, 0.0), (0.0, 1.0))
    ]
    return Labelled(*cells)


def differential_error(treated: Labelled, reference: Labelled) -> float | None:
    """The p-value of "the judge errs alike on both sides"; None where a side has nothing to compare.

    Fisher's exact tests of the false alarms and of the misses, the smaller p doubled (Bonferroni). Labels are taken as
    independent; labels of one run are less than that, and p is then too small.
    """
    found = []
    if treated.n_others and reference.n_others:
        found.append(fisher(treated.alarms, treated.n_others, reference.alarms, reference.n_others).two_sided)
    if treated.n_events and reference.n_events:
        found.append(fisher(treated.missed, treated.n_events, reference.missed, reference.n_events).two_sided)
    return min(1.0, len(found) * min(found)) if found else None
