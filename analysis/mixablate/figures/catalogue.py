"""Every figure of a report: its name, title, what it shows, the frame it draws, and when it is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from mixablate.figures.alt_text import (
    block_forest_alt,
    distribution_alt,
    forest_alt,
    ladder_alt,
    rates_alt,
    waterfall_alt,
)
from mixablate.figures.block_forest import draw_block_forest
from mixablate.figures.distribution_scatter import draw_distribution_scatter
from mixablate.figures.forest import draw_forest
from mixablate.figures.frames import (
    block_forest_frame,
    distribution_frame,
    forest_frame,
    ladder_frame,
    rates_frame,
    waterfall_frame,
)
from mixablate.figures.rates_by_arm import draw_rates_by_arm
from mixablate.figures.verdict_ladder import draw_verdict_ladder
from mixablate.figures.waterfall import draw_waterfall
from mixablate.findings import Findings

__all__ = ["CATALOGUE", "FigureEntry", "FigureKind", "figure_entries", "figure_frames"]


@dataclass(frozen=True, slots=True)
class FigureKind:
    """One figure as it exists for any study.

    Attributes:
        name: file stem.
        title: heading.
        shows: what to look for, one or two sentences.
        frame: findings -> the frame that is drawn and written as CSV.
        draw: frame -> figure.
        alt: frame -> the figure in words.
        empty: why there is nothing to draw when the frame is empty.
    """

    name: str
    title: str
    shows: str
    frame: Callable[[Findings], pd.DataFrame]
    draw: Callable[[pd.DataFrame], Figure]
    alt: Callable[[pd.DataFrame], str]
    empty: str


@dataclass(frozen=True, slots=True)
class FigureEntry:
    """One figure of one study: its frame and words, or the reason it is left out (then `reason` is not empty)."""

    kind: FigureKind
    frame: pd.DataFrame
    alt: str
    reason: str

    @property
    def name(self) -> str:
        """File stem."""
        return self.kind.name

    def draw(self) -> Figure:
        """The figure."""
        return self.kind.draw(self.frame)


CATALOGUE: tuple[FigureKind, ...] = (
    FigureKind(
        "verdict_ladder",
        "Claims, from supported to untestable",
        "Each strip has its own axis: the shaded part is what the claim says, the line is the interval of the effect. "
        "A claim is supported when its interval lies inside the shaded part.",
        ladder_frame,
        draw_verdict_ladder,
        ladder_alt,
        "The study declares no claims.",
    ),
    FigureKind(
        "rates_by_arm",
        "Rates by arm",
        "Every dot is one training run. The bar above the dots is the mean over runs with its interval; the numbers on "
        "the right are events and scored rollouts. Outcomes of one domain share an axis.",
        rates_frame,
        draw_rates_by_arm,
        rates_alt,
        "No arm has an outcome.",
    ),
    FigureKind(
        "forest",
        "Effect of each component",
        "The outcome with the component minus without it, within strata of the other components. An interval that "
        "stays clear of the line at zero speaks for an effect, each read on its own; the verdicts adjust for reading "
        "several.",
        forest_frame,
        draw_forest,
        forest_alt,
        "No component was run on both of its sides, so no effect could be computed.",
    ),
    FigureKind(
        "block_forest",
        "Effect of each component, block by block",
        "The same comparison inside every block, larger marks with more weight. The diamond is the mean over blocks "
        "like these with its interval, the band is where the effect in one more block would lie.",
        block_forest_frame,
        draw_block_forest,
        block_forest_alt,
        "No blocks are declared, or only one was run.",
    ),
    FigureKind(
        "waterfall",
        "Who earned the change from baseline to full mix",
        "The Shapley value of a component is its mean step over all orders of adding the components; the steps sum to "
        "the whole change. Whiskers are each step's interval.",
        waterfall_frame,
        draw_waterfall,
        waterfall_alt,
        "No attribution: it needs a baseline, a target and the arms or the model between them for two or more "
        "components.",
    ),
    FigureKind(
        "distribution_scatter",
        "In distribution against out of distribution",
        "One point an arm, both rates. Arms on the dashed line have equal rates; arms that move left without moving "
        "down improved in distribution only.",
        distribution_frame,
        draw_distribution_scatter,
        distribution_alt,
        "No arm has rates both in and out of distribution.",
    ),
)


def figure_entries(findings: Findings) -> tuple[FigureEntry, ...]:
    """Every figure of the catalogue with its frame, or with the reason it is left out; nothing is drawn yet."""
    entries = []
    for kind in CATALOGUE:
        frame = kind.frame(findings)
        present = not frame.empty
        entries.append(FigureEntry(kind, frame, kind.alt(frame) if present else "", "" if present else kind.empty))
    return tuple(entries)


def figure_frames(findings: Findings) -> dict[str, pd.DataFrame]:
    """Figure name -> the frame it draws, for the figures that have data."""
    return {entry.name: entry.frame for entry in figure_entries(findings) if not entry.reason}
