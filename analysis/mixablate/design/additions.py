"""The smallest set of further arms that makes contrasts estimable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mixablate.design.arm_search import ArmKey, ArmSearch, Switch, fewest_arms, search_of
from mixablate.design.arms import Arm, Design, arm_words, named_arm
from mixablate.design.contrasts import At, switched_levels
from mixablate.study.claim_kinds import Level

__all__ = [
    "ARM_RUNS",
    "AddedArm",
    "Additions",
    "Switch",
    "addition_sentences",
    "smallest_additions",
    "switch_of",
    "with_arms",
]

MOST_NAMED = 8  # in a sentence; the table has all
ARM_RUNS = 3  # runs an arm needs before an interval over runs exists


@dataclass(frozen=True, slots=True)
class AddedArm:
    """One arm to train.

    Attributes:
        arm: with no runs yet.
        runs: how many, at least 3.
        unlocks: names of the contrasts that it, with the others added, makes estimable.
        beside: (arm_id, runs): arms it is compared with that lack runs of their own, and how many.
    """

    arm: Arm
    runs: int
    unlocks: tuple[str, ...]
    beside: tuple[tuple[str, int], ...] = ()

    @property
    def words(self) -> str:
        """E.g. "tools=1 prompts=0 (3 runs)"."""
        return f"{arm_words(self.arm)} ({self.runs} runs)"


@dataclass(frozen=True, slots=True)
class Additions:
    """What to run.

    Attributes:
        arms: in the order to run them.
        exact: whether no smaller set of candidates does; False where the set was built one arm at a time.
        impossible: (name, why) of contrasts that no candidate arm makes estimable.
    """

    arms: tuple[AddedArm, ...]
    exact: bool
    impossible: tuple[tuple[str, str], ...]


def switch_of(
    design: Design,
    components: Sequence[str],
    *,
    name: str,
    at: At = "average",
    reference: Mapping[str, Level] | None = None,
    treated: Mapping[str, Level] | None = None,
) -> Switch:
    """The switch behind `contrasts.switch` with the same arguments.

    Raises:
        ClaimError: a component has no level to be switched from or to.
    """
    start, end = switched_levels(design, components, name=name, reference=reference, treated=treated)
    return Switch(name, tuple(start.items()), tuple(end.items()), at)


def smallest_additions(design: Design, wanted: Sequence[Switch]) -> Additions:
    """The fewest arms after which every wanted switch has a stratum with both its sides.

    Candidates are the observed arms with a switch's components moved to either of its sides (for `at` "baseline" or
    "full" also that stratum itself), as far as their fractions can be a mix. Sets of up to three arms are searched
    exactly; among the smallest, the one that asks for the fewest runs in arms that exist, then the nearest to the
    baseline, then the first in declaration order. Larger sets are built greedily, each arm the one that unlocks most.
    """
    search = search_of(design, wanted)
    chosen, exact = fewest_arms(search)
    return Additions(_described(design, search, chosen), exact, search.impossible)


def with_arms(design: Design, added: Sequence[AddedArm]) -> Design:
    """The design as it would be with these arms run; their runs are named "planned 1", "planned 2", ..."""
    arms, count = list(design.arms), 0
    for one in added:
        arms.append(replace(one.arm, run_ids=tuple(f"planned {count + i + 1}" for i in range(one.runs))))
        count += one.runs
    return replace(design, arms=tuple(arms))


def addition_sentences(additions: Additions) -> tuple[str, ...]:
    """What to run next, and what no arm would change."""
    found = []
    if additions.arms:
        named = "; ".join(added.words for added in additions.arms[:MOST_NAMED])
        named += f"; and {len(additions.arms) - MOST_NAMED} more" if len(additions.arms) > MOST_NAMED else ""
        short = {arm_id: runs for added in additions.arms for arm_id, runs in added.beside}
        more = "; ".join(f"{runs} more of {arm_id}" for arm_id, runs in list(short.items())[:MOST_NAMED])
        proof = "no smaller set of such arms does" if additions.exact else "built one arm at a time; fewer may do"
        which = "every effect" if not additions.impossible else "every other effect"
        arms = "arm" if len(additions.arms) == 1 else f"{len(additions.arms)} arms"
        found.append(
            f"With the {arms} {named}, {which} would be estimable ({proof})"
            + (f"; the arms they are compared with lack runs of their own: {more}" if more else "")
        )
    found += [f'No arm would make "{name}" estimable: {why}' for name, why in additions.impossible]
    return tuple(found)


def _described(design: Design, search: ArmSearch, chosen: Sequence[ArmKey]) -> tuple[AddedArm, ...]:
    """The chosen arms; each switch stands with the arm that completes it, beside the partner with the most runs."""
    unlocks: dict[ArmKey, list[str]] = {key: [] for key in chosen}
    short: dict[ArmKey, dict[str, int]] = {key: {} for key in chosen}
    ids = {search.key_of(arm): arm.arm_id for arm in reversed(design.arms) if arm.known}
    for wanted in search.open:
        last = next(i for i in range(1, len(chosen) + 1) if search.done(wanted, chosen[:i]))
        key = chosen[last - 1]
        unlocks[key].append(wanted.name)
        partner = search.partner(wanted, key)
        if partner is not None and search.runs[partner] < ARM_RUNS:
            short[key][ids[partner]] = ARM_RUNS - search.runs[partner]
    return tuple(
        AddedArm(named_arm(design, *key), ARM_RUNS, tuple(unlocks[key]), tuple(short[key].items())) for key in chosen
    )
