"""A claim put to the tables, with what having been chosen as the best of several does to it."""

from __future__ import annotations

from dataclasses import replace

from mixablate.claims.asked import Asked
from mixablate.claims.kinds import kind_of
from mixablate.claims.selection import check_candidates, selected_effect, selected_of, selected_standing
from mixablate.design import Design
from mixablate.estimate import Effect
from mixablate.study import Study
from mixablate.tables import Tables

__all__ = ["effects_of", "with_selection"]


def with_selection(asked: Asked, study: Study, tables: Tables, design: Design) -> Asked:
    """The claim with its p of support raised where it was chosen from several; any other as it is.

    Raises:
        ClaimError: candidates that these tables do not have, or the claim's own not among them.
    """
    if asked.refused:
        for case in asked.cases:
            check_candidates(case, tables, design)
        return asked
    selected = tuple(selected_of(case, study, tables, design) for case in asked.cases)
    if not any(selected):
        return asked
    own = asked.p_support
    standings = tuple(selected_standing(s, one) for s, one in zip(asked.standings, selected, strict=True))
    found = replace(asked, standings=standings, selected=selected)
    return replace(found, raised=max(1.0, found.p_support / own) if own > 0.0 else 1.0)


def effects_of(asked: Asked, design: Design, level: float) -> tuple[Effect, ...]:
    """The evidence on each case, its interval simultaneous where the claim was chosen from several."""
    kind = kind_of(asked.claim)
    effects = tuple(kind.effect(case, design, level) for case in asked.cases)
    if not asked.selected:
        return effects
    pairs = zip(effects, asked.cases, asked.selected, strict=True)
    return tuple(selected_effect(effect, case, one, design) for effect, case, one in pairs)
