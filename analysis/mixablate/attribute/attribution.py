"""A total change and the parts it splits into; the parts must add up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from mixablate.attribute.players import LeftOut
from mixablate.attribute.scales import AttributionScale
from mixablate.notebook import table_html

__all__ = ["Attribution", "Comparison", "Part", "WithheldAttribution", "comparisons_frame"]

ADDS_UP = 1e-9  # parts and totals are sums of the same few float64 terms


@dataclass(frozen=True, slots=True)
class Part:
    """One player's part of the change from baseline to full mix, in the attribution's scale. None where withheld.

    Attributes:
        component: component id; several joined by "+" where they were only ever run together; a group's name.
        label: for people.
        estimate, std_error, df, lower, upper: the part, over training runs.
        share: part over total; descriptive where the attribution is. Its interval and the two below come from joint
            draws and are withheld where the total is compatible with zero.
        p_largest: how often the part is the largest in the total's direction.
        source: "observed" (arms that were run), "model", or "mixed".
        p_value: two-sided, of no part; the interval's own.
        p_adjusted, lower_simultaneous, upper_simultaneous: for all parts of the attribution at once (max-T).
        loo_lower, loo_upper: the range of the part with any one run (or pair) left out.
        loo_run: the run that moves it most.
        mc_error: Monte Carlo standard error where orders are sampled.
        rank_probabilities: how often it ranks first, second, ... in the total's direction.
        reason: why its interval is withheld.
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
    p_value: float | None = None
    p_adjusted: float | None = None
    lower_simultaneous: float | None = None
    upper_simultaneous: float | None = None
    loo_lower: float | None = None
    loo_upper: float | None = None
    loo_run: str = ""
    mc_error: float | None = None
    rank_probabilities: tuple[float, ...] = ()
    reason: str = ""


