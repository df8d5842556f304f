"""Every figure of a report: its name, title, what it shows, the frame it draws, and when it is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure, SubFigure

from mixablate.errors import Problem
from mixablate.figures.alias_graph import draw_alias_graph
from mixablate.figures.alt_text import (
    block_forest_alt,
    distribution_alt,
    forest_alt,
    ladder_alt,
    rates_alt,
    ternary_alt,
    traces_alt,
    waterfall_alt,
)
from mixablate.figures.attribution_alt import interaction_alt, owen_alt, share_alt
from mixablate.figures.attribution_frames import interaction_frame, owen_frame, share_frame
from mixablate.figures.block_forest import draw_block_forest
from mixablate.figures.design_alt import alias_graph_alt, design_matrix_alt
from mixablate.figures.design_frames import alias_graph_frame, design_matrix_frame
from mixablate.figures.design_matrix import draw_design_matrix
from mixablate.figures.distribution_scatter import draw_distribution_scatter
from mixablate.figures.dose_curves import dose_curves_alt, draw_dose_curves
from mixablate.figures.dose_frames import dose_curves_frame, feature_effects_frame
from mixablate.figures.effect_traces import draw_effect_traces
from mixablate.figures.estimation import draw_estimation, estimation_alt
from mixablate.figures.feature_effects import draw_feature_effects, feature_effects_alt
from mixablate.figures.forest import draw_forest
from mixablate.figures.fragility_strip import draw_fragility_strip, fragility_alt
from mixablate.figures.frames import (
    block_forest_frame,
    distribution_frame,
    forest_frame,
    rates_frame,
    waterfall_frame,
)
from mixablate.figures.interaction_heatmap import draw_interaction_heatmap
from mixablate.figures.ladder_frames import ladder_frame
from mixablate.figures.mixture_frames import surface_frame, traces_frame
from mixablate.figures.owen_tree import draw_owen_tree
from mixablate.figures.paper import Style, paper_of
from mixablate.figures.rates_by_arm import draw_rates_by_arm
from mixablate.figures.robustness_frames import fragility_frame, specification_frame
from mixablate.figures.run_frames import estimation_frame, slopes_frame, trajectories_frame
from mixablate.figures.share_bars import draw_share_bars
from mixablate.figures.slopes import draw_slopes, slopes_alt
from mixablate.figures.specification_curve import draw_specification_curve, specification_alt
from mixablate.figures.style import Column
from mixablate.figures.ternary import draw_ternary
from mixablate.figures.tipping_curve import draw_tipping_curve, tipping_alt, tipping_frame
from mixablate.figures.trajectories import draw_trajectories, trajectories_alt
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
        draw: frame -> figure, on any `paper` from a single column on.
        alt: frame -> the figure in words.
        empty: why there is nothing to draw when the frame is empty.
    """

    name: str
    title: str
    shows: str
    frame: Callable[[Findings], pd.DataFrame]
    draw: Callable[..., Figure]
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

    def empty(self) -> Problem:
        """That there is nothing to draw, for those who cannot do without it."""
        there = "another figure, or the runs that it needs"
        return Problem("FIGURE_EMPTY", self.name, "nothing to draw", there, self.reason)

    def draw(self, column: Column = "double", *, style: Style | None = None, onto: SubFigure | None = None) -> Figure:
        """The figure, as wide as that column, or drawn onto a part of a larger figure, which then comes out.

        Raises:
            StudyError: no such column, a part that is too small, or a style that cannot be taken.
        """
        paper = paper_of(column, style, onto)
        drawn = self.kind.draw(self.frame, paper=paper)
        paper.set_lines(drawn)
        return drawn if onto is None else onto.get_figure(root=True)


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
        "fragility_strip",
        "What each verdict hangs on",
        "Each mark is the estimate with one thing left out; the line is the estimate with nothing left out, shaded is "
        "what the claim says. Open red marks flip the verdict: the estimate leaves the claim, or p doubles what was "
        "needed.",
        fragility_frame,
        draw_fragility_strip,
        fragility_alt,
        "No claim is decided, so that nothing can flip.",
    ),
    FigureKind(
        "specification_curve",
        "Each claim judged in every admissible way",
        "Each dot is one choice of scale, estimator, inclusion rule and judge, marked below it. Above the upper dotted "
        "line a specification says supported, below the lower one contradicted.",
        specification_frame,
        draw_specification_curve,
        specification_alt,
        "No claim can be tested, so that none has specifications.",
    ),
    FigureKind(
        "rates_by_arm",
        "Rates by arm",
        "Every dot is one training run. The bar above the dots is the mean over runs with its interval; the numbers on "
        "the right are events and scored rollouts, or the mean of what is not counted. Outcomes of one domain share an "
        "axis.",
        rates_frame,
        draw_rates_by_arm,
        rates_alt,
        "No arm has an outcome.",
    ),
    FigureKind(
        "estimation",
        "Both sides of each claim, run by run",
        "Dots are training runs of the two sides, bars their means. The right axis has its zero at the reference's "
        "mean: there stands the difference with its interval, level with the treated mean.",
        estimation_frame,
        draw_estimation,
        estimation_alt,
        "No claim compares two sides on a difference of rates or scores.",
    ),
    FigureKind(
        "slopes",
        "The same unit in every arm",
        "Lines that run alike say that the mix did the same whatever the pair or base model; lines that cross say that "
        "it did not. Equal seeds that are not declared as pairs may cross by chance: runs differ.",
        slopes_frame,
        draw_slopes,
        slopes_alt,
        "No unit to follow: it needs two base models or two seeds, one of them run in two arms or more, or a declared "
        "pair that was.",
    ),
    FigureKind(
        "trajectories",
        "Over training steps",
        "Every line is one training run. Where lines of one arm spread more than the arms differ, a single checkpoint "
        "of a single run says little.",
        trajectories_frame,
        draw_trajectories,
        trajectories_alt,
        "No eval was measured at two training steps or more.",
    ),
    FigureKind(
        "tipping_curve",
        "What the missing rollouts could change",
        "The estimate if so many of one side's missing rollouts were events. Where a curve leaves the shaded region "
        "near its tick, the claim rests on how the missing were left out.",
        tipping_frame,
        draw_tipping_curve,
        tipping_alt,
        "No claim that compares rates has a missing rollout.",
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
        "the whole change. Whiskers are each step's interval; a thin line holds for all steps at once, two ticks are "
        "the lowest and highest value with any one run left out.",
        waterfall_frame,
        draw_waterfall,
        waterfall_alt,
        "No attribution: it needs a baseline, a target and the arms or the model between them for two or more "
        "components.",
    ),
    FigureKind(
        "share_bars",
        "Shares of the change, scale by scale",
        "The same split as shares of the total on each scale, on one axis. Where bars of one component differ between "
        "panels, its share depends on the scale, not on the runs.",
        share_frame,
        draw_share_bars,
        share_alt,
        "No share: nothing was split, or the total change is compatible with none on every scale.",
    ),
    FigureKind(
        "owen_tree",
        "Groups of components and their members",
        "The Owen value splits the change over the declared groups, then each group's part over its members, counting "
        "only orders in which a group stays together. Bars of members tile the bar of their group.",
        owen_frame,
        draw_owen_tree,
        owen_alt,
        "No groups of components to split by: the study declares none of several members beside others.",
    ),
    FigureKind(
        "interaction_heatmap",
        "What pairs of components do together",
        "Each cell is what two components do together beyond what they do apart (Shapley–Taylor), averaged over the "
        "others. Better, worse: than the sum of the two.",
        interaction_frame,
        draw_interaction_heatmap,
        interaction_alt,
        "No interactions: they need every combination of two to ten components to have been run.",
    ),
    FigureKind(
        "distribution_scatter",
        "In distribution against out of distribution",
        "One point an arm: its rate in distribution across, out of distribution up. Arms that differ across but not up "
        "differ in distribution only. Where both outcomes are better in the same direction a dashed line marks equal "
        "rates.",
        distribution_frame,
        draw_distribution_scatter,
        distribution_alt,
        "No arm has rates both in and out of distribution.",
    ),
    FigureKind(
        "effect_traces",
        "Effect of each part of the mix",
        "Fractions sum to one: where a part grows, the others give way, here in proportion to their shares in the "
        "reference mix. A flat line is a part whose share does not matter.",
        traces_frame,
        draw_effect_traces,
        traces_alt,
        "Fewer than two parts of the mix vary over runs, or too few runs of a known mix were trained.",
    ),
    FigureKind(
        "ternary",
        "Predictions over three parts of the mix",
        "Every corner is a mix of one part alone, every point a mix of the three. Shades are the fitted model's; the "
        "runs' own shades show how well it does.",
        surface_frame,
        draw_ternary,
        ternary_alt,
        "Not exactly three parts of the mix vary over runs.",
    ),
    FigureKind(
        "design_matrix",
        "Arms by components",
        "A filled cell is a component that has left its lowest level. Two columns that are filled alike in every arm "
        "cannot be told apart.",
        lambda findings: design_matrix_frame(findings.study, findings.design, findings.tables),
        draw_design_matrix,
        design_matrix_alt,
        "The study declares no components, or has no runs.",
    ),
    FigureKind(
        "alias_graph",
        "What these runs cannot tell apart",
        "A line joins two things of which these runs give only the joint effect, or nearly so; squares are recorded "
        "properties that changed together with a component.",
        lambda findings: alias_graph_frame(findings.study, findings.design, findings.audit),
        draw_alias_graph,
        alias_graph_alt,
        "No component is aliased, only ever together with another, or confounded with a recorded property.",
    ),
    FigureKind(
        "dose_curves",
        "Outcome by dose",
        "Every dot is one training run. The line and its band are fitted over runs within strata of everything else; "
        "the steps are the nearest monotone curve. Where the band is missing, the letter leads to the reason.",
        dose_curves_frame,
        draw_dose_curves,
        dose_curves_alt,
        "No component was run at three doses or more with all else equal.",
    ),
    FigureKind(
        "feature_effects",
        "Diversity features",
        "The change of the outcome per standard deviation of a feature over runs. A slope that is clear alone and "
        "gone, or cannot be separated, given the amount of data is no evidence for diversity.",
        feature_effects_frame,
        draw_feature_effects,
        feature_effects_alt,
        "The runs table has no diversity feature that varies.",
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
