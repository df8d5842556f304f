"""Forest of diversity features: alone, given the size, given the components, side by side on one axis."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import beside, foot, foot_height, lettered, set_ticks, span, ticks_plain, write
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import effect_text, estimate_text, interval_text, level_text, scale_words
from mixablate.figures.panels import first_of, reason_notes
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    GRID,
    INK,
    MUTED,
    SMALL,
    bare_axes,
    component_looks,
    new_figure,
    paper_style,
    place,
)
from mixablate.figures.text_layout import fit_text

__all__ = ["MOST_ROWS", "draw_feature_effects", "feature_effects_alt"]

LABEL_WIDTH = 1.75  # inches
GAP = 0.12
WIDE = (DOUBLE_COLUMN - LABEL_WIDTH - 0.2) / 3 - GAP
ROW = 0.2
KEY = 0.46
AXIS = 0.42
MOST_ROWS = 60
MODELS = {"alone": "alone", "size": "given the amount", "components": "given the components"}


def draw_feature_effects(frame: pd.DataFrame) -> Figure:
    """A row per feature, three models side by side; a feature that cannot be separated is a word with its reason.

    Args:
        frame: `feature_effects` of `figure_frames`.
    """
    with paper_style():
        keys = list(dict.fromkeys(zip(frame["outcome"], frame["feature"], strict=True)))
        kept = set(keys[:MOST_ROWS])
        shown = frame[[pair in kept for pair in zip(frame["outcome"], frame["feature"], strict=True)]]
        blocks = [rows for _, rows in shown.groupby(_axis_of(shown), sort=False)]
        reasons = lettered(shown["reason"])
        notes = [*reason_notes(reasons, most=8), *first_of(len(kept), len(keys), "rows")]
        heights = [ROW * _rows_of(rows) for rows in blocks]
        figure = new_figure(DOUBLE_COLUMN, KEY + sum(heights) + AXIS * len(blocks) + foot_height(frame, notes))
        _key(figure, frame)
        top = KEY
        for rows, height in zip(blocks, heights, strict=True):
            _block(figure, rows, top, height, reasons)
            top += height + AXIS
        foot(figure, frame, notes)
        return figure


def _axis_of(frame: pd.DataFrame) -> pd.Series:
    """Log-odds share an axis; every score has a unit and so an axis of its own."""
    return frame["scale"] + "/" + frame["outcome"].where(frame["scale"] == "value", "")


def _rows_of(rows: pd.DataFrame) -> int:
    return int(rows["outcome"].nunique() + len(rows[["outcome", "feature"]].drop_duplicates()))


def _block(figure: Figure, rows: pd.DataFrame, top: float, height: float, reasons: dict[str, str]) -> None:
    limits = span(rows[["estimate", "lower", "upper"]].to_numpy(dtype=float).ravel(), zero=True, pad=0.1)
    looks = list(component_looks(list(MODELS)).values())
    lines = _places(rows)
    for column, model in enumerate(MODELS):
        axes = place(figure, LABEL_WIDTH + column * (WIDE + GAP), top, WIDE, height)
        bare_axes(axes)
        axes.set_ylim(_rows_of(rows) - 0.5, -0.5)
        set_ticks(axes, limits, ticks_plain, 4)
        axes.grid(axis="x", color=GRID, linewidth=0.6)
        axes.axvline(0.0, color=INK, linewidth=0.8, zorder=2)
        axes.set_yticks([])
        axes.tick_params(axis="x", labelsize=SMALL)
        if column == 0:
            _labels(axes, rows, lines)
        if column == 1:
            unit = f"per standard deviation of the feature, {scale_words(str(rows['scale'].iloc[0]))}"
            axes.set_xlabel(unit, fontsize=SMALL, labelpad=3)
        for (_, feature), y in lines.items():
            if not feature:
                axes.axhspan(y - 0.5, y + 0.5, color="#f3f5f7", linewidth=0, zorder=0)
        for record in rows[rows["given"] == model].to_dict("records"):
            y = lines[str(record["outcome"]), str(record["feature"])]
            _mark(axes, y, record, looks[column].colour, looks[column].marker, reasons)


def _places(rows: pd.DataFrame) -> dict[tuple[str, str], int]:
    """(outcome, feature) -> its line; (outcome, "") is the outcome's heading."""
    found: dict[tuple[str, str], int] = {}
    for outcome, feature in zip(rows["outcome"].astype(str), rows["feature"].astype(str), strict=True):
        for key in ((outcome, ""), (outcome, feature)):
            found.setdefault(key, len(found))
    return found


