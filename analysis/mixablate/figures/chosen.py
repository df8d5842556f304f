"""One figure of a study, asked for by name, on the outcomes asked for."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure, SubFigure

from mixablate.errors import Problem, StudyError, nearest
from mixablate.figures.catalogue import CATALOGUE, FigureEntry, FigureKind
from mixablate.figures.paper import Style
from mixablate.figures.style import Column
from mixablate.findings import Findings

__all__ = ["chosen_entry", "figure_kind", "plot"]


def figure_kind(name: str) -> FigureKind:
    """The figure of that name, as it exists for any study.

    Raises:
        StudyError: there is none.
    """
    known = {kind.name: kind for kind in CATALOGUE}
    if name not in known:
        every = f"a figure of the report: {', '.join(known)}"
        raise StudyError(Problem("FIGURE_NAME", "figure", f'"{name}"', every, nearest(name, known)))
    return known[name]


def chosen_entry(findings: Findings, name: str, outcomes: Sequence[str] | str = ()) -> FigureEntry:
    """The figure of that name with its frame; of this outcome, or these, only, where any is named.

    Where the study has nothing to draw, the entry's `reason` says why.

    Raises:
        StudyError: no such figure, an outcome that it does not show, or outcomes named for a figure without outcomes.
    """
    kind = figure_kind(name)
    frame = kind.frame(findings)
    outcomes = [outcomes] if isinstance(outcomes, str) else outcomes
    if outcomes and not frame.empty:
        frame = _of_outcomes(frame, name, outcomes)
    return FigureEntry(kind, frame, "" if frame.empty else kind.alt(frame), kind.empty if frame.empty else "")


def _of_outcomes(frame: pd.DataFrame, name: str, outcomes: Sequence[str]) -> pd.DataFrame:
    known = list(dict.fromkeys(frame["outcome"].astype(str))) if "outcome" in frame else []
    if not known:
        required, remedy = "no outcome: it is one drawing", "Leave --outcome out."
        raise StudyError(Problem("FIGURE_OUTCOME", name, f'"{outcomes[0]}"', required, remedy))
    problems = [
        Problem("FIGURE_OUTCOME", name, f'the outcome "{outcome}"', "an outcome it shows", nearest(outcome, known))
        for outcome in outcomes
        if outcome not in known
    ]
    if problems:
        raise StudyError(problems)
    return frame[frame["outcome"].isin(outcomes)].reset_index(drop=True)


def plot(
    findings: Findings,
    name: str = "forest",
    *,
    outcomes: Sequence[str] | str = (),
    column: Column = "double",
    style: Style | None = None,
    onto: SubFigure | None = None,
) -> Figure:
    """The figure of that name, as wide as a double or a single column of a journal; a notebook shows it.

    Args:
        findings: of `analyse`.
        name: as in the report.
        outcomes: to draw; all where none are named.
        column: how wide, where it is a figure of its own.
        style: matplotlib settings over ours, or a style sheet: font, colours of components, dots an inch (`TAKEN` names
            what is taken).
        onto: the part of a larger figure (`matplotlib.figure.Figure.subfigures`) to draw in, as wide as it is; what
            `ax=` is elsewhere, for figures of several axes. The larger figure comes out.

    Raises:
        StudyError: no such figure or outcome, nothing to draw, with the reason, a part that is too small, or a style
            that cannot be taken.
    """
    entry = chosen_entry(findings, name, outcomes)
    if entry.reason:
        raise StudyError(entry.empty())
    return entry.draw(column, style=style, onto=onto)
