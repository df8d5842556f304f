"""One thing left out of the evidence on a claim, and whether its verdict survives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

import pandas as pd

from mixablate.study import Scale

__all__ = ["LeftOut", "Unit", "left_out_frame"]


class Unit(StrEnum):
    """What is left out, one at a time."""

    RUN = "run"
    SCENARIO = "scenario"
    SEED = "seed"
    JUDGE = "judge"
    BASE_MODEL = "base_model"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A claim's evidence without one run, scenario, seed, judge, base model or item, ignoring the region gate.

    Attributes:
        claim: id.
        unit: what kind of thing is left out.
        name: of the thing: run id, eval id, seed, judge, base model, "eval / item".
        outcome: on which the verdict then hangs: of several the one that flips, or whose p is largest.
        scale: the unit of `estimate`; log-odds where the region begins at no effect.
        estimate: without it; None where nothing is left to compare.
        p_value: one-sided, unadjusted, of the verdict; None where no spread between runs is left to learn from.
        flipped: what the verdict loses: "estimate" (it leaves the region, or enters it for a contradicted claim), "p"
            (beyond twice what the verdict needed), both, or "" where it survives.
        region_lower, region_upper: ends of the claimed region in that unit; None where open, and for an equivalent
            verdict, whose margin is stated in another.
        note: why there is no estimate, and the like.
    """

    claim: str
    unit: Unit
    name: str
    outcome: str
    scale: Scale
    estimate: float | None
    p_value: float | None
    flipped: str
    region_lower: float | None = None
    region_upper: float | None = None
    note: str = ""

    @property
    def flips(self) -> bool:
        """Whether the verdict does not survive."""
        return bool(self.flipped)

    @property
    def makes_fragile(self) -> bool:
        """Whether the verdict is `fragile` for it: a seed takes a run from every arm, and says so without the flag."""
        return self.flips and self.unit is not Unit.SEED

    @property
    def label(self) -> str:
        """The name as flags and tables give it: a run by its id, anything else with what it is."""
        return self.name if self.unit is Unit.RUN else f"{self.unit}:{self.name}"


def left_out_frame(rows: Iterable[LeftOut]) -> pd.DataFrame:
    """One row per thing left out, one column per field, with `flips`."""
    names = [field.name for field in fields(LeftOut)]
    found = [asdict(row) | {"unit": str(row.unit), "scale": str(row.scale), "flips": row.flips} for row in rows]
    return pd.DataFrame(found, columns=[*names, "flips"])