def _labels(axes: Axes, rows: pd.DataFrame, lines: dict[tuple[str, str], int]) -> None:
    names = dict(zip(rows["feature"].astype(str), rows["feature_label"].astype(str), strict=True))
    heads = dict(zip(rows["outcome"].astype(str), rows["outcome_label"].astype(str), strict=True))
    for (outcome, feature), y in lines.items():
        if feature:
            beside(axes, 0.22, y, fit_text(names[feature], LABEL_WIDTH - 0.32, BODY))
        else:
            beside(axes, 0.1, y, fit_text(heads[outcome], LABEL_WIDTH - 0.2, BODY, bold=True), bold=True)


def _mark(
    axes: Axes, y: int, record: Mapping[Hashable, Any], colour: str, marker: str, reasons: dict[str, str]
) -> None:
    reason = str(record["reason"])
    if reason:
        word = "cannot separate" if reason.startswith("cannot separate") else "withheld"
        axes.text(0.5, y, f"{word} ({reasons[reason]})", transform=axes.get_yaxis_transform(), fontsize=SMALL,
                  color=MUTED, ha="center", va="center", zorder=5,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})  # fmt: skip
        return
    (bar,) = axes.plot((record["lower"], record["upper"]), (y, y), color=colour, linewidth=1.5, zorder=3)
    (mark,) = axes.plot([record["estimate"]], [y], marker=marker, markersize=5, color=colour, markeredgecolor="white",
                        markeredgewidth=0.5, linestyle="none", zorder=4)  # fmt: skip
    named = f"{record['feature_label']}, {record['outcome_label']}, {MODELS[str(record['given'])]}"
    on_hover(f"{named}: {effect_text(record)}", mark, bar)


def _key(figure: Figure, frame: pd.DataFrame) -> None:
    line = f"\u2501 {level_text(float(frame['level'].iloc[0]))} interval over training runs, each read on its own"
    write(figure, 0.08, 0.1, line, colour=MUTED, level="top")
    for column, words in enumerate(MODELS.values()):
        left = LABEL_WIDTH + column * (WIDE + GAP) + WIDE / 2
        write(figure, left, 0.27, words, align="center", level="top")


def feature_effects_alt(frame: pd.DataFrame) -> str:
    """How many features, how many slopes are clear, how many cannot be separated, and the largest."""
    stated = frame[frame["reason"] == ""]
    apart = int(frame["reason"].str.startswith("cannot separate").sum())
    clear = stated[(stated["upper"] < 0.0) | (stated["lower"] > 0.0)]
    sentences = [
        f"Forest plot of {frame['feature'].nunique()} diversity features on {frame['outcome'].nunique()} outcomes: "
        "alone, given the amount of data, given the components.",
        f"{len(clear)} of {len(stated)} intervals exclude zero; {apart} slopes cannot be separated, "
        f"{len(frame) - len(stated) - apart} are withheld.",
    ]
    if not clear.empty:
        largest = clear.sort_values("estimate", key=abs, kind="stable").iloc[-1]
        scale = str(largest["scale"])
        limits = interval_text(float(largest["lower"]), float(largest["upper"]), scale)
        name, outcome = str(largest["feature_label"])[:120], str(largest["outcome_label"])[:120]
        sentences.append(
            f"The largest is {name} on {outcome}, {MODELS[str(largest['given'])]}: "
            f"{estimate_text(float(largest['estimate']), scale)} ({limits}) {scale_words(scale)}."
        )
    return " ".join(sentences)
