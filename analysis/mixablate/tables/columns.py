"""Column names: renamed by the study, NFC, each once, each visible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mixablate.errors import Problem
from mixablate.tables.names import as_nfc, joined, nearest_name, shown, unseen_in

__all__ = ["missing_column", "renamed_columns"]


def renamed_columns(
    header: Sequence[str], rename: Mapping[str, str], place: str
) -> tuple[list[str], dict[str, str], list[Problem]]:
    """The header in our names, our name -> theirs for the renamed ones, and what is wrong with it."""
    problems: list[Problem] = []
    given = [as_nfc(name) for name in header]
    for position, name in enumerate(given):
        problems += _name_problems(name, position, place)
    given = [name.strip() for name in given]  # refused above; one slip is one problem, not a missing column as well
    names = [rename.get(name, name) for name in given]
    theirs = {ours: name for ours, name in zip(names, given, strict=True) if ours != name}
    for name in dict.fromkeys(names):
        positions = [index for index, other in enumerate(names) if other == name]
        if len(positions) > 1 and name:
            problems.append(_repeated(name, [given[index] for index in positions], positions, place))
    return names, theirs, problems


def _name_problems(name: str, position: int, place: str) -> list[Problem]:
    where = f"{place}, column {position + 1} of the header"
    if not name:
        first = " It may be the row index that pandas writes: save with index=False." if position == 0 else ""
        remedy = f"Name the column, or delete it.{first}"
        return [Problem("COLUMN_NAME", where, "no name", "a name for every column", remedy)]
    if unseen := unseen_in(name):
        return [
            Problem(
                "COLUMN_SPACES", where, f"{shown(name)}, with {unseen}", "names without unseen characters", "Delete it."
            )
        ]
    return []


def _repeated(name: str, given: Sequence[str], positions: Sequence[int], place: str) -> Problem:
    where = " and ".join(str(position + 1) for position in positions)
    renamed = sorted({other for other in given if other != name})
    said = f" (renamed from {joined(renamed)})" if renamed else ""
    return Problem(
        "DUPLICATE_COLUMN",
        f"{place}, columns {where}",
        f"{shown(name)} {len(positions)} times{said}",
        "every column name once",
        "Correct [tables.rename]." if renamed else "Rename or delete all but one.",
    )


def missing_column(name: str, header: Sequence[str], place: str, meaning: str) -> Problem:
    """A required column that is not there, with the nearest one that is."""
    remedy = nearest_name(name, header)
    if remedy.startswith("Did you mean"):
        near = remedy.removeprefix('Did you mean "').removesuffix('"?')
        remedy = f'{remedy} Then write under [tables.rename]: "{near}" = "{name}".'
    return Problem("COLUMN_MISSING", place, f'no column "{name}"', f'a column "{name}": {meaning}', remedy)
