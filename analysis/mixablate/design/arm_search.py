"""The search behind `smallest_additions`: candidate arms, what each completes, the fewest that complete everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mixablate.design.arms import Arm, Design
from mixablate.design.contrasts import At
from mixablate.study import ComponentType
from mixablate.study.claim_kinds import Level

__all__ = ["ArmKey", "ArmSearch", "Switch", "Wanted", "fewest_arms", "search_of"]

MOST_EXACT = 3  # arms; larger sets are built one arm at a time
MOST_CANDIDATES = 400
MOST_STEPS = 20_000  # of the exact search, counted and not timed, so that the answer is the same everywhere
ENOUGH_RUNS = 3
MIX_ROUNDING = 0.005  # fractions published to three digits sum to .997 to 1.003

ArmKey = tuple[tuple[Level, ...], tuple[str, ...]]
"""An arm as the search knows it: its levels in declaration order, and its block."""

Stratum = tuple[tuple[Level, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Switch:
    """A contrast that is wanted: components moved together from `start` to `end` with all else equal.

    Attributes:
        name: component or claim id.
        start, end: (component id, level).
        at: where the other components stand.
    """

    name: str
    start: tuple[tuple[str, Level], ...]
    end: tuple[tuple[str, Level], ...]
    at: At = "average"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A switch by position: what moves, the others that stay, and where they are fixed; `sides` is what was run.

    `sides` maps a stratum to the sides run in it: 1 reference, 2 treated, 3 both.
    """

    name: str
    start: tuple[tuple[int, Level], ...]
    end: tuple[tuple[int, Level], ...]
    others: tuple[int, ...]
    fixed: tuple[tuple[int, Level | None], ...]
    sides: dict[Stratum, int] = field(default_factory=dict, compare=False)

    def side(self, key: ArmKey) -> int:
        """1 on the reference side, 2 on the treated side, 0 on neither."""
        if any(key[0][i] != level for i, level in self.fixed):
            return 0
        if all(key[0][i] == level for i, level in self.start):
            return 1
        return 2 if all(key[0][i] == level for i, level in self.end) else 0

    def stratum(self, key: ArmKey) -> Stratum:
        """What the other components and the block are."""
        return tuple(key[0][i] for i in self.others), key[1]

    def moved(self, key: ArmKey, side: int) -> ArmKey:
        """`key` moved to a side, the others as they stand or as they are fixed."""
        levels = list(key[0])
        for i, fixed in self.fixed:
            levels[i] = fixed if fixed is not None else levels[i]
        for i, level in self.start if side == 1 else self.end:
            levels[i] = level
        return tuple(levels), key[1]


@dataclass(frozen=True, slots=True)
class ArmSearch:
    """What is known before searching.

    Attributes:
        open: switches that no stratum can estimate yet and some candidates would.
        candidates: arms not run, nearest to the baseline first.
        runs: of every arm that was run.
        distance: of a candidate: how many components have left their baseline.
        impossible: (name, why) of switches that no candidate completes.
    """

    open: tuple[Wanted, ...]
    candidates: tuple[ArmKey, ...]
    runs: Mapping[ArmKey, int]
    distance: Mapping[ArmKey, int]
    impossible: tuple[tuple[str, str], ...]

    @staticmethod
    def key_of(arm: Arm) -> ArmKey:
        """The key of an arm with known levels."""
        return tuple(level for _, level in arm.levels if level is not None), arm.block

    def done(self, wanted: Wanted, chosen: Sequence[ArmKey]) -> bool:
        """Whether the switch has a stratum with both sides once `chosen` are run."""
        seen: dict[Stratum, int] = {}
        for key in chosen:
            side = wanted.side(key)
            if side:
                stratum = wanted.stratum(key)
                seen[stratum] = seen.get(stratum, wanted.sides.get(stratum, 0)) | side
        return 3 in seen.values()

    def partner(self, wanted: Wanted, key: ArmKey) -> ArmKey | None:
        """The arm that was run, of most runs, that `key` is compared with; None where it is itself an added one."""
        stratum, side = wanted.stratum(key), wanted.side(key)
        found = [k for k in self.runs if wanted.side(k) == 3 - side and wanted.stratum(k) == stratum]
        return max(found, key=lambda k: self.runs[k], default=None)


