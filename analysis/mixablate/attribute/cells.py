"""Where the value of every coalition comes from: arms that were run, and the model for those that were not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mixablate.attribute.players import Player
from mixablate.design import Arm, Design
from mixablate.estimate import RunSummaries
from mixablate.study.claim_kinds import Level

Rest = tuple[tuple[str, Level | None], ...]

__all__ = ["CoalitionCells", "Stratum", "ValueSource", "cells_of", "strata_of"]

Floats = NDArray[np.float64]


class ValueSource(StrEnum):
    """What a coalition's value rests on: arms that were run, the fitted model, or arms where run and else the model."""

    OBSERVED = "observed"
    MODEL = "model"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Stratum:
    """Arms equal in block and in every component that does not play.

    Attributes:
        rest: (component id, level) of the others.
        block: values of the block columns.
        arms: coalition (bit mask) -> the arms that ran it; several where mixes differ beside the components.
        label: in words, "" where there is only one stratum.
    """

    rest: tuple[tuple[str, Level | None], ...]
    block: tuple[str, ...]
    arms: dict[int, tuple[Arm, ...]]
    label: str


@dataclass(frozen=True, slots=True)
class CoalitionCells:
    """m coalitions as linear functions of A arm means and of the model's rates in T strata, strata weighted equally.

    Attributes:
        coalitions: (m,) bit masks.
        strata: (T,) those that values speak about.
        arm_ids: (A,) arms whose means are used.
        weights: (m, A) of the arm means.
        modelled: (m, T) weight of the model's rate in each stratum; 0 where the arm's mean is used.
    """

    coalitions: tuple[int, ...]
    strata: tuple[Stratum, ...]
    arm_ids: tuple[str, ...]
    weights: Floats
    modelled: Floats

    def source(self, position: int) -> ValueSource:
        """The source of one coalition's value."""
        if not self.modelled[position].any():
            return ValueSource.OBSERVED
        return ValueSource.MIXED if self.weights[position].any() else ValueSource.MODEL


def strata_of(design: Design, summaries: RunSummaries, players: Sequence[Player]) -> tuple[Stratum, ...]:
    """The strata in which the most coalitions were run, those with both baseline and full mix before all others.

    Values are means over these strata. Where every coalition was run in some strata, these are they; runs of other
    strata are then left out rather than filled in.
    """
    seen = set(summaries.arm_ids)
    names = {component for player in players for component in player.components}
    found: dict[tuple[Rest, tuple[str, ...]], dict[int, list[Arm]]] = {}
    for arm in design.arms:
        if not arm.known or arm.arm_id not in seen:
            continue
        rest = tuple((name, level) for name, level in arm.levels if name not in names)
        held = found.setdefault((rest, arm.block), {})
        mask = _mask(arm, players)
        if mask is not None:
            held.setdefault(mask, []).append(arm)
    ends = {0, (1 << len(players)) - 1}
    score = {key: (ends <= set(held), len(held)) for key, held in found.items()}
    best = max(score.values(), default=(False, 0))
    return tuple(
        Stratum(
            key[0], key[1], {mask: tuple(arms) for mask, arms in held.items()}, _words(key) if len(found) > 1 else ""
        )
        for key, held in found.items()
        if score[key] == best
    )


def cells_of(coalitions: Sequence[int], strata: Sequence[Stratum], value: ValueSource) -> CoalitionCells:
    """The cells behind these coalitions: all from the model, or arms wherever they were run."""
    arm_ids = tuple(dict.fromkeys(arm.arm_id for s in strata for arms in s.arms.values() for arm in arms))
    weights, modelled = np.zeros((len(coalitions), len(arm_ids))), np.zeros((len(coalitions), len(strata)))
    position = {arm_id: index for index, arm_id in enumerate(arm_ids)}
    for row, mask in enumerate(coalitions):
        for column, stratum in enumerate(strata):
            arms = stratum.arms.get(mask, ()) if value is not ValueSource.MODEL else ()
            for arm in arms:
                weights[row, position[arm.arm_id]] += 1.0 / (len(arms) * len(strata))
            if not arms:
                modelled[row, column] = 1.0 / len(strata)
    used = np.flatnonzero(weights.any(axis=0))
    return CoalitionCells(
        tuple(coalitions),
        tuple(strata),
        tuple(arm_ids[column] for column in used),
        weights[:, used],
        modelled,
    )


def runs_of(cells: CoalitionCells, summaries: RunSummaries, position: int) -> int:
    """How many runs a coalition's observed value is the mean of."""
    counts = Counter(summaries.arm_ids)
    return sum(counts[a] for a, w in zip(cells.arm_ids, cells.weights[position], strict=True) if w)


def _mask(arm: Arm, players: Sequence[Player]) -> int | None:
    mask = 0
    for position, player in enumerate(players):
        levels = tuple(arm.level(component) for component in player.components)
        if levels == player.target:
            mask |= 1 << position
        elif levels != player.baseline:
            return None
    return mask


def _words(key: tuple[Rest, tuple[str, ...]]) -> str:
    rest, block = key
    levels = [f"{name}={level}" for name, level in rest]
    return ", ".join([*levels, *block])
