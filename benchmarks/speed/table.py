"""The results as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["markdown"]

HEAD = "| contender | CPU time | ours | times ours (range) | goal | largest error |\n|---|---|---|---|---|---|\n"


def markdown(processors: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """A section a workload and processor: what was done, on what, and a row a contender; absent ones say so."""
    keys = dict.fromkeys(key for workloads in processors.values() for key in workloads)
    found = ((key, workloads[key]) for key in keys for workloads in processors.values() if key in workloads)
    return "\n".join(_section(key, entry) for key, entry in found)


def _section(key: str, entry: Mapping[str, Any]) -> str:
    rows = "".join(_row(contender, entry["unit"]) for contender in entry["contenders"])
    about = f"{entry['machine']}; medians of {entry['rounds']} interleaved rounds, {entry['measured']}."
    return f"## {key}: {entry['title']}\n\n{HEAD}{rows}\n{about}\n"


def _row(contender: Mapping[str, Any], unit: str) -> str:
    name = f"{contender['contender']} ({contender['package']})"
    if contender["absent"]:
        return f"| {name} | {contender['absent']} | | | | |\n"
    times = f"{contender['ratio']:.3g} ({contender['lowest']:.3g} to {contender['highest']:.3g})"
    goal = "" if contender["goal"] is None else f"{contender['goal']:g}"
    error = f"{contender['error']:.1e} ({contender['gate']}; at most {contender['tolerance']:.2g})"
    seconds = f"{_time(contender['seconds'])} a {unit} | {_time(contender['ours'])}"
    return f"| {name} | {seconds} | {times} | {goal} | {error} |\n"


def _time(seconds: float) -> str:
    for limit, factor, name in ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms")):
        if seconds < limit:
            return f"{seconds * factor:.3g} {name}"
    return f"{seconds:.3g} s"
