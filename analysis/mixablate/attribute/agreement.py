"""Whether the scales agree on who earned most, and in which direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from mixablate.attribute.attribution import Attribution
from mixablate.attribute.scales import AttributionScale

__all__ = ["ScaleAgreement", "scale_agreement"]

TIE = 1e-9  # relative to the total: parts that differ by less stand level, and a part below it has no sign
NAMES = {
    AttributionScale.RISK_DIFFERENCE: "the risk difference",
    AttributionScale.LOG_ODDS: "log-odds",
    AttributionScale.LOG_RATIO: "the log-ratio",
    AttributionScale.VALUE: "the score",
}


@dataclass(frozen=True, slots=True)
class ScaleAgreement:
    """One outcome and rule on all its scales.

    Attributes:
        rankings: (scale, players from the largest part in the total's direction to the smallest).
        signs: (scale, -1, 0 or 1 per player, in declaration order).
        agree: whether rankings and signs are the same on all scales.
        warning: what differs, in a sentence; empty where nothing does.
    """

    outcome: str
    rule: str
    rankings: tuple[tuple[AttributionScale, tuple[str, ...]], ...]
    signs: tuple[tuple[AttributionScale, tuple[int, ...]], ...]
    agree: bool
    warning: str = ""

    def to_frame(self) -> pd.DataFrame:
        """One row per scale and player: `outcome`, `rule`, `scale`, `component`, `rank` (1 is largest), `warning`."""
        rows = [
            {"outcome": self.outcome, "rule": self.rule, "scale": str(scale), "component": name, "rank": rank + 1}
            | {"warning": self.warning}
            for scale, ranking in self.rankings
            for rank, name in enumerate(ranking)
        ]
        return pd.DataFrame(rows, columns=["outcome", "rule", "scale", "component", "rank", "warning"])


def scale_agreement(attributions: Sequence[Attribution]) -> ScaleAgreement:
    """The agreement of one outcome's attributions by one rule, one per scale, points compared with points.

    A difference in ranking need not be more than run-to-run noise; the sentence says what to look at, not what is true.
    """
    first = attributions[0]
    rankings = tuple((a.scale, _ranking(a)) for a in attributions)
    signs = tuple((a.scale, tuple(_sign(p.estimate, a.total) for p in a.parts)) for a in attributions)
    labels = {part.component: part.label for part in first.parts}
    said = []
    if len({ranking for _, ranking in rankings}) > 1:
        said.append("the ranking of parts differs: " + "; ".join(_ordered(s, r, labels) for s, r in rankings))
    flipped = [labels[part.component] for i, part in enumerate(first.parts) if len({sign[i] for _, sign in signs}) > 1]
    if flipped:
        said.append("the sign differs of " + ", ".join(flipped))
    warning = f"Scales disagree: {'; '.join(said)}." if said else ""
    return ScaleAgreement(first.outcome, first.rule, rankings, signs, not said, warning)


def _ranking(found: Attribution) -> tuple[str, ...]:
    direction = -1.0 if found.total < 0.0 else 1.0
    step = TIE * max(abs(found.total), TIE)
    return tuple(p.component for p in sorted(found.parts, key=lambda p: -round(direction * p.estimate / step)))


def _sign(estimate: float, total: float) -> int:
    return 0 if abs(estimate) <= TIE * abs(total) else 1 if estimate > 0.0 else -1


def _ordered(scale: AttributionScale, ranking: Sequence[str], labels: Mapping[str, str]) -> str:
    return f"on {NAMES[scale]} {', then '.join(labels[name] for name in ranking)}"
