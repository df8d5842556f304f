"""The arithmetic of columns that a case's formulas and coefficients hold: `I(week^2)`, `log(dose)`, `week > 2`."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["evaluated", "words_of"]

Values = NDArray[Any]

WORD = re.compile(r"`([^`]+)`|(?<![\w.\"'])([A-Za-z.][\w.]*)(?![\w.\"'])")
OPERATORS: Mapping[type, Callable[[Values, Values], Values]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Mod: operator.mod,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
FUNCTIONS: Mapping[str, Callable[[Values], Values]] = {
    "I": lambda values: values,
    "abs": np.abs,
    "as.integer": lambda values: np.trunc(values.astype(float)),
    "as.numeric": lambda values: values.astype(float),
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "log2": np.log2,
    "scale": lambda values: (values - values.mean()) / values.std(ddof=1),
    "sqrt": np.sqrt,
}


def words_of(expression: str) -> set[str]:
    """The names of columns and functions in an expression."""
    return {quoted or plain for quoted, plain in WORD.findall(expression)}


def evaluated(expression: str, data: pd.DataFrame) -> Values:
    """The values (n,) that R gives an expression of columns, or one value where it has none: numbers or true and false.

    Raises:
        KeyError: a name that is neither a column nor a function known here, or an expression that cannot be read.
    """
    names: list[str] = []

    def placed(found: re.Match[str]) -> str:
        names.append(found[1] or found[2])
        return f"_{len(names) - 1}_"

    plain = re.sub(r"(?<=\d)L\b", "", expression.strip())  # R's mark of an integer
    python = WORD.sub(placed, plain).replace("^", "**").replace("%%", "%")
    try:
        tree = ast.parse(python, mode="eval").body
    except SyntaxError:
        raise KeyError(f'"{expression}" cannot be read') from None

    def value(node: ast.expr) -> Values:
        match node:
            case ast.Constant(value=int() | float() | str() as constant):
                return np.asarray(constant)
            case ast.Name(id=place):
                return _column(names[int(place.strip("_"))], data)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -value(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                return OPERATORS[type(op)](value(left), value(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in OPERATORS:
                return OPERATORS[type(op)](value(left), value(right))
            case ast.Call(func=ast.Name(id=place), args=[argument]) if names[int(place.strip("_"))] in FUNCTIONS:
                return FUNCTIONS[names[int(place.strip("_"))]](value(argument))
        raise KeyError(f'"{expression}" cannot be read')

    return value(tree)


def _column(name: str, data: pd.DataFrame) -> Values:
    if name not in data.columns:
        raise KeyError(f'no column "{name}" in {list(data.columns)}')
    column = data[name]
    return column.to_numpy(dtype=float) if pd.api.types.is_numeric_dtype(column) else column.to_numpy()
