"""Ids and other names in cells: always text, visible, NFC; oddities that other software would change are warned of."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mixablate.errors import Problem, Severity
from mixablate.tables.names import as_nfc, joined, looks_like_date, looks_missing, mixes_scripts, shown, unseen_in
from mixablate.tables.numbers import BadCell, cell_problems
from mixablate.tables.raw import RawTable, text_cells

__all__ = ["case_problems", "name_notices", "read_names"]

NOTICES: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    (
        "ID_LOOKS_MISSING",
        looks_missing,
        "Kept as text here; pandas would read them as missing. Rename them, or ignore this.",
    ),
    (
        "ID_LOOKS_LIKE_DATE",
        looks_like_date,
        "A spreadsheet may have changed them; compare with the original ids.",
    ),
    (
        "CONFUSABLE",
        mixes_scripts,
        "Letters of several alphabets in one name: make sure that none of them poses as another.",
    ),
)


def read_names(table: RawTable, column: str, *, required: bool) -> tuple[list[str], list[Problem]]:
    """The column as names, "" where blank; problems for unseen characters and, if `required`, for blanks.

    Nothing is converted: "001", "1e5", "TRUE" and "NA" stay as they are.
    """
    cells = [as_nfc(cell) for cell in text_cells(table, column)]
    distinct = set(cells)
    flawed = {name: unseen for name in distinct if name.strip() and (unseen := unseen_in(name))}
    blank = (
        {name for name in distinct if not name.strip()} if required else {n for n in distinct if n and not n.strip()}
    )
    if not flawed and not blank:
        return cells, []
    bad = []
    for row, name in enumerate(cells):
        if name in flawed:
            visible = shown("".join(c for c in name if not unseen_in(f"a{c}a")).strip())
            found = f"{shown(name)}, with {flawed[name]}"
            bad.append(BadCell(row, "ID_SPACES", found, "a name without unseen characters", f"Write {visible}."))
        elif name in blank:
            found = "a blank cell" if not name else f"only spaces {shown(name)}"
            bad.append(BadCell(row, "ID_EMPTY", found, f'a value of "{column}" in every row', "Fill the cell."))
    return cells, cell_problems(table, column, bad)


def name_notices(table: RawTable, column: str, names: Iterable[str]) -> list[Problem]:
    """Warnings for names that other software would change, or that look like other names."""
    distinct = sorted(set(names) - {""})
    return [
        Problem(code, table.at(None, column), joined(found), "ids that stay as they are", remedy, Severity.WARNING)
        for code, looks, remedy in NOTICES
        if (found := [name for name in distinct if looks(name)])
    ]


def case_problems(table: RawTable, column: str, names: Iterable[str], severity: Severity) -> list[Problem]:
    """Names of one column that differ only in upper and lower case."""
    by_folded: dict[str, set[str]] = {}
    for name in set(names) - {""}:
        by_folded.setdefault(name.casefold(), set()).add(name)
    return [
        Problem(
            "CASE_ONLY",
            table.at(None, column),
            f"{joined(sorted(same))}, which differ only in case",
            "one spelling for one thing",
            "Spell them alike, or rename one if they are two things.",
            severity,
        )
        for _, same in sorted(by_folded.items())
        if len(same) > 1
    ]
