"""One gold case: a folder of data with the numbers that other software gave for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

__all__ = ["GoldCase"]


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
        """A CSV file of the folder; text stays text, an empty cell is missing."""
        return pd.read_csv(self.folder / f"{name}.csv")

    def tolerance(self, *names: str, default: float = 1e-8) -> float:
        """The first of these tolerances that the case states."""
        stated = self.reference.get("tolerance", {})
        found = [float(stated[name]) for name in names if isinstance(stated, Mapping) and name in stated]
        return found[0] if found else default
