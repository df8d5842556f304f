"""The calibration's figures, from its committed results: `python -m calibration.draw` from the benchmarks folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

RESULTS = Path(__file__).resolve().parents[1] / "results/calibration.json"
IMAGES = Path(__file__).resolve().parents[2] / "docs/images"
INK, OURS, OTHER, BAND = "#22303c", "#0072b2", "#9aa5ad", "#e4eef5"
ROWS = (
    ("log odds", "log_odds", "mixablate", "mixablate: Welch / Satterthwaite t"),
    ("log odds", "log_odds", "pooled t", "pooled t"),
    ("difference of rates", "risk_difference", "mixablate", "mixablate: MOVER"),
    ("difference of rates", "risk_difference", "Welch on rates", "Welch on rates"),
    ("difference of rates", "risk_difference", "clustered sandwich (CR0), z", "clustered sandwich, z"),
    ("difference of rates", "risk_difference", "rollouts as units, z", "rollouts as units, z"),
    ("ratio of rates", "risk_ratio", "mixablate", "mixablate: log ratio"),
)


def main() -> None:
    """Write every figure."""
    cells = json.loads(RESULTS.read_text(encoding="utf-8"))["cells"]
    plt.rcParams.update({"svg.hashsalt": "mixablate", "font.family": "DejaVu Sans", "font.size": 9})
    coverage_figure(cells).savefig(IMAGES / "calibration-coverage.png", dpi=160)


def coverage_figure(cells: Sequence[Mapping[str, Any]]) -> plt.Figure:
    """A dot per supported cell of normal runs: coverage of each interval, few runs beside more."""
    figure, axes = plt.subplots(1, 2, figsize=(9.2, 3.9), sharey=True, layout="constrained")
    parts = (("3 or 4 runs on the smaller side", 3, 5, (0.93, 0.985)), ("5 or more", 5, 99, (0.93, 0.97)))
    jitter = np.random.default_rng(0)
    for panel, (title, least, most, band) in zip(axes, parts, strict=True):
        panel.axvspan(100 * band[0], 100 * band[1], color=BAND, zorder=0)
        panel.axvline(95, color=INK, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
        for row, (_, scale, interval, _) in enumerate(ROWS):
            found = [
                100 * one["everywhere"]
                for cell in cells
                if least <= cell["fewest_runs"] < most and cell["supported"][scale] and cell["shape"] == "normal"
                for one in cell["coverage"]
                if one["interval"] == interval and one["scale"] == scale
            ]
            heights = row + jitter.uniform(-0.26, 0.26, len(found))
            colour = OURS if interval == "mixablate" else OTHER
            panel.scatter(found, heights, s=7, color=colour, alpha=0.55, linewidths=0, zorder=2)
        panel.set_title(title, loc="left", color=INK, fontsize=10)
        panel.set_xlabel("cells' coverage of a 95 % interval, %")
        panel.set_xlim(18, 101)
        panel.spines[["top", "right", "left"]].set_visible(False)
        panel.tick_params(length=0)
    axes[0].set_yticks(range(len(ROWS)), [f"{scale}\n{words}" for scale, _, _, words in ROWS])
    axes[0].invert_yaxis()
    return figure


if __name__ == "__main__":
    main()
