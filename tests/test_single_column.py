"""Figures as wide as a single column of a journal: legible there, with the marks and numbers of a double column."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch

import findings_example as example
from mixablate.cli.program import exit_code
from mixablate.design import design_of
from mixablate.figures import CATALOGUE, FigureEntry, figure_entries, plot, svg_bytes
from mixablate.figures.alias_graph import EDGE_LOOKS, MOST_NODES, draw_alias_graph
from mixablate.figures.attribution_frames import interaction_frame
from mixablate.figures.axis_layout import BETWEEN, key_lines
from mixablate.figures.design_frames import design_matrix_frame
from mixablate.figures.design_matrix import EVAL_WIDTH, draw_design_matrix
from mixablate.figures.forest import ROWS as FOREST_ROWS
from mixablate.figures.number_text import estimate_text
from mixablate.figures.paper import Paper
from mixablate.figures.row_layout import row_layout
from mixablate.figures.style import BODY, COLUMNS, DOUBLE_COLUMN, INK, SINGLE_COLUMN, SMALL, paper_style
from mixablate.figures.text_layout import ELLIPSIS, text_width
from mixablate.study import Component, ComponentType
from small_studies import flag, study_of, tables_of
from test_attribution_figures import crowd as crowd_of_parts
from test_design_figures import crowd, frames, pair
from test_figures import TOUCHING, assert_text_fits, drawn_texts, renamed

ROOT = Path(__file__).resolve().parents[1]
STUDY = ROOT / "fixtures/gallery/checkpoints/study.toml"
NAMES = [kind.name for kind in CATALOGUE]
ROWS = [
    "forest",
    "block_forest",
    "waterfall",
    "owen_tree",
    "fragility_strip",
    "specification_curve",
    "interaction_heatmap",
]  # numbers stand beside marks where there is room, and elsewhere where there is not
NOTHING_DRAWN = {
    ("withheld", "slopes"),  # a single seed in every arm
    ("withheld", "fragility_strip"),  # no claim is decided
    ("withheld", "specification_curve"),  # or can be tested
    *((how, "alias_graph") for how in ("plain", "withheld", "hostile")),  # nothing is tied: drawn below
}
LEAST_SIZE = 6.0  # points
LEAST_PLOT = {"design_matrix": EVAL_WIDTH}  # inches; 1 elsewhere. Its second grid is of squares as in a double column


@pytest.fixture(scope="module")
def entries() -> dict[str, dict[str, FigureEntry]]:
    plain, withheld = example.example_findings(), example.single_run_findings()
    given = {"plain": plain, "withheld": withheld, "hostile": renamed(plain, 1)}
    return {how: {e.name: e for e in figure_entries(findings)} for how, findings in given.items()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("how", ["plain", "withheld", "hostile"])
def test_text_stays_on_a_single_column_apart_and_large_enough(
    name: str, how: str, entries: dict[str, dict[str, FigureEntry]]
) -> None:
    if entries[how][name].reason:
        assert (how, name) in NOTHING_DRAWN
        return
    figure = entries[how][name].draw("single")
    assert figure.get_figwidth() == SINGLE_COLUMN
    assert_text_fits(figure)
    assert_every_text_apart(figure)
    assert min(text.get_fontsize() for text in drawn_texts(figure)) >= LEAST_SIZE
    for axes in figure.axes:  # marks have room, whatever stands beside them
        assert axes.get_position().width * SINGLE_COLUMN >= LEAST_PLOT.get(name, 1.0)


def assert_every_text_apart(figure: Figure, touching: float = TOUCHING) -> None:
    """No two texts cover each other: labels, numbers, notes, ticks, titles and words on the axes."""
    with paper_style():
        figure.draw_without_rendering()
        renderer = figure._get_renderer()
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in drawn_texts(figure)]
    for (one, a), (two, b) in itertools.combinations(boxes, 2):
        overlap = min(a.x1, b.x1) - max(a.x0, b.x0) > touching and min(a.y1, b.y1) - max(a.y0, b.y0) > touching
        assert not overlap, f"{one!r} covers {two!r}"


@pytest.mark.parametrize("name", ROWS)
def test_a_single_column_says_the_same_numbers_as_a_double_column(
    name: str, entries: dict[str, dict[str, FigureEntry]]
) -> None:
    for how in ("plain", "withheld"):
        entry = entries[how][name]
        if not entry.reason:
            single, double = (numbers_written(entry.draw(column)) for column in COLUMNS)
            assert single == double
            assert single.total() >= 3


def test_the_longest_numbers_stand_clear_of_the_plot_and_the_plot_of_the_last_column() -> None:
    number, runs = "\u22120.00021 (\u22120.00045 to \u22120.00034)", "120 v 120"
    layout = row_layout(
        FOREST_ROWS, SINGLE_COLUMN, ["a long name of a component, of three lines or more"], [number], [runs]
    )
    assert layout.label_left + text_width(number, SMALL) < layout.plot_left
    assert layout.plot_left + layout.plot < layout.last_right - text_width(runs, BODY)
    assert layout.last_right < SINGLE_COLUMN
    assert layout.plot > 0.6  # inches: 3.35 less 1.7 of numbers, 0.6 of runs and the gaps
    assert layout.lines == 2
    assert row_layout(FOREST_ROWS, DOUBLE_COLUMN, ["a"], [number], [runs]) is FOREST_ROWS


def test_slopes_are_the_same_lines_in_a_single_column_with_numbers_that_name_the_arms(
    entries: dict[str, dict[str, FigureEntry]],
) -> None:
    single, double = (entries["plain"]["slopes"].draw(column) for column in COLUMNS)
    for narrow, wide in zip(single.axes, double.axes, strict=True):
        lines = [[line.get_xydata().tolist() for line in axes.lines] for axes in (narrow, wide)]
        points = [[line for line in drawn if len(line) > 1] for drawn in lines]  # not the markers beside the names
        assert points[0] == points[1]
        assert len(points[0]) == len(lines[0]) / 2
        assert [label.get_text() for label in narrow.get_xticklabels()] == [str(i) for i in range(1, 9)]
    below = {text.get_text() for text in single.texts}
    assert {"Baseline", "Unused tool definitions + Varied system prompts", *"12345678"} <= below


def test_slopes_name_a_few_arms_under_the_axis_even_in_a_single_column(
    entries: dict[str, dict[str, FigureEntry]],
) -> None:
    entry = entries["plain"]["slopes"]
    frame = entry.frame[entry.frame["arm_index"] < 3]
    figure = FigureEntry(entry.kind, frame, entry.alt, "").draw("single")
    assert [label.get_text().replace("\n", " ") for label in figure.axes[0].get_xticklabels()] == list(
        dict.fromkeys(frame.sort_values("arm_index")["arm"])
    )
    assert_text_fits(figure)


def test_claims_stand_over_their_strips_and_what_flips_them_under_it(
    entries: dict[str, dict[str, FigureEntry]],
) -> None:
    entry = entries["plain"]["fragility_strip"]
    single, double = (entry.draw(column) for column in COLUMNS)
    for narrow, wide in zip(single.axes, double.axes, strict=True):
        points = [[line.get_xydata().tolist() for line in axes.lines] for axes in (narrow, wide)]
        assert points[0] == points[1]
    height = {text.get_text().replace("\n", " "): text.get_position()[1] for text in single.texts}
    claims = entry.frame.drop_duplicates("claim")["text"]
    for axes, claim in zip(single.axes, claims, strict=True):
        assert height[claim] > axes.get_position().y1
    flipped = single.axes[list(claims).index("Unused tools do more against blackmail than difficult-advice chats")]
    assert flipped.get_position().y0 > height["does not survive without"] > height["run 100-s4: p"]


def test_a_key_too_wide_for_a_single_column_goes_on_in_a_second_line(
    entries: dict[str, dict[str, FigureEntry]],
) -> None:
    entry = entries["plain"]["fragility_strip"]
    units = ["run", "scenario", "seed", "judge", "base_model", "item"]
    frame = entry.frame.assign(unit=[units[i % 6] for i in range(len(entry.frame))])
    figure = FigureEntry(entry.kind, frame, entry.alt, "").draw("single")
    places = {text.get_text(): text.get_position() for text in figure.texts}
    assert places["run"][1] == places["judge"][1] > places["base model"][1] == places["item"][1]
    assert_text_fits(figure)
    assert_every_text_apart(figure)


def test_a_specification_has_the_same_dot_and_choices_in_a_single_column(
    entries: dict[str, dict[str, FigureEntry]],
) -> None:
    single, double = (entries["plain"]["specification_curve"].draw(column) for column in COLUMNS)
    for narrow, wide in zip(single.axes, double.axes, strict=True):
        points = [[line.get_xydata().tolist() for line in axes.lines] for axes in (narrow, wide)]
        assert points[0] == points[1]
    words = [Counter(" ".join(text.get_text() for text in drawn_texts(figure)).split()) for figure in (single, double)]
    assert words[0] == words[1]  # nothing is shortened, whatever the lines


def test_dots_of_many_specifications_hardly_touch_in_a_single_column(
    entries: dict[str, dict[str, FigureEntry]],
) -> None:
    entry = entries["plain"]["specification_curve"]
    frame = entry.frame[entry.frame["reason"] == ""].head(10)
    frame = pd.concat([frame, *[frame.assign(declared=False, judge=f"judge {i}") for i in range(5)]])
    single, double = (FigureEntry(entry.kind, frame, entry.alt, "").draw(column) for column in COLUMNS)
    dots = {}
    for column, figure in (("single", single), ("double", double)):
        (left, _), (right, _) = figure.axes[0].transData.transform([(0.0, 0.0), (1.0, 0.0)])
        lines = [line for line in figure.axes[0].lines if line.get_zorder() == 3]
        dots[column] = len(lines)
        assert (right - left) / figure.dpi * 72 > lines[0].get_markersize()  # points
        assert any("; 48 of 60 specifications say so" in text.get_text() for text in figure.texts)
    assert dots["double"] == 60
    assert 20 < dots["single"] < 40
    assert any(f"At most {dots['single']} specifications a claim" in text.get_text() for text in single.texts)


@pytest.mark.parametrize("group", ["short", "everything that makes the data diverse"])
@pytest.mark.parametrize("how", ["plain", "withheld", "hostile"])
def test_the_branches_of_a_tree_pass_between_its_labels_and_numbers(
    how: str, group: str, entries: dict[str, dict[str, FigureEntry]]
) -> None:
    entry = entries[how]["owen_tree"]
    frame = entry.frame.assign(label=entry.frame["label"].where(entry.frame["role"] != "group", group))
    figure = FigureEntry(entry.kind, frame, entry.alt, "").draw("single")
    with paper_style():
        figure.draw_without_rendering()
        boxes = [text.get_window_extent(figure._get_renderer()) for text in drawn_texts(figure)]
    branches = [line.get_window_extent() for axes in figure.axes for line in axes.lines]
    assert len(branches) == 2 * (2 + 4)  # of two outcomes: two parents, two children each
    assert not any(branch.overlaps(box) for branch in branches for box in boxes)


def single_of(entry: FigureEntry, frame: pd.DataFrame) -> Figure:
    """Another frame of that figure in a single column, where all of its text is legible."""
    figure = FigureEntry(entry.kind, frame, entry.alt, "").draw("single")
    assert_text_fits(figure)
    assert_every_text_apart(figure)
    assert min(text.get_fontsize() for text in drawn_texts(figure)) >= LEAST_SIZE
    return figure


@pytest.mark.parametrize(
    ("k", "size", "listed", "blocks"),
    # 13 points at most, or 132
    [(4, 0.1, False, 1), (7, 0.1, False, 1), (8, 0.1, True, 1), (10, 0.1, True, 1), (10, 1.0, True, 2)],
)
def test_every_interaction_of_up_to_ten_components_is_one_cell_with_its_whole_number(
    k: int, size: float, listed: bool, blocks: int, entries: dict[str, dict[str, FigureEntry]]
) -> None:
    frame = interaction_frame(crowd_of_parts(k, 1))
    frame[["estimate", "lower", "upper"]] *= size
    figure = single_of(entries["plain"]["interaction_heatmap"], frame)
    names = [*frame["first_label"][:1], *frame["second_label"][: k - 1]]
    assert [name in {text.get_text() for text in figure.texts} for name in names] == [listed] * k
    assert len(figure.axes) == blocks
    centred = [text for axes in figure.axes for text in axes.texts if text.get_ha() == "center"]
    at = [(text.get_position(), text.get_text()) for text in centred]
    numbers = sorted((x, round(y), number) for (x, y), number in at if y <= round(y))  # words stand under the middle
    pairs = zip(frame["first_position"], frame["second_position"], frame["estimate"], strict=True)
    assert numbers == sorted((x, y, estimate_text(size, "risk_difference")) for x, y, size in pairs)


def test_six_parts_of_a_mix_stand_two_abreast_with_whole_names_and_the_traces_of_a_double_column(
    entries: dict[str, dict[str, FigureEntry]],
) -> None:
    entry = entries["plain"]["effect_traces"]
    named = [{part: f"{part} with a name {how}" for part in example.MIX_PARTS} for how in ("of some length", "again")]
    frame = pd.concat([entry.frame.replace({"part": names}) for names in named], ignore_index=True)
    single, double = single_of(entry, frame), entry.kind.draw(frame)
    lefts = Counter(round(axes.get_position().x0, 6) for axes in single.axes)
    assert list(lefts.values()) == [3 * entry.frame["outcome"].nunique()] * 2
    for narrow, wide in zip(single.axes, double.axes, strict=True):
        traces = [[line.get_xydata().tolist() for line in axes.lines] for axes in (narrow, wide)]
        assert traces[0] == traces[1]
    titles = {axes.get_title(loc="left").replace("\n", " ") for axes in single.axes}
    assert titles == {name for names in named for name in names.values()}


def test_models_of_a_feature_share_a_plot_in_their_order_with_the_marks_of_a_double_column(
    entries: dict[str, dict[str, FigureEntry]],
) -> None:
    single, double = (entries["plain"]["feature_effects"].draw(column) for column in COLUMNS)
    assert len(double.axes) == 3 * len(single.axes)  # a plot for each model
    marks = [[(line.get_marker(), *line.get_xdata()) for axes in figure.axes for line in axes.lines if
              line.get_color() != INK] for figure in (single, double)]  # fmt: skip
    assert marks[0] == marks[1]
    lanes = sorted(
        (line.get_ydata()[0], line.get_marker()) for line in single.axes[0].lines if len(line.get_ydata()) < 2
    )
    assert [marker for _, marker in lanes] == [*"osDoD"] * 2  # of the second feature the middle one is withheld
    withheld = [text.get_text() for axes in single.axes for text in axes.texts]
    assert withheld == ["amount: cannot separate (a)"] * 3


def numbers_written(figure: Figure) -> Counter[str]:
    """Every number in the texts of a figure, but for those at ticks, with how often it stands there."""
    free = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return Counter(number for text in free for number in re.findall(r"\u2212?\d[\d.,]*%?", text.get_text()))


def test_no_two_arms_have_the_same_name_in_a_single_column(entries: dict[str, dict[str, FigureEntry]]) -> None:
    axes = entries["plain"]["rates_by_arm"].draw("single").axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert len(set(names)) == len(names) == 8
    assert not any(ELLIPSIS in name for name in names)


@pytest.mark.parametrize("name", NAMES)
def test_a_double_column_is_what_is_drawn_where_nothing_is_said(
    name: str, entries: dict[str, dict[str, FigureEntry]]
) -> None:
    entry = entries["plain"][name]
    assert svg_bytes(entry.draw(), "t") == svg_bytes(entry.draw("double"), "t")
    assert entry.draw().get_figwidth() == DOUBLE_COLUMN


def test_the_parts_of_a_key_are_broken_over_lines_between_them_only() -> None:
    parts = ["one training run", "mean over runs", "95% interval over runs", "baseline"]
    assert key_lines(parts, DOUBLE_COLUMN) == ["     ".join(parts)]
    lines = key_lines(parts, 2.5)
    assert [part for line in lines for part in line.split("     ")] == parts
    assert len(lines) > 1
    assert all(text_width(line, SMALL) <= 2.5 for line in lines)


def test_a_notebook_and_the_command_line_draw_a_single_column(tmp_path: Path) -> None:
    assert plot(example.example_findings(), "dose_curves", column="single").get_figwidth() == SINGLE_COLUMN
    path = tmp_path / "rates.svg"
    assert exit_code(["figure", "rates_by_arm", str(STUDY), "-o", str(path), "--column", "single"]) == 0
    found = re.search(r'width="([\d.]+)pt"', path.read_text(encoding="utf-8"))
    assert found
    assert float(found[1]) == pytest.approx(72 * SINGLE_COLUMN)


def single_matrix(
    components: list[Component], arms: list[tuple[object, ...]], evals: int
) -> tuple[Figure, pd.DataFrame]:
    """The matrix of these components with their levels in each arm, of two runs with every eval; and its frame."""
    study = study_of(components)
    counts = {f"eval{i}": [9, 8] for i in range(evals)}
    names = [component.id for component in components]
    tables = tables_of(study, [(dict(zip(names, arm, strict=True)), counts) for arm in arms])
    frame = design_matrix_frame(study, design_of(study, tables), tables)
    figure = draw_design_matrix(frame, paper=Paper(SINGLE_COLUMN))
    assert_text_fits(figure)
    assert_every_text_apart(figure)
    return figure, frame


def test_a_matrix_writes_every_level_into_its_cell_or_a_letter_that_is_explained() -> None:
    base = flag("base", type=ComponentType.CATEGORY, baseline="small", target="other")
    dose = flag("dose", type=ComponentType.DOSE, target=0.5)
    long = "a-very-long-name-of-a-base-model"
    arms = [("small", 0.0, 0), (long, 0.25, 1), ("small", 0.5, 1), ("other", 123456.0, 0)]
    figure, frame = single_matrix([base, dose, flag("tools")], arms, 6)
    parts = [part for text in figure.texts for part in text.get_text().split(BETWEEN) if " = " in part]
    said = dict(part.split(" = ") for part in parts)
    assert set(said.values()) == {"small", long, "other"}
    written = {(text.get_position()[0], int(text.get_position()[1])): text.get_text() for text in figure.axes[0].texts}
    for row in frame[frame["what"] == "component"].to_dict("records"):
        text = written.get((row["column_index"], row["arm_index"]), "")
        assert said.get(text, text) == (row["level"] if row["name"] != "tools" else "")


@pytest.mark.parametrize(("components", "evals", "below"), [(8, 8, False), (18, 2, False), (18, 8, True)])
def test_a_matrix_sets_many_evals_below_many_components_and_numbers_their_arms(
    components: int, evals: int, below: bool
) -> None:
    flags = [flag(f"c{i}", label=f"Component {i}") for i in range(components)]
    arms = [tuple(on(i) for i in range(components)) for on in (lambda _: 0, lambda i: i % 2, lambda _: 1)]
    figure, frame = single_matrix(flags, arms, evals)
    cells, checks = figure.axes
    assert (checks.get_position().y1 < cells.get_position().y0) == below
    drawn = [len(c.get_paths()) for axes in figure.axes for c in axes.collections if isinstance(c, PatchCollection)]
    assert drawn == [3 * components, 3 * evals]
    assert [label.get_text() for label in checks.get_yticklabels()] == (["1", "2", "3"] if below else [])
    names = [text.get_text() for text in figure.texts]
    assert (names.count("3") == 1) == below
    assert frame["arm"].iloc[0] in names


def test_a_graph_of_ties_numbers_its_ring_and_names_every_number_under_it() -> None:
    _, graph = frames(*crowd())
    single, double = (draw_alias_graph(graph, paper=Paper(width)) for width in COLUMNS.values())
    assert_text_fits(single)
    assert_every_text_apart(single)
    ring = [text for text in single.axes[0].texts if text.get_text().isdecimal()]
    assert [text.get_text() for text in ring] == [str(i + 1) for i in range(MOST_NODES)]
    written = [text.get_text() for text in single.texts]
    for beside, number in zip(double.axes[0].texts, ring, strict=False):  # the same ring, named and numbered
        assert beside.get_position() == number.get_position()
        name = written[written.index(number.get_text()) + 1]
        assert name.startswith(beside.get_text().removesuffix(ELLIPSIS))
        assert ELLIPSIS not in name
    ties = [[p.get_path().vertices.tolist() for p in figure.axes[0].patches if isinstance(p, PathPatch)]
            for figure in (single, double)]  # fmt: skip
    assert len(ties[0]) == MOST_NODES - 1  # c00 to c02 in two pairs, 25 sums
    assert ties[0] == ties[1]


def test_a_graph_of_ties_explains_every_kind_of_them_over_lines() -> None:
    _, graph = frames(*pair())
    (tie,) = graph[graph["kind"] == "together"].to_dict("records")
    every = pd.DataFrame([tie | {"kind": kind} for kind in EDGE_LOOKS])
    figure = draw_alias_graph(pd.concat([graph[graph["row"] == "node"], every]), paper=Paper(SINGLE_COLUMN))
    assert_text_fits(figure)
    assert_every_text_apart(figure)
    assert {words for *_, words in EDGE_LOOKS.values()} <= {text.get_text() for text in figure.texts}
