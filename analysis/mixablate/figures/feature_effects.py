"""Forest of diversity features: alone, given the size, given the components, side by side on one axis."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import (
    KEY_LINE,
    beside,
    foot,
    foot_height,
    key_lines,
    lettered,
    set_ticks,
    span,
    ticks_plain,
    write,
    write_key,
)
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import effect_text, estimate_text, interval_text, level_text, scale_words
from mixablate.figures.panels import first_of, reason_notes
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.row_layout import RowLayout, axis_words, heading_band, row_layout
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    GRID,
    INK,
    MUTED,
    SMALL,
    Look,
    bare_axes,
    component_looks,
    place,
)
from mixablate.figures.text_layout import fit_apart, fit_text

__all__ = ["MOST_ROWS", "draw_feature_effects", "feature_effects_alt"]

LABEL_WIDTH = 1.75  # inches
GAP = 0.12
EDGE = 0.1
ROWS = RowLayout(
    width=DOUBLE_COLUMN,
    label_left=0.22,
    plot_left=LABEL_WIDTH,
    plot=(DOUBLE_COLUMN - LABEL_WIDTH - 0.2) / 3 - GAP,
    number_right=DOUBLE_COLUMN - 0.2,
    last_right=DOUBLE_COLUMN - 0.2,
    row=0.2,
)  # inches; two more plots stand right of the first
LANE = 0.13  # of a model where they share a plot
LANES = 0.47  # of a feature there
LABEL_LINES = 3
KEY = 0.46
NARROW_KEY = 0.3
AXIS = 0.42
MOST_ROWS = 60
MODELS = {"alone": "alone", "size": "given the amount", "components": "given the components"}
SIGNS = {"alone": "\u25cf", "size": "\u25a0", "components": "\u25c6"}  # their markers in the key
BRIEF = {"alone": "alone", "size": "amount", "components": "components"}  # in a plot that they share

Row = tuple[str, str]
"""Outcome and feature; of an outcome's heading, no feature."""


