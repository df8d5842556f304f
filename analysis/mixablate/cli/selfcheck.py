"""`mixablate selfcheck`: the numbers of other software, computed again on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mixablate.cli.arguments import json_option
from mixablate.cli.exits import Exit
from mixablate.cli.shipped import shipped
from mixablate.errors import counted

if TYPE_CHECKING:
    from mixablate.selfcheck import CaseResult, Comparison

__all__ = ["selfcheck"]

MOST_SHOWN = 5  # disagreements of one case; the next ones rarely tell more


@click.command(epilog="Example: mixablate selfcheck --cases my-cases/")
@click.option(
    "--cases",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A folder of cases with their index.json; default: those that come with mixablate.",
)
@json_option
def selfcheck(folder: Path | None, as_json: bool) -> int:
    """Compare mixablate's numbers with those of other software.

    Each case holds data and the numbers that R or another package gave for it. The exit code is 1 where a number
    differs by more than the case allows, or where a case could not be run.
    """
    from mixablate.cli.document import SCHEMA, json_text

    results = checked(folder or shipped("fixtures", "gold"))
    if as_json:
        print(json_text({"schema": SCHEMA, "cases": [entry(result) for result in results]}))
    else:
        show(results)
    return Exit.DONE if all(result.passed for result in results) else Exit.CHECK_FAILED


def checked(folder: Path) -> list[CaseResult]:
    """The result of every case, each announced on stderr before it is run.

    Raises:
        SourceError: no readable index, or one without a case: a check of nothing must not be green.
    """
    from mixablate.cli.terminal import stages

    with stages("loading the estimators") as begin:
        from mixablate.errors import Problem, SourceError
        from mixablate.selfcheck import check_cases, read_index

        names = [name for name, _ in read_index(folder)]
        if not names:
            place, need = str(folder / "index.json"), "at least one case to check"
            raise SourceError(Problem("GOLD_INDEX", place, "no case", need, "List the cases' folders in the index."))
        waiting = check_cases(folder)
        results = []
        for name in names:
            begin(name)
            results.append(next(waiting))
        return results


def entry(result: CaseResult) -> dict[str, object]:
    """A case as `--json` lists it; an error that is not a finite number is null, and its reason says what it was."""
    worst = result.worst
    listed: dict[str, object] = {
        "case": result.case,
        "method": result.method,
        "compared": len(result.comparisons),
        "worst_error": worst.error if worst else None,
        "tolerance": worst.tolerance if worst else None,
        "passed": result.passed,
    }
    return listed if result.passed else listed | {"reason": reason(result)}


def reason(result: CaseResult) -> str:
    """Why the case did not pass."""
    if result.failed:
        return "; ".join(words(comparison) for comparison in result.failed[:MOST_SHOWN])
    return result.reason or "its reference holds no number that could be compared"


def words(comparison: Comparison) -> str:
    """A disagreement: which number, what was expected, what was found."""
    found, expected = number(comparison.found), number(comparison.expected)
    return f"{comparison.what}: expected {expected}, found {found} (tolerance {comparison.tolerance:.2g})"


def number(value: float | str | None) -> str:
    """A number to 14 digits, as references state them; text as it is."""
    return f"{value:.14g}" if isinstance(value, float) else str(value)


def show(results: list[CaseResult]) -> None:
    """The table, what differs or could not be run, and the total, on stdout."""
    from mixablate.cli.terminal import show_table

    headings = ("case", "method", "numbers", "worst", "allowed", "")
    show_table(headings, [row(result) for result in results], right=[2, 3, 4])
    for result in results:
        if not result.passed:
            show_failure(result)
    counts = [(sum(outcome(result) == said for result in results), said) for said in ("ok", "FAILED", "not run")]
    told = ", ".join(f"{count} {said}" for count, said in counts if count)
    compared = sum(len(result.comparisons) for result in results)
    print(f"{counted(len(results), 'case')}, {counted(compared, 'number')} compared: {told}.")


def show_failure(result: CaseResult) -> None:
    """The case with its worst disagreements, a line each; or, on one line, why it was not run."""
    from mixablate.cli.terminal import screen, show_beside

    console = screen()
    if not result.failed:
        show_beside("", [f"{result.case}: {reason(result)}"], console, width=0)
        return
    lines = [words(comparison) for comparison in result.failed[:MOST_SHOWN]]
    more = len(result.failed) - len(lines)
    show_beside("", [f"{result.case}:"], console, width=0)
    show_beside("", [*lines, *[f"and {more} more"] * (more > 0)], console, width=2)


def row(result: CaseResult) -> tuple[str, ...]:
    """A case's line in the table; the method in words, which fold where a column is narrow."""
    worst = result.worst
    errors = (f"{worst.error:.0e}", f"{worst.tolerance:.0e}") if worst else ("", "")
    return (result.case, result.method.replace("_", " "), str(len(result.comparisons)), *errors, outcome(result))


def outcome(result: CaseResult) -> str:
    """The case's state in a word or two."""
    if result.passed:
        return "ok"
    return "FAILED" if result.comparisons else "not run"
