"""Frames as CSV: shortest round-trip numbers, empty where unknown, text that no spreadsheet runs as a formula."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pandas as pd

__all__ = ["csv_bytes"]

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _cell(value: object, *, count: bool) -> str:
    if value is None or value is pd.NA:
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        number = float(value)
        if not math.isfinite(number):
            return ""
        return str(int(number)) if count and number.is_integer() else repr(number)
    return _text(str(value))


def _text(text: str) -> str:
    return "'" + text if text.startswith(FORMULA) else text


def _column(values: pd.Series, *, count: bool) -> list[str]:
    """The column's cells; floats and text without asking of each what it is, for most cells of a report are those."""
    if values.dtype == np.float64 and not count:
        return [repr(number) if math.isfinite(number) else "" for number in values.tolist()]
    cells = values.to_numpy(dtype=object).tolist()  # text columns of pandas give their cells one by one in Python
    return [_text(value) if type(value) is str else _cell(value, count=count) for value in cells]


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """The frame as UTF-8 CSV with a header row and line feeds at line ends.

    Floats are written by `repr`, so reading them back gives the same bits; counts (columns `n_*`) without a decimal
    point. Text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets a leading apostrophe; numbers
    never.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([_cell(str(name), count=False) for name in frame.columns])
    names = [str(name) for name in frame.columns]
    columns = [_column(frame.iloc[:, i], count=name.startswith("n_")) for i, name in enumerate(names)]
    writer.writerows(zip(*columns, strict=True))
    return buffer.getvalue().encode()
