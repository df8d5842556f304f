"""A cell's counts as rates: coverage, misses on either side, what was withheld, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attribution.parts import Counts

__all__ = ["cell_summary"]

INTERVALS = ("part", "simultaneous", "share", "total", "difference")
DIGITS = 4


def cell_summary(counts: Counts, studies: int, truth: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Per scale: every interval's coverage where one was given, and how often a component was found.

    `sources`: where the numbers came from, as shares of studies. `scales`: per scale `truth` (part by component),
    `intervals` (kind, name, given: share of studies with an interval; covered, below, above: shares of those),
    `all_at_once` (simultaneous limits of all parts cover), `found`, `found_simultaneously`, `largest` (shares of all
    studies), `no_split` (share of studies without numbers on the scale).
    """
    scales = {}
    for scale, parts in truth.items():
        intervals = []
        for kind in INTERVALS:
            names = sorted({key[2] for key in counts if key[0] == kind and key[1] == scale})
            intervals += [{"kind": kind, "name": name, **_places(counts, (kind, scale, name))} for name in names]
        together = {word: counts["all at once", scale, "", word] for word in ("covered", "missed")}
        given = sum(together.values())
        scales[scale] = {
            "truth": {name: round(value, 6) for name, value in parts.items()},
            "intervals": intervals,
            "all_at_once": round(together["covered"] / given, DIGITS) if given else None,
            "no_split": round(counts["no split", scale] / studies, DIGITS),
            **{
                word.replace(" ", "_"): {name: round(counts[word, scale, name] / studies, DIGITS) for name in parts}
                for word in ("found", "found simultaneously", "largest")
            },
        }
    sources = sorted({key[3] for key in counts if key[0] == "source"})
    every = sum(value for key, value in counts.items() if key[0] == "source")
    used = {
        source: round(sum(v for k, v in counts.items() if k[0] == "source" and k[3] == source) / every, DIGITS)
        for source in sources
    }
    return {"sources": used, "scales": scales}


def _places(counts: Counts, key: tuple[str, ...]) -> dict[str, float | None]:
    places = {place: counts[(*key, place)] for place in ("covered", "below", "above", "withheld")}
    given = sum(places.values()) - places["withheld"]
    shares: dict[str, float | None] = {
        place: round(places[place] / given, DIGITS) if given else None for place in ("covered", "below", "above")
    }
    return {"given": round(given / sum(places.values()), DIGITS), **shares}
