"""Arms by components: what each arm holds, how many runs it has, and which evals they were given."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mixablate.figures.axis_layout import foot, foot_height, write
from mixablate.figures.hover import on_hover
from mixablate.figures.panels import first_of
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    INK,
    MUTED,
    RUN_DOT,
    SMALL,
    bare_axes,
    new_figure,
    paper_style,
    place,
)
from mixablate.figures.text_layout import fit_arm, fit_text, text_width

__all__ = ["draw_design_matrix"]

LABEL_WIDTH = 1.75  # inches
RUNS_WIDTH = 0.42
EDGE = 0.12
HEAD = 1.5  # column labels
KEY = 0.26
MOST_ARMS = 60
MOST_COMPONENTS = 30
MOST_EVALS = 8
EVAL_WIDTH = 0.17
WIDEST, NARROWEST = 0.62, 0.12  # of a component's column
LEVEL_TEXT = 0.3  # column width from which the level is written into the cell
ARM_LINES = 2
MANY_ARMS = 24  # from here on one line an arm
LINE = 0.12
CELLS = LinearSegmentedColormap.from_list("cells", ["#ffffff", "#cfe3f1", RUN_DOT])
PLAIN = {"0", "1"}


def draw_design_matrix(frame: pd.DataFrame) -> Figure:
    """Arms as rows, components as columns filled by level, runs an arm beside them, and a square per eval.

    Components that vary stand first; beyond 30 components, 60 arms and 8 evals a note says what the table holds.

    Args:
        frame: `design_matrix` of `figure_frames`.
    """
    with paper_style():
        shown, notes = _capped(frame)
        cells, evals = (shown[shown["what"] == what] for what in ("component", "eval"))
        arms = list(dict.fromkeys(cells["arm_id"]))
        columns, checks = cells["name"].nunique(), evals["name"].nunique()
        beside = RUNS_WIDTH + (checks * EVAL_WIDTH + 0.15 if checks else 0.0)
        room = DOUBLE_COLUMN - LABEL_WIDTH - beside - EDGE
        width = min(WIDEST, room / max(columns, 1))
        lines = ARM_LINES if len(arms) < MANY_ARMS else 1
        labels = [fit_arm(_arm(cells, arm), LABEL_WIDTH - 0.2, BODY, lines) for arm in arms]
        row = max(0.2, max(label.count("\n") + 1 for label in labels) * LINE + 0.05)
        head = 0.1 + max(text_width(fit_text(str(t), HEAD - 0.15, SMALL), SMALL) for t in dict.fromkeys(shown["label"]))
        figure = new_figure(DOUBLE_COLUMN, KEY + head + row * len(arms) + 0.06 + foot_height(frame, notes))
        axes = place(figure, LABEL_WIDTH, KEY + head, width * columns, row * len(arms))
        _cells(axes, cells, arms, width, row)
        axes.set_yticks(range(len(arms)), labels)
        left = LABEL_WIDTH + width * columns
        _runs(axes, cells, arms, left / DOUBLE_COLUMN)
        if checks:
            other = place(figure, left + RUNS_WIDTH, KEY + head, EVAL_WIDTH * checks, row * len(arms))
            _evals(other, evals, arms)
        _key(figure, bool(checks))
        foot(figure, frame, notes)
        return figure


def _capped(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    notes = []
    for what, column, index, most in (
        ("arms", "arm_id", "arm_index", MOST_ARMS),
        ("components", "name", "column_index", MOST_COMPONENTS),
        ("evals", "name", "column_index", MOST_EVALS),
    ):
        mine = frame if what == "arms" else frame[frame["what"] == what.removesuffix("s")]
        total = mine[column].nunique()
        if total <= most:
            continue
        first = "The first" if what != "components" else "What varies first: the first"
        notes += first_of(most, total, what, first)
        gone = mine[mine[index] >= most].index
        frame = frame.drop(index=gone)
    return frame, notes


def _arm(cells: pd.DataFrame, arm_id: str) -> str:
    return str(cells.loc[cells["arm_id"] == arm_id, "arm"].iloc[0])


def _grid(axes: Axes, rows: pd.DataFrame, arms: list[str], pad: float) -> None:
    """One rectangle a cell, coloured by `fill`; unknown cells are hatched."""
    place_of = {arm: y for y, arm in enumerate(arms)}
    known = rows[rows["fill"].notna()]
    boxes = [
        Rectangle((x - 0.5 + pad, place_of[arm] - 0.5 + pad), 1 - 2 * pad, 1 - 2 * pad)
        for x, arm in zip(known["column_index"], known["arm_id"], strict=True)
    ]
    colours = [CELLS(float(fill)) for fill in known["fill"]]
    cells = PatchCollection(boxes, facecolors=colours, edgecolors=FAINT, linewidths=0.5)
    axes.add_collection(cells)
    on_hover([f"{row['arm']}: {row['label']} {row['level']}" for row in known.to_dict("records")], cells)
    for x, arm in rows.loc[rows["fill"].isna(), ["column_index", "arm_id"]].itertuples(index=False):
        corner = (x - 0.5 + pad, place_of[arm] - 0.5 + pad)
        axes.add_patch(Rectangle(corner, 1 - 2 * pad, 1 - 2 * pad, fill=False, hatch="////", color=FAINT, linewidth=0))
    axes.set_xlim(-0.5, rows["column_index"].max() + 0.5)
    axes.set_ylim(len(arms) - 0.5, -0.5)
    bare_axes(axes, keep=())
    names = rows.drop_duplicates("name")
    axes.xaxis.tick_top()
    texts = [fit_text(str(label), HEAD - 0.15, SMALL) for label in names["label"]]
    axes.set_xticks(names["column_index"].tolist(), texts, rotation=90, fontsize=SMALL, color=INK)
    axes.tick_params(axis="x", length=0, pad=2)
    for tick, varies in zip(axes.get_xticklabels(), names["varies"], strict=True):
        tick.set_color(INK if varies else MUTED)


def _cells(axes: Axes, cells: pd.DataFrame, arms: list[str], width: float, row: float) -> None:
    _grid(axes, cells, arms, 0.06)
    plain = cells.groupby("name")["level"].agg(lambda levels: set(levels) <= PLAIN)
    if width < LEVEL_TEXT:
        return
    for y, arm in enumerate(arms):
        for record in cells[cells["arm_id"] == arm].to_dict("records"):
            if plain[record["name"]]:
                continue
            fill = float(record["fill"])
            colour = "white" if not math.isnan(fill) and fill > 0.8 else INK
            text = fit_text(str(record["level"]), width - 0.08, SMALL - 0.5)
            axes.text(float(record["column_index"]), y, text, ha="center", va="center", fontsize=SMALL - 0.5,
                      color=colour)  # fmt: skip


def _runs(axes: Axes, cells: pd.DataFrame, arms: list[str], left: float) -> None:
    """Runs an arm, right of the cells; arms of fewer than three in bold."""
    sizes = cells.drop_duplicates("arm_id").set_index("arm_id")["n_runs"].astype(int)
    right = axes.get_xlim()[1]
    per_inch = (right + 0.5) / (axes.get_position().width * DOUBLE_COLUMN)
    for y, arm in enumerate(arms):
        few = int(sizes[arm]) < 3
        axes.text(right + 0.26 * per_inch, y, f"{sizes[arm]}", ha="right", va="center", fontsize=BODY,
                  fontweight="bold" if few else "normal", color=INK, clip_on=False)  # fmt: skip
    axes.text(right + 0.2 * per_inch, -0.5, "runs", ha="center", va="bottom", rotation=90, fontsize=SMALL, color=MUTED)


def _evals(axes: Axes, evals: pd.DataFrame, arms: list[str]) -> None:
    _grid(axes, evals, arms, 0.22)
    axes.set_yticks([])


def _key(figure: Figure, evals: bool) -> None:
    parts = [
        "\u25a1 lowest level",
        "\u25a0 highest level",
        "grey name: the same in every arm",
        "bold: fewer than 3 runs",
    ]
    parts += ["right: share of the arm's runs with each eval"] if evals else []
    write(figure, 0.08, 0.08, "     ".join(parts), colour=MUTED, level="top")
