"""What a pointer over a mark shows: the numbers of the frame, as text, and nothing that a name could break."""

from __future__ import annotations

import io
import math
import re
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

import findings_example as example
from hostile_example import HOSTILE, hostile_findings
from mixablate.figures import CATALOGUE, FigureEntry, figure_entries, pdf_bytes, png_bytes, svg_bytes
from mixablate.figures.alias_graph import draw_alias_graph
from mixablate.figures.hover import LONGEST, on_hover
from mixablate.figures.paper import Paper
from mixablate.figures.specification_curve import MOST_CLAIMS
from mixablate.figures.style import COLUMNS
from mixablate.figures.text_layout import one_line
from mixablate.report.csv_text import csv_bytes
from mixablate.report.inline_svg import inline_svg
from test_design_figures import frames, pair

SVG = "{http://www.w3.org/2000/svg}"
WITHOUT_NUMBERS = {"alias_graph"}
SHOWN = 0.05001  # percent, percentage points: half of the last digit shown, and rounding of halves
IN_UNIT = {"risk_difference": 100.0}  # the factor of a scale's unit; 1 elsewhere
UNITS = (" percentage points", " log-odds", " score units", " ratio of rates")


@pytest.fixture(scope="module")
def entries() -> dict[str, FigureEntry]:
    return {entry.name: entry for entry in figure_entries(example.example_findings()) if not entry.reason}


def titles(svg: bytes) -> list[str]:
    """The titles of the marks in the order in which they are drawn."""
    root = ElementTree.fromstring(svg)
    own = root.find(f"{SVG}title")
    return [title.text or "" for title in root.iter(f"{SVG}title") if title is not own]


def read_aloud(svg: bytes) -> list[str]:
    """The same without marks that only repeat another's words."""
    root = ElementTree.fromstring(svg)
    silent = {title for group in root.iter() if group.get("aria-hidden") for title in group.iter(f"{SVG}title")}
    own = root.find(f"{SVG}title")
    return [title.text or "" for title in root.iter(f"{SVG}title") if title is not own and title not in silent]


def of_figure(entry: FigureEntry) -> list[str]:
    return read_aloud(svg_bytes(entry.draw(), "A title"))


def frame_of(entry: FigureEntry) -> pd.DataFrame:
    """The frame as it stands in the CSV beside the figure."""
    return pd.read_csv(io.BytesIO(csv_bytes(entry.frame)), keep_default_na=False, na_values=[""])


def numbers_in(words: str) -> list[float]:
    return [float(n.replace("\u2212", "-").replace(",", "")) for n in re.findall(r"\u2212?[\d,]*\.?\d+", words)]


def on_page(svg: bytes) -> bytes:
    """The drawing as it stands in the page, made a file again."""
    return str(inline_svg(svg, "one", "t", "d")).replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1).encode()


@pytest.fixture
def drawing() -> Figure:
    with Paper().in_style():
        return Paper(2.0).sheet(2.0)


def test_every_dot_has_its_own_words_and_a_dot_that_is_nowhere_none(drawing: Figure) -> None:
    axes = drawing.add_subplot()
    words = ["first", "nowhere", "third"]
    on_hover(words, axes.scatter([0.0, math.nan, 1.0], [0.0, 0.5, 1.0], s=[9, 9, 20]))
    (line,) = axes.plot([0.0, 0.5, 1.0], [1.0, math.nan, 0.0], marker="o")
    on_hover([f"{word} of the line" for word in words], line)
    on_hover(["low", "high"], axes.hlines([0.2, 0.4], [0, 0], [1, 1], linestyle=(0, (2, 1))))
    (gone,) = axes.plot([math.nan], [0.0], marker="o")
    on_hover("a mark that is nowhere", gone)
    found = titles(svg_bytes(drawing, "t"))
    assert Counter(found) == Counter(["first", "third", "first of the line", "third of the line", "low", "high"])
    assert found.index("first") < found.index("third")
    assert found.index("low") < found.index("high")


def test_a_title_stands_on_the_dot_it_names(drawing: Figure) -> None:
    axes = drawing.add_subplot()
    on_hover(["left", "right"], axes.scatter([0.0, 1.0], [0.0, 0.0]))
    root = ElementTree.fromstring(svg_bytes(drawing, "t"))
    at = {str(use[0].text): float(use.get("x", "nan")) for use in root.iter(f"{SVG}use") if len(use)}
    assert set(at) == {"left", "right"}
    assert at["left"] < at["right"]


def test_parts_of_one_mark_all_show_its_words_and_only_the_first_is_read(drawing: Figure) -> None:
    axes = drawing.add_subplot()
    (mark,), (bar,) = axes.plot([0.5], [0.5], marker="s"), axes.plot([0.0, 1.0], [0.5, 0.5])
    on_hover("one effect", mark, bar)
    svg = svg_bytes(drawing, "t")
    assert titles(svg) == ["one effect", "one effect"]
    assert read_aloud(svg) == ["one effect"]
    assert b"hover" not in svg


