"""The model formulas that gold cases state in R's notation, as model matrices with R's column names.

Only what the cases use: `+`, `*`, `:`, numeric columns, text columns and `factor(...)` in treatment coding with the
first level (in sorted or stated order) as reference. Not a formula language for users: a study declares components.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["ModelFrame", "model_frame"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ModelFrame:
    """The right-hand side of a formula for one table.

    Attributes:
        names: (p,) R's names of the columns.
        matrix: (n, p), the intercept first unless the formula takes it out.
        response: the left-hand side as it is written, e.g. `R of N` or `cbind(k, n - k)`; empty without one.
        groups: the grouping columns of terms such as `(1 | herd)`.
    """

    names: tuple[str, ...]
    matrix: Floats
    response: str
    groups: tuple[str, ...]


def model_frame(formula: str, data: pd.DataFrame) -> ModelFrame:
    """The model matrix that R's `model.matrix` gives for this formula.

    Raises:
        ValueError: a formula that cannot be read.
        KeyError: a column that is not in the data.
    """
    response, _, right = formula.rpartition("~")
    pieces = [piece.strip() for piece in _split(right, "+")]
    groups = tuple(found[1] for piece in pieces if (found := re.fullmatch(r"\(\s*1\s*\|\s*([\w.]+)\s*\)", piece)))
    fixed = [piece for piece in pieces if not piece.startswith("(") and piece not in ("0", "1")]
    names, columns = ([], []) if "0" in pieces else (["(Intercept)"], [np.ones(len(data))])
    for factors in _in_order(fixed):
        for name, column in _interaction([_encoded(factor, data) for factor in factors]):
            names.append(name)
            columns.append(column)
    return ModelFrame(tuple(names), np.column_stack(columns), response.strip(), groups)


def _in_order(pieces: list[str]) -> list[tuple[str, ...]]:
    """The terms as tuples of factors, without repetition, main effects before interactions as in R."""
    terms: list[tuple[str, ...]] = []
    for piece in pieces:
        crossed = [part.strip() for part in _split(piece, "*")]
        for size in range(1, len(crossed) + 1):
            for factors in combinations(crossed, size):
                terms.append(tuple(f.strip() for factor in factors for f in _split(factor, ":")))
    return sorted(dict.fromkeys(terms), key=len)


def _encoded(factor: str, data: pd.DataFrame) -> list[tuple[str, Floats]]:
    called = re.fullmatch(r"factor\(\s*([\w.]+)\s*(?:,\s*levels\s*=\s*c\((.*)\)\s*)?\)", factor)
    column = data[called[1] if called else factor]
    if not called and pd.api.types.is_numeric_dtype(column):
        return [(factor, column.to_numpy(dtype=float))]
    stated = [part.strip().strip("\"'") for part in _split(called[2], ",")] if called and called[2] else None
    levels = stated or [str(level) for level in sorted(column.dropna().unique())]
    text = column.astype(str).to_numpy()
    return [(f"{factor}{level}", (text == level).astype(float)) for level in levels[1:]]


def _interaction(factors: list[list[tuple[str, Floats]]]) -> Iterator[tuple[str, Floats]]:
    # R varies the first factor fastest.
    for chosen in product(*reversed(factors)):
        picked = chosen[::-1]
        yield ":".join(name for name, _ in picked), np.prod([column for _, column in picked], axis=0)


def _split(text: str, mark: str) -> list[str]:
    """The pieces between marks that stand outside brackets and quotes."""
    pieces, depth, quoted = [""], 0, ""
    for letter in text:
        if quoted:
            quoted = "" if letter == quoted else quoted
        elif letter in "\"'":
            quoted = letter
        else:
            depth += (letter == "(") - (letter == ")")
        if letter == mark and depth == 0 and not quoted:
            pieces.append("")
        else:
            pieces[-1] += letter
    return pieces
