"""A result as HTML for Jupyter and marimo: one small table, everything in it escaped, colours left to the notebook."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from numbers import Real

__all__ = ["table_html"]

DIGITS = 4  # significant; the object itself has all of them


def table_html(caption: str, rows: Sequence[Mapping[str, object]], note: str = "") -> str:
    """A table with a caption, its columns those of the first row, and a note under it; unknown values are dashes.

    >>> print(table_html("Effects", [{"outcome": "a<b", "estimate": -0.12345}]))
    <table><caption style="caption-side:top;text-align:left"><b>Effects</b></caption>
    <tr><th>outcome</th><th>estimate</th></tr>
    <tr><td style="text-align:left">a&lt;b</td><td style="text-align:right">-0.1235</td></tr>
    </table>
    """
    lines = [f'<table><caption style="caption-side:top;text-align:left"><b>{html.escape(caption)}</b></caption>']
    columns = list(rows[0]) if rows else []
    if columns:
        lines.append(f"<tr>{''.join(f'<th>{html.escape(name)}</th>' for name in columns)}</tr>")
    lines += [f"<tr>{''.join(_cell(row.get(name)) for name in columns)}</tr>" for row in rows]
    lines.append("</table>")
    if note:
        lines.append(f"<p>{html.escape(note)}</p>")
    return "\n".join(lines)


def _cell(value: object) -> str:
    number = isinstance(value, Real) and not isinstance(value, bool)
    side = "right" if number else "left"
    return f'<td style="text-align:{side}">{html.escape(_text(value))}</td>'


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "\u2013"
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    return str(value)
