"""The drawings of attributions in words."""

from __future__ import annotations

import pandas as pd

from mixablate.figures.alt_text import name_in_words
from mixablate.figures.number_text import estimate_text, interval_text, scale_words, share_text
from mixablate.figures.share_bars import HEADS

__all__ = ["interaction_alt", "owen_alt", "share_alt"]

MOST = 12  # parts or pairs said one by one, of an outcome


def share_alt(frame: pd.DataFrame) -> str:
    """Per outcome and scale, every component's share or that it is withheld, and where scales disagree."""
    said = ["Bars of each component's share of the total change, scales side by side."]
    for _, rows in frame.groupby("outcome", sort=False):
        scales = []
        for scale, mine in rows.groupby("scale", sort=False):
            stated = mine[mine["withheld"] == ""]
            if stated.empty:
                scales.append(f"{HEADS[str(scale)]}: withheld")
                continue
            named = [f"{name_in_words(r['label'])} {share_text(r['share'])}" for _, r in stated.head(MOST).iterrows()]
            scales.append(f"{HEADS[str(scale)]}: {', '.join(named)}{_more(len(stated))}")
        how = " (descriptive only)" if bool(rows["descriptive"].any()) else ""
        said.append(f"{name_in_words(rows['outcome_label'].iloc[0])}{how}: {'; '.join(scales)}.")
        for column, words in (("rank_differs", "The rank"), ("sign_differs", "The sign")):
            differing = list(dict.fromkeys(rows.loc[rows[column].astype(bool), "label"]))
            if differing:
                named = [name_in_words(label) for label in differing[:MOST]]
                said.append(f"{words} differs by scale of {', '.join(named)}{_more(len(differing))}.")
    return " ".join(said)


def interaction_alt(frame: pd.DataFrame) -> str:
    """Per outcome, the pairs with a clear interaction, and how many others there are."""
    said = ["Matrix of pairs of components, coloured by their interaction."]
    for _, rows in frame.groupby("outcome", sort=False):
        label, scale = name_in_words(rows["outcome_label"].iloc[0]), str(rows["scale"].iloc[0])
        pairs = rows[rows["first"] != ""]
        if pairs.empty:
            said.append(f"{label}: withheld; {name_in_words(rows['reason'].iloc[0])}.")
            continue
        clear = pairs[pairs["clear"].astype(bool)]
        named = [
            f"{name_in_words(r['first_label'])} with {name_in_words(r['second_label'])} "
            f"{estimate_text(r['estimate'], scale)} ({interval_text(r['lower'], r['upper'], scale)}), {r['word']}"
            for _, r in clear.head(MOST).iterrows()
        ]
        withheld = int((pairs["reason"] != "").sum())
        shown = f": {'; '.join(named)}{_more(len(clear))}" if named else ""
        said.append(
            f"{label}, in {scale_words(scale)}: {len(clear)} of {len(pairs)} are clear"
            f"{f', {withheld} are withheld' if withheld else ''}{shown}."
        )
    return " ".join(said)


def owen_alt(frame: pd.DataFrame) -> str:
    """Per outcome: the total, every group and its members."""
    said = ["Tree of the total change, its groups of components and their members (Owen values)."]
    for _, rows in frame.groupby("outcome", sort=False):
        scale, total = str(rows["scale"].iloc[0]), float(rows.loc[rows["role"] == "total", "estimate"].iloc[0])
        groups = []
        for _, top in rows[(rows["role"] != "total") & (rows["group"] == "")].iterrows():
            members = rows[rows["group"] == top["component"]] if top["role"] == "group" else rows.head(0)
            named = [
                f"{name_in_words(r['label'])} {estimate_text(r['estimate'], scale)}" for _, r in members.iterrows()
            ]
            inside = f" ({', '.join(named)})" if named else ""
            groups.append(f"{name_in_words(top['label'])} {estimate_text(top['estimate'], scale)}{inside}")
        how = " (descriptive only)" if bool(rows["descriptive"].any()) else ""
        said.append(
            f"{name_in_words(rows['outcome_label'].iloc[0])}{how}: total {estimate_text(total, scale)} "
            f"{scale_words(scale)}; {'; '.join(groups)}."
        )
    return " ".join(said)


def _more(count: int) -> str:
    return f" and {count - MOST} more" if count > MOST else ""
