"""Arms by components: what each arm holds, how many runs it has, and which evals they were given."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mixablate.figures.axis_layout import (
    KEY_LINE,
    LETTERS,
    beside,
    foot,
    foot_height,
    key_lines,
    lettered,
    write_key,
)
from mixablate.figures.hover import on_hover
from mixablate.figures.panels import first_of
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.style import (
    BODY,
    DOUBLE_COLUMN,
    FAINT,
    INK,
    MUTED,
    RUN_DOT,
    SMALL,
    axes_width,
    bare_axes,
    place,
)
from mixablate.figures.text_layout import drawable, fit_apart, fit_arm, fit_text, text_width

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
EVAL_GAP = 0.15
WIDEST, NARROWEST = 0.62, 0.12  # of a component's column
LEVEL_TEXT = 0.3  # column width from which the level is written into the cell
LEVEL_PAD = 0.08
LEVEL_SIZE = SMALL - 0.5
ARM_LINES = 2
MANY_ARMS = 24  # from here on one line an arm
LINE = 0.12
CELLS = LinearSegmentedColormap.from_list("cells", ["#ffffff", "#cfe3f1", RUN_DOT])
PLAIN_LEVELS = {"0", "1"}

LEFT = 0.08  # of names that stand over their cells
CELL = 0.18  # height of a cell under a name
APART = 0.05  # a name and the cells over it
LEAST = 1.0  # width of all components
MOST_STACKED = 40  # arms: with their names over their cells as high as 60
FEW_EVALS = 2  # up to which the evals' grid costs no more than four components
NUMBER = 0.24


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the grids stand and what names their rows; in inches but for `over`.

    Attributes:
        left: of the components' grid.
        column: width of a component.
        row: height of an arm.
        over: share of a row above its cells, for the arm's name; 0 where names stand left of the cells.
        labels: the arms' names as they fit.
        eval_left: of the evals' grid.
        below: whether it stands below the components' grid, its arms by number.
    """

    left: float
    column: float
    row: float
    over: float
    labels: tuple[str, ...]
    eval_left: float
    below: bool


