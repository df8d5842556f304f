"""What a claim compares, before any outcome is looked at: its contrast of arms, and the switches that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from mixablate.claims.kinds import kind_of
from mixablate.claims.outcomes import claim_evals
from mixablate.design import Contrast, ContrastAudit, Design, Switch, audit_contrasts
from mixablate.study import Declared
from mixablate.tables import Tables

__all__ = ["claim_audits", "claim_contrast", "claim_switches"]


def claim_contrast(claim: Declared, tables: Tables, design: Design) -> Contrast | None:
    """The contrast of arms that a claim rests on; None for a kind that compares no arms.

    A kind with several cases has one that all of them share: that of its components.

    Raises:
        ClaimError: a component has no level to be switched from or to.
    """
    return kind_of(claim).contrast(claim, tables, design)


def claim_switches(claim: Declared, design: Design) -> tuple[Switch, ...]:
    """The switches that must be estimable for the claim to be tested; none for a kind that compares no arms.

    Raises:
        ClaimError: a component has no level to be switched from or to.
    """
    return kind_of(claim).switches(claim, design)


def claim_audits(claims: Sequence[Declared], tables: Tables, design: Design) -> tuple[ContrastAudit, ...]:
    """What the design can say to each claim, in declaration order; claims that compare no arms are left out.

    Raises:
        ClaimError: a component has no level to be switched from or to.
    """
    asked = []
    for claim in claims:
        contrast = claim_contrast(claim, tables, design)
        if contrast is not None:
            compared = kind_of(claim).compared(claim, tables, design)
            asked.append((compared, (contrast, claim_evals(claim, tables))))
    found: list[ContrastAudit] = []
    for _, group in groupby(asked, key=lambda one: id(one[0])):
        together = list(group)
        found += audit_contrasts(together[0][0], tables, [one for _, one in together])
    return tuple(found)
