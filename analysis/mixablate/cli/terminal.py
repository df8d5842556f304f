"""What a person sees in a terminal: problems, progress, verdicts and small tables, readable at 80 columns."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mixablate.errors import Problem, Severity

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from mixablate.claims import Verdict
    from mixablate.estimate import Effect
    from mixablate.study import Study

__all__ = [
    "printable",
    "say",
    "screen",
    "show_beside",
    "show_notices",
    "show_problems",
    "show_table",
    "show_verdicts",
    "stages",
    "text",
    "title_of",
    "verdict_line",
]

STATUS_STYLES = {
    "supported": "green",
    "contradicted": "red",
    "equivalent": "blue",
    "undecided": "yellow",
    "untestable": "dim",
}
STATUS_WIDTH = max(len(status) for status in STATUS_STYLES)


def printable(text: str) -> str:
    """`text` with control characters, escape sequences and direction marks shown as escapes, so that none acts."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def screen(*, errors: bool = False) -> Console:
    """A console on stdout (or stderr) that prints text as it is: no markup, no emoji, no guessed highlighting."""
    from rich.console import Console

    stream = sys.stderr if errors else sys.stdout
    return Console(file=stream, markup=False, emoji=False, highlight=False, soft_wrap=False)


def text(words: str, style: str = "") -> Text:
    """`words` made printable."""
    from rich.text import Text

    return Text(printable(words), style=style)


def show_beside(head: str, body: Sequence[str], console: Console, *, width: int, style: str = "") -> None:
    """A short word with lines beside it, wrapped to the terminal; a word longer than a line (a path) stays whole."""
    room = max(console.width - width, 24)
    wrapped = [
        line
        for said in body
        for part in printable(said).split("\n")
        for line in textwrap.wrap(part, room, break_long_words=False, break_on_hyphens=False) or [""]
    ]
    for index, line in enumerate(wrapped):
        row = text("").append(f"{'' if index else head:<{width}}", style).append(line)
        console.print(row, soft_wrap=True)


def show_problems(problems: Iterable[Problem]) -> None:
    """Every problem on stderr: its code, then where, what was found, what is required and what to do."""
    console = screen(errors=True)
    for problem in problems:
        console.print(text(f"{problem.severity} {problem.code}", "red" if problem.severity == "error" else "yellow"))
        said = [
            ("where", problem.place),
            ("found", problem.found),
            ("required", problem.required),
            ("what to do", problem.remedy),
        ]
        for word, words in said:
            if words:
                show_beside(f"  {word}", [words], console, width=14, style="dim")


def show_notices(notices: Sequence[Problem], *, warnings_only: bool = False) -> None:
    """Warnings on stderr in full; then information, a line each, unless only warnings are asked for."""
    show_problems(notice for notice in notices if notice.severity is not Severity.INFO)
    console = screen(errors=True)
    for notice in notices:
        if notice.severity is Severity.INFO and not warnings_only:
            line = " ".join(part for part in (f"{notice.place}: {notice.found}.", notice.remedy) if part)
            show_beside("note", [line], console, width=6, style="dim")


@contextmanager
def stages(first: str) -> Iterator[Callable[[str], None]]:
    """A function that says on stderr which stage began: one live line on a terminal, a line each elsewhere."""
    console = screen(errors=True)
    if not console.is_terminal:
        print(f"{printable(first)} ...", file=sys.stderr, flush=True)
        yield lambda stage: print(f"{printable(stage)} ...", file=sys.stderr, flush=True)
        return
    with console.status(text(first)) as status:
        yield lambda stage: status.update(text(stage))


def say(sentence: str) -> None:
    """One line on stderr, above a live one."""
    print(printable(sentence), file=sys.stderr, flush=True)


def show_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """A plain table on stdout; columns whose index is in `right` are aligned right, those without a cell left out."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    listed = list(rows)
    told = [index for index in range(len(headings)) if not listed or any(row[index] for row in listed)]
    for index in told:
        table.add_column(text(headings[index]), justify="right" if index in right else "left", overflow="fold")
    for row in listed:
        table.add_row(*(text(row[index]) for index in told))
    screen().print(table, "")


def title_of(study: Study) -> str:
    """The study's title, with the word "simulated" where it is and does not say so itself."""
    said = "simulated" in study.title.lower() or not study.simulated
    return printable(study.title if said else f"{study.title} (simulated)")


def number(value: float) -> str:
    """Three significant digits, with a true minus sign and no exponent in the usual range."""
    return f"{value:.3g}".replace("-", "−")


def effect_words(effect: Effect) -> str:
    """The estimate, its interval and its unit, or the estimate and why there is no interval."""
    unit = str(effect.scale).replace("_", " ")
    if effect.estimate is None:
        return f"{effect.outcome}: no {unit} ({effect.reason})"
    words = f"{effect.outcome}: {unit} {number(effect.estimate)}"
    if effect.lower is not None and effect.upper is not None:
        return f"{words} ({effect.level:.0%} {number(effect.lower)} to {number(effect.upper)}), {effect.n_runs} runs"
    if effect.upper is not None:
        return f"{words} (at most {number(effect.upper)}), {effect.n_runs} runs"
    return f"{words}, {effect.n_runs} runs, no interval"


def verdict_line(verdict: Verdict) -> str:
    """One claim in one line: status, id, and the first sentence of the reason, which holds the number that decided."""
    said = verdict.reason.partition(". ")[0]
    return printable(f"{verdict.status:<{STATUS_WIDTH}}  {verdict.claim.id}: {said}").replace("\n", " ")


def show_verdicts(verdicts: Iterable[Verdict]) -> None:
    """Each claim on stdout: its status and id, its words, the reason, what would settle it, its flags."""
    console = screen()
    for verdict in verdicts:
        lines = [verdict.claim.id, verdict.claim.text, f"why: {verdict.reason}"]
        if verdict.status == "untestable" and "reported" not in verdict.flags:  # elsewhere the reason has these numbers
            lines += [effect_words(effect) for effect in verdict.evidence]
        if verdict.would_settle:
            lines.append(f"would settle it: {verdict.would_settle}")
        if verdict.flags:
            lines.append("flags: " + ", ".join(verdict.flags))
        style = STATUS_STYLES[verdict.status]
        show_beside(str(verdict.status), lines, console, width=STATUS_WIDTH + 2, style=style)
        console.print()
