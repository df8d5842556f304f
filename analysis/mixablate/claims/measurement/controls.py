"""Control evals beside a claim: what its components do to outcomes on which they should do nothing."""

from __future__ import annotations

from dataclasses import replace

from mixablate.claims.adjust import holm
from mixablate.claims.case import Case
from mixablate.claims.measurement.measured import ControlMoved
from mixablate.claims.numbers_in_words import change, p_words
from mixablate.design import Contrast, Design
from mixablate.estimate import outcome_of, run_level_effect, summarise
from mixablate.study import Scale
from mixablate.tables import EvalDomain, OutcomeKind, Tables

__all__ = ["control_words", "controls_beside", "hangs_on_control"]


def controls_beside(
    contrast: Contrast, asked: tuple[str, ...], tables: Tables, design: Design, level: float
) -> tuple[ControlMoved, ...]:
    """The contrast on every control eval that was run, adjusted by Holm over them.

    Args:
        contrast: of the claim.
        asked: evals that the claim is about; a claim about a control is not checked by it.
        tables: with the evals' domains.
        design: of the study.
        level: 1 - alpha.
    """
    run = set(tables.headline["eval_id"])
    rows = tables.evals[tables.evals["domain"] == EvalDomain.CONTROL]
    names = [str(name) for name in rows["eval_id"] if name in run and name not in asked]
    found = [_on_control(contrast, name, tables, design, level) for name in names]
    known = [place for place, one in enumerate(found) if one.p_value is not None]
    adjusted = holm([found[place].p_value or 0.0 for place in known])
    for place, p in zip(known, adjusted, strict=True):
        found[place] = replace(found[place], p_adjusted=p, moved=p <= 1.0 - level)
    return tuple(found)


def control_words(moved: ControlMoved, n_controls: int, scale: Scale) -> str:
    """A control that moved, in a sentence."""
    by = "" if moved.estimate is None else f" by {change(moved.estimate, scale)}"
    p = p_words(moved.p_adjusted if moved.p_adjusted is not None else 1.0)
    over = f", over {n_controls} controls" if n_controls > 1 else ""
    return (
        f'The control "{moved.eval_id}" moved{by} ({p}{over}), where these components should do nothing: the judge '
        "or the set-up may have changed with the mix"
    )


def hangs_on_control(case: Case, estimate: float | None, moved: ControlMoved, *, supported: bool) -> bool:
    """Whether the estimate less the control's own change lies on the other side of the claimed region's end."""
    if case.parts or case.unit is not Scale.RISK_DIFFERENCE or estimate is None or moved.estimate is None:
        return False
    return case.region.holds(estimate - moved.estimate) != supported


def _on_control(contrast: Contrast, eval_id: str, tables: Tables, design: Design, level: float) -> ControlMoved:
    summaries = summarise(tables, design, outcome_of(tables, [eval_id]))
    scale = Scale.VALUE if summaries.outcome.kind is OutcomeKind.SCORE else Scale.RISK_DIFFERENCE
    found = run_level_effect(summaries, contrast, scale, design, level=level)
    return ControlMoved(
        eval_id, found.estimate, found.lower, found.upper, found.p_value, None, moved=False, reason=found.reason
    )
