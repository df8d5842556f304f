"""The tables of what the numbers rest on: arms, rollouts, notices, files, settings."""

from __future__ import annotations

from mixablate.errors import Problem
from mixablate.figures.frames import baseline_arms, outcome_labels
from mixablate.findings import Findings
from mixablate.report.document import plain
from mixablate.report.manifest import package_versions
from mixablate.report.table import Cell, PageTable, count, level, text
from mixablate.study import ComponentType
from mixablate.study.claim_kinds import Level

__all__ = ["arm_tables", "missing_tables", "notice_tables", "provenance_tables"]

MOST_ACROSS = 12  # components side by side


def arm_tables(findings: Findings) -> tuple[PageTable, ...]:
    """Arms by components, with their runs."""
    design = findings.design
    baseline = baseline_arms(findings)
    across = design.components if len(design.components) <= MOST_ACROSS else ()
    rows = tuple(
        (
            text(arm.label + (" (baseline)" if arm.arm_id in baseline and arm.label.lower() != "baseline" else "")),
            *(text(level_words(arm.level(c.id), flag=c.type is ComponentType.FLAG)) for c in across),
            *(text(value) for value in arm.block),
            count(len(arm.run_ids)),
            text("yes" if arm.known else "no: a level is unknown"),
        )
        for arm in design.arms
    )
    heads = ("Arm", *(c.label for c in across), *design.block, "Runs", "In comparisons")
    runs = sum(len(arm.run_ids) for arm in design.arms)
    note = f"{len(design.arms)} arms, {runs} training runs."
    if not across:
        note += f" An arm is named by which of the {len(design.components)} components have left their baseline."
    note += f' Runs are paired by "{design.pair}".' if design.pair else ""
    return (PageTable("arms", "Arms and their runs", heads, rows, note),)


def level_words(value: Level | None, *, flag: bool = False) -> str:
    """A component's level: on or off for a flag, 1 not 1.0, "unknown" where it is.

    >>> level_words(1.0, flag=True), level_words(0.25), level_words("safe"), level_words(None)
    ('on', '0.25', 'safe', 'unknown')
    """
    if flag and value in (0.0, 1.0):
        return "on" if value else "off"
    if value is None:
        return "unknown"
    return value if isinstance(value, str) else format(value, ".6g")


def missing_tables(findings: Findings) -> tuple[PageTable, ...]:
    """Per outcome: runs with it, rollouts attempted, scored and missing; the missing are never counted as harmless."""
    labels = outcome_labels(findings)
    headline = findings.tables.headline
    runs = sum(len(arm.run_ids) for arm in findings.design.arms)
    rows = []
    for name, label in labels.items():
        mine = headline[headline["eval_id"] == name]
        if mine.empty:
            continue
        counted = bool(mine["n_trials"].notna().any())
        trials, missing = float(mine["n_trials"].sum()), float(mine["n_missing"].sum())
        rows.append(
            (
                text(label),
                count(mine["run_id"].nunique()),
                count(runs - mine["run_id"].nunique()),
                count(trials if counted else None),
                count(missing if counted else None),
                level(missing / trials if counted and trials else None, "events"),
            )
        )
    heads = ("Outcome", "Runs with this outcome", "Runs without this outcome", "Rollouts", "Missing", "Missing share")
    note = "Missing rollouts were refused, crashed, unparsed or unscored; they are never counted as harmless."
    return (PageTable("rollouts", "Rollouts by outcome", heads, tuple(rows), note),) if rows else ()


def notice_tables(findings: Findings) -> tuple[PageTable, ...]:
    """Warnings and information found while reading the tables."""
    rows = tuple(_notice(problem) for problem in findings.notices)
    heads = ("What", "Where", "Found", "Required", "What to do", "Weight")
    return (PageTable("notices", "Notices from reading the tables", heads, rows),) if rows else ()


def _notice(problem: Problem) -> tuple[Cell, ...]:
    words = (problem.place, problem.found, problem.required, problem.remedy, str(problem.severity))
    return (text(problem.code, "code"), *(text(word) for word in words))


def provenance_tables(findings: Findings) -> tuple[PageTable, ...]:
    """Input files with their hashes, settings with the seed, and the versions that computed this."""
    files = tuple((text(s.path, "code"), count(s.rows), text(s.sha256, "code")) for s in findings.sources)
    study = findings.study
    settings = {
        "seed": study.seed,
        **{name: getattr(study.analysis, name) for name in type(study.analysis).model_fields},
    }
    shown = tuple((text(name, "code"), text(_setting(value))) for name, value in settings.items())
    versions = tuple((text(name, "code"), text(version)) for name, version in package_versions().items())
    tables = (
        PageTable("files", "Input files", ("File", "Rows", "SHA-256"), files),
        PageTable("settings", "Seed and settings", ("Setting", "Value"), shown),
        PageTable("versions", "Versions", ("Package", "Version"), versions, folded=True),
    )
    return tuple(table for table in tables if table.rows)


def _setting(value: object) -> str:
    """A setting as the study file would say it."""
    simple = plain(value)
    if simple is None or simple == "":
        return "not set"
    if isinstance(simple, list):
        return ", ".join(str(item) for item in simple) or "none"
    return str(simple)
