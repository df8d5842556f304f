"""A claim judged in one admissible way: its scale, estimator, inclusion rule and judge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

import pandas as pd
from scipy.special import ndtri

from mixablate.study import Scale

__all__ = ["Estimator", "Inclusion", "Specification", "share_agreeing", "specifications_frame"]


class Estimator(StrEnum):
    """How the effect is estimated."""

    RUNS = "over runs"
    LEAST_SQUARES = "least squares over runs"
    LOGIT = "logit on counts"


class Inclusion(StrEnum):
    """Which outcomes count."""

    DECLARED = "as declared"
    MISSING_EVENTS = "missing rollouts as events"
    MISSING_OTHERS = "missing rollouts as non-events"
    COMPLETE_RUNS = "runs with every eval"
    UNCONTAMINATED = "evals not flagged contaminated"
    LAST_STEP = "last step"


@dataclass(frozen=True, slots=True)
class Specification:
    """One way to judge a claim, by the primary alone, at the level to which the claim's family held it.

    Attributes:
        claim: id.
        scale: of the estimate and of the region.
        estimator, inclusion: see there.
        judge: whose scores, "" for those that headline.
        outcome: of several, the one whose evidence is weakest.
        estimate, lower, upper: of the effect, at `level`; None where they cannot be had.
        level: of the interval.
        region_lower, region_upper: ends of the claimed region on this scale; None where open.
        p_support, p_contradict: one-sided, unadjusted.
        p_needed: the one-sided p at which either would decide: half of alpha, less the family's adjustment.
        status: what the primary then says; "" where the specification is not admissible.
        agrees: whether that is the verdict; None where it is not admissible.
        declared: whether this is the one that the study declared.
        reason: why it is not admissible; empty where it is.
    """

    claim: str
    scale: Scale
    estimator: Estimator
    inclusion: Inclusion
    judge: str
    outcome: str
    estimate: float | None
    lower: float | None
    upper: float | None
    level: float
    region_lower: float | None
    region_upper: float | None
    p_support: float | None
    p_contradict: float | None
    p_needed: float
    status: str
    agrees: bool | None
    declared: bool
    reason: str = ""

    @property
    def admissible(self) -> bool:
        """Whether it counts."""
        return not self.reason

    @property
    def distance(self) -> float | None:
        """How far inside the region the evidence lies, on one axis for all scales: the normal quantile of its p.

        Negative outside; None where the specification is not admissible.
        """
        if self.p_support is None or self.p_contradict is None:
            return None
        outside = self.p_contradict < self.p_support
        return float(ndtri(self.p_contradict) if outside else -ndtri(self.p_support))

    @property
    def distance_needed(self) -> float:
        """The distance at which the specification is decided, either way."""
        return float(-ndtri(self.p_needed))


def share_agreeing(specifications: Iterable[Specification]) -> float | None:
    """The share of the admissible specifications that give the verdict; None where there is none."""
    found = [one.agrees is True for one in specifications if one.admissible]
    return sum(found) / len(found) if found else None


def specifications_frame(specifications: Iterable[Specification]) -> pd.DataFrame:
    """One row per specification, one column per field and `distance`, `distance_needed`, in the order given."""
    found = [
        asdict(one)
        | {name: str(getattr(one, name)) for name in ("scale", "estimator", "inclusion")}
        | {"distance": one.distance, "distance_needed": one.distance_needed}
        for one in specifications
    ]
    return pd.DataFrame(
        found, columns=[*(field.name for field in fields(Specification)), "distance", "distance_needed"]
    )
