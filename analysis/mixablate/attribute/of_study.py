"""The question as a user asks it: a study, its tables, and one outcome."""

from __future__ import annotations

from typing import Literal

from mixablate.attribute.attributing import attribute_outcome, attribution_scales
from mixablate.attribute.attribution import Attribution, WithheldAttribution
from mixablate.attribute.cells import ValueSource
from mixablate.attribute.rules import Rule
from mixablate.attribute.scales import AttributionScale
from mixablate.design import design_of
from mixablate.errors import ClaimError, Problem, nearest
from mixablate.estimate import Outcome, outcomes_of, summarise
from mixablate.study import Study
from mixablate.tables import Tables

__all__ = ["attribute"]


def attribute(
    study: Study,
    tables: Tables,
    *,
    outcome: str | None = None,
    value: Literal["observed", "model", "mixed"] = "mixed",
    game: Literal["shapley", "owen", "banzhaf", "leave_one_out", "add_one_in", "ordered"] = "shapley",
    scale: Literal["risk_difference", "log_odds", "log_ratio", "value"] | None = None,
) -> Attribution | WithheldAttribution:
    """How much of the change from baseline to full mix each component earned, with its uncertainty over runs.

    Args:
        study: the declaration: components with baseline and target, level, draws, seed.
        tables: its tables.
        outcome: an eval id, or the name of a domain's mean; by default the first mean that is better when lower, else
            the first eval that is.
        value: coalition values from the arms that were run, from the fitted model, or from arms where run and else from
            the model.
        game: how the credit is split (`Rule`).
        scale: differences of rates unless given (of scores, for scores).

    Returns:
        The attribution; or, where these runs cannot split the change so, the reason.

    Raises:
        ClaimError: an outcome the tables do not have.
        ValueError: an unknown value, game or scale, or a scale that does not suit the outcome.

    >>> from mixablate.attribute import attribute
    >>> from mixablate.study import load_study
    >>> from mixablate.tables import read_tables
    >>> study = load_study("reports/qwen_difficult_advice/study.toml")
    >>> found = attribute(study, read_tables(study), game="ordered", scale="log_ratio")
    >>> [(part.component, round(part.share, 2)) for part in found.parts]
    [('plain_chat', 0.6), ('difficult_advice', 0.4)]
    >>> found.reason
    'one run per arm carries no run-to-run uncertainty'
    """
    rule, source = Rule(game), ValueSource(value)
    design = design_of(study, tables)
    summaries = summarise(tables, design, _chosen(outcomes_of(tables), outcome))
    name = summaries.outcome.name
    allowed = attribution_scales(summaries)
    on = allowed[0] if scale is None else AttributionScale(scale)
    if on not in allowed:
        raise ValueError(f'"{name}" is split on {", ".join(allowed)}, not on {on}')
    found = attribute_outcome(
        summaries,
        design,
        level=study.analysis.level,
        draws=study.analysis.draws,
        seed=study.seed,
        value=source,
        rules=(rule,),
        scales=(on,),
        interactions=False,
    )
    if found.attributions:
        return found.attributions[0]
    if found.withheld:
        return found.withheld[0]
    return WithheldAttribution(name, on, str(rule), found.reason)


def _chosen(outcomes: tuple[Outcome, ...], asked: str | None) -> Outcome:
    names = [outcome.name for outcome in outcomes]
    if asked is None:
        better = [outcome for outcome in outcomes if outcome.lower_is_better] or list(outcomes)
        return next((outcome for outcome in better if len(outcome.evals) > 1), better[0])
    if asked not in names:
        raise ClaimError(
            Problem(
                "CLAIM_EVAL", "attribute", f'the outcome "{asked}"', "an outcome of the tables", nearest(asked, names)
            )
        )
    return outcomes[names.index(asked)]
