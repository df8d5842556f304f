"""What else changed between the two sides of a contrast: base model, judge, size, date, seed block."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from mixablate.design.arms import Design
from mixablate.design.contrasts import Contrast
from mixablate.tables import Tables

__all__ = ["DATE_COLUMNS", "SIDES_MUST_SHARE", "SIZE_COLUMNS", "Confound", "ConfoundKind", "confounds"]

SIDES_MUST_SHARE = ("base_model", "judge", "task_version")
SIZE_COLUMNS = ("tokens", "examples", "epochs")
DATE_COLUMNS = ("date", "created")
CONTROL_RUNS = 3  # the fewest that carry an interval
FEWEST_DATED = 2  # a side; two single runs are always one before the other


class ConfoundKind(StrEnum):
    """What a confound does to a claim: `shared` makes it untestable, the others are named beside it."""

    SHARED = "shared"
    SIZE = "size"
    ORIGIN = "origin"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Confound:
    """A recorded property that changed together with what a contrast switches.

    Attributes:
        column: of the runs (`base_model`, `tokens`, `date`, ...) or the outcomes (`judge`, `task_version`, `step`).
        kind: what follows from it.
        sentence: for people.
        control: the runs that would tell content from property; empty where no single set of runs would.
        r_squared: of what is left of the component once the other components are known, the part the property
            explains; 1 where the sides differ in every run.
    """

    column: str
    kind: ConfoundKind
    sentence: str
    control: str = ""
    r_squared: float = 1.0


def confounds(design: Design, tables: Tables, contrast: Contrast, evals: Collection[str] = ()) -> tuple[Confound, ...]:
    """Each recorded property that the two sides of a contrast do not share in any run.

    `SIDES_MUST_SHARE` (base model, judge, task version): the sides have none in common, and a claim is then untestable;
    judge and task version are compared eval by eval, over `evals` (all of them if empty). Sizes (tokens, examples,
    epochs, step) whose ranges do not overlap, in the same direction in every stratum, are named as the size-matched
    control that is missing. Dates that do not overlap, and seeds that each side repeats and never shares, are limits.
    """
    rows = _headline(design, tables, contrast, evals)
    found = list(_grading(rows))
    runs = tables.runs.set_index("run_id")
    own = {c.column for c in design.components if c.id in contrast.components} | {design.pair}
    sides = _sides(design, contrast)
    if "base_model" in runs.columns and "base_model" not in own:
        found += _base_model(runs["base_model"], design, contrast)
    for column in SIZE_COLUMNS:
        if column in runs.columns and column not in own:
            found += _size(column, pd.to_numeric(runs[column], errors="coerce"), sides, contrast)
    found += _steps(rows, sides, contrast)
    for column in DATE_COLUMNS:
        if column in runs.columns and column not in own:
            found += _dates(column, _as_dates(runs[column]), sides, contrast)
    if "seed" in runs.columns and "seed" not in own and "seed" not in design.block:
        found += _seeds(runs["seed"], sides, contrast)
    return tuple(found)


Sides = tuple[tuple[list[str], list[str]], ...]


def _sides(design: Design, contrast: Contrast) -> Sides:
    """Reference and treated run ids within each stratum that holds both; one pair over all where none does."""
    stratum = dict(contrast.strata)
    by_stratum: dict[int, tuple[list[str], list[str]]] = {}
    everyone: tuple[list[str], list[str]] = ([], [])
    for arm_id, coefficient in contrast.coefficients:
        for sides in (by_stratum.setdefault(stratum.get(arm_id, 0), ([], [])), everyone):
            sides[coefficient > 0].extend(design.arm(arm_id).run_ids)
    both = tuple(sides for sides in by_stratum.values() if sides[0] and sides[1])
    return both or ((everyone,) if everyone[0] and everyone[1] else ())


def _headline(design: Design, tables: Tables, contrast: Contrast, evals: Collection[str]) -> pd.DataFrame:
    """Headline rows of the contrast's runs on `evals`, with `treated`."""
    side = {r: c > 0 for a, c in contrast.coefficients for r in design.arm(a).run_ids}
    rows = tables.headline[tables.headline["run_id"].isin(side)]
    if evals:
        rows = rows[rows["eval_id"].isin(list(evals))]
    return rows.assign(treated=rows["run_id"].map(side).astype(bool))


def _grading(rows: pd.DataFrame) -> Iterator[Confound]:
    for column in ("judge", "task_version"):
        if column not in rows.columns or rows[column].nunique() < 2:
            continue
        for eval_id, mine in rows.groupby("eval_id", sort=True):
            one, other = (sorted({str(v) for v in mine.loc[mine["treated"] == t, column] if v}) for t in (True, False))
            if one and other and not set(one) & set(other):
                words = column.replace("_", " ")
                yield Confound(
                    column,
                    ConfoundKind.SHARED,
                    f'on "{eval_id}" the two sides share no {words} ({", ".join(other)} against {", ".join(one)}), '
                    f"so the mix and the {words} changed together",
                )


