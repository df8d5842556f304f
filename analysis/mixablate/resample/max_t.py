"""Family-wise p-values from the joint distribution of all statistics: step-down and single-step max-T.

Evals of the same runs go up and down together; Holm's rule ignores that and pays for it. Here all statistics of a
family are resampled with the same assignments or the same signs, so that their dependence is kept, and each is compared
with the largest of a draw. The level holds for the whole family, whatever nulls are true, where the joint draws are
those of the true nulls: exactly for joint randomisation of exchanged runs, approximately for wild signs.

WRONG with fewer draws than the family asks for (assignments of 3 runs against 3 reach a one-sided p of .05 at best,
however many evals), and for contrasts of different runs joined by chance order: signs go by run id.

Source: Westfall & Young (1993), section 2.6; Romano & Wolf (2005), JASA 100:94 and (2016), Stat. Prob. Letters 113:38.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixablate.estimate import CellArrays, studentised
from mixablate.resample.randomisation import BATCH, all_signs, assignment_orders, assignments, drawn_signs, exchangeable
from mixablate.resample.reference import TIE
from mixablate.resample.wild import restricted_values

__all__ = [
    "JointDraws",
    "JointMember",
    "Side",
    "joint_randomisation",
    "joint_wild",
    "raw_p_values",
    "single_step_max_t",
    "step_down_max_t",
]

Floats = NDArray[np.float64]


class Side(StrEnum):
    """Which statistics speak against a member's null: those far below its boundary, above it, or either way."""

    BELOW = "below"
    ABOVE = "above"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class JointDraws:
    """Statistics of m contrasts and their joint distribution under their nulls; larger is further from each null.

    Attributes:
        observed: (m,).
        drawn: (B, m), a row from one assignment or sign vector.
        exact: every one was enumerated, the actual one among them.
        smallest: the smallest one-sided p that the draws can give; two-sided it is twice that.
        method: in words.
    """

    observed: Floats
    drawn: Floats
    exact: bool
    smallest: float
    method: str


@dataclass(frozen=True, slots=True)
class JointMember:
    """One contrast of one outcome, at one boundary.

    Attributes:
        run_ids: (R,) of the runs that have the outcome; they join members to one another.
        values: (R,).
        cells: of these runs, each cell with two or more.
        boundary: the contrast under the null.
        side: which statistics speak against it.
    """

    run_ids: tuple[str, ...]
    values: Floats
    cells: CellArrays
    boundary: float = 0.0
    side: Side = Side.EITHER


def step_down_max_t(joint: JointDraws) -> Floats:
    """Adjusted p-values (m,), step by step: each statistic against the largest of those not yet passed.

    Never above the single-step ones, and never falling from a larger statistic to a smaller.

    Raises:
        ValueError: statistics that are NaN, or as many columns of draws as there are not statistics.

    >>> joint = JointDraws(np.array([3.0, 1.0]), np.array([[3.0, 1.0], [0.0, 2.0], [1.0, 0.0]]), True, 1 / 3, "")
    >>> step_down_max_t(joint).round(3).tolist()
    [0.333, 0.667]
    """
    _check_joint(joint)
    adjusted, running = np.empty(joint.observed.size), 0.0
    order = np.argsort(-joint.observed, kind="stable")
    # The largest over what is left at each step, built from the smallest statistic up.
    left = np.maximum.accumulate(joint.drawn[:, order[::-1]], axis=1)[:, ::-1]
    for step, member in enumerate(order):
        running = max(running, _share(left[:, step], float(joint.observed[member]), joint.exact))
        adjusted[member] = running
    return adjusted


def single_step_max_t(joint: JointDraws) -> Floats:
    """Adjusted p-values (m,): each statistic against the largest of all.

    Raises:
        ValueError: statistics that are NaN, or columns of draws that are not as many.
    """
    _check_joint(joint)
    largest = joint.drawn.max(axis=1)
    return np.array([_share(largest, float(value), joint.exact) for value in joint.observed])


def raw_p_values(joint: JointDraws) -> Floats:
    """Unadjusted p-values (m,): each statistic against its own draws.

    Raises:
        ValueError: statistics that are NaN, or columns of draws that are not as many.
    """
    _check_joint(joint)
    columns = zip(joint.drawn.T, joint.observed, strict=True)
    return np.array([_share(drawn, float(value), joint.exact) for drawn, value in columns])


