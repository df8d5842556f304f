"""The kinds of claim a study may declare, a file each with its own keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mixablate.study.claim_kinds.accelerates import Accelerates
from mixablate.study.claim_kinds.at_least_ratio import AtLeastRatio
from mixablate.study.claim_kinds.correlates import Correlates
from mixablate.study.claim_kinds.declared import Compared, Declared, DomainName, Level, Scale
from mixablate.study.claim_kinds.dose_response import DoseResponse
from mixablate.study.claim_kinds.efficient import Efficient
from mixablate.study.claim_kinds.equivalent import Equivalent
from mixablate.study.claim_kinds.generalises import Generalises
from mixablate.study.claim_kinds.matches_rate import MatchesRate
from mixablate.study.claim_kinds.necessary import Necessary
from mixablate.study.claim_kinds.no_harm import NoHarm
from mixablate.study.claim_kinds.persists import Persists
from mixablate.study.claim_kinds.reaches_zero import ReachesZero
from mixablate.study.claim_kinds.reduces import Reduces
from mixablate.study.claim_kinds.selectable import Selectable
from mixablate.study.claim_kinds.stacks import Stacks
from mixablate.study.claim_kinds.stronger import Stronger
from mixablate.study.claim_kinds.sufficient import Sufficient
from mixablate.study.claim_kinds.synergy import Synergy
from mixablate.study.claim_kinds.together import Together
from mixablate.study.claim_kinds.transfers import Transfers

__all__ = [
    "CLAIM_KINDS",
    "Accelerates",
    "AtLeastRatio",
    "Claim",
    "Compared",
    "Correlates",
    "Declared",
    "DomainName",
    "DoseResponse",
    "Efficient",
    "Equivalent",
    "Generalises",
    "Level",
    "MatchesRate",
    "Necessary",
    "NoHarm",
    "Persists",
    "ReachesZero",
    "Reduces",
    "Scale",
    "Selectable",
    "Stacks",
    "Stronger",
    "Sufficient",
    "Synergy",
    "Together",
    "Transfers",
]

Claim = Annotated[
    Reduces
    | AtLeastRatio
    | ReachesZero
    | Equivalent
    | NoHarm
    | Stronger
    | Necessary
    | Sufficient
    | Synergy
    | Stacks
    | MatchesRate
    | Generalises
    | Accelerates
    | Persists
    | DoseResponse
    | Efficient
    | Correlates
    | Transfers,
    Field(discriminator="kind"),
]

CLAIM_KINDS: dict[str, type[Declared]] = {
    "reduces": Reduces,
    "at_least_ratio": AtLeastRatio,
    "reaches_zero": ReachesZero,
    "equivalent": Equivalent,
    "no_harm": NoHarm,
    "stronger": Stronger,
    "necessary": Necessary,
    "sufficient": Sufficient,
    "synergy": Synergy,
    "stacks": Stacks,
    "matches_rate": MatchesRate,
    "generalises": Generalises,
    "accelerates": Accelerates,
    "persists": Persists,
    "dose_response": DoseResponse,
    "efficient": Efficient,
    "correlates": Correlates,
    "transfers": Transfers,
}
"""What `kind = "..."` in a study file declares."""
