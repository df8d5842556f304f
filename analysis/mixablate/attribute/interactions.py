"""Interactions of pairs of players: what they do together beyond what they do apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from mixablate.attribute.rules import PairIndex
from mixablate.attribute.scales import AttributionScale

__all__ = ["Interactions", "PairInteraction", "interaction_word", "interactions_frame"]


@dataclass(frozen=True, slots=True)
class PairInteraction:
    """The interaction of two players, on the scale of its `Interactions`; numbers are None where withheld.

    Attributes:
        first, second, first_label, second_label: the players.
        estimate: together minus apart, averaged over coalitions of the others.
        std_error, df, lower, upper, p_value: over training runs.
        p_adjusted: for all pairs at once.
        word: "better together" (the outcome is better than the sum of the two would make it), "worse together", or "no
            clear interaction".
        reason: why the interval is withheld.
    """

    first: str
    second: str
    first_label: str
    second_label: str
    estimate: float
    std_error: float | None
    df: float | None
    lower: float | None
    upper: float | None
    p_value: float | None
    p_adjusted: float | None
    word: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Interactions:
    """All pairs by one index on one scale.

    Attributes:
        index: "shapley_taylor" (with `alone` it sums to the total change) or "shapley_interaction".
        pairs: every pair; empty where the interactions are withheld.
        alone: for Shapley-Taylor, (player, its change from the baseline alone), the singles of the sum.
        total: full mix minus baseline; None where withheld.
        level: of intervals.
        reason: why there are no interactions; empty where there are.
    """

    outcome: str
    scale: AttributionScale
    index: PairIndex
    pairs: tuple[PairInteraction, ...]
    alone: tuple[tuple[str, float], ...]
    total: float | None
    level: float
    reason: str = ""

    def to_frame(self) -> pd.DataFrame:
        """One row per pair: `outcome`, `scale`, `index`, those of `PairInteraction`, `level`."""
        return interactions_frame([self])


def interaction_word(
    lower: float | None, upper: float | None, p_adjusted: float | None, *, level: float, lower_is_better: bool
) -> str:
    """What the interval, and p for all pairs at once where there is one, say; "" without an interval.

    >>> interaction_word(-0.2, -0.1, 0.01, level=0.95, lower_is_better=True)
    'better together'
    >>> interaction_word(-0.2, -0.1, 0.07, level=0.95, lower_is_better=True)
    'no clear interaction'
    """
    if lower is None or upper is None:
        return ""
    if lower <= 0.0 <= upper or (p_adjusted is not None and p_adjusted >= 1.0 - level):
        return "no clear interaction"
    return "better together" if (upper < 0.0) == lower_is_better else "worse together"


def interactions_frame(found: Sequence[Interactions]) -> pd.DataFrame:
    """The pairs of several: `outcome`, `scale`, `index`, those of `PairInteraction`, `level`."""
    names = list(PairInteraction.__dataclass_fields__)
    rows = [
        {"outcome": i.outcome, "scale": str(i.scale), "index": str(i.index)} | asdict(pair) | {"level": i.level}
        for i in found
        for pair in i.pairs
    ]
    return pd.DataFrame(rows, columns=["outcome", "scale", "index", *names, "level"])