def joint_randomisation(
    values: Floats,
    cells: CellArrays,
    *,
    draws: int,
    rng: np.random.Generator,
    boundaries: ArrayLike = 0.0,
    sides: Sequence[Side] | Side = Side.EITHER,
) -> JointDraws:
    """Studentised contrasts of many outcomes, the runs of a stratum exchanged between its arms with all they scored.

    All assignments are enumerated where there are at most `draws`.

    Args:
        values: (R, m) runs by outcomes.
        cells: of the runs, one treated and one reference arm a stratum.
        draws: Monte Carlo draws where enumeration is too long.
        rng: of the stage.
        boundaries: (m,) or one for all: the effects supposed, taken off the treated runs first.
        sides: (m,) or one for all.

    Raises:
        ValueError: a stratum that is not one treated against one reference arm, or a run without an outcome.
    """
    if not exchangeable(cells):
        raise ValueError("every stratum must hold one treated and one reference arm")
    if not (values.ndim == 2 and len(values) == cells.cell.size and np.isfinite(values).all()):
        raise ValueError(f"values must be finite, outcomes in columns for {cells.cell.size} runs, found {values.shape}")
    outcomes = values.shape[1]
    moved = np.broadcast_to(np.asarray(boundaries, dtype=float), (outcomes,))
    shifted = values - moved * (cells.coefficients[cells.cell] > 0)[:, None]
    chosen = _sides(sides, outcomes)
    exact, orders = assignment_orders(cells, draws=draws, rng=rng)
    drawn = [studentised(shifted[order].transpose(0, 2, 1), cells) for order in orders]
    total = assignments(cells)
    words = f"all {total:,} assignments" if exact else f"{draws:,} of {total:.3g} assignments"
    return JointDraws(
        _oriented(studentised(shifted.T, cells), chosen),
        _oriented(np.concatenate(drawn), chosen),
        exact,
        1.0 / total if exact else 1.0 / (draws + 1),
        f"joint randomisation of {outcomes} outcomes, {words}, studentised",
    )


def joint_wild(members: Sequence[JointMember], *, draws: int, rng: np.random.Generator) -> JointDraws:
    """Studentised contrasts of any cells and outcomes, the residuals of a run changing sign together in all of them.

    Each member's residuals are around its own boundary (null imposed). All sign vectors over the runs of any member are
    enumerated where there are at most `draws`.

    Args:
        members: one or more.
        draws: Monte Carlo draws where enumeration is too long.
        rng: of the stage.

    Raises:
        ValueError: no members, or a member with a cell of fewer than two runs or with ids not as many as its values.
    """
    runs = _all_runs(members)
    place = {run_id: index for index, run_id in enumerate(runs)}
    exact = len(runs) < 63 and 2 ** len(runs) <= draws
    signs = all_signs(len(runs)) if exact else drawn_signs(len(runs), draws, rng)
    sides = [member.side for member in members]
    columns, observed = [], []
    for member in members:
        own = np.array([place[run_id] for run_id in member.run_ids])
        fitted = restricted_values(member.values, member.cells, member.boundary)
        observed.append(studentised(member.values[None, :], member.cells, member.boundary))
        columns.append(np.concatenate(list(_signed(signs[:, own], member, fitted))))
    words = f"all {2 ** len(runs):,} sign vectors" if exact else f"{draws:,} sign vectors"
    return JointDraws(
        _oriented(np.concatenate(observed), sides),
        _oriented(np.column_stack(columns), sides),
        exact,
        1.0 / 2 ** len(runs) if exact else 1.0 / (draws + 1),
        f"joint wild bootstrap of {len(members)} contrasts over {len(runs)} runs, null imposed, {words}",
    )


def _signed(signs: Floats, member: JointMember, fitted: Floats) -> Iterator[Floats]:
    residuals = member.values - fitted
    for start in range(0, len(signs), BATCH):
        yield studentised(fitted + signs[start : start + BATCH] * residuals, member.cells, member.boundary)


def _all_runs(members: Sequence[JointMember]) -> tuple[str, ...]:
    """The runs of any member, sorted: signs do not depend on the members' order."""
    if not members:
        raise ValueError("there must be at least one contrast, found none")
    for member in members:
        if not len(set(member.run_ids)) == len(member.run_ids) == member.values.size == member.cells.cell.size:
            raise ValueError(
                f"every member needs one id, value and cell a run, found {len(set(member.run_ids))} ids, "
                f"{member.values.size} values and {member.cells.cell.size} cells"
            )
        if not (member.cells.counts >= 2).all():
            raise ValueError("every cell of a contrast needs at least two runs")
    return tuple(sorted({run_id for member in members for run_id in member.run_ids}))


def _sides(sides: Sequence[Side] | Side, outcomes: int) -> list[Side]:
    chosen = [sides] * outcomes if isinstance(sides, Side) else list(sides)
    if len(chosen) != outcomes:
        raise ValueError(f"sides must be one or as many as the {outcomes} outcomes, found {len(chosen)}")
    return chosen


def _oriented(statistics: Floats, sides: Sequence[Side]) -> Floats:
    """The statistics (..., m) turned so that larger is further from the null."""
    signs = np.array([-1.0 if side is Side.BELOW else 1.0 for side in sides])
    either = np.array([side is Side.EITHER for side in sides])
    return np.where(either, np.abs(statistics), signs * statistics)


def _share(drawn: Floats, observed: float, exact: bool) -> float:
    """The share of draws at least as large; the actual one is added to draws that do not contain it."""
    slack = TIE * max(1.0, abs(observed)) if np.isfinite(observed) else 0.0
    reached = int(np.count_nonzero(drawn >= observed - slack))
    return reached / drawn.size if exact else (reached + 1) / (drawn.size + 1)


def _check_joint(joint: JointDraws) -> None:
    if joint.drawn.ndim != 2 or joint.drawn.shape[1] != joint.observed.size or not joint.drawn.size:
        raise ValueError(
            f"draws must have a column for each of {joint.observed.size} statistics, found {joint.drawn.shape}"
        )
    if np.isnan(joint.observed).any() or np.isnan(joint.drawn).any():
        raise ValueError("statistics must be numbers, found NaN")
