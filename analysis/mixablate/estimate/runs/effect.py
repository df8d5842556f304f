"""The one row type every analysis answers with."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

import pandas as pd

from mixablate.notebook import table_html
from mixablate.study import Scale

__all__ = ["Effect", "effects_frame", "number_or_none"]


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect with its uncertainty, its unit, and how it was computed.

    `estimate` is treated minus reference in the outcome's unit, or treated over reference on the risk_ratio scale
    (there `std_error` is that of the log ratio). Numbers that the runs do not support are None, and `reason` says why.

    Attributes:
        outcome: eval id, or the name of a weighted mean of evals such as "in_distribution".
        contrast: component id or claim id whose contrast this is.
        scale: the unit of `estimate`, `lower`, `upper` and `detectable`.
        estimate: treated minus (or over) reference; None where undefined (a ratio with a zero reference).
        std_error: standard error over training runs.
        df: degrees of freedom of the t reference distribution.
        lower, upper: two-sided interval at `level`; one may be None where only a one-sided bound is supported.
        level: confidence level of the interval.
        p_value: two-sided p of no effect, always from the per-run log-odds (or values), whatever the display scale.
        p_adjusted: p adjusted within a family, where the effect belongs to one.
        detectable: the smallest absolute effect found with 80 % power at this std_error and df.
        reference, treated: mean run rate (or value) on each side.
        n_treated, n_reference: training runs on each side.
        method: the exact formula, in words a reviewer can check.
        scope: what the interval covers ("runs like these, on these scenarios"; "these two models only").
        within_lower, within_upper: the interval of the difference between these very models, from rollout noise alone;
            given where the runs support no other. It says nothing about other runs of the same mixes.
        tipping_sd: the run-to-run SD on the logit at which that difference would no longer exclude zero.
        reason: why numbers are withheld; empty when none is.
        notes: strata left out, runs missing, and the like.
    """

    outcome: str
    contrast: str
    scale: Scale
    estimate: float | None
    std_error: float | None
    df: float | None
    lower: float | None
    upper: float | None
    level: float
    p_value: float | None
    p_adjusted: float | None
    detectable: float | None
    reference: float | None
    treated: float | None
    n_treated: int
    n_reference: int
    method: str
    scope: str
    within_lower: float | None = None
    within_upper: float | None = None
    tipping_sd: float | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def n_runs(self) -> int:
        """Training runs in the contrast, both sides."""
        return self.n_treated + self.n_reference

    @property
    def supported(self) -> bool:
        """Whether the runs support an interval for this effect (see `estimate.region`)."""
        return not self.reason

    def to_frame(self) -> pd.DataFrame:
        """One row, one column per field."""
        return effects_frame([self])

    def shown(self) -> dict[str, object]:
        """What a notebook's table says of it."""
        numbers = {name: getattr(self, name) for name in ("estimate", "lower", "upper", "p_value")}
        runs = f"{self.n_treated} v {self.n_reference}"
        return {"outcome": self.outcome, "contrast": self.contrast, "scale": str(self.scale)} | numbers | {"runs": runs}

    def _repr_html_(self) -> str:
        return table_html("Effect", [self.shown()], self.reason or f"{self.method}. {self.scope}.")


def number_or_none(value: float) -> float | None:
    """The value as a field of `Effect` holds it: NaN is None."""
    return None if math.isnan(value) else float(value)


def effects_frame(effects: Iterable[Effect]) -> pd.DataFrame:
    """One row per effect, one column per field, `notes` joined by "; ", in the order given."""
    names = [field.name for field in fields(Effect)]
    rows = [
        {name: "; ".join(effect.notes) if name == "notes" else getattr(effect, name) for name in names}
        | {"n_runs": effect.n_runs}
        for effect in effects
    ]
    frame = pd.DataFrame(rows, columns=[*names, "n_runs"])
    frame["scale"] = frame["scale"].map(str)
    return frame
