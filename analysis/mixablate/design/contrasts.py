"""Contrasts of arms: what is compared with what, within which strata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mixablate.design.arms import MOST_LEVELS, Arm, Design, level_text
from mixablate.errors import ClaimError, Problem
from mixablate.study import Component
from mixablate.study.claim_kinds import Level

__all__ = [
    "At",
    "Contrast",
    "difference_of",
    "strata_in_words",
    "switch",
    "switched_levels",
    "weighted_coefficients",
]

MOST_STRATA = 6  # named in a sentence; `Contrast` has all

At = Literal["average", "baseline", "full"]
NOTHING = 1e-12  # coefficients are small fractions; what is left below this cancelled


@dataclass(frozen=True, slots=True)
class Contrast:
    """Coefficients over arms: the treated side's are positive and sum to 1, the reference side's to -1.

    Attributes:
        name: component id or claim id.
        label: for people.
        components: what is switched.
        coefficients: (arm_id, coefficient), arms with coefficient 0 left out, in arm order.
        strata: (arm_id, stratum index) of the arms above: the levels of the other components and the block that a
            comparison stays within.
        strata_used, strata_left_out: in words; left out are those where one side was not run.
        reference, treated: the levels compared, in words.
        reason: why these runs cannot estimate it; empty where they can.
        needed: the arm that would make it estimable.
    """

    name: str
    label: str
    components: tuple[str, ...]
    coefficients: tuple[tuple[str, float], ...]
    strata: tuple[tuple[str, int], ...]
    strata_used: tuple[str, ...]
    strata_left_out: tuple[str, ...]
    reference: str
    treated: str
    reason: str = ""
    needed: str = ""

    @property
    def estimable(self) -> bool:
        """Whether some stratum holds both sides."""
        return not self.reason


def switch(
    design: Design,
    components: Sequence[str],
    *,
    name: str,
    at: At = "average",
    reference: Mapping[str, Level] | None = None,
    treated: Mapping[str, Level] | None = None,
) -> Contrast:
    """The contrast that switches `components` together from baseline to target within strata of everything else.

    Strata are the combinations of the other components' levels and the block; strata in which both sides were run are
    weighted equally, the others are listed (design.md section 4). `at` keeps only the stratum in which the other
    components stand at their baseline or target.

    Raises:
        ClaimError: a component has no level to be switched from or to.
    """
    by_id = {component.id: component for component in design.components}
    switched = [by_id[name_] for name_ in components]
    start, end = switched_levels(design, components, name=name, reference=reference, treated=treated)
    others = [c for c in design.components if c.id not in start and not (design.pair and c.column == design.pair)]
    sides: dict[tuple[object, ...], tuple[list[Arm], list[Arm]]] = {}
    for arm in design.arms:
        if not arm.known or not _stands(arm, others, at):
            continue
        levels = dict(arm.levels)
        stratum = (tuple(levels[c.id] for c in others), arm.block)
        reference_arms, treated_arms = sides.setdefault(stratum, ([], []))
        if all(levels[c] == level for c, level in start.items()):
            reference_arms.append(arm)
        elif all(levels[c] == level for c, level in end.items()):
            treated_arms.append(arm)
    used = {stratum: side for stratum, side in sides.items() if side[0] and side[1]}
    left = [stratum for stratum, side in sides.items() if bool(side[0]) != bool(side[1])]
    coefficients: dict[str, float] = {}
    strata: dict[str, int] = {}
    for index, (reference_arms, treated_arms) in enumerate(used.values()):
        for arms, sign in ((treated_arms, 1.0), (reference_arms, -1.0)):
            for arm in arms:
                coefficients[arm.arm_id] = sign / len(arms) / len(used)
                strata[arm.arm_id] = index
    base = Contrast(
        name=name,
        label=" + ".join(c.label for c in switched),
        components=tuple(components),
        coefficients=_in_arm_order(design, coefficients),
        strata=tuple((arm.arm_id, strata[arm.arm_id]) for arm in design.arms if arm.arm_id in strata),
        strata_used=tuple(_stratum_text(others, stratum) for stratum in used),
        strata_left_out=tuple(_stratum_text(others, stratum) for stratum in left),
        reference=_levels_text(start),
        treated=_levels_text(end),
    )
    return base if used else _not_estimable(base, design, sides, others)


def switched_levels(
    design: Design,
    components: Sequence[str],
    *,
    name: str,
    reference: Mapping[str, Level] | None = None,
    treated: Mapping[str, Level] | None = None,
) -> tuple[dict[str, Level], dict[str, Level]]:
    """The level each component is switched from and to: as given, else as declared.

    Raises:
        ClaimError: a component has no level to be switched from or to.
    """
    by_id = {component.id: component for component in design.components}
    switched = [by_id[component_id] for component_id in components]
    start = {c.id: _declared(c, "baseline", reference or {}, name) for c in switched}
    end = {c.id: _declared(c, "target", treated or {}, name) for c in switched}
    return start, end


def difference_of(design: Design, first: Contrast, second: Contrast, *, name: str) -> Contrast:
    """The contrast "first's effect minus second's": positive where the first raises the outcome more.

    What cancels drops out, so that in a full factorial "tools minus prompts" is the comparison of the arm with tools
    alone against the arm with prompts alone, within strata of the rest.
    """
    switched = first.components + second.components
    reason = first.reason or second.reason
    coefficients = () if reason else weighted_coefficients(design, [(1.0, first), (-1.0, second)])
    return replace(
        first,
        name=name,
        label=f"{first.label} against {second.label}",
        components=switched,
        coefficients=coefficients,
        strata=_strata_of(design, switched, [arm_id for arm_id, _ in coefficients]),
        strata_used=tuple(dict.fromkeys(first.strata_used + second.strata_used)),
        strata_left_out=tuple(dict.fromkeys(first.strata_left_out + second.strata_left_out)),
        reference=f"effect of {second.label}",
        treated=f"effect of {first.label}",
        reason=reason,
        needed=first.needed or second.needed,
    )


def weighted_coefficients(design: Design, terms: Sequence[tuple[float, Contrast]]) -> tuple[tuple[str, float], ...]:
    """The coefficients of a weighted sum of contrasts, arm by arm in arm order; what cancels drops out."""
    net: dict[str, float] = {}
    for weight, contrast in terms:
        for arm_id, coefficient in contrast.coefficients:
            net[arm_id] = net.get(arm_id, 0.0) + weight * coefficient
    return _in_arm_order(design, {arm_id: c for arm_id, c in net.items() if abs(c) > NOTHING})


def _strata_of(design: Design, switched: Sequence[str], arm_ids: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """The stratum of each arm: its block and the levels of the components that are not switched."""
    keys: dict[object, int] = {}
    found = []
    for arm_id in arm_ids:
        arm = design.arm(arm_id)
        key = (tuple(level for name, level in arm.levels if name not in switched), arm.block)
        found.append((arm_id, keys.setdefault(key, len(keys))))
    return tuple(found)


def _declared(
    component: Component, side: Literal["baseline", "target"], given: Mapping[str, Level], claim: str
) -> Level:
    level = given.get(component.id, component.baseline if side == "baseline" else component.target)
    if level is None:
        key = "reference" if side == "baseline" else "treated"
        raise ClaimError(
            Problem(
                "CLAIM_LEVEL",
                f'"{claim}", component "{component.id}"',
                f"no {side} level",
                f"the level to switch {'from' if side == 'baseline' else 'to'}",
                f'Declare {side} for the component, or give the claim {key} = {{ {component.id} = "..." }}.',
            )
        )
    return level if isinstance(level, str) else float(level)


def _stands(arm: Arm, others: Sequence[Component], at: At) -> bool:
    if at == "average":
        return True
    return all(arm.level(c.id) == (c.baseline if at == "baseline" else c.target) for c in others)


def _in_arm_order(design: Design, coefficients: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple((arm.arm_id, coefficients[arm.arm_id]) for arm in design.arms if arm.arm_id in coefficients)


def _levels_text(levels: Mapping[str, Level]) -> str:
    return ", ".join(f"{name}={level_text(level)}" for name, level in levels.items())


def strata_in_words(strata: Sequence[str]) -> str:
    """The first strata by name and how many more there are; of a wide study the list would drown everything else.

    >>> strata_in_words(["a", "b"]), strata_in_words([f"s{i}" for i in range(9)])
    ('a; b', 's0; s1; s2; s3; s4; s5; and 3 more')
    """
    more = len(strata) - MOST_STRATA
    return "; ".join([*strata[:MOST_STRATA], *([f"and {more:,} more"] if more > 0 else [])])


def _stratum_text(others: Sequence[Component], stratum: tuple[object, ...]) -> str:
    levels, block = stratum
    assert isinstance(levels, tuple)
    assert isinstance(block, tuple)
    pairs = list(zip(others, levels, strict=True))
    if len(pairs) > MOST_LEVELS and all(c.baseline is not None for c in others):
        moved = [f"{c.id}={level_text(level)}" for c, level in pairs if level != c.baseline]
        more = [f"{len(moved) - MOST_LEVELS} more away from it"] if len(moved) > MOST_LEVELS else []
        words = [*moved[:MOST_LEVELS], *more, "the others at baseline"]
    else:
        words = [f"{c.id}={level_text(level)}" for c, level in pairs]
    return ", ".join([*words, *block]) or "all runs"


def _not_estimable(
    contrast: Contrast,
    design: Design,
    sides: Mapping[tuple[object, ...], tuple[list[Arm], list[Arm]]],
    others: Sequence[Component],
) -> Contrast:
    has_reference = [stratum for stratum, side in sides.items() if side[0]]
    has_treated = [stratum for stratum, side in sides.items() if side[1]]
    if not has_reference and not has_treated:
        reason = f"no run stands at {contrast.reference} or at {contrast.treated}"
        needed = f"runs at {contrast.reference} and at {contrast.treated}, all else equal"
    elif not has_treated:
        reason = f"no run stands at {contrast.treated}"
        needed = f"an arm with {contrast.treated} beside {_stratum_text(others, has_reference[0])}"
    elif not has_reference:
        reason = f"no run stands at {contrast.reference}"
        needed = f"an arm with {contrast.reference} beside {_stratum_text(others, has_treated[0])}"
    else:
        reason = (
            f"{contrast.reference} and {contrast.treated} were never run with all else equal: "
            f"{contrast.reference} only beside {_stratum_text(others, has_reference[0])}, "
            f"{contrast.treated} only beside {_stratum_text(others, has_treated[0])}"
        )
        needed = f"an arm with {contrast.treated} beside {_stratum_text(others, has_reference[0])}"
    return replace(contrast, reason=reason, needed=needed)
