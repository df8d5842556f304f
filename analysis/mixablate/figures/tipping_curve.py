"""Tipping curves: a claim's estimate as a function of what its missing rollouts were."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixablate.figures.axis_layout import (
    KEY_LINE,
    foot,
    foot_height,
    span,
    tick_choices,
    ticks_in_percent,
    ticks_plain,
    write,
)
from mixablate.figures.frames import marked, outcome_labels
from mixablate.figures.hover import on_hover
from mixablate.figures.number_text import estimate_text, interval_text, rate_text, scale_words
from mixablate.figures.panels import first_of
from mixablate.figures.paper import PLAIN, Paper
from mixablate.figures.style import (
    BODY,
    FAINT,
    GRID,
    INK,
    MUTED,
    SMALL,
    Look,
    bare_axes,
    component_looks,
    place,
)
from mixablate.figures.text_layout import fit_apart, fit_text, text_width
from mixablate.findings import Findings

__all__ = ["draw_tipping_curve", "tipping_alt", "tipping_frame"]

MOST_PANELS = 6
SIDES = ("treated", "reference")
SLOT = 2.3  # inches at least, of a panel with its labels
KEY = 0.3  # inches
TITLE = 0.42
HIGH = 1.5
LEFT = 0.55
AXIS = 0.5
REGION = "#e3f1ec"


def tipping_frame(findings: Findings) -> pd.DataFrame:
    """The missing curves of all claims, with the outcomes' labels."""
    labels = outcome_labels(findings)
    curves = findings.missing_curves
    numbers = ["share", "estimate", "lower", "upper", "region_lower", "region_upper"]
    frame = curves.assign(outcome_label=[labels.get(name, name) for name in curves["outcome"]])
    frame[numbers] = frame[numbers].astype(float)
    return marked(frame, findings)


