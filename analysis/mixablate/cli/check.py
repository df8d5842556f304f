"""`mixablate check`: the declared claims against the evidence, for people and for continuous integration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mixablate.cli.arguments import json_option, judged_study, study_argument
from mixablate.cli.exits import Exit, refuse_unwritable, writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixablate.claims import Gate, GateResult
    from mixablate.findings import Judged

__all__ = ["check"]

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(epilog="Example: mixablate check study.toml --fail-on undecided --junit claims.xml")
@study_argument
@click.option(
    "--fail-on",
    default="contradicted",
    show_default=True,
    metavar="WORD,...",
    help="Statuses and flags (such as deviated, fragile) of a confirmatory claim that make the exit code 1; "
    "contradicted always does.",
)
@click.option("--junit", type=FILE, metavar="FILE", help="Also write JUnit XML, one test case a claim.")
@click.option(
    "--summary",
    type=FILE,
    metavar="FILE",
    help='Also append a summary in Markdown; on GitHub Actions to "$GITHUB_STEP_SUMMARY".',
)
@json_option
def check(study: Path, fail_on: str, junit: Path | None, summary: Path | None, as_json: bool) -> int:
    """Judge every declared claim.

    The exit code is 1 where a confirmatory claim was contradicted or has a status or flag named by --fail-on.
    Exploratory claims never set it.
    """
    from mixablate.claims import gate_results
    from mixablate.cli.document import json_text
    from mixablate.cli.lock import show_comparison
    from mixablate.cli.terminal import show_notices, show_verdicts

    gate = gate_named(fail_on)
    for file in (junit, summary):
        if file is not None:
            refuse_unwritable(file.parent)
    found = judged_study(study)
    results = gate_results(found.verdicts, found.lock, gate, str(study))
    failed = [result.claim for result in results if result.outcome == "failed"]
    write_results(results, found, failed, junit=junit, summary=summary, suite=suite_name(study))
    if as_json:
        print(json_text(document(found, gate.words, failed)))
    else:
        show_notices(found.notices, warnings_only=True)
        show_verdicts(found.verdicts)
        show_comparison(found.lock)
        print(outcome(found, failed))
    return Exit.CHECK_FAILED if failed else Exit.DONE


def gate_named(words: str) -> Gate:
    """The gate that --fail-on names.

    Raises:
        click.BadParameter: a word is neither a status nor a flag that can fail a claim.
    """
    from mixablate.claims import gate_of

    try:
        return gate_of(words)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--fail-on") from None


def suite_name(study: Path) -> str:
    """What CI systems list the claims under: the folder's name for a study.toml, else the file's."""
    file = study / "study.toml" if study.is_dir() else study
    return file.resolve().parent.name if file.name == "study.toml" else file.stem


def write_results(
    results: Sequence[GateResult],
    found: Judged,
    failed: list[str],
    *,
    junit: Path | None,
    summary: Path | None,
    suite: str,
) -> None:
    """The files that were asked for: JUnit XML anew, the summary appended, since several steps share one.

    Raises:
        CouldNotWriteError: one cannot be written.
    """
    title = found.study.title
    if junit is not None:
        from mixablate.cli.junit import junit_bytes

        with writing(junit):
            junit.parent.mkdir(parents=True, exist_ok=True)
            junit.write_bytes(junit_bytes(results, title=title, suite=suite))
    if summary is not None:
        from mixablate.cli.step_summary import markdown_summary

        text = markdown_summary(results, found.lock, title=title, last=outcome(found, failed))
        with writing(summary):
            summary.parent.mkdir(parents=True, exist_ok=True)
            with summary.open("a", encoding="utf-8", newline="\n") as stream:
                stream.write(text)


def document(found: Judged, failing: tuple[str, ...], failed: list[str]) -> dict[str, object]:
    """What `check --json` prints."""
    from mixablate.cli.document import SCHEMA, verdict_entry

    return {
        "schema": SCHEMA,
        "study": found.study.title,
        "simulated": found.study.simulated,
        "verdicts": [verdict_entry(verdict) for verdict in found.verdicts],
        "fail_on": failing,
        "failed": failed,
        "lock": found.lock,
        "notices": found.notices,
    }


def outcome(found: Judged, failed: list[str]) -> str:
    """The last line: how many claims have each status, and whether the check failed."""
    from mixablate.claims import Status

    counts = [(sum(v.status is status for v in found.verdicts), str(status)) for status in Status]
    told = ", ".join(f"{count} {name}" for count, name in counts if count)
    return f"{told}. " + (f"Check failed: {', '.join(failed)}." if failed else "Check passed.")