def test_words_that_do_not_go_with_the_marks_are_refused(drawing: Figure) -> None:
    bars = drawing.add_subplot().hlines([0.2, 0.4], [0, 0], [1, 1])
    on_hover(["one", "two", "three"], bars)
    with pytest.raises(ValueError, match='3 texts for 2 marks, the first of them "one"'):
        svg_bytes(drawing, "t")


@given(st.lists(st.text(max_size=200), min_size=2, max_size=4))
def test_any_words_come_back_as_text_from_the_file_and_from_the_page(words: list[str]) -> None:
    with Paper().in_style():
        figure = Paper(1.0).sheet(1.0)
        on_hover(words, figure.add_axes((0, 0, 1, 1)).scatter(range(len(words)), range(len(words))))
    expected = [one_line(word) for word in words]
    assert all(len(word) <= LONGEST for word in titles(svg_bytes(figure, "t")))
    expected = [word if len(word) <= LONGEST else f"{word[:80]}\u2026{word[-79:]}" for word in expected]
    svg = svg_bytes(figure, "t")
    assert titles(svg) == expected
    assert titles(on_page(svg)) == expected


@pytest.mark.parametrize(
    "name", ['<script>alert("1")</script>', "url(#a)", "translate(1.23456 2.34567)", 'x" d="1.23456"', "--> ]]> &amp;"]
)
def test_a_name_that_looks_like_a_drawing_is_shown_as_it_is(name: str, drawing: Figure) -> None:
    on_hover([name, "other"], drawing.add_subplot().scatter([0, 1], [0, 1]))
    svg = svg_bytes(drawing, "t")
    assert titles(svg) == [name, "other"]
    assert titles(on_page(svg)) == [name, "other"]


def test_a_very_long_name_hides_no_number(drawing: Figure) -> None:
    axes = drawing.add_subplot()
    on_hover(f"{'n' * 5000}: \u22120.42 log-odds (\u22120.80 to \u22120.04)", *axes.plot([0.0], [0.0], marker="o"))
    on_hover(f"34 of 300, 11.3%: {'m' * 5000}", *axes.plot([1.0], [1.0], marker="o"))
    first, second = titles(svg_bytes(drawing, "t"))
    assert first.endswith(": \u22120.42 log-odds (\u22120.80 to \u22120.04)")
    assert second.startswith("34 of 300, 11.3%: ")
    assert len(first) == len(second) == LONGEST


def test_hostile_names_are_inert_in_every_figure() -> None:
    shown = []
    for entry in figure_entries(hostile_findings()):
        if entry.reason:
            continue
        svg = svg_bytes(entry.draw(), "t")
        assert b"<script" not in svg.lower()
        assert all(not len(title) for title in ElementTree.fromstring(svg).iter(f"{SVG}title")), entry.name
        shown += titles(svg)
    beginning = one_line(HOSTILE["text"])[:30]
    assert any(beginning in words for words in shown)


@pytest.mark.parametrize("name", [kind.name for kind in CATALOGUE if kind.name not in WITHOUT_NUMBERS])
def test_every_figure_of_numbers_has_titles_that_say_numbers(name: str, entries: dict[str, FigureEntry]) -> None:
    found = of_figure(entries[name])
    assert found
    assert all(numbers_in(words) for words in found)


@pytest.mark.parametrize("name", ["rates_by_arm", "forest", "dose_curves"])
def test_pictures_and_pdf_are_the_same_bytes_without_the_words(name: str, entries: dict[str, FigureEntry]) -> None:
    with_words, without = entries[name].draw(), entries[name].draw()
    for artist in without.findobj():
        artist.set_gid(None)
    assert png_bytes(with_words) == png_bytes(without)
    assert pdf_bytes(with_words, "t") == pdf_bytes(without, "t")


def test_every_run_of_the_rates_says_its_counts_and_its_rate(entries: dict[str, FigureEntry]) -> None:
    frame = frame_of(entries["rates_by_arm"])
    runs = frame[frame["row"] == "run"]
    said = [words for words in of_figure(entries["rates_by_arm"]) if words.startswith("run ")]
    assert len(said) == len(runs)
    # Panels are drawn in the frame's order, and in a panel so are the dots.
    for words, run in zip(said, runs.itertuples(), strict=True):
        named, numbers = words.removeprefix("run ").split(": ")
        assert named == run.run_id
        found = numbers_in(numbers)
        if not math.isnan(float(run.n_events)):
            assert found[:2] == [run.n_events, run.n_scored]
            assert found[-1] == pytest.approx(100.0 * found[0] / found[1], abs=SHOWN)
        assert found[-1] == pytest.approx(run.estimate * (100.0 if run.kind == "events" else 1.0), abs=SHOWN)