def draw_tipping_curve(frame: pd.DataFrame, *, paper: Paper = PLAIN) -> Figure:
    """One panel per claim and outcome: the estimate with its interval over the share of missing rollouts with events.

    One line for each side whose missing rollouts are scored so, the other side's left out. The claimed region is
    shaded; a tick marks where the side's missing would be like its scored rollouts. The first six panels.

    Args:
        frame: `tipping_curve` of `figure_frames`.
        paper: to draw on.
    """
    with paper.in_style():
        every = [rows for _, rows in frame.groupby(["claim", "outcome"], sort=False)]
        panels = every[:MOST_PANELS]
        notes = first_of(len(panels), len(every), "comparisons")
        across = max(1, int(paper.width / SLOT))
        line, slot, key = TITLE + HIGH + AXIS, paper.width / across, _key(paper.width)
        above = KEY + max(top for _, top, _, _ in key) - 0.1
        figure = paper.sheet(above + math.ceil(len(panels) / across) * line + foot_height(frame, notes, paper.width))
        for at, top, text, colour in key:
            write(figure, at, top, text, colour=colour, level="top")
        titles = fit_apart(
            (str(panel["text"].iloc[0]) for panel in panels), lambda text: fit_text(text, slot - 0.2, BODY, bold=True)
        )
        for i, panel in enumerate(panels):
            left, top = (i % across) * slot, above + (i // across) * line
            for down, text, size, bold in (
                (0.13, titles[str(panel["text"].iloc[0])], BODY, True),
                (0.27, f"{panel['outcome_label'].iloc[0]}, {_missing(panel)}", SMALL, False),
            ):
                shown = fit_text(text, slot - 0.2, size, bold=bold)
                write(figure, left + 0.08, top + down, shown, size=size, bold=bold, colour=INK if bold else MUTED)
            _panel(place(figure, left + LEFT, top + TITLE, slot - LEFT - 0.15, HIGH), panel)
        foot(figure, frame, notes)
        return figure


def _missing(panel: pd.DataFrame) -> str:
    counts = panel.drop_duplicates("side").set_index("side")["n_missing"].to_dict()
    return " v ".join(f"{counts.get(side, 0):,}" for side in SIDES) + " missing"


def _sides() -> dict[str, Look]:
    return component_looks(SIDES)


def _panel(axes: Axes, panel: pd.DataFrame) -> None:
    bare_axes(axes, keep=("bottom", "left"))
    scale, first = str(panel["scale"].iloc[0]), panel.iloc[0]
    values = panel[["estimate", "lower", "upper"]].to_numpy(dtype=float).ravel()
    limits = span([*values, *_ends(first)], pad=0.08)
    inside = [
        end if math.isfinite(end) else limits[i]
        for i, end in enumerate((float(first["region_lower"]), float(first["region_upper"])))
    ]
    axes.axhspan(max(inside[0], limits[0]), min(inside[1], limits[1]), color=REGION, linewidth=0, zorder=0)
    for side, rows in panel.dropna(subset=["share"]).groupby("side", sort=False):
        look = _sides()[str(side)]
        shares, lower, upper = (rows[name].to_numpy(dtype=float) for name in ("share", "lower", "upper"))
        axes.fill_between(shares, lower, upper, color=look.colour, alpha=0.18, linewidth=0, zorder=1)
        axes.plot(shares, rows["estimate"], color=look.colour, linewidth=1.3, zorder=3,
                  linestyle="-" if side == "treated" else (0, (4, 2)))  # fmt: skip
        like = float(rows["scored_rate"].iloc[0])
        at = float(np.interp(like, shares, rows["estimate"].to_numpy(dtype=float)))
        (tick,) = axes.plot([like], [at], marker="|", markersize=9, markeredgewidth=1.6, color=look.colour, zorder=4)
        said = f"{estimate_text(at, scale)} {scale_words(scale)}"
        on_hover(f"{side} side's missing like its scored, {rate_text(like)}: {said}", tick)
    found = panel[panel["share"].isna()]["estimate"].iloc[0]
    axes.axhline(float(found), color=FAINT, linewidth=0.8, linestyle=(0, (2, 2)), zorder=2)
    _axes_of(axes, limits, scale)


def _ends(row: pd.Series) -> list[float]:
    ends = (float(row["region_lower"]), float(row["region_upper"]))
    return [end for end in ends if math.isfinite(end)]


def _axes_of(axes: Axes, limits: tuple[float, float], scale: str) -> None:
    axes.set_xlim(-0.02, 1.02)
    shares = [0.0, 0.5, 1.0]
    axes.set_xticks(shares, ticks_in_percent(shares))
    axes.set_xlabel("of the missing were events", fontsize=SMALL, labelpad=2)
    ticks = tick_choices(limits, 4)[0]
    axes.set_ylim(*limits)
    axes.set_yticks(ticks, ticks_plain(ticks, 100.0 if scale == "risk_difference" else 1.0))
    axes.set_ylabel(fit_text(scale_words(scale), HIGH, SMALL), fontsize=SMALL, labelpad=2)
    axes.tick_params(axis="y", labelsize=SMALL, labelcolor=MUTED)
    axes.grid(axis="y", color=GRID, linewidth=0.6)


def _key(width: float) -> list[tuple[float, float, str, str]]:
    """Left, top, words and colour of every part of the key, in as many lines as the width needs."""
    left, top, parts = 0.08, 0.1, []
    for text, colour in (
        ("\u2501 treated side's missing (first count)", _sides()["treated"].colour),
        ("\u254d reference side's", _sides()["reference"].colour),
        ("| as often as in its scored rollouts", MUTED),
        ("\u2508 as found", MUTED),
        ("shaded: the claimed region", MUTED),
    ):
        if left + text_width(text, SMALL) > width - 0.02:
            left, top = 0.08, top + KEY_LINE
        parts.append((left, top, text, colour))
        left += 0.2 + text_width(text, SMALL)
    return parts


def tipping_alt(frame: pd.DataFrame) -> str:
    """Per comparison and side: how far the estimate moves between none and all of the missing being events."""
    sentences = [f"Tipping curves of {frame.groupby(['claim', 'outcome']).ngroups} comparisons."]
    for (_, outcome, side), rows in list(frame.groupby(["claim", "outcome", "side"], sort=False))[: 2 * MOST_PANELS]:
        estimates = rows.dropna(subset=["share"])["estimate"]
        low, high = float(estimates.min()), float(estimates.max())
        scale = str(rows["scale"].iloc[0])
        sentences.append(
            f"{outcome}, {side} side's {int(rows['n_missing'].iloc[0])} missing (scored: "
            f"{rate_text(float(rows['scored_rate'].iloc[0]))}): estimate {interval_text(low, high, scale)} "
            f"{scale_words(scale)}."
        )
    return " ".join(sentences)
