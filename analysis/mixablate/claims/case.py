"""One claim on one outcome, and where the evidence on it stands relative to the claimed region."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mixablate.claims.regions import Region
from mixablate.design import Contrast
from mixablate.estimate import RunSummaries, keep_runs
from mixablate.study import Declared, Scale

__all__ = ["Case", "Standing", "keep_case", "region_words"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One claim on one outcome.

    Attributes:
        claim: as declared.
        summaries: per-run summaries: of the outcome, or of a number made of several outcomes of a run (a gap, a slope).
        contrast: over arms.
        region: the claimed region.
        scale: on which the evidence stands; the unit of the region too, unless `told_as` names another.
        confounded: why the two sides differ in more than the components; empty where they do not.
        margin: declared; None where none is.
        difference: whether the claim is one of a difference, so that an effect within the margin is `equivalent`.
        parts: the outcomes' own summaries that a run's number is made of, over the same runs; empty where it is the
            outcome's.
        weights: of the parts in a run's number.
        constants: numbers of the case that are taken as known, which the kind that wrote them reads.
        columns: (R, q) further numbers of each run, which the kind that wrote them reads.
        notes: what a reader must know beside the number.
        beside: what else differs between the sides without making the claim untestable (size, date, seed block).
        needed: what runs would make it testable, where that is not so many on each side.
        told_as: the unit of the region and of the estimate, where it is not that of the evidence.
    """

    claim: Declared
    summaries: RunSummaries
    contrast: Contrast
    region: Region
    scale: Scale
    confounded: str = ""
    margin: float | None = None
    difference: bool = False
    parts: tuple[RunSummaries, ...] = ()
    weights: tuple[float, ...] = ()
    constants: tuple[float, ...] = ()
    columns: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    notes: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    needed: str = ""
    told_as: Scale | None = None

    @property
    def unit(self) -> Scale:
        """The unit of the region and of the estimate."""
        return self.told_as or self.scale


def region_words(cases: Iterable[Case]) -> str:
    """What is claimed, in words: the regions of the cases, each once."""
    return " and ".join(dict.fromkeys(case.region.words for case in cases))


def keep_case(case: Case, keep: list[bool]) -> Case:
    """The same case over the runs for which `keep` is true."""
    return replace(
        case,
        summaries=keep_runs(case.summaries, keep),
        parts=tuple(keep_runs(part, keep) for part in case.parts),
        columns=case.columns[np.array(keep, dtype=bool)] if len(case.columns) else case.columns,
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """The evidence relative to the region.

    Attributes:
        estimate: in the unit of the region.
        p_support: one-sided p of "outside the region": small where the interval lies inside.
        p_contradict: one-sided p of "inside the region".
        p_equivalent: of "the change exceeds the margin"; None without a margin.
    """

    estimate: float
    p_support: float
    p_contradict: float
    p_equivalent: float | None = None
