"""Runs of several training stages in one arm: a model and what was trained on from it, taken for two of a kind."""

from __future__ import annotations

from mixablate.design.arms import Design
from mixablate.errors import Problem, Severity
from mixablate.study import Study
from mixablate.tables import Tables

__all__ = ["mixed_stages"]

LISTED = 3


def mixed_stages(study: Study, design: Design, tables: Tables) -> tuple[Problem, ...]:
    """A warning for each arm whose runs stand at different stages, as blank or named in the runs' column `stage`.

    They count as runs of one mix, and a run with its own successor as two: neither is what a contrast of arms means.
    None where `stage` is a block, or a component reads it.
    """
    runs = tables.runs
    if "stage" in study.analysis.block or any(component.column == "stage" for component in study.components):
        return ()
    stage = {str(run): str(s) if s else "" for run, s in zip(runs["run_id"], runs["stage"], strict=True)}
    found = []
    for arm in design.arms:
        stages = sorted({stage[run] for run in arm.run_ids})
        if len(stages) > 1:
            named = ", ".join(_counted(arm.run_ids, stage, one) for one in stages[:LISTED])
            more = f" and {len(stages) - LISTED} more" if len(stages) > LISTED else ""
            found.append(_problem(f'arm "{arm.label}"', f"runs of different stages: {named}{more}"))
    return tuple(found)


def _counted(runs: tuple[str, ...], stage: dict[str, str], one: str) -> str:
    count = sum(stage[run] == one for run in runs)
    return f'{count} at "{one}"' if one else f"{count} at none"


def _problem(place: str, found: str) -> Problem:
    return Problem(
        code="MIXED_STAGES",
        place=place,
        found=found,
        required="runs of one stage in an arm, or a key that separates them",
        remedy='Name all stages and set block = ["stage"] under [analysis], or let a component read that column.',
        severity=Severity.WARNING,
    )
