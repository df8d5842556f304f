"""How contenders are compared: interleaved, by CPU time, with a gate that refuses different answers.

Absolute times move twofold between minutes on a shared machine; the ratio of two contenders that take turns moves by a
tenth. So every measurement of a contender is paired with one of ours beside it, and what is reported is the median of
those ratios.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from speed.r_process import Timed, r_version

__all__ = ["Contender", "Measured", "Timed", "Workload", "measure"]

SHORTEST = 0.05  # seconds of CPU time a measurement takes at least: shorter calls are repeated


@dataclass(frozen=True, slots=True)
class Contender:
    """Another way to do a workload.

    Attributes:
        name: as it is printed.
        package: the distribution that it needs, "R lme4" if it is R's; absent ones are listed and not run.
        build: imports the package and gives the call that is timed, all its data being ready.
        share: of the workload that one call does: 20 of 10,000 replicates are a share of .002.
        error: of its answer against ours.
        tolerance: the error from which its time means nothing.
        gate: what the error is, in words.
        goal: the ratio aimed at; None where there is none.
        needs: further distributions.
    """

    name: str
    package: str
    build: Callable[[], Callable[[], Any]]
    error: Callable[[Any, Any], float]
    tolerance: float
    gate: str
    share: float = 1.0
    goal: float | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workload:
    """A task with our way of doing it and the others'.

    Attributes:
        key: "W4".
        title: one line.
        ours: the call that is timed.
        share: of the workload that one call of ours does.
        contenders: the others.
        unit: what seconds are quoted per, and how many of them the workload holds: ("replicate", 1000).
    """

    key: str
    title: str
    ours: Callable[[], Any]
    contenders: tuple[Contender, ...]
    share: float = 1.0
    unit: tuple[str, int] = ("run", 1)


@dataclass(frozen=True, slots=True)
class Measured:
    """One contender beside ours, or why there is no number.

    Attributes:
        contender: its name.
        package: with its version.
        ratio: its CPU time over ours, both for the whole workload: the median over rounds.
        lowest, highest: of the rounds.
        seconds, ours: CPU seconds of a unit of work, medians.
        error, tolerance, gate, goal: as declared.
        absent: why it was not run; empty where it was.
    """

    contender: str
    package: str
    ratio: float | None
    lowest: float | None
    highest: float | None
    seconds: float | None
    ours: float | None
    error: float | None
    tolerance: float
    gate: str
    goal: float | None
    absent: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answers agree; nothing to say where it was not run."""
        return bool(self.absent) or (self.error is not None and self.error <= self.tolerance)


def measure(workload: Workload, *, rounds: int, packages: frozenset[str] = frozenset()) -> Iterator[Measured]:
    """Every contender beside ours, as they are done; with `packages`, those that need nothing else.

    Raises:
        ValueError: fewer rounds than one.
    """
    if not rounds >= 1:
        raise ValueError(f"rounds must be at least 1, found {rounds}")
    workload.ours()
    for contender in workload.contenders:
        yield _beside(workload, contender, rounds, _absence(contender, packages))


def _beside(workload: Workload, contender: Contender, rounds: int, absent: str) -> Measured:
    declared = contender.tolerance, contender.gate, contender.goal
    if absent:
        return Measured(contender.name, contender.package, *(None,) * 6, *declared, absent)
    theirs = contender.build()
    error = contender.error(workload.ours(), _answer(theirs()))  # and whatever is compiled is compiled by now
    sides = ((workload.ours, workload.share), (theirs, contender.share))
    calls = [max(1, round(SHORTEST / max(_seconds(call, 1), 1e-6))) for call, _ in sides]
    pairs = []
    for turn in range(rounds):
        order = (0, 1) if turn % 2 == 0 else (1, 0)
        seconds = {side: _seconds(sides[side][0], calls[side]) / sides[side][1] for side in order}
        pairs.append((seconds[0], seconds[1]))
    ratios = [other / own for own, other in pairs]
    units = workload.unit[1]
    return Measured(
        contender=contender.name,
        package=f"{contender.package} {_version(contender.package)}",
        ratio=statistics.median(ratios),
        lowest=min(ratios),
        highest=max(ratios),
        seconds=statistics.median(other for _, other in pairs) / units,
        ours=statistics.median(own for own, _ in pairs) / units,
        error=error,
        tolerance=contender.tolerance,
        gate=contender.gate,
        goal=contender.goal,
    )


def _seconds(call: Callable[[], Any], times: int) -> float:
    """CPU seconds of one call, of this process or of the one it says it ran."""
    outside = 0.0
    began = time.process_time()
    for _ in range(times):
        answer = call()
        if isinstance(answer, Timed):
            outside += answer.seconds
    return (outside or time.process_time() - began) / times


def _answer(answer: Any) -> Any:
    return answer.answer if isinstance(answer, Timed) else answer


def _absence(contender: Contender, packages: frozenset[str]) -> str:
    needed = (contender.package, *contender.needs)
    if packages and not packages.issuperset(needed):
        return "not asked for"
    return next((f"{package} is not installed" for package in needed if not _version(package)), "")


def _version(package: str) -> str:
    """Empty where it is not installed."""
    if package.startswith("R "):
        return r_version(package.removeprefix("R "))
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