def search_of(design: Design, wanted: Sequence[Switch]) -> ArmSearch:
    """The open switches and the candidates for them."""
    runs: dict[ArmKey, int] = {}
    for arm in design.arms:
        if arm.known:
            runs[ArmSearch.key_of(arm)] = runs.get(ArmSearch.key_of(arm), 0) + len(arm.run_ids)
    unmet = [one for one in (_wanted(design, w, runs) for w in wanted) if 3 not in one.sides.values()]
    valid = _valid_mix(design, list(runs))
    moves = {
        k: None for w in unmet for arm in runs for side in (1, 2) for k in [w.moved(arm, side)] if w.side(k) == side
    }
    distance = {key: _distance(design, key) for key in moves}
    order = {key: (distance[key], _places(design, key), _ordinal(key)) for key in moves}
    pool = sorted((k for k in moves if k not in runs and valid(k)), key=lambda k: order[k])
    is_open = [_reachable(w, pool) for w in unmet]
    return ArmSearch(
        tuple(w for w, reachable in zip(unmet, is_open, strict=True) if reachable),
        tuple(pool),
        runs,
        distance,
        tuple((w.name, _why(w, list(moves))) for w, reachable in zip(unmet, is_open, strict=True) if not reachable),
    )


def fewest_arms(search: ArmSearch) -> tuple[tuple[ArmKey, ...], bool]:
    """The chosen candidates, and whether the search was exact: no smaller set of candidates completes every switch."""
    if not search.open:
        return (), True
    if len(search.candidates) <= MOST_CANDIDATES:
        budget = [MOST_STEPS]
        for size in range(1, MOST_EXACT + 1):
            found = list(_solutions(search, (), size, budget))
            if budget[0] < 0:
                break
            if found:
                return min(found, key=lambda chosen: _cost(search, chosen)), True
    return _greedy(search), False


def _wanted(design: Design, switch: Switch, runs: Mapping[ArmKey, int]) -> Wanted:
    place = {c.id: i for i, c in enumerate(design.components)}
    moved = {name for name, _ in switch.start}
    others = [c for c in design.components if c.id not in moved and not (design.pair and c.column == design.pair)]
    fixed: tuple[tuple[int, Level | None], ...] = ()
    if switch.at != "average":
        fixed = tuple((place[c.id], c.baseline if switch.at == "baseline" else c.target) for c in others)
    found = Wanted(
        switch.name,
        tuple((place[name], level) for name, level in switch.start),
        tuple((place[name], level) for name, level in switch.end),
        tuple(place[c.id] for c in others),
        fixed,
    )
    for key in runs:
        if side := found.side(key):
            stratum = found.stratum(key)
            found.sides[stratum] = found.sides.get(stratum, 0) | side
    return found


def _reachable(wanted: Wanted, pool: Sequence[ArmKey]) -> bool:
    sides = dict(wanted.sides)
    for key in pool:
        if side := wanted.side(key):
            stratum = wanted.stratum(key)
            sides[stratum] = sides.get(stratum, 0) | side
            if sides[stratum] == 3:
                return True
    return False


def _why(wanted: Wanted, moves: Sequence[ArmKey]) -> str:
    if wanted.start == wanted.end:
        return "both its sides are at one level"
    if any(wanted.side(key) for key in moves):
        return (
            "the declared fractions sum to one in every run, so one cannot change with all others equal: declare what "
            "it replaces"
        )
    return "no arm can stand where the other components are asked to stand"


def _valid_mix(design: Design, arms: Sequence[ArmKey]) -> Callable[[ArmKey], bool]:
    """Whether levels can be a mix: fractions within 0 to 1, together at most 1, or 1 where they always are."""
    shares = [i for i, c in enumerate(design.components) if c.type is ComponentType.FRACTION]

    def total(key: ArmKey) -> float:
        return sum(float(key[0][i]) for i in shares)

    whole = bool(shares) and bool(arms) and all(abs(total(key) - 1.0) <= MIX_ROUNDING for key in arms)

    def valid(key: ArmKey) -> bool:
        if not shares:
            return True
        inside = all(0.0 <= float(key[0][i]) <= 1.0 for i in shares)
        fits = abs(total(key) - 1.0) <= MIX_ROUNDING if whole else total(key) <= 1.0 + MIX_ROUNDING
        return inside and fits

    return valid


def _places(design: Design, key: ArmKey) -> tuple[bool, ...]:
    """Components left at baseline, so that the first declared component moves first."""
    return tuple(level == c.baseline for c, level in zip(design.components, key[0], strict=True))


