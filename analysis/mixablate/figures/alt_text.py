"""What each figure shows, in words, for readers who do not see it: built from the frame that is drawn."""

from __future__ import annotations

import math

import pandas as pd

from mixablate.errors import counted
from mixablate.figures.number_text import bounded_rate_text, estimate_text, interval_text, rate_text, scale_words
from mixablate.figures.style import STATUS_LOOKS

__all__ = [
    "block_forest_alt",
    "distribution_alt",
    "forest_alt",
    "ladder_alt",
    "name_in_words",
    "rates_alt",
    "ternary_alt",
    "traces_alt",
    "waterfall_alt",
]

LONGEST_NAME = 120


def name_in_words(text: object) -> str:
    """`text` on one line, cut where it is very long."""
    shown = " ".join(str(text).split())
    return shown if len(shown) <= LONGEST_NAME else shown[:LONGEST_NAME] + "\u2026"


_name = name_in_words


def rates_alt(frame: pd.DataFrame) -> str:
    """Arms, runs and, per outcome, the lowest and the highest arm."""
    arms = frame[frame["row"] == "arm"]
    runs = frame.loc[frame["row"] == "run", "run_id"].nunique()
    sentences = [f"Dot plot of {runs} training runs in {arms['arm_id'].nunique()} arms, one panel per outcome."]
    for _, rows in arms.groupby("outcome", sort=False):
        rows = rows.dropna(subset=["estimate"])
        if rows.empty:
            continue
        ordered = rows.sort_values("estimate", kind="stable")
        low, high = ordered.iloc[0], ordered.iloc[-1]
        kind = str(low["kind"])
        sentences.append(
            f"{_name(low['outcome_label'])}: from {rate_text(float(low['estimate']), kind)} ({_name(low['arm'])}) "
            f"to {rate_text(float(high['estimate']), kind)} ({_name(high['arm'])})."
        )
    return " ".join(sentences)


def forest_alt(frame: pd.DataFrame) -> str:
    """How many effects, intervals on either side of zero and inside claimed margins, and how many are withheld."""
    stated = frame[frame["reason"] == ""]
    below, above = stated[stated["upper"] < 0.0], stated[stated["lower"] > 0.0]
    withheld = len(frame) - len(stated)
    sentences = [
        f"Forest plot of {len(frame)} effects of {frame['component'].nunique()} components on "
        f"{frame['outcome'].nunique()} outcomes.",
        f"{len(below)} intervals lie wholly below zero, {len(above)} wholly above, "
        f"{len(stated) - len(below) - len(above)} include zero; {withheld} are withheld.",
    ]
    if not stated.empty:
        widest = stated.sort_values("estimate", key=abs, kind="stable").iloc[-1]
        interval = interval_text(float(widest["lower"]), float(widest["upper"]), str(widest["scale"]))
        sentences.append(
            f"The largest is {_name(widest['component_label'])} on {_name(widest['outcome_label'])}: "
            f"{estimate_text(float(widest['estimate']), str(widest['scale']))} ({interval}) "
            f"{scale_words(str(widest['scale']))}."
        )
    claimed = frame[frame["margin_lower"].notna()]
    if not claimed.empty:
        inside = (claimed["lower"] >= claimed["margin_lower"]) & (claimed["upper"] <= claimed["margin_upper"])
        sentences.append(
            f"A claimed margin is shaded behind {counted(len(claimed), 'effect')}, whose interval lies inside it for "
            f"{int(inside.sum())}."
        )
    return " ".join(sentences)


def block_forest_alt(frame: pd.DataFrame) -> str:
    """Per outcome and component: the pooled effect, the prediction, and the blocks on the other side."""
    sentences = []
    for (outcome, component), rows in frame.groupby(["outcome_label", "component_label"], sort=False):
        within, pooled = rows[rows["kind"] == "within"], rows[rows["kind"] == "pooled"].iloc[0]
        scale, named = str(pooled["scale"]), f"{_name(component)} on {_name(outcome)}: {len(within)} blocks"
        if pooled["reason"]:
            sentences.append(f"{named}, not pooled.")
            continue
        interval = interval_text(float(pooled["lower"]), float(pooled["upper"]), scale)
        said = f"{named}, {int(pooled['n_blocks'])} pooled to {estimate_text(float(pooled['estimate']), scale)}"
        sentences.append(f"{said} ({interval}) {scale_words(scale)}.")
        ahead = rows[rows["kind"] == "prediction"].iloc[0]
        if not ahead["reason"]:
            band = interval_text(float(ahead["lower"]), float(ahead["upper"]), scale)
            sentences.append(f"A new block would lie between {band.replace(' to ', ' and ')}.")
        for side, words in (("interval", "Wholly on the other side"), ("estimate", "Estimate on the other side")):
            names = [_name(block) for block in within.loc[within["against"] == side, "block"]]
            sentences += [f"{words}: {', '.join(names)}."] if names else []
    return "Forest plot of effects block by block. " + " ".join(sentences)


