"""Columns of a model matrix from the names that R gave its coefficients, where a case states no formula.

The name of a coefficient says what its column holds: a numeric column, `factor(year)1971` or `drugplacebo` the
indicator of a level, `a:b` a product, `I(dose^2)`, `log(dose)` or `I(dose > 2)TRUE` arithmetic. Levels need not be
listed, so the same names also encode a table in which a column was set to one value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.selfcheck.expressions import evaluated, words_of

__all__ = ["indicator", "level_of", "levels_of", "named_columns", "pieces_of", "source_columns"]

Floats = NDArray[np.float64]

FACTOR = r"(?:(?:as\.)?factor|relevel)\("
CALL = re.compile(rf"{FACTOR}(?:{FACTOR})?\s*([\w.]+)\s*(?:[,)].*)?\)(.+)$")
TRUTH = ("TRUE", "FALSE")


def named_columns(names: Sequence[str], data: pd.DataFrame) -> Floats:
    """The model matrix whose columns R would name so, (n, p).

    Raises:
        KeyError: a name that no column of the data explains.
    """
    columns = [np.ones(len(data)) for _ in names]
    for place, name in enumerate(names):
        for piece in pieces_of(name, data):
            columns[place] = columns[place] * _column(piece, data)
    return np.column_stack(columns)


def levels_of(column: pd.Series) -> list[str]:
    """The levels that R gives a column as a factor, in their order there."""
    values = column.dropna()
    if pd.api.types.is_bool_dtype(values):
        return list(TRUTH[::-1])
    return [f"{level:.15g}" if isinstance(level, float) else str(level) for level in sorted(values.unique())]


def source_columns(names: Iterable[str], data: pd.DataFrame) -> set[str]:
    """The columns of the data that these names use."""
    used: set[str] = set()
    for piece in (piece for name in names for piece in pieces_of(name, data)):
        found, _ = level_of(piece, data)
        words = {found} if found else words_of(piece)
        used |= words & set(data.columns)
    return used


def _column(piece: str, data: pd.DataFrame) -> Floats:
    if piece == "(Intercept)":
        return np.ones(len(data))
    name, level = level_of(piece, data)
    if name and not level:
        return data[name].to_numpy(dtype=float)
    if name:
        return indicator(data[name], level)
    truth = next((word for word in TRUTH if piece.endswith(word)), "")
    try:
        values = evaluated(piece.removesuffix(truth), data)
    except KeyError:
        raise KeyError(f'no column of {list(data.columns)} explains the coefficient "{piece}"') from None
    return np.asarray(np.broadcast_to(values == (truth != "FALSE") if truth else values, len(data)), dtype=float)


def level_of(piece: str, data: pd.DataFrame) -> tuple[str, str]:
    """The column of a piece and the level it indicates, empty for the column itself; two empty texts if neither."""
    bare = piece.strip("`")
    if bare in data.columns and pd.api.types.is_numeric_dtype(data[bare]):
        return bare, ""
    call = CALL.match(piece)
    if call:
        return call[1], call[2]
    start = [c for c in data.columns if piece.startswith(c) and _is_level(piece[len(c) :], data[c])]
    return (max(start, key=len), piece[len(max(start, key=len)) :]) if start else ("", "")


def _is_level(rest: str, column: pd.Series) -> bool:
    # A number may be a level too: what was a factor of digits in R is a column of numbers in the file.
    return rest in levels_of(column)


def indicator(column: pd.Series, level: str) -> Floats:
    """1 where a column has this level, else 0."""
    if pd.api.types.is_bool_dtype(column):
        found = column.to_numpy() == (level == "TRUE")
    elif pd.api.types.is_numeric_dtype(column):
        found = column.to_numpy(dtype=float) == float(level)
    else:
        found = column.astype(str).to_numpy() == level
    return np.asarray(found, dtype=float)


def pieces_of(name: str, data: pd.DataFrame) -> list[str]:
    """The factors of an interaction: the parts between colons outside brackets, unless the whole is a text's level."""
    if not CALL.match(name) and level_of(name, data)[0]:
        return [name]
    pieces, depth = [""], 0
    for letter in name:
        depth += (letter == "(") - (letter == ")")
        if letter == ":" and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += letter
    return pieces
