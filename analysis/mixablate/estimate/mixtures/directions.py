"""Changes of a mix that can be made: one part up and all others down in proportion, or one up and one down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Change", "MixReference", "cox_change", "cox_path", "replacement"]

Floats = NDArray[np.float64]

Kind = Literal["cox", "replacement"]
SLACK = 1e-9  # of a fraction: rounding


@dataclass(frozen=True, slots=True)
class MixReference:
    """Where changes start, and how far the runs reach.

    Attributes:
        mix: (D,) fractions of the parts.
        lowest, highest: (D,) fractions of the runs.
    """

    mix: Floats
    lowest: Floats
    highest: Floats


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the mix, from the reference.

    Attributes:
        kind: "cox", or "replacement".
        part: index of the part that rises.
        against: index of the part that falls, -1 where all others do.
        start, end: (D,) mixes.
        reason: why these runs do not speak to it; empty where they may.
    """

    kind: Kind
    part: int
    against: int
    start: Floats
    end: Floats
    reason: str = ""


def cox_path(reference: Floats, part: int, fractions: Floats) -> Floats:
    """Mixes in which a part stands at these fractions and the others keep their ratios of the reference, (m, D).

    Their sum stays that of the reference. Source: Cox (1971), Biometrika 58:155; Piepel (1982), Technometrics 24:29.

    Raises:
        ValueError: a reference that is all of this part: the others have no ratios.
    """
    rest = float(reference.sum() - reference[part])
    if not rest > SLACK:
        raise ValueError("the reference mix is all of one part: the others have no ratios in which to give way")
    mixes = np.outer((reference.sum() - fractions) / rest, reference)
    mixes[:, part] = fractions
    return np.asarray(mixes)


def cox_change(reference: MixReference, part: int, delta: float) -> Change:
    """A part up by `delta`, the others down in proportion to their fractions in the reference."""
    start, end = reference.mix, reference.mix.copy()
    end[part] += delta
    total = start.sum()
    if not total - start[part] > SLACK:
        return Change("cox", part, -1, start, end, "the reference mix holds nothing else that could give way")
    if end[part] > total + SLACK:
        return Change("cox", part, -1, start, end, f"the reference mix holds {_percent(start[part])} already")
    end = cox_path(start, part, end[[part]])[0]
    return Change("cox", part, -1, start, end, _beyond(reference, part, end))


def replacement(reference: MixReference, part: int, against: int, delta: float) -> Change:
    """A part up by `delta`, another down by as much, the rest as it was."""
    start, end = reference.mix, reference.mix.copy()
    end[part] += delta
    end[against] -= delta
    reason = _beyond(reference, part, end)
    if end[against] < -SLACK:
        reason = f"the reference mix holds only {_percent(start[against])} of what gives way"
    elif not reason and end[against] < reference.lowest[against] - SLACK:
        least, there = _percent(reference.lowest[against]), _percent(end[against])
        reason = f"every run has at least {least} of what gives way; {there} lies beyond"
    return Change("replacement", part, against, start, np.clip(end, 0.0, None), reason)


def _beyond(reference: MixReference, part: int, end: Floats) -> str:
    if end[part] <= reference.highest[part] + SLACK:
        return ""
    return f"no run has more than {_percent(reference.highest[part])} of it; {_percent(end[part])} lies beyond"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.3g} %"