def waterfall_alt(frame: pd.DataFrame) -> str:
    """Per outcome: the rate at both ends and every component's step."""
    sentences = []
    for _, rows in frame.groupby("outcome", sort=False):
        ends = {row["role"]: row for _, row in rows.iterrows() if row["role"] != "part"}
        kind, scale = str(rows["kind"].iloc[0]), str(rows["scale"].iloc[0])
        steps = [
            f"{_name(row['label'])} {estimate_text(float(row['estimate']), scale)}"
            for _, row in rows[rows["role"] == "part"].iterrows()
        ]
        how = " (descriptive only)" if bool(rows["descriptive"].iloc[0]) else ""
        sentences.append(
            f"{_name(rows['outcome_label'].iloc[0])}{how}: from {rate_text(float(ends['baseline']['end']), kind)} at "
            f"baseline to {rate_text(float(ends['full']['end']), kind)} in the full mix; "
            f"steps in {scale_words(scale)}: " + ", ".join(steps) + "."
        )
    return "Waterfall of Shapley values. " + " ".join(sentences)


def distribution_alt(frame: pd.DataFrame) -> str:
    """Every arm's two rates, or their number where there are many."""
    arms = frame[frame["row"] == "arm"]
    start = (
        f"Scatter of {len(arms)} arms: {_name(arms['label_in'].iloc[0])} against {_name(arms['label_out'].iloc[0])}."
    )
    if arms["direction_in"].iloc[0] == arms["direction_out"].iloc[0]:
        above = int((arms["estimate_out"] > arms["estimate_in"]).sum())
        start += f" {above} arms lie above the line of equal rates."
    if len(arms) > 20:
        return start
    pairs = [
        f"{_name(row['arm'])} {rate_text(float(row['estimate_in']))} and {rate_text(float(row['estimate_out']))}"
        for _, row in arms.iterrows()
    ]
    return f"{start} In and out of distribution: " + "; ".join(pairs) + "."


def ladder_alt(frame: pd.DataFrame) -> str:
    """Claims by status, each with its estimate and interval."""
    sentences = []
    for status, look in STATUS_LOOKS.items():
        rows = frame[frame["status"] == str(status)]
        if rows.empty:
            continue
        claims = [_claim(row) for _, row in rows.iterrows()]
        sentences.append(f"{look.word.capitalize()}: " + "; ".join(claims) + ".")
    return "Verdict ladder. " + " ".join(sentences)


def _claim(row: pd.Series) -> str:
    text = _name(row["text"])
    if math.isnan(float(row["estimate"])):
        return text
    if row["kind"] == "reaches_zero":
        limits = bounded_rate_text(float(row["lower"]), float(row["upper"]))
        return f"{text} ({', '.join(filter(None, [rate_text(float(row['estimate'])), limits]))})"
    scale = str(row["scale"])
    interval = interval_text(float(row["lower"]), float(row["upper"]), scale)
    return f"{text} ({estimate_text(float(row['estimate']), scale)}, interval {interval})"


def traces_alt(frame: pd.DataFrame) -> str:
    """Per outcome, where the prediction begins and ends along each part."""
    traces = frame[frame["row"] == "trace"]
    runs = frame.loc[frame["row"] == "run", "run_id"].nunique()
    sentences = [
        f"Effect traces: parts of the mix {traces['part'].nunique()}, outcomes {traces['outcome'].nunique()}, "
        f"training runs {runs}."
    ]
    for (label, part), rows in traces.groupby(["outcome_label", "part"], sort=False):
        rows = rows.dropna(subset=["estimate"])
        if rows.empty:
            continue
        first, last = rows.iloc[0], rows.iloc[-1]
        kind = str(first["kind"])
        sentences.append(
            f"{_name(label)}, {_name(part)} from {100 * float(first['fraction']):.3g}% to "
            f"{100 * float(last['fraction']):.3g}% of the mix: {rate_text(float(first['estimate']), kind)} to "
            f"{rate_text(float(last['estimate']), kind)}."
        )
    return " ".join(sentences)


def ternary_alt(frame: pd.DataFrame) -> str:
    """The three parts and, per outcome, the mixes with the lowest and the highest prediction."""
    first = frame.iloc[0]
    labels = [_name(first[f"label_{letter}"]) for letter in "abc"]
    runs = frame.loc[frame["row"] == "run", "run_id"].nunique()
    sentences = [f"Ternary plot of mixes of {labels[0]}, {labels[1]} and {labels[2]}, with {runs} training runs."]
    for label, rows in frame[frame["row"] == "surface"].groupby("outcome_label", sort=False):
        ordered = rows.sort_values("estimate", kind="stable")
        ends = []
        for end in (ordered.iloc[0], ordered.iloc[-1]):
            mix = ", ".join(
                f"{100 * float(end[letter]):.0f}% {name}" for letter, name in zip("abc", labels, strict=True)
            )
            ends.append(f"{rate_text(float(end['estimate']), str(end['kind']))} at {mix}")
        sentences.append(f"{_name(label)}: predicted from {ends[0]} to {ends[1]}.")
    return " ".join(sentences)