def draw_design_matrix(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """Arms as rows, components as columns filled by level, runs an arm beside them, and a square per eval.

    Components that vary stand first; beyond 30 components, 60 arms and 8 evals a note says what the table holds.
    Narrower, arms' names stand over their cells, letters in cells that are too narrow for their levels, and evals below
    many components; of these and of arms there is room for fewer.

    Args:
        frame: `design_matrix` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        room, below = _room(frame, paper.width)
        shown, notes = _capped(frame, paper.width, room)
        cells, evals = (shown[shown["what"] == what] for what in ("component", "eval"))
        arms = list(dict.fromkeys(cells["arm_id"]))
        layout = _layout(cells, arms, paper.width, room, below=below)
        texts, letters = _level_texts(cells, layout)
        if len(letters) > len(LETTERS):
            notes.append("Levels that are wider than their cells stand in the table.")
            letters = {}
        key = key_lines(_key(layout, evals=not evals.empty), paper.width)
        said = key_lines([f"{letter} = {level}" for level, letter in letters.items()], paper.width)
        top = KEY + KEY_LINE * (len(key) - 1) + _head(cells if layout.below else shown)
        bottom = top + layout.row * len(arms)
        eval_top, eval_row = top, layout.row
        if layout.below:
            eval_top, eval_row = bottom + EVAL_GAP + _head(evals), CELL
            bottom = eval_top + eval_row * len(arms)
        figure = paper.sheet(bottom + KEY_LINE * len(said) + 0.06 + foot_height(frame, notes, paper.width))
        axes = place(figure, layout.left, top, layout.column * cells["name"].nunique(), layout.row * len(arms))
        _cells(axes, cells, arms, layout, texts)
        _runs(axes, cells, arms, layout)
        if not evals.empty:
            across = EVAL_WIDTH * evals["name"].nunique()
            other = place(figure, layout.eval_left, eval_top, across, eval_row * len(arms))
            _evals(other, evals, arms, layout)
        write_key(figure, key, top=0.08)
        write_key(figure, said, top=bottom + 0.06)
        foot(figure, frame, notes)
        return figure


def _room(frame: pd.DataFrame, width: float) -> tuple[float, bool]:
    """Inches for the components' cells, and whether those are so many that the evals' grid has to stand below them."""
    names = frame.groupby("what")["name"].nunique()
    components, checks = int(names.get("component", 0)), min(int(names.get("eval", 0)), MOST_EVALS)
    narrow = width < DOUBLE_COLUMN
    left = LEFT if narrow else LABEL_WIDTH
    room = width - left - (RUNS_WIDTH + (checks * EVAL_WIDTH + EVAL_GAP if checks else 0.0)) - EDGE
    alone = width - left - RUNS_WIDTH - EDGE
    below = narrow and checks > FEW_EVALS and min(components, int(alone / NARROWEST)) * NARROWEST > room
    return (alone if below else room), below


def _capped(frame: pd.DataFrame, width: float, room: float) -> tuple[pd.DataFrame, list[str]]:
    """What is drawn where the components' cells have so many inches, and the notes on what is not."""
    narrow, notes = width < DOUBLE_COLUMN, []
    most_components = min(MOST_COMPONENTS, int(room / NARROWEST)) if narrow else MOST_COMPONENTS
    for what, column, index, most in (
        ("arms", "arm_id", "arm_index", MOST_STACKED if narrow else MOST_ARMS),
        ("components", "name", "column_index", most_components),
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


def _layout(cells: pd.DataFrame, arms: list[str], width: float, room: float, *, below: bool) -> _Layout:
    narrow, columns = width < DOUBLE_COLUMN, max(cells["name"].nunique(), 1)
    left = LEFT if narrow else LABEL_WIDTH
    column = min(max(WIDEST, LEAST / columns if narrow else 0.0), room / columns)
    label_width = (width - LEFT - (NUMBER if below else 0.0) if narrow else LABEL_WIDTH) - 0.2
    most = ARM_LINES if len(arms) < MANY_ARMS else 1
    names = [_arm(cells, arm) for arm in arms]
    shown = fit_apart(names, lambda name: fit_arm(name, label_width, BODY, most))
    labels = tuple(shown[name] for name in names)
    lines = max(label.count("\n") + 1 for label in labels)
    over = APART + lines * LINE if narrow else 0.0
    row = over + CELL if narrow else max(0.2, lines * LINE + 0.05)
    return _Layout(
        left=left,
        column=column,
        row=row,
        over=over / row,
        labels=labels,
        eval_left=LEFT + NUMBER if below else left + column * columns + RUNS_WIDTH,
        below=below,
    )


def _head(rows: pd.DataFrame) -> float:
    """Inches for the longest name over a column."""
    return 0.1 + max(text_width(text, SMALL) for text in _column_texts(rows["label"]))


def _column_texts(labels: Iterable[object]) -> list[str]:
    names = [str(label) for label in labels]
    shown = fit_apart(names, lambda name: fit_text(name, HEAD - 0.15, SMALL))
    return [shown[name] for name in names]


def _arm(cells: pd.DataFrame, arm_id: str) -> str:
    return str(cells.loc[cells["arm_id"] == arm_id, "arm"].iloc[0])


def _level_texts(cells: pd.DataFrame, layout: _Layout) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Component -> level -> what its cell says; and level -> its letter, where cells are too narrow for levels.

    Where names stand left of the cells, levels are shortened. Of more levels than there are letters, none is said.
    """
    every = {str(name): [*map(str, rows["level"].unique())] for name, rows in cells.groupby("name", sort=False)}
    levels = {name: own for name, own in every.items() if not set(own) <= PLAIN_LEVELS}
    room = layout.column - LEVEL_PAD
    if not layout.over:
        levels = levels if layout.column >= LEVEL_TEXT else {}
        return {name: {level: fit_text(level, room, LEVEL_SIZE) for level in own} for name, own in levels.items()}, {}
    wide = {n for n, own in levels.items() if max(text_width(drawable(text), LEVEL_SIZE) for text in own) > room}
    letters = lettered(level for name, own in levels.items() if name in wide for level in own)
    said = letters if len(letters) <= len(LETTERS) else {}
    return {
        name: {level: said.get(level, "") if name in wide else drawable(level) for level in own}
        for name, own in levels.items()
    }, letters


def _grid(axes: Axes, rows: pd.DataFrame, arms: list[str], pad: float, over: float = 0.0) -> None:
    """One rectangle a cell, coloured by `fill`; unknown cells are hatched. Cells leave `over` of their rows free."""
    place_of = {arm: y + over for y, arm in enumerate(arms)}
    high, inside = 1 - over, 1 - 2 * pad
    known = rows[rows["fill"].notna()]
    boxes = [
        Rectangle((x - 0.5 + pad, place_of[arm] - 0.5 + pad * high), inside, inside * high)
        for x, arm in zip(known["column_index"], known["arm_id"], strict=True)
    ]
    colours = [CELLS(float(fill)) for fill in known["fill"]]
    cells = PatchCollection(boxes, facecolors=colours, edgecolors=FAINT, linewidths=0.5)
    axes.add_collection(cells)
    on_hover([f"{row['arm']}: {row['label']} {row['level']}" for row in known.to_dict("records")], cells)
    for x, arm in rows.loc[rows["fill"].isna(), ["column_index", "arm_id"]].itertuples(index=False):
        corner = (x - 0.5 + pad, place_of[arm] - 0.5 + pad * high)
        axes.add_patch(Rectangle(corner, inside, inside * high, fill=False, hatch="////", color=FAINT, linewidth=0))
    axes.set_xlim(-0.5, rows["column_index"].max() + 0.5)
    axes.set_ylim(len(arms) - 0.5, -0.5)
    bare_axes(axes, keep=())
    names = rows.drop_duplicates("name")
    axes.xaxis.tick_top()
    texts = _column_texts(names["label"])
    axes.set_xticks(names["column_index"].tolist(), texts, rotation=90, fontsize=SMALL, color=INK)
    axes.tick_params(axis="x", length=0, pad=2)
    for tick, varies in zip(axes.get_xticklabels(), names["varies"], strict=True):
        tick.set_color(INK if varies else MUTED)


def _cells(axes: Axes, cells: pd.DataFrame, arms: list[str], layout: _Layout, texts: dict[str, dict[str, str]]) -> None:
    """The components' grid with the arms' names and the levels that are written into cells."""
    _grid(axes, cells, arms, 0.06, layout.over)
    _names(axes, layout)
    for y, arm in enumerate(arms):
        for record in cells[cells["arm_id"] == arm].to_dict("records"):
            text = texts.get(str(record["name"]), {}).get(str(record["level"]), "")
            if not text:
                continue
            fill = float(record["fill"])
            colour = "white" if not math.isnan(fill) and fill > 0.8 else INK
            axes.text(float(record["column_index"]), y + layout.over / 2, text, ha="center", va="center",
                      fontsize=LEVEL_SIZE, color=colour)  # fmt: skip


def _names(axes: Axes, layout: _Layout) -> None:
    """Arms left of their rows, or over their cells, with their numbers where the evals' grid is below."""
    if not layout.over:
        axes.set_yticks(range(len(layout.labels)), layout.labels)
        return
    axes.set_yticks([])
    for y, label in enumerate(layout.labels):
        lines, end = label.count("\n") + 1, (layout.over - 0.5) * layout.row
        if layout.below:
            beside(axes, LEFT, y, str(y + 1), bold=True, down=end - LINE * (lines - 0.5))
        beside(axes, LEFT + (NUMBER if layout.below else 0.0), y, label, down=end - LINE * lines / 2)


def _runs(axes: Axes, cells: pd.DataFrame, arms: list[str], layout: _Layout) -> None:
    """Runs an arm, right of the cells; arms of fewer than three in bold."""
    sizes = cells.drop_duplicates("arm_id").set_index("arm_id")["n_runs"].astype(int)
    right = axes.get_xlim()[1]
    per_inch = (right + 0.5) / axes_width(axes)
    for y, arm in enumerate(arms):
        few = int(sizes[arm]) < 3
        axes.text(right + 0.26 * per_inch, y + layout.over / 2, f"{sizes[arm]}", ha="right", va="center", fontsize=BODY,
                  fontweight="bold" if few else "normal", color=INK, clip_on=False)  # fmt: skip
    axes.text(right + 0.2 * per_inch, -0.5, "runs", ha="center", va="bottom", rotation=90, fontsize=SMALL, color=MUTED)


def _evals(axes: Axes, evals: pd.DataFrame, arms: list[str], layout: _Layout) -> None:
    _grid(axes, evals, arms, 0.22, 0.0 if layout.below else layout.over)
    axes.set_yticks(range(len(arms)) if layout.below else [])
    if layout.below:
        axes.set_yticklabels([str(y + 1) for y in range(len(arms))], fontweight="bold")


def _key(layout: _Layout, *, evals: bool) -> list[str]:
    parts = [
        "\u25a1 lowest level",
        "\u25a0 highest level",
        "grey name: the same in every arm",
        "bold: fewer than 3 runs",
    ]
    where = "below, by number" if layout.below else "right"
    return [*parts, f"{where}: share of the arm's runs with each eval"] if evals else parts
