"""The interaction of two sets of components: what they do together beyond what each does alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mixablate.design.arm_search import Switch
from mixablate.design.arms import Arm, Design, level_text
from mixablate.design.contrasts import At, Contrast, switch, switched_levels
from mixablate.study.claim_kinds import Level

__all__ = ["CORNERS", "Interaction", "interaction", "interaction_switches"]

Stratum = tuple[tuple[tuple[str, Level | None], ...], tuple[str, ...]]
"""(component id, level) of the components that are not switched, and the block."""

CORNERS = ("both", "first", "second", "neither")
SIGNS = {"both": 1.0, "first": -1.0, "second": -1.0, "neither": 1.0}


@dataclass(frozen=True, slots=True)
class Interaction:
    """The four combinations of two sets of components, within strata in which all four were run.

    Attributes:
        contrast: both minus first minus second plus neither: positive and negative coefficients each sum to 2.
        corners: corner name -> ((arm_id, weight), ...), weights summing to 1; empty where it is not estimable.
    """

    contrast: Contrast
    corners: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]

    def arms(self, corner: str) -> dict[str, float]:
        """The arms of one of `CORNERS` with their weights."""
        return dict(dict(self.corners)[corner])


def interaction(
    design: Design,
    first: Sequence[str],
    second: Sequence[str],
    *,
    name: str,
    at: At = "average",
    reference: Mapping[str, Level] | None = None,
    treated: Mapping[str, Level] | None = None,
) -> Interaction:
    """The interaction of two sets of components within strata of all the others, strata weighted equally.

    Its estimate is the joint effect less the sum of the separate effects, each against neither. Strata in which one of
    the four combinations was not run are left out and listed.

    Raises:
        ClaimError: a component has no level to be switched from or to.
    """
    both = switch(design, [*first, *second], name=name, at=at, reference=reference, treated=treated)
    wanted = _corners(design, first, second, name, reference, treated)
    strata = _strata(design, wanted, at)
    used = {key: found for key, found in strata.items() if len(found) == len(CORNERS)}
    left = [key for key in strata if key not in used]
    corners = {
        corner: {a.arm_id: 1.0 / len(found[corner]) / len(used) for found in used.values() for a in found[corner]}
        for corner in CORNERS
        if used
    }
    contrast = _contrast(design, both, corners, list(used), left)
    if not used:
        contrast = _missing_corner(contrast, wanted, strata)
    return Interaction(contrast, tuple((corner, tuple(arms.items())) for corner, arms in corners.items()))


def interaction_switches(
    design: Design,
    first: Sequence[str],
    second: Sequence[str],
    *,
    name: str,
    at: At = "average",
    reference: Mapping[str, Level] | None = None,
    treated: Mapping[str, Level] | None = None,
) -> tuple[Switch, ...]:
    """The switches from neither to each other combination, in the stratum that lacks fewest; none where one has all.

    Levels of the other components are pinned, so that the combinations meet in one stratum. Blocks are not: with
    several the switches may be complete in different ones, and they are then necessary but not sufficient.

    Raises:
        ClaimError: a component has no level to be switched from or to.
    """
    wanted = _corners(design, first, second, name, reference, treated)
    strata = _strata(design, wanted, at)
    (others, _), found = max(strata.items(), key=lambda item: len(item[1]), default=(((), ()), {}))
    if len(found) == len(CORNERS):
        return ()
    pinned = tuple((c, level) for c, level in others if level is not None)
    start = (*wanted["neither"].items(), *pinned)
    return tuple(Switch(name, start, (*wanted[c].items(), *pinned), at) for c in CORNERS if c != "neither")


def _corners(
    design: Design,
    first: Sequence[str],
    second: Sequence[str],
    name: str,
    reference: Mapping[str, Level] | None,
    treated: Mapping[str, Level] | None,
) -> dict[str, dict[str, Level]]:
    """Corner -> the levels of the switched components."""
    off, on = switched_levels(design, [*first, *second], name=name, reference=reference, treated=treated)
    return {
        "both": on,
        "first": {c: on[c] if c in first else off[c] for c in on},
        "second": {c: on[c] if c in second else off[c] for c in on},
        "neither": off,
    }


def _strata(design: Design, wanted: Mapping[str, Mapping[str, Level]], at: At) -> dict[Stratum, dict[str, list[Arm]]]:
    """Stratum -> corner -> arms, for strata that hold any of the four."""
    switched = wanted["both"]
    others = [c for c in design.components if c.id not in switched and not (design.pair and c.column == design.pair)]
    found: dict[Stratum, dict[str, list[Arm]]] = {}
    for arm in design.arms:
        stands = at == "average" or all(
            arm.level(c.id) == (c.baseline if at == "baseline" else c.target) for c in others
        )
        if not arm.known or not stands:
            continue
        key = (tuple((c.id, arm.level(c.id)) for c in others), arm.block)
        for corner, levels in wanted.items():
            if all(arm.level(c) == level for c, level in levels.items()):
                found.setdefault(key, {}).setdefault(corner, []).append(arm)
    return found


def _contrast(
    design: Design,
    both: Contrast,
    corners: Mapping[str, Mapping[str, float]],
    used: Sequence[Stratum],
    left: Sequence[Stratum],
) -> Contrast:
    coefficients = {a: SIGNS[corner] * w for corner, arms in corners.items() for a, w in arms.items()}
    ordered = tuple((arm.arm_id, coefficients[arm.arm_id]) for arm in design.arms if arm.arm_id in coefficients)
    return Contrast(
        name=both.name,
        label=both.label.replace(" + ", " × "),
        components=both.components,
        coefficients=ordered,
        strata=(),
        strata_used=tuple(_words(key) for key in used),
        strata_left_out=tuple(_words(key) for key in left),
        reference="the separate effects added",
        treated=both.treated,
    )


def _missing_corner(
    contrast: Contrast,
    wanted: Mapping[str, Mapping[str, Level]],
    strata: Mapping[Stratum, Mapping[str, object]],
) -> Contrast:
    """The contrast with the combinations that the fullest stratum lacks."""
    where, fullest = max(strata.items(), key=lambda item: len(item[1]), default=(((), ()), {}))
    lacking = [
        ", ".join(f"{c}={level_text(level)}" for c, level in wanted[corner].items())
        for corner in CORNERS
        if corner not in fullest
    ]
    beside = f" beside {_words(where)}" if where[0] or where[1] else ""
    return replace(
        contrast,
        reason=f"an interaction needs all four combinations; no run stands at {lacking[0]}{beside}",
        needed="an arm with " + " and one with ".join(lacking) + beside,
    )


def _words(stratum: Stratum) -> str:
    levels, block = stratum
    return ", ".join([*(f"{c}={level_text(level)}" for c, level in levels), *block]) or "all runs"