PART_COLUMNS = tuple(name for name in Part.__dataclass_fields__ if name != "rank_probabilities")


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two parts, first minus second, in the attribution's scale; numbers are None where withheld."""

    first: str
    second: str
    difference: float
    std_error: float | None
    df: float | None
    lower: float | None
    upper: float | None
    p_value: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Attribution:
    """A change from baseline to full mix split over components.

    Attributes:
        outcome: eval id or mean of evals.
        scale: the unit of every number but the shares: differences of rates, of log odds or logs of mean rates.
        rule: how the credit is split (see `Rule`).
        baseline, full: the outcome at both ends (on the log-odds and log scales, of the mean rates).
        total: full minus baseline.
        total_lower, total_upper: its interval at `level`, None where the runs support none.
        parts: one per player, in declaration order.
        unattributed: total minus the sum of parts: zero for Shapley, Owen and ordered; else what interaction leaves.
        descriptive: true where no run-to-run uncertainty could be estimated; shares are then descriptive only.
        method, reason: how it was computed; why the total's interval is withheld.
        value: where coalition values come from: "observed", "model" or "mixed".
        groups: for Owen, each declared group's part: the sum of its members, its Shapley value in the game of groups.
        comparisons: differences of parts, every pair.
        ranking: which parts moved the outcome further than which, and which against which, in a sentence.
        draws, undefined: joint draws made, and how many of them left a number without a value.
        orders: sampled orders; 0 where every coalition was listed.
        notes: what else to know: components that cannot be told apart and the arm to run, Monte Carlo errors.
        left_out: components that take no part.

    Raises:
        ValueError: parts and unattributed do not sum to the total.
    """

    outcome: str
    scale: AttributionScale
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
    value: str = "mixed"
    groups: tuple[Part, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    ranking: str = ""
    draws: int = 0
    undefined: int = 0
    orders: int = 0
    notes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def __post_init__(self) -> None:
        accounted = math.fsum([part.estimate for part in self.parts] + [self.unattributed])
        if not abs(accounted - self.total) <= ADDS_UP * max(1.0, abs(self.total)):
            raise ValueError(f"parts and unattributed sum to {accounted!r}, the total is {self.total!r}")

    def to_frame(self) -> pd.DataFrame:
        """One row per part ("part"), per group ("group"), then "unattributed" and "total" rows; `row` says which.

        Columns: `outcome`, `scale`, `rule`, `row`, those of `Part` (`rank_probabilities` left out), `level`,
        `descriptive`, `method`, and `reason` (the part's own, or the total's).
        """
        return pd.DataFrame(self.rows())

    def rows(self) -> list[dict[str, object]]:
        """The rows of `to_frame`."""
        shared = {"outcome": self.outcome, "scale": str(self.scale), "rule": self.rule}
        told = {"level": self.level, "descriptive": self.descriptive, "method": self.method}
        rows: list[dict[str, object]] = []
        for kind, found in (("part", self.parts), ("group", self.groups)):
            for part in found:
                numbers = {name: getattr(part, name) for name in PART_COLUMNS}
                rows.append(shared | {"row": kind} | numbers | {"reason": part.reason or self.reason})
        rest = {"component": "unattributed", "label": "Unattributed", "estimate": self.unattributed}
        rows.append(shared | {"row": "unattributed"} | rest | {"reason": self.reason})
        total = {"component": "total", "label": "Total change", "estimate": self.total}
        ends = {"lower": self.total_lower, "upper": self.total_upper, "reason": self.reason}
        rows.append(shared | {"row": "total"} | total | ends)
        return [row | told for row in rows]

    def _repr_html_(self) -> str:
        shown = ("label", "estimate", "lower", "upper", "share", "source")
        rows = [{name: getattr(part, name) for name in shown} for part in self.parts]
        total = {"label": "Total change", "estimate": self.total, "lower": self.total_lower, "upper": self.total_upper}
        share = "descriptive share" if self.descriptive else "share"
        named = [{share if name == "share" else name: value for name, value in row.items()} for row in [*rows, total]]
        return table_html(f"{self.outcome}: {self.rule}, {self.scale}", named, self.reason or self.method)

    def comparisons_frame(self) -> pd.DataFrame:
        """One row per pair of parts: `outcome`, `scale`, `rule`, those of `Comparison`, `level`."""
        return comparisons_frame([self])

    def ranks_frame(self) -> pd.DataFrame:
        """One row per part and rank (1 is the largest in the total's direction): `component`, `rank`, `probability`."""
        rows = [
            {"outcome": self.outcome, "scale": str(self.scale), "rule": self.rule, "component": part.component}
            | {"label": part.label, "rank": rank + 1, "probability": probability}
            for part in self.parts
            for rank, probability in enumerate(part.rank_probabilities)
        ]
        return pd.DataFrame(rows, columns=["outcome", "scale", "rule", "component", "label", "rank", "probability"])


@dataclass(frozen=True, slots=True)
class WithheldAttribution:
    """A change that these runs cannot split by this rule on this scale, and why."""

    outcome: str
    scale: AttributionScale
    rule: str
    reason: str

    def to_frame(self) -> pd.DataFrame:
        """One row: `outcome`, `scale`, `rule`, `reason`."""
        return pd.DataFrame([asdict(self) | {"scale": str(self.scale)}])


def comparisons_frame(attributions: Sequence[Attribution]) -> pd.DataFrame:
    """The differences of parts of several attributions: `outcome`, `scale`, `rule`, those of `Comparison`, `level`."""
    numbers = ["first", "second", "difference", "std_error", "df", "lower", "upper", "p_value", "reason"]
    rows = [
        {"outcome": a.outcome, "scale": str(a.scale), "rule": a.rule, "level": a.level}
        | {name: getattr(c, name) for name in numbers}
        for a in attributions
        for c in a.comparisons
    ]
    return pd.DataFrame(rows, columns=["outcome", "scale", "rule", *numbers, "level"])