def _distance(design: Design, key: ArmKey) -> int:
    return sum(
        level != c.baseline for c, level in zip(design.components, key[0], strict=True) if c.baseline is not None
    )


def _ordinal(key: ArmKey) -> tuple[tuple[tuple[str, float], ...], tuple[str, ...]]:
    return tuple((level, 0.0) if isinstance(level, str) else ("", float(level)) for level in key[0]), key[1]


def _solutions(
    search: ArmSearch, chosen: tuple[ArmKey, ...], room: int, budget: list[int]
) -> Iterator[tuple[ArmKey, ...]]:
    """Every set of candidates of `room` more arms at most that completes all: some arm must complete the first open.

    Stops where the budget is spent; a branch is cut where the arms left could not complete all that is open.
    """
    budget[0] -= 1
    if budget[0] < 0:
        return
    left = [w for w in search.open if not search.done(w, chosen)]
    if not left:
        yield chosen
        return
    if not room or len(left) > _most(search, left, chosen, room):
        return
    for way in _ways(search, left[0], chosen, room):
        yield from _solutions(search, chosen + way, room - len(way), budget)


def _most(search: ArmSearch, left: Sequence[Wanted], chosen: tuple[ArmKey, ...], room: int) -> int:
    """At most so many switches can `room` more arms complete: with what stands, and with one another."""
    single = max((sum(_completes(w, key, chosen) for w in left) for key in search.candidates), default=0)
    alike: dict[tuple[int, ...], int] = {}
    for w in left:
        moved = tuple(i for (i, one), (_, two) in zip(w.start, w.end, strict=True) if one != two)
        alike[moved] = alike.get(moved, 0) + 1
    return room * single + room * (room - 1) // 2 * max(alike.values())


def _completes(wanted: Wanted, key: ArmKey, chosen: Sequence[ArmKey]) -> bool:
    side = wanted.side(key)
    if not side:
        return False
    stratum = wanted.stratum(key)
    sides = wanted.sides.get(stratum, 0)
    for other in chosen:
        if wanted.stratum(other) == stratum:
            sides |= wanted.side(other)
    return sides | side == 3


def _ways(search: ArmSearch, wanted: Wanted, chosen: tuple[ArmKey, ...], room: int) -> Iterator[tuple[ArmKey, ...]]:
    """One candidate, or two of one stratum, that complete a switch."""
    alone: dict[Stratum, tuple[list[ArmKey], list[ArmKey]]] = {}
    for key in search.candidates:
        if _completes(wanted, key, chosen):
            yield (key,)
        elif side := wanted.side(key):
            alone.setdefault(wanted.stratum(key), ([], []))[side - 1].append(key)
    if room > 1:
        for reference, treated in alone.values():
            yield from ((one, two) for one in reference for two in treated)


def _cost(search: ArmSearch, chosen: Sequence[ArmKey]) -> tuple[object, ...]:
    """Fewest runs still needed in arms that exist, then nearest to the baseline, then first in order."""
    short: dict[ArmKey, int] = {}
    for wanted in search.open:
        partners = [p for p in (search.partner(wanted, key) for key in chosen if wanted.side(key)) if p is not None]
        if partners:
            best = max(partners, key=lambda k: search.runs[k])
            short[best] = max(0, ENOUGH_RUNS - search.runs[best])
    places = sorted(search.candidates.index(key) for key in chosen)
    return sum(short.values()), sum(search.distance[key] for key in chosen), places


def _greedy(search: ArmSearch) -> tuple[ArmKey, ...]:
    """One arm at a time, each the first that completes most; two where no single one completes any."""
    chosen: tuple[ArmKey, ...] = ()
    left = list(search.open)
    while left:
        near: dict[ArmKey, set[int]] = {}
        for place, wanted in enumerate(left):
            for other in (*search.runs, *chosen):
                if side := wanted.side(other):
                    near.setdefault(wanted.moved(other, 3 - side), set()).add(place)
        allowed = [key for key in search.candidates if key in near]
        best = max(allowed, key=lambda key: len(near[key]), default=None)
        way = (best,) if best is not None else next(_ways(search, left[0], chosen, 2))
        chosen += way
        touched = near[best] if best is not None else set(range(len(left)))
        left = [w for place, w in enumerate(left) if place not in touched or not search.done(w, chosen)]
    return chosen