def _base_model(models: pd.Series, design: Design, contrast: Contrast) -> Iterator[Confound]:
    if models.nunique() < 2:
        return
    reference, treated = (
        {m for a, c in contrast.coefficients if (c > 0) == up for m in models.loc[list(design.arm(a).run_ids)].dropna()}
        for up in (False, True)
    )
    if reference and treated and not reference & treated:
        words = "the two sides share no base model, so the mix and the base model changed together"
        yield Confound("base_model", ConfoundKind.SHARED, words)


def _size(column: str, sizes: pd.Series, sides: Sides, contrast: Contrast) -> Iterator[Confound]:
    apart = _apart(sizes, sides)
    if not apart:
        return
    reference, treated = (sizes.loc[_all_runs(sides, side)].dropna() for side in (0, 1))
    larger, level = (treated, contrast.reference) if apart > 0 else (reference, contrast.treated)
    control = f"at least {CONTROL_RUNS} runs at {level} with about {_amount(float(larger.median()))} {column}"
    yield Confound(
        column,
        ConfoundKind.SIZE,
        f"{contrast.label}: the sides differ in {column} in every run ({_range(reference)} against "
        f"{_range(treated)}); a control matched in {column} would tell the content from the amount: {control}",
        control,
    )


def _steps(rows: pd.DataFrame, sides: Sides, contrast: Contrast) -> Iterator[Confound]:
    """The checkpoints that were evaluated, eval by eval."""
    if "step" not in rows.columns or rows["step"].nunique() < 2:
        return
    for eval_id, mine in rows.groupby("eval_id", sort=True):
        steps = pd.to_numeric(mine.set_index("run_id")["step"], errors="coerce")
        if not _apart(steps, sides):
            continue
        reference, treated = (steps.loc[mine.loc[mine["treated"] == t, "run_id"]].dropna() for t in (False, True))
        control = f"both sides evaluated at one training step on {eval_id}"
        yield Confound(
            "step",
            ConfoundKind.SIZE,
            f'{contrast.label}: on "{eval_id}" the sides were evaluated at different training steps in every run '
            f"({_range(reference)} against {_range(treated)}), so the mix and the amount of training changed together",
            control,
        )


def _dates(column: str, dates: pd.Series, sides: Sides, contrast: Contrast) -> Iterator[Confound]:
    reference, treated = (dates.reindex(_all_runs(sides, side)).dropna() for side in (0, 1))
    apart = _apart(dates, sides)
    if not apart or min(len(reference), len(treated)) < FEWEST_DATED:
        return
    order = "later" if apart > 0 else "earlier"
    spans = [f"{d.min():%Y-%m-%d} to {d.max():%Y-%m-%d}" for d in (reference, treated)]
    yield Confound(
        column,
        ConfoundKind.ORIGIN,
        f"{contrast.label}: every run with {contrast.treated} is {order} than every run with {contrast.reference} "
        f"({spans[1]} against {spans[0]}, column {column}), so whatever changed in between is part of the difference",
        f"runs of both sides made in one period ({CONTROL_RUNS} a side)",
    )


def _seeds(seeds: pd.Series, sides: Sides, contrast: Contrast) -> Iterator[Confound]:
    """A seed block: both sides repeat their seeds over runs and share none. Seeds used once each are no block."""
    used = [seeds.loc[_all_runs(sides, side)].dropna().astype(str) for side in (0, 1)]
    if any(s.empty or s.nunique() == len(s) for s in used) or set(used[0]) & set(used[1]):
        return
    words = [_listed(sorted(set(s))) for s in used]
    yield Confound(
        "seed",
        ConfoundKind.ORIGIN,
        f"{contrast.label}: {contrast.treated} was run only with the seeds {words[1]}, {contrast.reference} only with "
        f"{words[0]}: the mix and the block of seeds changed together",
        f"runs of both sides on the same seeds ({CONTROL_RUNS} a side)",
    )


def _apart(values: pd.Series, sides: Sides) -> int:
    """1 where in every stratum each treated run lies above each reference run, -1 below, 0 otherwise."""
    directions = set()
    for reference_runs, treated_runs in sides:
        reference, treated = (values.reindex(runs).dropna() for runs in (reference_runs, treated_runs))
        if reference.empty or treated.empty:
            return 0
        directions.add(1 if treated.min() > reference.max() else -1 if treated.max() < reference.min() else 0)
    return directions.pop() if len(directions) == 1 else 0


def _as_dates(cells: pd.Series) -> pd.Series:
    """Dates in ISO 8601; all unknown where any cell that is not blank is something else."""
    said = cells.where(cells.notna() & (cells.astype(str).str.strip() != ""))
    dates = pd.to_datetime(said, errors="coerce", utc=True, format="ISO8601")
    return dates if dates.notna().equals(said.notna()) else pd.Series(pd.NaT, index=cells.index)


def _all_runs(sides: Sides, side: int) -> list[str]:
    return [run_id for both in sides for run_id in both[side]]


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.6g}"


def _range(values: pd.Series) -> str:
    return f"{_amount(float(values.min()))} to {_amount(float(values.max()))}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
