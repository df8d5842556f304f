"""The pictures of the gallery and of the README, and the simulated studies behind those that the shipped cannot draw.

python docs/gallery.py              # draw docs/images/gallery/*.png and docs/images/report.png (make gallery)
python docs/gallery.py report       # the top of a committed report, in Chromium
python docs/gallery.py composed     # several figures as one, in another font and other colours
python docs/gallery.py --tables     # first draw the tables of fixtures/gallery from their truths
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from cycler import cycler
from installed_browser import photographed
from matplotlib.figure import Figure

from mixablate.figures import Style, chosen_entry, compose, png_bytes
from mixablate.findings import Findings, analyse
from mixablate.simulate import read_truth, simulate
from mixablate.study import load_study
from mixablate.tables import read_tables
from mixablate.tables.write import csv_text

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs/images/gallery"
STUDIES = ROOT / "fixtures/gallery"
DIVERSIFIED = "reports/harmlessness_diversification/study.toml"
ADDITIONS = "fixtures/gallery/additions/study.toml"
CHECKPOINTS = "fixtures/gallery/checkpoints/study.toml"
REPORT = "report"
REPORT_PAGE = "reports/harmlessness_diversification/report.html"
REPORT_PICTURE = ROOT / "docs/images/report.png"
REPORT_PIXELS = (1280, 1000)
COMPOSED = "composed"
COMPOSED_PICTURE = ROOT / "docs/images/composed.png"
COMPOSED_ROWS = (("rates_by_arm", "forest"), ("waterfall",))
COMPOSED_STYLE: Style = {
    "font.family": "STIXGeneral",  # ships with matplotlib
    "axes.prop_cycle": cycler(color=["#264653", "#e76f51", "#2a9d8f"]),
}
DOTS_PER_INCH = 110  # 770 pixels across: the width of a page's text


@dataclass(frozen=True, slots=True)
class Picture:
    """Which study draws a figure, and which of its outcomes; all where none is named."""

    study: str
    outcomes: tuple[str, ...] = ()

    def command(self, name: str) -> str:
        """The command that draws it, in the folder of the repository."""
        outcomes = "".join(f" --outcome {outcome}" for outcome in self.outcomes)
        return f"mixablate figure {name} {self.study} -o {name}.svg{outcomes}"


CHOSEN: Mapping[str, Picture] = {
    "verdict_ladder": Picture(DIVERSIFIED),
    "fragility_strip": Picture(DIVERSIFIED),
    "specification_curve": Picture(DIVERSIFIED),
    "rates_by_arm": Picture(DIVERSIFIED, ("in_distribution",)),
    "estimation": Picture(ADDITIONS),
    "slopes": Picture(ADDITIONS),
    "trajectories": Picture(CHECKPOINTS),
    "tipping_curve": Picture(DIVERSIFIED),
    "forest": Picture(DIVERSIFIED),
    "block_forest": Picture(ADDITIONS),
    "waterfall": Picture(DIVERSIFIED),
    "share_bars": Picture(DIVERSIFIED, ("in_distribution",)),
    "owen_tree": Picture(DIVERSIFIED, ("in_distribution",)),
    "interaction_heatmap": Picture(DIVERSIFIED),
    "distribution_scatter": Picture(DIVERSIFIED),
    "effect_traces": Picture(ADDITIONS),
    "ternary": Picture(ADDITIONS),
    "design_matrix": Picture(DIVERSIFIED),
    "alias_graph": Picture(CHECKPOINTS),
    "dose_curves": Picture(ADDITIONS),
    "feature_effects": Picture(ADDITIONS),
}
"""Figure -> the study that shows it best."""


def main() -> None:
    """Draw every picture anew; `--tables` first draws the tables of the simulated studies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", action="store_true", help="first draw the tables of fixtures/gallery")
    parser.add_argument("names", nargs="*", metavar="FIGURE", help='only these figures, "report" or "composed"')
    given = parser.parse_args()
    if given.tables:
        for name, text in table_files().items():
            (STUDIES / name).write_text(text, encoding="utf-8", newline="")
    PICTURES.mkdir(parents=True, exist_ok=True)
    wanted = given.names or [*CHOSEN, REPORT, COMPOSED]
    if REPORT in wanted:
        photographed(ROOT / REPORT_PAGE, REPORT_PICTURE, REPORT_PIXELS)
        print(REPORT)
    if COMPOSED in wanted:
        style = {**COMPOSED_STYLE, "savefig.dpi": DOTS_PER_INCH}
        COMPOSED_PICTURE.write_bytes(png_bytes(composed(findings_of(DIVERSIFIED)), style=style))
        print(COMPOSED)
    draw_figures([name for name in wanted if name not in (REPORT, COMPOSED)])


def draw_figures(wanted: list[str]) -> None:
    """Draw these figures of the gallery."""
    for study in dict.fromkeys(CHOSEN[name].study for name in wanted):
        findings = findings_of(study)
        for name in (name for name in wanted if CHOSEN[name].study == study):
            entry = chosen_entry(findings, name, CHOSEN[name].outcomes)
            if entry.reason:
                raise SystemExit(f"{name}: {study} does not draw it. {entry.reason}")
            (PICTURES / f"{name}.png").write_bytes(small_png(entry.draw()))
            print(name)


def composed(findings: Findings) -> Figure:
    """Two figures of a single column beside each other, a third under them."""
    rows = [[chosen_entry(findings, name, ["in_distribution"]) for name in row] for row in COMPOSED_ROWS]
    return compose(rows, style=COMPOSED_STYLE)


def findings_of(study: str) -> Findings:
    """The findings of a study of this repository."""
    declared = load_study(ROOT / study)
    return analyse(declared, read_tables(declared))


def small_png(figure: Figure) -> bytes:
    """The figure as PNG, small enough for a page that shows all of them."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return buffer.getvalue()


def table_files() -> dict[str, str]:
    """File, below fixtures/gallery -> its CSV text, for both simulated studies."""
    files = {}
    for folder, added in (("additions", additions_columns), ("checkpoints", checkpoints_columns)):
        truth = read_truth(STUDIES / folder / "truth.toml")
        tables = simulate(truth, seed=truth.seed)
        runs = tables.runs.assign(**added(tables.runs, np.random.default_rng(truth.seed)))
        for name, frame in (("runs", runs), ("outcomes", tables.outcomes), ("evals", tables.evals)):
            files[f"{folder}/{name}.csv"] = csv_text(frame)
    return files


def additions_columns(runs: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.Series]:
    """More tokens with stories; a feature that goes with the share of difficult advice, one that goes with nothing."""
    advice, stories = runs["difficult_advice"].astype(float), runs["stories"].astype(float)
    topics, entropy = rng.normal(0.0, 60.0, len(runs)), rng.normal(0.0, 0.4, len(runs))
    return {
        "tokens": (6_000_000 * (1.0 + stories)).round().astype(int),
        "feature.distinct_topics": (200 + 1500 * advice + topics).round().astype(int),
        "feature.prompt_entropy": pd.Series(5.0 + entropy).round(2),
    }


def checkpoints_columns(runs: pd.DataFrame, _: np.random.Generator) -> dict[str, pd.Series]:
    """More tokens with difficult advice."""
    return {"tokens": (6_000_000 * (1.0 + 0.25 * runs["difficult_advice"].astype(float))).round().astype(int)}


if __name__ == "__main__":
    main()
