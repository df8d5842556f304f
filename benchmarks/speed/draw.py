"""The figure of docs/speed.md, from the committed results: `python -m speed.draw` from the benchmarks folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

RESULTS = Path(__file__).resolve().parents[1] / "results/speed.json"
IMAGE = Path(__file__).resolve().parents[2] / "docs/images/speed.png"
INK, MUTED, GOAL = "#22303c", "#57606a", "#d55e00"
LOOKS = ({"color": "#0072b2", "marker": "o"}, {"color": "#9aa5ad", "marker": "s"})  # of a machine
SHORT = {
    "W1": "refits, 300 × 20",
    "W1-dense": "refits, dense design",
    "W2": "refits, 40 × 6",
    "W3": "Firth refits",
    "W4": "wild cluster bootstrap",
    "W5": "Shapley values",
    "W6-binary": "BCa, two rates",
    "W6-continuous": "BCa, two means",
    "W7": "rollouts to cells",
    "W8-typical": "mixed logit, 40 × 6",
    "W8-large": "mixed logit, 300 × 20",
}


def main() -> None:
    """Write the figure."""
    processors = json.loads(RESULTS.read_text(encoding="utf-8"))["full"]
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 8})
    speed_figure(processors).savefig(IMAGE, dpi=160)


def speed_figure(processors: Mapping[str, Mapping[str, Any]]) -> plt.Figure:
    """A row per workload and contender: how many times our CPU time it took, its range over rounds, and the goal."""
    rows = list(dict.fromkeys(row for workloads in processors.values() for row, _ in _measured(workloads)))
    rows.sort(key=lambda row: list(SHORT).index(row[0]))
    figure, axes = plt.subplots(figsize=(7.0, 0.23 * len(rows) + 0.9), layout="constrained")
    axes.axvline(1.0, color=INK, linewidth=0.7)
    for (processor, workloads), look, lift in zip(processors.items(), LOOKS, (-0.14, 0.14), strict=True):
        found = dict(_measured(workloads))
        heights = [rows.index(row) + lift for row in found]
        ratios = [one["ratio"] for one in found.values()]
        reach = [[one["ratio"] - one["lowest"] for one in found.values()],
                 [one["highest"] - one["ratio"] for one in found.values()]]  # fmt: skip
        axes.errorbar(ratios, heights, xerr=reach, linestyle="none", markersize=4, label=processor, **look)
    goals = {row: one["goal"] for workloads in processors.values() for row, one in _measured(workloads) if one["goal"]}
    axes.plot(list(goals.values()), [rows.index(row) for row in goals], "|", color=GOAL, markersize=9, label="goal")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("times our CPU time, with the range over rounds")
    axes.set_yticks(range(len(rows)), [f"{SHORT[key]}: {name}" for key, name in rows])
    for (key, _), (before, _), at in zip(rows[1:], rows, range(1, len(rows)), strict=False):
        if key != before:
            axes.axhline(at - 0.5, color="#e4e8eb", linewidth=0.6, zorder=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(length=0, colors=MUTED)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, frameon=False, handletextpad=0.4)
    return figure


def _measured(workloads: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    """Workload and contender (without its settings, where that is still its name), with what it took."""
    for key, entry in workloads.items():
        plain = [one["contender"].split(",")[0] for one in entry["contenders"]]
        for name, one in zip(plain, entry["contenders"], strict=True):
            if not one["absent"]:
                yield (key, name if plain.count(name) == 1 else one["contender"]), one


if __name__ == "__main__":
    main()
