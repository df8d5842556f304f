"""Who takes part: components that vary, those that only ever come together as one player."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mixablate.design import Arm, Design
from mixablate.design.arms import level_text
from mixablate.study import Component
from mixablate.study.claim_kinds import Level

__all__ = ["LeftOut", "Player", "Players", "players_of", "take_part"]


@dataclass(frozen=True, slots=True)
class Player:
    """One component, or several that these runs only ever switch together.

    Attributes:
        id: component ids joined by "+".
        label: for people.
        components: their ids, in declaration order.
        baseline, target: the level of each at the baseline and in the full mix.
        group: the components' common declared group, "" where they have none.
    """

    id: str
    label: str
    components: tuple[str, ...]
    baseline: tuple[Level, ...]
    target: tuple[Level, ...]
    group: str

    def levels(self, *, present: bool) -> Mapping[str, Level | None]:
        """The levels of its components with or without it."""
        return dict(zip(self.components, self.target if present else self.baseline, strict=True))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A component that takes no part, with its reason."""

    component: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Players:
    """The players in declaration order, and who is none.

    Attributes:
        players: those that take part.
        left_out: components that do not.
        sentences: which components cannot be told apart, and the arm that would tell them apart.
    """

    players: tuple[Player, ...]
    left_out: tuple[LeftOut, ...] = ()
    sentences: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[int, ...]:
        """The group of each player, numbered by first member; a player without one stands alone."""
        names = [player.group or f"\0{position}" for position, player in enumerate(self.players)]
        return tuple(names.index(name) for name in names)

    @property
    def grouped(self) -> bool:
        """Whether groups make a difference: some hold several players, and there is more than one."""
        return 1 < len(set(self.groups)) < len(self.players)


def players_of(design: Design) -> tuple[Component, ...]:
    """The components that could take part: those with a baseline and a target."""
    return tuple(c for c in design.components if c.baseline is not None and c.target is not None)


def take_part(design: Design) -> Players:
    """The players of these runs.

    A component that never varies over the runs of known mixes takes no part. Components whose levels move one to one
    together over all of them are one player: what it earns is the group's.
    """
    arms = [arm for arm in design.arms if arm.known]
    left_out, playing = [], []
    for component in players_of(design):
        levels = {arm.level(component.id) for arm in arms}
        if len(levels) > 1:
            playing.append(component)
            continue
        always = f"it stands at {level_text(next(iter(levels)))} in every run" if levels else "no run has a known mix"
        left_out.append(LeftOut(component.id, component.label, f"{always}: nothing was compared"))
    players, sentences = [], []
    for members in _inseparable(playing, arms):
        players.append(_player(members))
        if len(members) > 1:
            sentences.append(_together(members))
    return Players(tuple(players), tuple(left_out), tuple(sentences))


def _player(members: Sequence[Component]) -> Player:
    labels = " + ".join(member.label for member in members)
    groups = {member.group for member in members}
    return Player(
        "+".join(member.id for member in members),
        f"{labels} (only ever together)" if len(members) > 1 else labels,
        tuple(member.id for member in members),
        tuple(member.baseline for member in members if member.baseline is not None),
        tuple(member.target for member in members if member.target is not None),
        groups.pop() if len(groups) == 1 else "",
    )


def _inseparable(components: Sequence[Component], arms: Sequence[Arm]) -> list[list[Component]]:
    """Maximal sets of components whose levels move one to one together, in declaration order; singles among them."""
    found: list[list[Component]] = []
    for component in components:
        for members in found:
            if _one_to_one(members[0], component, arms):
                members.append(component)
                break
        else:
            found.append([component])
    return found


def _one_to_one(first: Component, second: Component, arms: Sequence[Arm]) -> bool:
    """Whether the level of one tells that of the other, both ways, baselines and targets falling together."""
    pairs = {(arm.level(first.id), arm.level(second.id)) for arm in arms}
    matched = len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
    return matched and all(
        (a == first.baseline) == (b == second.baseline) and (a == first.target) == (b == second.target)
        for a, b in pairs
    )


def _together(members: Sequence[Component]) -> str:
    named = " and ".join(f'"{member.label}"' for member in members)
    alone = ", ".join(
        f"{member.id}={level_text(member.target if position == 0 else member.baseline)}"
        for position, member in enumerate(members)
    )
    together = f"{named} were only ever run together, so the part is theirs jointly"
    return f"{together}; run an arm with {alone} to tell them apart."
