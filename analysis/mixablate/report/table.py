"""A table of the page: cells that carry the number they show, so that a page can be checked against its findings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mixablate.claims import Status
from mixablate.figures.number_text import (
    MINUS,
    MISSING,
    count_text,
    estimate_text,
    interval_text,
    p_text,
    rate_text,
    typeset,
)
from mixablate.figures.style import STATUS_LOOKS

__all__ = [
    "Cell",
    "PageTable",
    "chance",
    "count",
    "effect_size",
    "interval",
    "level",
    "level_interval",
    "note_without",
    "p_value",
    "sentences",
    "share",
    "share_interval",
    "status_cell",
    "text",
]

POSITIONS = {"risk_difference": "difference", "risk_ratio": "ratio", "log_ratio": "ratio", "log_odds": "log_odds"}
FOR_PAPERS = re.compile(r"claims|effects_\w+|attribution_(risk_difference|value|log_odds|log_ratio)")
BREAKS = re.compile(r"(?<=[_./:])(?=\w)")  # where a code may go on in a new line; after hyphens it may anyway
LONG = 1200  # characters; longer text scrolls within its cell
ACROSS = 120  # characters of a table side by side on paper
WORDS = 16  # of them that a column of words has at least
GAP = 2  # between columns


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows, and the numbers behind it.

    Attributes:
        shown: the text.
        values: name ("value", "lower", "upper") -> the unrounded number, for those that are known.
        role: "text", "number", "status", "code", "total", "prose" (whole sentences) or "same" (in the first cell of a
            row that continues the row above).
        status: the verdict of a status cell.
        symbol: the sign beside the status word.
        more: a second, quieter line.
        code: an id at the end of that line.
    """

    shown: str
    values: Mapping[str, float] = field(default_factory=dict)
    role: str = "text"
    status: str = ""
    symbol: str = ""
    more: str = ""
    code: str = ""

    @property
    def long(self) -> bool:
        """Whether the text needs a cell that scrolls."""
        return len(self.shown) + len(self.more) > LONG

    @property
    def says(self) -> bool:
        """Whether it holds anything to read."""
        return self.shown not in ("", MISSING)

    @property
    def pieces(self) -> tuple[str, ...]:
        """A code cut where a line may end: `a_long/name` after the underscore and the slash."""
        return tuple(BREAKS.split(self.shown))


