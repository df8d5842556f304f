"""Tables of a large study are cut to what a page holds: the largest first, and each says where the rest is."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from mixablate.report.page import Page, PageFigure, Section
from mixablate.report.page_size import (
    FEWEST_ROWS,
    KEPT_IN,
    LEAST_BYTES,
    MARKUP,
    MOST_BYTES,
    NUMBER,
    PAGE_BYTES,
    _room,
    fitted_page,
)
from mixablate.report.rendering import html_page, markdown_page
from mixablate.report.table import PageTable, count, text
from mixablate.report.write import _further_frames

ROW = 2 * MARKUP + len("row 0000") + len("7") + NUMBER  # bytes of a row below: a name and one number


def table(name: str, rows: int, note: str = "") -> PageTable:
    return PageTable(name, name, ("Name", "Number"), tuple((text(f"row {i:04d}"), count(7)) for i in range(rows)), note)


def page(*tables: PageTable) -> Page:
    return Page("Title", False, "Question?", ("Answer.",), (), (Section("effects", "Effects", tables=tables),))


def rows_of(found: Page) -> dict[str, int]:
    return {t.name: len(t.rows) for section in found.sections for t in section.tables}


def test_a_page_that_fits_is_left_as_it_is() -> None:
    small = page(table("effects_log_odds", 30), table("arms", 5))
    assert fitted_page(small) == small


def test_large_tables_are_cut_alike_and_small_ones_stay_whole() -> None:
    # Room for 130 rows: the 10 of `arms` leave 120 for two tables, 60 each.
    found = fitted_page(page(table("effects_log_odds", 500), table("arms", 10), table("truth", 90)), 130 * ROW)
    assert rows_of(found) == {"effects_log_odds": 60, "arms": 10, "truth": 60}


def test_large_drawings_leave_tables_less_room_and_never_none() -> None:
    def rows_beside(drawn: int) -> int:
        figure = PageFigure("one", "One", "", "", Markup("x" * drawn), "")
        section = Section("effects", "Effects", figures=(figure,), tables=(table("effects_log_odds", 20_000),))
        return rows_of(fitted_page(replace(page(), sections=(section,))))["effects_log_odds"]

    assert rows_beside(0) == MOST_BYTES // ROW
    assert rows_beside(PAGE_BYTES - 100 * ROW - LEAST_BYTES) == (LEAST_BYTES + 100 * ROW) // ROW
    assert rows_beside(2 * PAGE_BYTES) == LEAST_BYTES // ROW


def test_what_a_table_leaves_out_is_said_with_the_file_that_has_it() -> None:
    large = page(table("attribution_interactions_other", 2000, "A note."), table("unheard_of", 2000))
    first, second = fitted_page(large, 100 * ROW).sections[0].tables
    assert first.note == "The first 50 of 2,000 rows; all are in interactions.csv. A note."
    assert second.note == "The first 50 of 2,000 rows; all are in findings.json."
    for said in (html_page(fitted_page(large, 100 * ROW)), markdown_page(fitted_page(large, 100 * ROW))):
        assert "The first 50 of 2,000 rows" in said
        assert "row 0049" in said
        assert "row 0050" not in said


def test_claims_are_never_cut_and_no_table_to_nothing() -> None:
    found = fitted_page(page(table("claims", 300), table("rates", 300)), 20 * ROW)
    assert rows_of(found) == {"claims": 300, "rates": FEWEST_ROWS}


def test_every_file_named_for_the_rest_is_one_the_report_writes() -> None:
    import findings_example as example

    written = {"effects.csv", "regression.csv", "attribution.csv", "verdicts.csv", "rates.csv", "truth.csv"}
    assert set(KEPT_IN.values()) <= written | set(_further_frames(example.example_findings()))


@given(st.lists(st.integers(0, 1000), max_size=30), st.integers(1, 5000))
def test_what_is_kept_fits_and_nothing_is_cut_without_need(sizes: list[int], most: int) -> None:
    room = _room(sizes, most)
    kept = sum(min(size, room) for size in sizes)
    assert kept <= most * (1 + 1e-12)
    if sum(sizes) <= most:
        assert kept == sum(sizes)
    else:
        assert abs(kept - most) < 1e-6 * most


def test_a_cut_table_says_so_above_its_own_note_in_the_page() -> None:
    said = html_page(fitted_page(page(table("rates_in_full", 2000, "Means.")), 50 * ROW))
    assert re.search(r'<p class="note">The first 50 of 2,000 rows; all are in rates.csv. Means.', said)


def test_a_figure_twice_as_tall_as_wide_is_looked_at_through_a_window() -> None:
    def drawn(height: float) -> PageFigure:
        return PageFigure("f", "F", "Shows.", "Alt.", Markup(f'<svg viewBox="0 0 100 {height}"></svg>'), "")

    assert [drawn(height).tall for height in (199.0, 200.0, 201.0)] == [False, False, True]
    assert not PageFigure("f", "F", "Shows.", "Alt.", Markup(""), "Nothing to draw.").tall
    shown = html_page(Page("T", False, "Q?", ("A.",), (), (Section("s", "S", figures=(drawn(201.0),)),)))
    assert '<div class="canvas tall" role="region"' in shown
