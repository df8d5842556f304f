"""Labels that are cut: what differs stays different, in every figure that lists arms or components."""

from __future__ import annotations

import itertools
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

import findings_example as example
from mixablate.figures import FigureEntry, figure_entries
from mixablate.figures.style import BODY, COLUMNS, Column, paper_style
from mixablate.figures.text_layout import ELLIPSIS, fit_apart, fit_arm, fit_text, text_width
from test_figures import drawn_texts

WIDTH = 1.5  # inches
LONG = "1,000 rephrasings of the prefix instead of one fixed prefix"
COMMON = "Conversations from the second round of red teaming with filter "
OF_ARMS = [*itertools.product(("design_matrix", "trajectories", "rates_by_arm"), COLUMNS), ("slopes", "double")]
OF_COMPONENTS = {
    "forest": "component_label", "waterfall": "label", "share_bars": "label", "feature_effects": "feature_label",
}  # fmt: skip

fit_line = partial(fit_text, width=WIDTH, size=BODY)
fit_lines = partial(fit_arm, width=WIDTH, size=BODY, lines=2)


@pytest.fixture(scope="module")
def entries() -> dict[str, FigureEntry]:
    return {entry.name: entry for entry in figure_entries(example.example_findings())}


def words(shown: str) -> str:
    return shown.replace("\n", " ")


def test_arms_that_would_read_alike_are_cut_within_their_components() -> None:
    arms = [LONG, f"{LONG} + French", f"{LONG} + Negated", f"{LONG} + French + Negated", "French"]
    with paper_style():
        assert len({fit_lines(arm) for arm in arms}) < len(arms)
        shown = fit_apart(arms, fit_lines)
    assert len(set(shown.values())) == len(arms)
    assert words(shown[arms[3]]).endswith(f"{ELLIPSIS} + French + Negated")
    assert shown["French"] == "French"


def test_names_that_would_read_alike_lose_what_they_share_in_the_middle() -> None:
    names = [f"{COMMON}{letter}" for letter in "AB"] + ["Something else that is far too long for a single line"]
    with paper_style():
        shown = fit_apart(names, fit_line)
        assert all(text_width(text, BODY) <= WIDTH for text in shown.values())
        assert shown[names[2]] == fit_line(names[2])
    assert [shown[name][-2:] for name in names[:2]] == [f"{ELLIPSIS}A", f"{ELLIPSIS}B"]
    assert all(shown[name].startswith("Conversations") for name in names[:2])


@given(st.lists(st.text(st.characters(codec="ascii"), max_size=60), max_size=6, unique=True))
def test_labels_that_differ_anyway_are_shown_as_ever(texts: list[str]) -> None:
    with paper_style():
        alone = {text: fit_line(text) for text in texts}
        if len(set(alone.values())) == len(alone):
            assert fit_apart(texts, fit_line) == alone


@given(st.lists(st.text(max_size=9), min_size=2, max_size=5, unique=True))
def test_any_labels_behind_a_long_beginning_keep_to_their_room(ends: list[str]) -> None:
    texts = [f"{LONG} {end}" for end in ends]
    with paper_style():
        shown = fit_apart(texts, fit_lines)
        assert set(shown) == set(texts)
        for text in shown.values():
            assert text.count("\n") < 2
            assert all(text_width(line, BODY) <= WIDTH for line in text.split("\n"))


@pytest.mark.parametrize(("name", "column"), OF_ARMS)
def test_no_two_arms_read_alike(name: str, column: Column, entries: dict[str, FigureEntry]) -> None:
    entry = entries[name]
    frame = entry.frame.assign(arm=[f"{LONG} + {arm}" for arm in entry.frame["arm"].fillna("")])
    figure = FigureEntry(entry.kind, frame, "", "").draw(column)
    shown = {text.get_text() for text in drawn_texts(figure) if text.get_text().startswith("1,000")}
    assert len(shown) == frame["arm_id"].nunique()


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize(("name", "of"), OF_COMPONENTS.items())
def test_no_two_components_read_alike(name: str, of: str, column: Column, entries: dict[str, FigureEntry]) -> None:
    entry = entries[name]
    labels = {label: f"{COMMON}{i}" for i, label in enumerate(dict.fromkeys(entry.frame[of]))}
    frame = entry.frame.assign(**{of: entry.frame[of].map(labels)})
    figure = FigureEntry(entry.kind, frame, "", "").draw(column)
    shown = {words(text.get_text()) for text in drawn_texts(figure) if text.get_text().startswith("Conv")}
    ends = {text[-1] for text in shown}
    assert ends == {label[-1] for label in labels.values()}


@pytest.mark.parametrize("column", COLUMNS)
def test_no_two_members_of_a_group_read_alike(column: Column, entries: dict[str, FigureEntry]) -> None:
    entry = entries["owen_tree"]
    members = entry.frame["group"].ne("") & entry.frame["role"].eq("part")
    labels = {label: f"{COMMON}{i}" for i, label in enumerate(dict.fromkeys(entry.frame.loc[members, "label"]))}
    frame = entry.frame.replace({"label": labels})
    figure = FigureEntry(entry.kind, frame, "", "").draw(column)
    shown = {words(text.get_text()) for text in drawn_texts(figure) if text.get_text().startswith("Conv")}
    assert {text[-1] for text in shown} == {label[-1] for label in labels.values()}
    assert len(labels) > 1