@dataclass(frozen=True, slots=True)
class PageTable:
    """One table: caption, column heads, rows of cells whose first is the row's head, a note under it.

    Attributes:
        folded: whether it stands in a disclosure.
        scale: the one scale all of it is stated on ("" where there are several, or none): the page's switch shows the
            tables of one scale at a time.
        unfolds: whether the switch also opens it.
    """

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    folded: bool = False
    scale: str = ""
    unfolds: bool = False

    @property
    def switch(self) -> str:
        """The position of the page's switch at which the table is shown; empty where it always is."""
        return POSITIONS.get(self.scale, "")

    @property
    def paper(self) -> str:
        """The stem of its files in `tables/` if it is one of those written for papers; empty if not."""
        return self.name.replace("claims", "verdicts") if FOR_PAPERS.fullmatch(self.name) else ""

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Whether every cell of a column is a number."""
        return tuple(
            bool(self.rows) and all(row[i].role == "number" for row in self.rows) for i in range(len(self.columns))
        )

    @property
    def stacks(self) -> bool:
        """Whether a narrow screen shows its rows below each other, a cell a line: tables that hold sentences."""
        return any(cell.role == "prose" for row in self.rows for cell in row)

    @property
    def crowded(self) -> bool:
        """Whether paper is too narrow for its numbers unbroken."""
        widths = [
            max([*map(len, head.split()), *(len(row[i].shown) for row in self.rows)], default=0) if number else WORDS
            for i, (head, number) in enumerate(zip(self.columns, self.numeric, strict=True))
        ]
        return sum(widths) + GAP * len(widths) > ACROSS

    @property
    def kinds(self) -> tuple[str, ...]:
        """What kinds of table it is to the style sheet."""
        found = {"published": self.name == "published_claims", "stacks": self.stacks, "crowded": self.crowded}
        return (
            *(["claims"] if self.name in ("claims", "published_claims") else []),
            *(kind for kind, is_so in found.items() if is_so),
        )

    def without_empty_columns(self) -> PageTable:
        """The table without the columns in which no row says anything, and without what its note says of them."""
        kept = [i for i in range(len(self.columns)) if any(row[i].says for row in self.rows)]
        rows = tuple(tuple(row[i] for i in kept) for row in self.rows)
        columns = tuple(self.columns[i] for i in kept)
        gone = [column for column in self.columns if column not in columns]
        return replace(self, columns=columns, rows=rows, note=note_without(self.note, gone))


def note_without(note: str, columns: Sequence[str]) -> str:
    """A note without the sentences that explain these columns: those that begin with a column's name and a colon.

    >>> note_without("Effect: with minus without. p: of no effect. Remarks: more.", ["p", "Remarks"])
    'Effect: with minus without.'
    """
    kept = [s for s in note.removesuffix(".").split(". ") if not s.startswith(tuple(f"{c}:" for c in columns))]
    return ". ".join(kept) + "." if kept and note else ""


def _known(**values: float | None) -> dict[str, float]:
    return {name: float(v) for name, v in values.items() if v is not None and math.isfinite(v)}


def text(shown: object, role: str = "text", more: str = "", code: str = "") -> Cell:
    """Words as they are, with a quieter second line where there is more to say."""
    return Cell(str(shown), role=role, more=more, code=code)


def sentences(shown: str, more: str = "") -> Cell:
    """Sentences of ours, typeset."""
    return Cell(typeset(shown), role="prose", more=typeset(more))


def count(value: float | None) -> Cell:
    """A whole number."""
    return Cell(count_text(value), _known(value=value), "number")


def level(value: float | None, kind: str) -> Cell:
    """A rate in percent or a score."""
    return Cell(rate_text(value, kind), _known(value=value), "number")


def level_interval(lower: float | None, upper: float | None, kind: str) -> Cell:
    """An interval of a rate or a score."""
    known = _known(lower=lower, upper=upper)
    if len(known) < 2:
        return Cell(MISSING, known, "number")
    return Cell(f"{rate_text(lower, kind)} to {rate_text(upper, kind)}", known, "number")


def effect_size(value: float | None, scale: str) -> Cell:
    """An effect in the unit of its scale (percentage points for rate differences)."""
    return Cell(estimate_text(value, scale), _known(value=value), "number")


def interval(lower: float | None, upper: float | None, scale: str) -> Cell:
    """An interval in the unit of its scale."""
    return Cell(interval_text(lower, upper, scale), _known(lower=lower, upper=upper), "number")


def p_value(value: float | None) -> Cell:
    """A p-value with two significant digits."""
    return Cell(p_text(value), _known(value=value), "number")


def _percent(value: float) -> str:
    return f"{100 * value + 0.0:.0f}%".replace("-0%", "0%").replace("-", MINUS)


def share(value: float | None) -> Cell:
    """A share of a total in whole percent."""
    return Cell(MISSING if value is None else _percent(value), _known(value=value), "number")


def share_interval(lower: float | None, upper: float | None) -> Cell:
    """An interval of a share."""
    known = _known(lower=lower, upper=upper)
    if lower is None or upper is None:
        return Cell(MISSING, known, "number")
    return Cell(f"{_percent(lower)} to {_percent(upper)}", known, "number")


def chance(value: float | None) -> Cell:
    """A probability from draws in whole percent, never as certain."""
    shown = share(value)
    edge = {"0%": "<1%", "100%": ">99%"}
    return replace(shown, shown=edge.get(shown.shown, shown.shown))


def status_cell(status: Status, flags: Sequence[str] = ()) -> Cell:
    """A verdict as a sign and a word, with its flags on a second line."""
    look = STATUS_LOOKS[status]
    more = ", ".join(str(flag).replace("_", " ") for flag in flags)
    return Cell(look.word, role="status", status=str(status), symbol=look.symbol, more=more)