@pytest.mark.parametrize("name", ["forest", "waterfall", "owen_tree", "feature_effects", "interaction_heatmap"])
def test_effects_say_the_estimates_and_intervals_of_the_frame(name: str, entries: dict[str, FigureEntry]) -> None:
    frame = frame_of(entries[name])
    frame = frame[frame["reason"].isna()]
    effects = frame if "role" not in frame else frame[frame["role"].isin(["part", "group", "total"])]
    of_effects = re.compile(rf": ([^:]*?)({'|'.join(UNITS)})(?: \(([^)]*)\))?")
    said = [found for words in of_figure(entries[name]) if (found := of_effects.search(words))]
    assert len(said) == len(effects)
    expected = Counter()
    for row in effects.itertuples():
        numbers = (row.estimate, row.lower, row.upper)
        expected[tuple(round(IN_UNIT.get(row.scale, 1.0) * n, 1) + 0.0 for n in numbers)] += 1
    shown = Counter(tuple(round(n, 1) + 0.0 for n in numbers_in(f"{f[1]} {f[3]}")) for f in said)
    assert shown == expected


def test_slopes_and_estimation_and_doses_say_the_rate_of_every_run(entries: dict[str, FigureEntry]) -> None:
    for name, beginning in (("slopes", "seed "), ("estimation", "run "), ("dose_curves", "run ")):
        frame = frame_of(entries[name])
        rows = frame[frame["row"] == "run"] if "row" in frame else frame
        said = [
            words.split(": ")[1].split(", ")[0] for words in of_figure(entries[name]) if words.startswith(beginning)
        ]
        scale = np.where(rows["kind"] == "events", 100.0, 1.0)
        assert len(said) == len(rows), name
        assert sorted(numbers_in(word)[0] for word in said) == pytest.approx(
            sorted(rows["estimate"] * scale), abs=SHOWN
        ), name


def test_shares_arms_and_claims_say_their_numbers(entries: dict[str, FigureEntry]) -> None:
    shares = frame_of(entries["share_bars"])
    said = [numbers_in(words.split(": ")[1]) for words in of_figure(entries["share_bars"])]
    columns = ["share", "share_lower", "share_upper"]
    assert sorted(said) == sorted(np.round(100.0 * shares[columns]).to_numpy().tolist())
    scatter = frame_of(entries["distribution_scatter"])
    arms = scatter[scatter["row"] == "arm"]
    said = [numbers_in(words.rpartition(": ")[0]) for words in of_figure(entries["distribution_scatter"])
            if not words.startswith("run ")]  # fmt: skip
    columns = [f"{name}_{side}" for side in ("in", "out") for name in ("estimate", "lower", "upper")]
    assert said == pytest.approx(100.0 * arms[columns].to_numpy(), abs=SHOWN)
    ladder = frame_of(entries["verdict_ladder"])
    said = of_figure(entries["verdict_ladder"])
    assert len(said) == len(ladder)
    for words, row in zip(said, ladder.itertuples(), strict=True):
        assert words.startswith(f"{row.status}, ")
        assert words.endswith(row.text)
        assert numbers_in(words)[0] == pytest.approx(IN_UNIT.get(row.scale, 1.0) * row.estimate, abs=SHOWN)


def test_specifications_and_left_out_runs_say_theirs(entries: dict[str, FigureEntry]) -> None:
    strips = frame_of(entries["fragility_strip"])
    said = of_figure(entries["fragility_strip"])
    expected = [
        f"without {row.unit.replace('_', ' ')} {row.name_}"
        for row in strips.rename(columns={"name": "name_"}).itertuples()
    ]
    assert Counter(words.split(": ")[0] for words in said) == Counter(expected)
    shown = sorted(numbers_in(words.split(": ")[1])[0] for words in said)
    expected_numbers = sorted(strips["estimate"] * strips["scale"].map(IN_UNIT).fillna(1.0))
    assert shown == pytest.approx(expected_numbers, abs=SHOWN)
    curve = frame_of(entries["specification_curve"])
    drawn = curve["claim"].unique()[:MOST_CLAIMS]
    counted = curve[curve["reason"].isna() & curve["claim"].isin(drawn)]
    said = of_figure(entries["specification_curve"])
    assert Counter(words.split(",")[0] for words in said) == Counter(counted["status"])


@pytest.mark.parametrize("width", COLUMNS.values())
def test_the_graph_of_ties_says_what_each_tie_is_and_what_each_mark_is_tied_to(width: float) -> None:
    _, graph = frames(*pair())
    said = titles(svg_bytes(draw_alias_graph(graph, paper=Paper(width)), "t"))
    assert said[0] == "tools and prompts only ever appear together"
    assert said[1].startswith("Tools + Prompts: the sides differ in tokens in every run (1,000,000 ")
    assert said[1].endswith(" 3,000,000)")
    assert said[2:] == ["Tools: tied to Prompts, tokens", "Prompts: tied to Tools", "tokens: tied to Tools"]


def test_hostile_names_are_inert_in_the_graph_of_ties() -> None:
    _, graph = frames(*pair())
    names = [HOSTILE["text"], HOSTILE["title"]]
    labels = [names[i % 2] if row == "node" else "" for i, row in enumerate(graph["row"])]
    svg = svg_bytes(draw_alias_graph(graph.assign(label=labels, words=HOSTILE["text"])), "t")
    assert b"<script" not in svg.lower()
    assert HOSTILE["text"] in titles(svg)
    assert titles(on_page(svg)) == titles(svg)
