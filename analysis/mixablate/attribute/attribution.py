"""A total change and the parts it splits into; the parts must add up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mixablate.attribute.games import Rule
from mixablate.study import Component, Scale

__all__ = ["Attribution", "Part", "Split", "assemble", "with_ends", "with_part"]

ADDS_UP = 1e-9  # parts and totals are sums of the same few float64 terms


@dataclass(frozen=True, slots=True)
class Part:
    """One component's part of the change from baseline to full mix, in the attribution's scale.

    `share` is the part over the total; its interval is withheld when the total is compatible with zero.
    `descriptive` shares carry no run-level inference.
    """

    component: str
    label: str
    estimate: float
    std_error: float | None
    df: float | None
    lower: float | None
    upper: float | None
    share: float | None
    share_lower: float | None
    share_upper: float | None
    p_largest: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Attribution:
    """A change from baseline to full mix split over components.

    Attributes:
        outcome: eval id or mean of evals.
        scale: the unit of every number but the shares.
        rule: "shapley", "leave_one_out" or "add_one_in".
        baseline, full: the outcome at both ends (rates, or log-odds on that scale).
        total: full minus baseline.
        total_lower, total_upper: its interval at `level`, None where the runs support none.
        parts: one per component, in declaration order.
        unattributed: total minus the sum of parts: zero for Shapley, the joint part for the one-at-a-time rules.
        descriptive: true where no run-to-run uncertainty could be estimated; shares are then descriptive only.
        method, reason: how it was computed; why intervals are withheld.

    Raises:
        ValueError: parts and unattributed do not sum to the total.
    """

    outcome: str
    scale: Scale
    rule: str
    baseline: float
    full: float
    total: float
    total_lower: float | None
    total_upper: float | None
    parts: tuple[Part, ...]
    unattributed: float
    level: float
    descriptive: bool
    method: str
    reason: str = ""

    def __post_init__(self) -> None:
        accounted = math.fsum([part.estimate for part in self.parts] + [self.unattributed])
        if not abs(accounted - self.total) <= ADDS_UP * max(1.0, abs(self.total)):
            raise ValueError(f"parts and unattributed sum to {accounted!r}, the total is {self.total!r}")

    def to_frame(self) -> pd.DataFrame:
        """One row per part, then "unattributed" and "total" rows."""
        shared = {"outcome": self.outcome, "scale": str(self.scale), "rule": self.rule}
        rows: list[dict[str, object]] = [
            shared
            | {
                "component": part.component,
                "label": part.label,
                "estimate": part.estimate,
                "std_error": part.std_error,
                "df": part.df,
                "lower": part.lower,
                "upper": part.upper,
                "share": part.share,
                "share_lower": part.share_lower,
                "share_upper": part.share_upper,
                "p_largest": part.p_largest,
                "source": part.source,
            }
            for part in self.parts
        ]
        rows.append(shared | {"component": "unattributed", "label": "Unattributed", "estimate": self.unattributed})
        rows.append(
            shared
            | {
                "component": "total",
                "label": "Total change",
                "estimate": self.total,
                "lower": self.total_lower,
                "upper": self.total_upper,
            }
        )
        frame = pd.DataFrame(rows)
        frame["level"] = self.level
        frame["descriptive"] = self.descriptive
        frame["method"] = self.method
        frame["reason"] = self.reason
        return frame


@dataclass(frozen=True, slots=True)
class Split:
    """The numbers of an attribution before they are named: (k,) arrays over the players, NaN where withheld.

    Attributes:
        estimates, std_errors, dfs, lowers, uppers: of the parts.
        share_lowers, share_uppers, p_largest: from joint draws, where there are any.
        total, total_lower, total_upper: full minus baseline.
        baseline, full: the outcome at both ends.
        sources: "observed arms", "fitted model", or "fitted model (Firth)" under separation, one per part.
        reason: why intervals are withheld; empty where they are not.
    """

    estimates: NDArray[np.float64]
    std_errors: NDArray[np.float64]
    dfs: NDArray[np.float64]
    lowers: NDArray[np.float64]
    uppers: NDArray[np.float64]
    share_lowers: NDArray[np.float64]
    share_uppers: NDArray[np.float64]
    p_largest: NDArray[np.float64]
    total: float
    total_lower: float
    total_upper: float
    baseline: float
    full: float
    sources: tuple[str, ...]
    reason: str = ""

    @property
    def clear(self) -> bool:
        """Whether the total's interval excludes zero."""
        return bool(self.total_lower > 0.0 or self.total_upper < 0.0)


def with_part(split: Split, index: int, own: Split) -> Split:
    """The split with one part's numbers taken from another split of that part alone."""
    replaced = {
        name: np.where(np.arange(split.estimates.size) == index, getattr(own, name)[0], getattr(split, name))
        for name in ("estimates", "std_errors", "dfs", "lowers", "uppers")
    }
    sources = tuple(own.sources[0] if i == index else source for i, source in enumerate(split.sources))
    return replace(split, **replaced, sources=sources, reason=own.reason or split.reason)


def with_ends(split: Split, ends: Split) -> Split:
    """The split with its baseline, full mix and total taken from another."""
    return replace(
        split,
        total=ends.total,
        total_lower=ends.total_lower,
        total_upper=ends.total_upper,
        baseline=ends.baseline,
        full=ends.full,
        reason=ends.reason or split.reason,
    )


def assemble(
    split: Split,
    outcome: str,
    scale: Scale,
    rule: Rule,
    players: Sequence[Component],
    *,
    level: float,
    method: str,
) -> Attribution:
    """The attribution these numbers make. Shares stand where the total is clear, or as descriptive shares."""
    rest = split.total - math.fsum(split.estimates)
    shown = split.clear or (bool(split.reason) and split.total != 0.0)
    parts = tuple(
        Part(
            component=player.id,
            label=player.label,
            estimate=float(split.estimates[i]),
            std_error=_stated(split.std_errors[i]),
            df=_stated(split.dfs[i]),
            lower=_stated(split.lowers[i]),
            upper=_stated(split.uppers[i]),
            share=float(split.estimates[i]) / split.total if shown else None,
            share_lower=_stated(split.share_lowers[i]) if split.clear else None,
            share_upper=_stated(split.share_uppers[i]) if split.clear else None,
            p_largest=_stated(split.p_largest[i]),
            source=split.sources[i],
        )
        for i, player in enumerate(players)
    )
    return Attribution(
        outcome=outcome,
        scale=scale,
        rule=str(rule),
        baseline=split.baseline,
        full=split.full,
        total=split.total,
        total_lower=_stated(split.total_lower),
        total_upper=_stated(split.total_upper),
        parts=parts,
        unattributed=0.0 if abs(rest) <= ADDS_UP * abs(split.total) else rest,
        level=level,
        descriptive=bool(split.reason),
        method=method,
        reason=split.reason,
    )


def _stated(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
