"""Numbers of each run from the runs table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.errors import ClaimError, Problem, nearest
from mixablate.study import Declared
from mixablate.tables import Tables

__all__ = ["run_column"]


def run_column(claim: Declared, name: str, tables: Tables, run_ids: Sequence[str]) -> NDArray[np.float64]:
    """A column of numbers for these runs, NaN where a run has none.

    Raises:
        ClaimError: no such column, or one that does not hold numbers.
    """
    runs = tables.runs.set_index(tables.runs["run_id"].astype(str))
    if name not in runs.columns:
        raise _refused(claim, f'no runs column "{name}"', nearest(name, [str(c) for c in runs.columns]))
    numbers = pd.to_numeric(runs[name], errors="coerce")
    if (numbers.isna() & runs[name].notna()).any() or numbers.isna().all():
        raise _refused(claim, f'the runs column "{name}", which does not hold numbers', "Name another column.")
    return np.asarray(numbers.reindex(list(run_ids)), dtype=float)


def _refused(claim: Declared, found: str, remedy: str) -> ClaimError:
    required = "a column of numbers of the runs table"
    return ClaimError(Problem("CLAIM_COLUMN", f'claim "{claim.id}"', found, required, remedy))
