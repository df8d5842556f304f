"""Which outcomes have their change split over components: all of them, as long as that can be read."""

from __future__ import annotations

from collections.abc import Sequence

from mixablate.attribute import players_of
from mixablate.design import Design
from mixablate.estimate import RunSummaries
from mixablate.study import Study

__all__ = ["outcomes_to_split"]

MOST_PARTS = 600  # outcomes x players; each is a part by every rule on every scale


def outcomes_to_split(
    study: Study, design: Design, summaries: Sequence[RunSummaries]
) -> tuple[list[RunSummaries], tuple[str, ...]]:
    """The outcomes to split, and a sentence on those that are not.

    Means over evals and evals that a claim names always are. Single evals are where `attribute = "every_outcome"`, and
    by default where there is no mean or where all of them together make at most 600 parts.
    """
    declared, players = study.analysis.attribute, len(players_of(design))
    named = {eval_id for claim in study.claims for eval_id in claim.evals}
    kept = [s for s in summaries if len(s.outcome.evals) > 1 or s.outcome.name in named]
    few = len(summaries) * players <= MOST_PARTS
    if declared == "every_outcome" or not kept or (declared == "auto" and few):
        return list(summaries), ()
    left = len(summaries) - len(kept)
    if not left:
        return kept, ()
    evals = f"{left} single evals are" if left > 1 else "1 single eval is"
    how = 'attribute = "every_outcome" under [analysis] splits them too'
    return kept, (f"{evals} not split over the {players} components, only means and evals that claims name; {how}.",)
