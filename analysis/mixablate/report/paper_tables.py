"""Verdicts, effects and attributions as tables that stand in a paper: LaTeX (booktabs) and Markdown."""

from __future__ import annotations

import unicodedata

from mixablate.figures.number_text import MINUS
from mixablate.report.page import Page
from mixablate.report.rendering import markdown_text
from mixablate.report.table import Cell, PageTable, note_without

__all__ = ["latex_table", "latex_text", "markdown_table", "paper_tables"]

# Columns of whole sentences, of where a number is from, and those for which a page has no room.
LEFT_TO_THE_REPORT = ("Why", "Remarks", "Values", "Largest part", "Any one run left out")
LONGEST = 300  # characters of a cell; a longer name is whole in the report and its CSV files
WRAPPED = 14  # characters from which a column of words is broken into lines
NARROW = 6  # columns; with more, a column of words gets half the width
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "[": "{[}",  # after a line break it would open an option
    "]": "{]}",
    "*": "{*}",
    MINUS: "$-$",
    "\u2013": "--",
    "\u2014": "---",
    "\u00d7": r"$\times$",
    "\u00b1": r"$\pm$",
    "\u201c": "``",
    "\u201d": "''",
    "\u2265": r"$\geq$",
    "\u2264": r"$\leq$",
}


def paper_tables(page: Page) -> dict[str, bytes]:
    """Relative path -> content of `tables/<name>.tex` and `tables/<name>.md` for verdicts, effects and attributions."""
    files: dict[str, bytes] = {}
    for table in (table for section in page.sections for table in section.tables if table.paper):
        name, shown = table.paper, _for_paper(table)
        files[f"tables/{name}.tex"] = latex_table(shown, name, simulated=page.simulated).encode()
        files[f"tables/{name}.md"] = markdown_table(shown, simulated=page.simulated).encode()
    return files


def _for_paper(table: PageTable) -> PageTable:
    kept = [i for i, column in enumerate(table.columns) if column not in LEFT_TO_THE_REPORT]
    rows = tuple(tuple(row[i] for i in kept) for row in table.rows)
    columns = tuple(table.columns[i] for i in kept)
    return PageTable(table.name, table.caption, columns, rows, note_without(table.note, LEFT_TO_THE_REPORT))


def latex_table(table: PageTable, name: str, *, simulated: bool) -> str:
    r"""The table as a `longtable` with booktabs rules, which breaks over pages and takes a caption and a label.

    The first line says what the preamble needs. The same words and digits as in the report; nothing in a name is run.
    """
    heads = " & ".join(latex_text(column) for column in table.columns)
    rows = [" & ".join(latex_text(_said(cell)) for cell in row) for row in table.rows]
    title = f"{_capped(table.caption)} (simulated data)" if simulated else _capped(table.caption)
    note = latex_text(_capped(table.note))
    lines = [
        r"% Needs \usepackage{array,booktabs,longtable,textcomp} and \usepackage[T1]{fontenc}.",
        r"\begingroup\footnotesize\setlength{\tabcolsep}{4pt}\setlength{\LTcapwidth}{\linewidth}",
        rf"\begin{{longtable}}{{{_columns(table)}}}",
        rf"  \caption{{{latex_text(title)}}}\label{{tab:{name.replace('_', '-')}}} \\",
        r"  \toprule",
        rf"  {heads} \\",
        r"  \midrule",
        r"  \endhead",
        r"  \bottomrule",
        r"  \endlastfoot",
        *(rf"  {row} \\" for row in rows),
        r"\end{longtable}",
        *([rf"\noindent {note}\par"] if note else []),
        r"\endgroup",
    ]
    return "\n".join(lines) + "\n"


def _columns(table: PageTable) -> str:
    """Numbers to the right; words to the left, broken into lines where they are long."""
    width = 0.32 if len(table.columns) <= NARROW else 0.15
    words = rf">{{\raggedright\arraybackslash}}p{{{width}\linewidth}}"
    kinds = []
    for i, numeric in enumerate(table.numeric):
        longest = max((len(_said(row[i])) for row in table.rows), default=0)
        kinds.append("r" if numeric else words if longest > WRAPPED else "l")
    return "".join(kinds)


def markdown_table(table: PageTable, *, simulated: bool) -> str:
    """The table as GitHub Markdown under its caption, with its note."""
    title = f"{_capped(table.caption)} (simulated data)" if simulated else _capped(table.caption)
    lines = [
        f"**{markdown_text(title)}**",
        "",
        _piped([markdown_text(_capped(column)) for column in table.columns]),
        _piped(["---:" if numeric else "---" for numeric in table.numeric]),
        *(_piped([markdown_text(_said(cell)) for cell in row]) for row in table.rows),
    ]
    if table.note:
        lines += ["", markdown_text(table.note)]
    return "\n".join(lines) + "\n"


def _piped(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _said(cell: Cell) -> str:
    """What a cell says on one line: numbers with their unit, verdicts with their flags, names without what is added."""
    if not cell.more or cell.role not in ("number", "status", "same"):
        return _capped(cell.shown)
    return _capped(f"{cell.shown} {cell.more}" if cell.role == "number" else f"{cell.shown} ({cell.more.rstrip('.')})")


def _capped(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "\u2026"


def latex_text(text: str) -> str:
    r"""Plain words for LaTeX: on one line, every active character spelt out, control and direction marks dropped.

    >>> print(latex_text("50% & $x_{$ \\input{a} −1.5 [a]"))
    50\% \& \$x\_\{\$ \textbackslash{}input\{a\} $-$1.5 {[}a{]}
    """
    line = " ".join(text.split())
    kept = (c for c in line if not unicodedata.category(c).startswith("C"))
    return "".join(_LATEX.get(c, c) for c in kept).replace("\u2026", r"\ldots{}")
