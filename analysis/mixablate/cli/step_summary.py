"""The claims as Markdown, for the summary page of a CI run."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mixablate.cli.terminal import printable

if TYPE_CHECKING:
    from mixablate.claims import GateResult, LockComparison

__all__ = ["markdown_summary"]

SIGNS = {"passed": "✅", "failed": "❌", "skipped": "➖"}
MARKS = re.compile(r"([\\`*_\[\]|~#@])")


def markdown_summary(results: Sequence[GateResult], lock: LockComparison | None, *, title: str, last: str) -> str:
    """A heading, a row a claim with what decided, the failed claims in full, what the lock says, and the last line.

    Nothing in it is taken for markup: names and texts are escaped.

    Args:
        results: what the build is told of each claim.
        lock: what the study was held against.
        title: of the study.
        last: the line that `check` ends with.
    """
    rows = [f"| {SIGNS[r.outcome]} {r.outcome} | {inert(r.claim)} | {inert(r.headline)} |" for r in results]
    lines = [f"## {inert(title)}", "", "| | claim | why |", "|---|---|---|", *rows, ""]
    for result in results:
        if result.outcome == "failed":
            lines += [f"**{inert(result.claim)}**", "", *(f"- {inert(line)}" for line in result.detail), ""]
    if lock is not None:
        changes = [change.sentence for change in lock.deviations]
        lines += ["**Lock**", "", *(f"- {inert(line)}" for line in (*lock.sentences, *changes)), ""]
    return "\n".join([*lines, inert(last), "", ""])


def inert(text: str) -> str:
    r"""The text on one line, as GitHub shows it letter by letter.

    >>> inert("a|b <i> *c*")
    'a\\|b &lt;i&gt; \\*c\\*'
    """
    return MARKS.sub(r"\\\1", html.escape(printable(text).replace("\n", " "), quote=False))