def draw_feature_effects(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """A row per feature, three models side by side; a feature that cannot be separated is a word with its reason.

    Where three plots are too narrow, the models share one, under each other in the row of their feature.

    Args:
        frame: `feature_effects` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        keys = list(dict.fromkeys(zip(frame["outcome"], frame["feature"], strict=True)))
        kept = set(keys[:MOST_ROWS])
        shown = frame[[pair in kept for pair in zip(frame["outcome"], frame["feature"], strict=True)]]
        blocks = [rows for _, rows in shown.groupby(_axis_of(shown), sort=False)]
        reasons = lettered(shown["reason"])
        notes = [*reason_notes(reasons, most=8), *first_of(len(kept), len(keys), "rows")]
        layout = row_layout(ROWS, paper.width, shown["feature_label"].astype(str), [""])
        heights = [ROWS.row * _places(rows, layout)[1] for rows in blocks]
        key = key_lines(_key(frame, layout), paper.width)
        above = NARROW_KEY + KEY_LINE * (len(key) - 1) if layout.stacked else KEY
        figure = paper.sheet(above + sum(heights) + AXIS * len(blocks) + foot_height(frame, notes, paper.width))
        write_key(figure, key)
        if not layout.stacked:
            for column, words in enumerate(MODELS.values()):
                middle = LABEL_WIDTH + column * (layout.plot + GAP) + layout.plot / 2
                write(figure, middle, 0.27, words, align="center", level="top")
        top = above
        for rows, height in zip(blocks, heights, strict=True):
            _block(figure, rows, top, height, reasons, layout)
            top += height + AXIS
        foot(figure, frame, notes)
        return figure


def _axis_of(frame: pd.DataFrame) -> pd.Series:
    """Log-odds share an axis; every score has a unit and so an axis of its own."""
    return frame["scale"] + "/" + frame["outcome"].where(frame["scale"] == "value", "")


def _block(
    figure: Figure, rows: pd.DataFrame, top: float, height: float, reasons: dict[str, str], layout: RowLayout
) -> None:
    limits = span(rows[["estimate", "lower", "upper"]].to_numpy(dtype=float).ravel(), zero=True, pad=0.1)
    looks = dict(zip(MODELS, component_looks(list(MODELS)).values(), strict=True))
    places, many = _places(rows, layout)
    plots = [list(MODELS)] if layout.stacked else [[model] for model in MODELS]
    for column, models in enumerate(plots):
        axes = place(figure, layout.plot_left + column * (layout.plot + GAP), top, layout.plot, height)
        bare_axes(axes)
        axes.set_ylim(many - 0.5, -0.5)
        set_ticks(axes, limits, ticks_plain, 4)
        axes.grid(axis="x", color=GRID, linewidth=0.6)
        axes.axvline(0.0, color=INK, linewidth=0.8, zorder=2)
        axes.set_yticks([])
        axes.tick_params(axis="x", labelsize=SMALL)
        if column == 0:
            _labels(axes, rows, places, layout)
        if column == len(plots) // 2:
            unit = f"per standard deviation of the feature, {scale_words(str(rows['scale'].iloc[0]))}"
            axis_words(axes, layout, unit)
        for (_, feature), y in places.items():
            if not feature:
                heading_band(axes, layout, y)
        for lane, model in enumerate(models):
            down = LANE / ROWS.row * (lane - (len(models) - 1) / 2)
            for record in rows[rows["given"] == model].to_dict("records"):
                y = places[str(record["outcome"]), str(record["feature"])] + down
                _mark(axes, y, record, looks[model], reasons, f"{BRIEF[model]}: " if layout.stacked else "")


def _places(rows: pd.DataFrame, layout: RowLayout) -> tuple[dict[Row, float], float]:
    """Row -> its middle, in rows of a heading's height from that of the first; and how many such rows there are."""
    middles: dict[Row, float] = {}
    down = 0.0
    for outcome, feature in zip(rows["outcome"].astype(str), rows["feature"].astype(str), strict=True):
        for row in ((outcome, ""), (outcome, feature)):
            if row not in middles:
                height = LANES / ROWS.row if row[1] and layout.stacked else 1.0
                middles[row] = down + (height - 1.0) / 2
                down += height
    return middles, down


def _labels(axes: Axes, rows: pd.DataFrame, places: dict[Row, float], layout: RowLayout) -> None:
    names = dict(zip(rows["feature"].astype(str), rows["feature_label"].astype(str), strict=True))
    heads = dict(zip(rows["outcome"].astype(str), rows["outcome_label"].astype(str), strict=True))
    room, lines = layout.plot_left - layout.label_left - EDGE, LABEL_LINES if layout.stacked else 1
    across = layout.width - 2 * EDGE if layout.stacked else LABEL_WIDTH - 2 * EDGE
    shown = fit_apart(names.values(), lambda name: fit_text(name, room, BODY, lines))
    for (outcome, feature), y in places.items():
        if feature:
            beside(axes, layout.label_left, y, shown[names[feature]])
        else:
            beside(axes, EDGE, y, fit_text(heads[outcome], across, BODY, bold=True), bold=True)


def _mark(
    axes: Axes, y: float, record: Mapping[Hashable, Any], look: Look, reasons: dict[str, str], named: str
) -> None:
    """Marker and interval, or a word for why there is none, after what is `named` before it."""
    reason = str(record["reason"])
    if reason:
        word = "cannot separate" if reason.startswith("cannot separate") else "withheld"
        axes.text(0.5, y, f"{named}{word} ({reasons[reason]})", transform=axes.get_yaxis_transform(), fontsize=SMALL,
                  color=MUTED, ha="center", va="center", zorder=5,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})  # fmt: skip
        return
    (bar,) = axes.plot((record["lower"], record["upper"]), (y, y), color=look.colour, linewidth=1.5, zorder=3)
    (mark,) = axes.plot([record["estimate"]], [y], marker=look.marker, markersize=5, color=look.colour,
                        markeredgecolor="white", markeredgewidth=0.5, linestyle="none", zorder=4)  # fmt: skip
    said = f"{record['feature_label']}, {record['outcome_label']}, {MODELS[str(record['given'])]}"
    on_hover(f"{said}: {effect_text(record)}", mark, bar)


def _key(frame: pd.DataFrame, layout: RowLayout) -> list[str]:
    interval = f"\u2501 {level_text(float(frame['level'].iloc[0]))} interval over training runs, each read on its own"
    signs = [f"{SIGNS[model]} {words}" for model, words in MODELS.items()] if layout.stacked else []
    return [*signs, interval]


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
