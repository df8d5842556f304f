"""Figures: a frame in, a matplotlib `Figure` out; nothing is computed here.

`svg_bytes(draw_forest(figure_frames(findings)["forest"]), "Effect of each component")` is one of them as SVG.
"""

from mixablate.figures.block_forest import draw_block_forest
from mixablate.figures.catalogue import CATALOGUE, FigureEntry, FigureKind, figure_entries, figure_frames
from mixablate.figures.chosen import chosen_entry, figure_kind, plot
from mixablate.figures.composed import compose
from mixablate.figures.distribution_scatter import draw_distribution_scatter
from mixablate.figures.forest import draw_forest
from mixablate.figures.interaction_heatmap import draw_interaction_heatmap
from mixablate.figures.owen_tree import draw_owen_tree
from mixablate.figures.paper import PLAIN, TAKEN, Paper, Style, paper_of, read_style
from mixablate.figures.rates_by_arm import draw_rates_by_arm
from mixablate.figures.render import FIGURE_FORMATS, pdf_bytes, png_bytes, svg_bytes
from mixablate.figures.share_bars import draw_share_bars
from mixablate.figures.verdict_ladder import draw_verdict_ladder
from mixablate.figures.waterfall import draw_waterfall

__all__ = [
    "CATALOGUE",
    "FIGURE_FORMATS",
    "PLAIN",
    "TAKEN",
    "FigureEntry",
    "FigureKind",
    "Paper",
    "Style",
    "chosen_entry",
    "compose",
    "draw_block_forest",
    "draw_distribution_scatter",
    "draw_forest",
    "draw_interaction_heatmap",
    "draw_owen_tree",
    "draw_rates_by_arm",
    "draw_share_bars",
    "draw_verdict_ladder",
    "draw_waterfall",
    "figure_entries",
    "figure_frames",
    "figure_kind",
    "paper_of",
    "pdf_bytes",
    "plot",
    "png_bytes",
    "read_style",
    "svg_bytes",
]
