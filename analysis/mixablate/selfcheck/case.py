"""One gold case: a folder of data with the numbers that other software gave for it."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["GoldCase"]

CELL = re.compile(r'("(?:[^"]|"")*"|[^,]*)(?:,|$)')
MISSING = ("", "NA", "NaN", "nan")
"""Not pandas' longer list: "None" and "null" are names of arms."""


@dataclass(frozen=True, slots=True)
class GoldCase:
    """A case as its folder holds it.

    Attributes:
        name: the folder's name.
        method: which function is checked.
        folder: where `data.csv` and `reference.json` are.
        reference: the parsed `reference.json`; its layout belongs to the method.
    """

    name: str
    method: str
    folder: Path
    reference: Mapping[str, Any]

    def table(self, name: str = "data") -> pd.DataFrame:
        """A CSV file of the folder; what it quotes is text, an empty cell or NA is missing.

        Ids in quotes stay text where they look like numbers: runs "1.1" and "1.10" are two, and so are "7" and "07".
        """
        path = self.folder / f"{name}.csv"
        quoted = _quoted_columns(path)
        names = [str(column) for column in pd.read_csv(path, nrows=0).columns]
        missing = {column: list(MISSING) for column in names if column not in quoted}
        text = dict.fromkeys(quoted, str)
        data = pd.read_csv(path, dtype=text, keep_default_na=False, na_values=missing)
        return data.assign(**{column: data[column].mask(np.array(absent)) for column, absent in quoted.items()})

    def tolerance(self, *names: str, default: float = 1e-8) -> float:
        """The first of these tolerances that the case states."""
        stated = self.reference.get("tolerance", {})
        found = [float(stated[name]) for name in names if isinstance(stated, Mapping) and name in stated]
        return found[0] if found else default


def _quoted_columns(path: Path) -> dict[str, list[bool]]:
    """The columns of a CSV file whose cells all stand in quotes, but for the missing ones: whether each is missing."""
    head, _, body = path.read_text(encoding="utf-8-sig").partition("\n")
    if '"' not in body:
        return {}
    names = next(csv.reader([head]))
    rows = [CELL.findall(line)[: len(names)] for line in body.splitlines() if line]
    if any(len(row) != len(names) for row in rows):  # a line break in an id
        return {}
    found = {}
    for name, cells in zip(names, zip(*rows, strict=True), strict=True):
        quoted, absent = [cell.startswith('"') for cell in cells], [cell in MISSING for cell in cells]
        if any(quoted) and all(one or other for one, other in zip(quoted, absent, strict=True)):
            found[name] = absent
    return found
