"""How pairs of runs hold the arms of a contrast: of which contrasts there is no complete pair, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mixablate.design.arms import Design
from mixablate.design.contrasts import Contrast
from mixablate.errors import Problem, Severity, counted

__all__ = ["PairedArms", "PairedRun", "paired_arms", "without_complete_pairs"]

PairedRun = tuple[str, str, str]
"""A run's arm, block and pair."""

NO_PAIRS = "Delete pair under [analysis], or name a column whose values stand for runs of both sides"
IN_STRATA = (
    "Where pairs share the levels of the other components, name those levels in a runs column and make it a block: a "
    "pair is then complete with the arms of its block"
)


@dataclass(frozen=True, slots=True)
class PairedArms:
    """How pairs hold the arms of a contrast; pairs of one name in two blocks are two.

    Attributes:
        n_arms: arms compared, the most in one block.
        n_pairs: pairs with a run of at least one of them.
        fullest: the most of these arms that one pair holds.
        within_strata: whether every stratum of the contrast, of several, is held whole by some pair.
    """

    n_arms: int
    n_pairs: int
    fullest: int
    within_strata: bool

    @property
    def words(self) -> str:
        """Why there is no complete pair."""
        pairs, arms = counted(self.n_pairs, "pair"), counted(self.n_arms, "arm")
        return f"none of {pairs} holds a run of each of the {arms} compared; the fullest holds {self.fullest}"

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return IN_STRATA if self.within_strata else NO_PAIRS


def paired_arms(runs: Iterable[PairedRun], contrast: Contrast) -> PairedArms:
    """How the pairs of these runs hold the arms of the contrast."""
    compared = {arm_id for arm_id, _ in contrast.coefficients}
    held: dict[tuple[str, str], set[str]] = {}
    by_block: dict[str, set[str]] = {}
    for arm_id, block, pair in runs:
        if arm_id in compared:
            held.setdefault((block, pair), set()).add(arm_id)
            by_block.setdefault(block, set()).add(arm_id)
    strata: dict[int, set[str]] = {}
    for arm_id, index in contrast.strata:
        strata.setdefault(index, set()).add(arm_id)
    return PairedArms(
        n_arms=max(map(len, by_block.values()), default=0),
        n_pairs=len(held),
        fullest=max(map(len, held.values()), default=0),
        within_strata=len(strata) > 1 and all(any(one <= arms for arms in held.values()) for one in strata.values()),
    )


def without_complete_pairs(design: Design, contrasts: Sequence[Contrast]) -> tuple[Problem, ...]:
    """A warning for the contrasts of which the runs of this design hold no complete pair, a warning a reason."""
    if not design.pair:
        return ()
    pair_of = dict(design.pairs)
    runs = [(arm.arm_id, ", ".join(arm.block), pair_of[run]) for arm in design.arms for run in arm.run_ids]
    named: dict[PairedArms, list[str]] = {}
    for contrast in contrasts:
        found = paired_arms(runs, contrast)
        if contrast.coefficients and found.fullest < found.n_arms:
            named.setdefault(found, []).append(contrast.name)
    return tuple(_problem(design.pair, found, names) for found, names in named.items())


def _problem(pair: str, found: PairedArms, names: Sequence[str]) -> Problem:
    return Problem(
        code="PAIR_INCOMPLETE",
        place=f'pair = "{pair}" under [analysis]',
        found=f"no complete pair for {', '.join(dict.fromkeys(names))}: {found.words}",
        required="pairs that hold a run of every arm compared (in their block)",
        remedy=f"{found.remedy}.",
        severity=Severity.WARNING,
    )
