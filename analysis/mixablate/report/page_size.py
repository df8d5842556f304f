"""A page that can still be read and sent: the tables of a large study cut to what one page holds, each saying so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mixablate.report.page import Page, Section
from mixablate.report.table import Cell, PageTable

__all__ = ["MOST_BYTES", "fitted_page"]

MOST_BYTES = 800_000  # of all tables together
PAGE_BYTES = 2_950_000  # of tables and drawings together, as long as the tables keep LEAST_BYTES
LEAST_BYTES = 300_000
FEWEST_ROWS = 10  # of a table, however many tables there are
WHOLE = frozenset({"claims"})  # never cut
MARKUP, NUMBER = 50, 32  # bytes around a cell's words, and of a number it carries

# Where the rows are that a table leaves out; the longest beginning of its name that stands here.
KEPT_IN = {
    "attribution": "attribution.csv",
    "attribution_coalitions": "coalitions.csv",
    "attribution_comparisons": "comparisons.csv",
    "attribution_interactions": "interactions.csv",
    "blocks": "block_effects.csv",
    "effects": "effects.csv",
    "explained": "explained.csv",
    "mixture_cox": "mixture_effects.csv",
    "mixture_fit": "mixture_fit.csv",
    "mixture_replacement": "mixture_effects.csv",
    "rates": "rates.csv",
    "regression": "regression.csv",
    "truth": "truth.csv",
}


def fitted_page(page: Page, most: int | None = None) -> Page:
    """The page with every table whole if they fit into `most` bytes together, else with the largest cut alike.

    Unless it is given, `most` is what the drawings leave of a page of 3 MB, from 300 to 800 kB.
    A table keeps its first rows (means over evals come first in those of effects and rates), and its note says how
    many there are and which file has them all.
    """
    tables = [table for section in page.sections for table in section.tables]
    if most is None:
        drawn = sum(len(figure.svg) for section in page.sections for figure in section.figures)
        most = min(MOST_BYTES, max(LEAST_BYTES, PAGE_BYTES - drawn))
    room = _room([sum(map(_row_bytes, table.rows)) for table in tables], most)
    return replace(page, sections=tuple(_fitted_section(section, room) for section in page.sections))


def _room(sizes: Sequence[int], most: int) -> float:
    """The size no table may pass so that all fit into `most` together: small tables leave their room to large ones."""
    left, remaining = float(most), sorted(sizes)
    for position, size in enumerate(remaining):
        share = left / (len(remaining) - position)
        if size > share:
            return share
        left -= size
    return float("inf")


def _fitted_section(section: Section, room: float) -> Section:
    return replace(section, tables=tuple(_fitted_table(table, room) for table in section.tables))


def _fitted_table(table: PageTable, room: float) -> PageTable:
    if table.name in WHOLE:
        return table
    kept, used = 0, 0
    for row in table.rows:
        used += _row_bytes(row)
        if used > room and kept >= FEWEST_ROWS:
            break
        kept += 1
    if kept == len(table.rows):
        return table
    said = f"The first {kept:,} of {len(table.rows):,} rows; all are in {_kept_in(table.name)}."
    return replace(table, rows=table.rows[:kept], note=f"{said} {table.note}".strip())


def _row_bytes(row: Sequence[Cell]) -> int:
    return sum(MARKUP + len(cell.shown) + len(cell.more) + len(cell.code) + NUMBER * len(cell.values) for cell in row)


def _kept_in(name: str) -> str:
    found = [beginning for beginning in KEPT_IN if name.startswith(beginning)]
    return KEPT_IN[max(found, key=len)] if found else "findings.json"
