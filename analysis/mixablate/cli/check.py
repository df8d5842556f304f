"""`mixablate check`: the declared claims against the evidence, for people and for continuous integration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mixablate.cli.arguments import analysed, json_option, study_argument
from mixablate.cli.exits import Exit

if TYPE_CHECKING:
    from mixablate.claims import Verdict
    from mixablate.findings import Findings

__all__ = ["check"]


@click.command(epilog="Example: mixablate check study.toml --fail-on contradicted,undecided")
@study_argument
@click.option(
    "--fail-on",
    default="contradicted",
    show_default=True,
    metavar="STATUS,...",
    help="Statuses of a confirmatory claim that make the exit code 1; contradicted always does.",
)
@json_option
def check(study: Path, fail_on: str, as_json: bool) -> int:
    """Judge every declared claim.

    The exit code is 1 where a confirmatory claim was contradicted or has a status named by --fail-on.
    Exploratory claims never set it.
    """
    from mixablate.cli.document import json_text
    from mixablate.cli.lock import show_comparison
    from mixablate.cli.terminal import show_notices, show_verdicts

    failing = statuses(fail_on)
    findings = analysed(study)
    refuse_no_claims(findings, study)
    failed = [verdict.claim.id for verdict in findings.verdicts if fails(verdict, failing)]
    if as_json:
        print(json_text(document(findings, failing, failed)))
    else:
        show_notices(findings.notices, warnings_only=True)
        show_verdicts(findings.verdicts)
        show_comparison(findings.lock)
        print(outcome(findings, failed))
    return Exit.CHECK_FAILED if failed else Exit.DONE


def statuses(named: str) -> tuple[str, ...]:
    """The statuses that fail a check, `contradicted` first.

    Raises:
        click.BadParameter: a word is not a status.
    """
    from mixablate.claims import Status
    from mixablate.errors import nearest

    known = [str(status) for status in Status]
    words = [word.strip() for word in named.split(",") if word.strip()]
    for word in words:
        if word not in known:
            raise click.BadParameter(f'"{word}" is not a status. {nearest(word, known)}', param_hint="--fail-on")
    return tuple(dict.fromkeys(["contradicted", *words]))


def refuse_no_claims(findings: Findings, path: Path) -> None:
    """Nothing, where there is a claim to check; a gate that judged nothing must not be green.

    Raises:
        StudyError: the study declares no claim.
    """
    from mixablate.errors import Problem, StudyError

    if not findings.verdicts:
        problem = Problem(
            code="NO_CLAIMS",
            place=str(path),
            found="no [[claims]]",
            required="at least one claim to check",
            remedy="Declare one (docs/verdicts.md lists the kinds), or use `mixablate report`.",
        )
        raise StudyError(problem)


def fails(verdict: Verdict, failing: tuple[str, ...]) -> bool:
    """Whether this verdict makes the exit code 1."""
    return verdict.claim.status == "confirmatory" and str(verdict.status) in failing


def document(findings: Findings, failing: tuple[str, ...], failed: list[str]) -> dict[str, object]:
    """What `check --json` prints."""
    from mixablate.cli.document import SCHEMA, verdict_entry

    return {
        "schema": SCHEMA,
        "study": findings.study.title,
        "simulated": findings.study.simulated,
        "verdicts": [verdict_entry(verdict) for verdict in findings.verdicts],
        "fail_on": failing,
        "failed": failed,
        "lock": findings.lock,
        "notices": findings.notices,
    }


def outcome(findings: Findings, failed: list[str]) -> str:
    """The last line: how many claims have each status, and whether the check failed."""
    from mixablate.claims import Status

    counts = [(sum(v.status is status for v in findings.verdicts), str(status)) for status in Status]
    told = ", ".join(f"{count} {name}" for count, name in counts if count)
    return f"{told}. " + (f"Check failed: {', '.join(failed)}." if failed else "Check passed.")
