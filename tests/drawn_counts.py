"""Counts for the tests of intervals and tests from counts alone, and the gold cases these share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

GOLD = Path(__file__).resolve().parents[1] / "fixtures" / "gold"
HAND = 5e-5  # numbers worked out by hand, or printed, to four decimals
SAME = 1e-9  # two ways of computing one number in double precision
LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])


def gold(case: str) -> dict[str, Any]:
    return dict(json.loads((GOLD / case / "reference.json").read_text()))


@st.composite
def counts(draw: st.DrawFn, least: int = 1, most: int = 400) -> tuple[int, int]:
    trials = draw(st.integers(least, most))
    return draw(st.integers(0, trials)), trials


def tables(most: int) -> list[tuple[int, int, int, int]]:
    """Every table of up to this many trials a side."""
    sides = [(events, trials) for trials in range(1, most + 1) for events in range(trials + 1)]
    return [(*one, *other) for one in sides for other in sides]
