"""The model formulas that gold cases state in R's notation, as model matrices with R's column names.

What the cases use: `+`, `-1`, `*`, `:`, `(a + b)^2`, `.`, numeric columns, arithmetic such as `I(week^2)`, and text
columns, true and false and `factor(...)` in treatment coding with the first level (in sorted or stated order) as
reference. Not a formula language for users: a study declares components.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.selfcheck.expressions import evaluated, words_of
from mixablate.selfcheck.named_columns import indicator, levels_of

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
    pieces, bare = _summands(right)
    groups = tuple(found[1] for piece in pieces if (found := re.fullmatch(r"\(\s*1\s*\|\s*([\w.]+)\s*\)", piece)))
    others = [str(column) for column in data.columns if column not in words_of(response)]
    fixed = [part for piece in pieces if "|" not in piece for part in (others if piece == "." else [piece])]
    terms: dict[frozenset[str], tuple[str, ...]] = {}
    for term in (term for piece in fixed for term in _terms(piece)):
        terms.setdefault(frozenset(term), term)
    names, columns = ([], []) if bare else (["(Intercept)"], [np.ones(len(data))])
    for factors in sorted(terms.values(), key=len):  # main effects before interactions, as in R
        for name, column in _interaction([_encoded(factor, data) for factor in factors]):
            names.append(name)
            columns.append(column)
    return ModelFrame(tuple(names), np.column_stack(columns), response.strip(), groups)


def _summands(right: str) -> tuple[list[str], bool]:
    """The pieces between plus signs but for `1`, and whether the intercept is taken out (`0 +` or `- 1`)."""
    plus, *minus = _split(right, "-")
    taken = [_split(piece, "+") for piece in minus]
    if any(piece[0].strip() != "1" for piece in taken):
        raise ValueError(f'only the intercept can be taken out of a formula, found "{right}"')
    pieces = [piece.strip() for piece in [*_split(plus, "+"), *(part for piece in taken for part in piece[1:])]]
    return [piece for piece in pieces if piece not in ("", "0", "1")], bool(taken) or "0" in pieces


def _terms(text: str) -> list[tuple[str, ...]]:
    """The terms that a piece of a formula stands for, as tuples of factors."""
    for mark in "+*:^":
        parts = [part.strip() for part in _split(text, mark)]
        if len(parts) == 1:
            continue
        if mark == "^":
            parts = [parts[0]] * int(parts[1])
        several = [_terms(part) for part in parts]
        sizes = range(len(parts), len(parts) + 1) if mark == ":" else range(1, 2 if mark == "+" else len(parts) + 1)
        return [term for size in sizes for term in _crossed(several, size)]
    inner = _bracketed(text)
    return _terms(inner) if inner else [(text,)]


def _crossed(parts: list[list[tuple[str, ...]]], size: int) -> list[tuple[str, ...]]:
    """The products of one term from each of `size` parts; a factor stands once in a product."""
    return [
        tuple(dict.fromkeys(factor for term in chosen for factor in term))
        for some in combinations(parts, size)
        for chosen in product(*some)
    ]


def _bracketed(text: str) -> str:
    """What stands between brackets that enclose all of a text; empty where none do."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:-1].strip() if 0 < place == len(text) - 1 and text[0] == "(" else ""
    return ""


def _encoded(factor: str, data: pd.DataFrame) -> list[tuple[str, Floats]]:
    called = re.fullmatch(r"(?:as\.)?factor\(\s*([\w.]+)\s*(?:,\s*levels\s*=\s*c\((.*)\)\s*)?\)", factor)
    name = called[1] if called else factor.strip("`")
    if not called and name not in data.columns:
        values = np.broadcast_to(evaluated(factor, data), len(data))
        return [(f"{factor}TRUE" if values.dtype == bool else factor, values.astype(float))]
    column = data[name]
    if not called and pd.api.types.is_bool_dtype(column):
        return [(f"{factor}TRUE", column.to_numpy(dtype=float))]
    if not called and pd.api.types.is_numeric_dtype(column):
        return [(factor, column.to_numpy(dtype=float))]
    stated = [part.strip().strip("\"'") for part in _split(called[2], ",")] if called and called[2] else None
    levels = (stated or levels_of(column))[1:]
    return [(f"{factor}{level}", indicator(column, level)) for level in levels]


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
