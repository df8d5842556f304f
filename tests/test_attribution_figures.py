"""The drawings of attributions: the numbers are those of the frame, what is withheld says so, and all of it fits."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Sequence

import pandas as pd
import pytest
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import findings_example as example
from mixablate.attribute import (
    Attribution,
    AttributionScale,
    Interactions,
    PairIndex,
    PairInteraction,
    Part,
    WithheldAttribution,
    scale_agreement,
)
from mixablate.figures import (
    CATALOGUE,
    draw_interaction_heatmap,
    draw_owen_tree,
    draw_share_bars,
    draw_waterfall,
)
from mixablate.figures.attribution_alt import interaction_alt, owen_alt, share_alt
from mixablate.figures.attribution_frames import NO_CHANGE, TURNED, interaction_frame, owen_frame, share_frame
from mixablate.figures.frames import waterfall_frame
from mixablate.figures.interaction_heatmap import SIGNS
from mixablate.figures.number_text import estimate_text, share_text
from mixablate.figures.panels import first_panels
from mixablate.figures.style import paper_style
from mixablate.findings import Findings
from mixablate.study import Component
from test_figures import assert_free_text_apart, assert_text_fits, drawn_texts

EXACT = 1e-12  # sums of a few float64 terms
TOUCHING = 1.0  # pixels: rounding of glyph boxes
LUMA = (0.2126, 0.7152, 0.0722)  # Rec. 709
ON = (AttributionScale.RISK_DIFFERENCE, AttributionScale.LOG_ODDS, AttributionScale.LOG_RATIO)
SPLITS = ("waterfall", "share_bars", "owen_tree", "interaction_heatmap")
ONE_RUN = "one run per arm carries no run-to-run uncertainty"


@functools.cache
def base_findings() -> Findings:
    return example.example_findings()


def part_of(name: str, label: str, estimate: float, total: float, **changes: object) -> Part:
    held = {"lower": estimate - 0.02, "upper": estimate + 0.02, "lower_simultaneous": estimate - 0.03}
    held |= {"upper_simultaneous": estimate + 0.03, "loo_lower": estimate - 0.01, "loo_upper": estimate + 0.012}
    share = estimate / total
    held |= {"share": share, "share_lower": share - 0.04, "share_upper": share + 0.06}
    blank = {"std_error": None, "df": None, "p_largest": None, "source": "observed"}
    return Part(**{"component": name, "label": label, "estimate": estimate} | blank | held | changes)


def split(
    names: dict[str, str],
    steps: Sequence[float],
    *,
    outcome: str = "e0",
    rule: str = "shapley",
    scale: AttributionScale = ON[0],
    reason: str = "",
    groups: dict[str, tuple[str, ...]] | None = None,
    **changes: object,
) -> Attribution:
    """A split by hand of a change from 0.6, with intervals unless there is a reason."""
    total = sum(steps)
    gone = dict.fromkeys(f.name for f in dataclasses.fields(Part) if "lower" in f.name or "upper" in f.name)
    withheld = gone | {"reason": reason} if reason else {}
    parts = tuple(
        part_of(name, label, step, total, **withheld | changes)
        for (name, label), step in zip(names.items(), steps, strict=True)
    )
    by_name = {part.component: part for part in parts}
    sums = {group: sum(by_name[m].estimate for m in members) for group, members in (groups or {}).items()}
    limits = (None, None) if reason else (total - 0.05, total + 0.05)
    return Attribution(
        outcome, scale, rule, 0.6, 0.6 + total, total, *limits, parts, 0.0, 0.95, bool(reason), "by hand", reason,
        groups=tuple(part_of(group, group, step, total, **withheld) for group, step in sums.items()), draws=999,
    )  # fmt: skip


def pairs_of(names: dict[str, str], outcome: str = "e0", reason: str = "") -> Interactions:
    """Pair n has the interaction 0.03 n, up and down in turns; the interval is 0.05 to either side."""
    found = []
    for n, ((one, one_label), (two, two_label)) in enumerate(itertools.combinations(names.items(), 2)):
        size = (-1) ** n * 0.03 * n
        clear = abs(size) > 0.05
        word = (
            "" if reason else ("worse together" if size > 0 else "better together") if clear else "no clear interaction"
        )
        limits = (None, None) if reason else (size - 0.05, size + 0.05)
        found.append(
            PairInteraction(one, two, one_label, two_label, size, None, None, *limits, None, None, word, reason)
        )
    return Interactions(outcome, ON[0], PairIndex.SHAPLEY_TAYLOR, tuple(found), (), None, 0.95)


def named(k: int) -> dict[str, str]:
    return {f"c{i:02d}": f"Component {i} with a name of some length" for i in range(k)}


def findings_of(
    attributions: Sequence[Attribution], names: dict[str, str], outcomes: int = 1, **changes: object
) -> Findings:
    """Findings that hold these splits over in-distribution evals e0, e1, ... without a mean."""
    base = base_findings()
    ids = [f"e{j}" for j in range(outcomes)]
    shared = {"domain": "in_distribution", "direction": "lower", "kind": "events"}
    evals = pd.DataFrame([{"eval_id": e, "label": f"Scenario {e}"} | shared for e in ids])
    rates = pd.DataFrame([{"outcome": e, "outcome_label": f"Scenario {e} of the battery"} | shared for e in ids])
    groups = {name: f"group {i // 4}" for i, name in enumerate(names)}
    components = tuple(
        Component(id=n, label=label, group=groups[n], column=n, baseline=0.0, target=1.0) for n, label in names.items()
    )
    return dataclasses.replace(
        base,
        tables=dataclasses.replace(base.tables, evals=evals),
        rates=rates,
        design=dataclasses.replace(base.design, components=components),
        attributions=tuple(attributions),
        **{"interactions": (), "agreements": ()} | changes,
    )


def crowd(k: int, outcomes: int) -> Findings:
    """k components in groups of four, all scales, Shapley and Owen, every pair."""
    names = named(k)
    steps = [-0.5 / k * (1 + 0.5 * (-1) ** i) for i in range(k)]
    groups: dict[str, tuple[str, ...]] = {}
    for i, name in enumerate(names):
        groups[f"group {i // 4}"] = (*groups.get(f"group {i // 4}", ()), name)
    found, interactions = [], []
    for j in range(outcomes):
        found += [split(names, steps, outcome=f"e{j}", scale=scale) for scale in ON]
        found.append(split(names, steps, outcome=f"e{j}", rule="owen", groups=groups if len(groups) > 1 else {}))
        interactions.append(pairs_of(dict(list(names.items())[:10]), f"e{j}"))
    return findings_of(found, names, outcomes, interactions=tuple(interactions))


def assert_axes_text_apart(figure: Figure) -> None:
    with paper_style():
        renderer = figure._get_renderer()
        boxes = [(t.get_text(), t.get_window_extent(renderer)) for axes in figure.axes for t in axes.texts]
        for (one, a), (two, b) in itertools.combinations(boxes, 2):
            overlap = min(a.x1, b.x1) - max(a.x0, b.x0) > TOUCHING and min(a.y1, b.y1) - max(a.y0, b.y0) > TOUCHING
            assert not overlap, f"{one!r} covers {two!r}"


@pytest.mark.parametrize(("k", "outcomes"), [(2, 1), (3, 8), (6, 3), (15, 2)])
def test_two_to_fifteen_components_and_one_to_eight_outcomes_are_readable(k: int, outcomes: int) -> None:
    findings = crowd(k, outcomes)
    frames = {kind: kind.frame(findings) for kind in CATALOGUE if kind.name in SPLITS}
    drawn = {kind.name: kind.draw(frame) for kind, frame in frames.items() if not frame.empty}
    assert all(len(kind.alt(frame)) > 80 for kind, frame in frames.items() if not frame.empty)
    assert ("owen_tree" in drawn) is (k > 4)
    for figure in drawn.values():
        assert_text_fits(figure)
        assert_free_text_apart(figure)
        assert figure.get_figheight() < 19.0
    assert_axes_text_apart(drawn["interaction_heatmap"])


def test_the_rest_of_many_outcomes_is_named() -> None:
    frame = share_frame(crowd(3, 8))
    texts = [t.get_text() for t in drawn_texts(draw_share_bars(frame))]
    assert "The first 4 of 8 outcomes; the table has all." in texts
    panels, notes = first_panels(frame, 1, 4)  # nothing fits: the first is drawn all the same
    assert [len(panels), notes] == [1, ["The first 1 of 8 outcomes; the table has all."]]


def test_bars_and_words_of_shares_are_those_of_the_frame() -> None:
    findings = crowd(3, 1)
    frame = share_frame(findings)
    stated = [(p.share, p.share_lower, p.share_upper) for a in findings.attributions[:3] for p in a.parts]
    assert list(frame[["share", "share_lower", "share_upper"]].itertuples(index=False, name=None)) == stated
    # steps are -0.5 / 3 times 1.5, 0.5, 1.5: shares 1.5 / 3.5, 0.5 / 3.5, 1.5 / 3.5
    assert list(frame["share"][:3]) == pytest.approx([3 / 7, 1 / 7, 3 / 7], abs=EXACT)
    figure = draw_share_bars(frame)
    widths = [p.get_width() for axes in figure.axes for p in axes.patches]
    assert widths == pytest.approx(list(frame["share"]), abs=EXACT)
    texts = [t.get_text() for t in drawn_texts(figure)]
    assert texts.count("43% (39 to 49)") == 6  # two components, three scales
    assert texts.count("14% (10 to 20)") == 3


def test_descriptive_shares_are_hatched_and_point_to_the_reason() -> None:
    names = named(2)
    frame = share_frame(findings_of([split(names, (-0.3, -0.1), scale=s, reason=ONE_RUN) for s in ON], names))
    figure = draw_share_bars(frame)
    assert all(p.get_hatch() for axes in figure.axes for p in axes.patches)
    texts = [t.get_text() for t in drawn_texts(figure)]
    assert texts.count("75% (a)") == 3
    assert f"(a) interval withheld: {ONE_RUN}" in texts
    assert any("hatched: descriptive share" in t for t in texts)
    plain = draw_share_bars(share_frame(crowd(2, 1)))
    assert not any(p.get_hatch() for axes in plain.axes for p in axes.patches)


def test_a_share_that_cannot_be_stated_is_no_bar_and_says_why() -> None:
    names = named(2)
    none = {"share": None, "share_lower": None, "share_upper": None}
    stated, flat = split(names, (-0.3, -0.1)), split(names, (-0.3, -0.1), scale=ON[2], **none)
    gone = WithheldAttribution("e0", ON[1], "shapley", "the rate is 0 for the full mix")
    findings = findings_of([stated, flat], names, withheld=(gone,))
    frame = share_frame(findings)
    assert list(dict.fromkeys(frame["scale"])) == ["risk_difference", "log_odds", "log_ratio"]
    figure = draw_share_bars(frame)
    assert [len(axes.patches) for axes in figure.axes] == [2, 0, 0]
    texts = [t.get_text() for t in drawn_texts(figure)]
    assert "(a) share withheld: the rate is 0 for the full mix" in texts
    assert f"(b) share withheld: {NO_CHANGE}" in texts
    assert "log-odds: withheld" in share_alt(frame)
    assert share_frame(findings_of([flat], names)).empty


def test_a_share_without_interval_keeps_its_point_and_says_why() -> None:
    names = named(2)
    frame = share_frame(findings_of([split(names, (-0.3, -0.1), share_lower=None, share_upper=None)], names))
    assert set(frame["reason"]) == {TURNED}
    assert "75% (a)" in [t.get_text() for t in drawn_texts(draw_share_bars(frame))]


@pytest.mark.parametrize(
    ("steps", "marks"),
    [
        (((-0.30, -0.10), (-0.30, -0.10)), ""),
        (((-0.30, -0.10), (-0.10, -0.30)), "\u2260"),  # the second is ahead on the log-odds
        (((-0.30, -0.01), (-0.30, 0.01)), "\u00b1"),  # the second changes sign
    ],
)
def test_a_ranking_or_sign_that_differs_by_scale_is_marked(steps: tuple[tuple[float, ...], ...], marks: str) -> None:
    names = named(2)
    found = [split(names, step, scale=scale) for step, scale in zip(steps, ON, strict=False)]
    frame = share_frame(findings_of(found, names, agreements=(scale_agreement(found),)))
    figure = draw_share_bars(frame)
    shown = "".join(sorted({t.get_text() for t in figure.texts if t.get_text() in ("\u2260", "\u00b1")}))
    assert shown == marks
    key = " ".join(t.get_text() for t in figure.texts)
    assert ("rank differs by scale" in key) is (marks == "\u2260")
    assert ("sign differs by scale" in key) is (marks == "\u00b1")
    assert ("differs by scale of" in share_alt(frame)) is bool(marks)


def test_every_pair_is_a_cell_with_its_number_and_only_clear_ones_are_framed_and_named() -> None:
    names = named(4)
    frame = interaction_frame(findings_of([split(names, (-0.1,) * 4)], names, interactions=(pairs_of(names),)))
    # sizes by hand: 0, -3, 6, -9, 12, -15 points, intervals 5 to either side: the last four exclude zero
    assert list(frame["estimate"]) == pytest.approx([0.0, -0.03, 0.06, -0.09, 0.12, -0.15], abs=EXACT)
    assert list(frame["clear"]) == [False, False, True, True, True, True]
    figure = draw_interaction_heatmap(frame)
    texts = [t.get_text() for t in figure.axes[0].texts]
    for size in frame["estimate"]:
        assert texts.count(estimate_text(size, "risk_difference")) == 1
    assert (texts.count("worse"), texts.count("better")) == (2, 2)
    assert "no clear interaction" not in texts
    framed = [p for p in figure.axes[0].patches if p.get_linewidth() > 1.0]
    assert len(framed) == 4
    # pair (0, 3) stands in the first column of the fourth row and is 6 points
    assert {(round(p.get_x() + 0.47), round(p.get_y() + 0.46)) for p in framed} == {(0, 3), (1, 2), (1, 3), (2, 3)}
    assert "4 of 6 are clear" in interaction_alt(frame)


def test_colours_are_centred_at_zero_and_grow_darker_with_size() -> None:
    frame = interaction_frame(crowd(4, 1))
    cells = [p for p in draw_interaction_heatmap(frame).axes[0].patches if p.get_fill()]
    largest = 0.15
    assert [to_rgba(p.get_facecolor()) for p in cells] == [
        pytest.approx(SIGNS(0.5 + size / largest / 2), abs=0.02) for size in frame["estimate"]
    ]
    assert min(to_rgb(SIGNS(0.5))) > 0.98
    for side in (-1, 1):
        greys = [sum(w * c for w, c in zip(LUMA, SIGNS(0.5 + side * s / 10)[:3], strict=True)) for s in range(6)]
        assert greys == sorted(greys, reverse=True)
    assert to_rgb(SIGNS(0.0))[2] > to_rgb(SIGNS(0.0))[0]  # blue below zero
    assert to_rgb(SIGNS(1.0))[0] > to_rgb(SIGNS(1.0))[2]  # orange above


def test_an_interaction_without_interval_is_hatched_and_points_to_the_reason() -> None:
    names = named(3)
    shown = findings_of([split(names, (-0.1,) * 3)], names, interactions=(pairs_of(names, reason=ONE_RUN),))
    figure = draw_interaction_heatmap(interaction_frame(shown))
    hatched = [p for p in figure.axes[0].patches if p.get_hatch()]
    assert len(hatched) == 3
    assert not any(p.get_linewidth() > 1.0 for p in figure.axes[0].patches if isinstance(p, Rectangle))
    texts = [t.get_text() for t in drawn_texts(figure)]
    assert "6.0 (a)" in texts
    assert f"(a) interval withheld: {ONE_RUN}" in texts


def test_an_outcome_whose_interactions_are_withheld_is_named_beside_those_that_are_drawn() -> None:
    names = named(3)
    nothing = Interactions("e1", ON[0], PairIndex.SHAPLEY_TAYLOR, (), (), None, 0.95, "not run: Component 1")
    splits = [split(names, (-0.1,) * 3, outcome=f"e{j}") for j in range(2)]
    frame = interaction_frame(findings_of(splits, names, 2, interactions=(pairs_of(names), nothing)))
    texts = [t.get_text() for t in drawn_texts(draw_interaction_heatmap(frame))]
    assert "Scenario e1 of the battery: withheld; not run: Component 1" in texts
    assert "withheld; not run: Component 1." in interaction_alt(frame)
    assert interaction_frame(findings_of(splits, names, 2, interactions=(nothing,))).empty


def tree() -> Findings:
    """Six components: group 0 has four (one of them harms), group 1 two; steps in points -9, 3, -6, -4, -10, -8."""
    names = named(6)
    groups = {"group 0": tuple(names)[:4], "group 1": tuple(names)[4:]}
    steps = (-0.09, 0.03, -0.06, -0.04, -0.10, -0.08)
    return findings_of([split(names, steps, rule=r, groups=groups if r == "owen" else {}) for r in ("shapley", "owen")],
                       names)  # fmt: skip


def test_bars_of_members_tile_their_group_and_groups_tile_the_total() -> None:
    frame = owen_frame(tree())
    assert list(frame["role"]) == ["total", "group", *["part"] * 4, "group", *["part"] * 2]
    tops = frame[(frame["role"] != "total") & (frame["group"] == "")]
    for parent, children in (
        (frame.iloc[0], tops),
        *((g, frame[frame["group"] == g["component"]]) for _, g in tops.iterrows()),
    ):
        assert children["start"].iloc[0] == pytest.approx(parent["start"], abs=EXACT)
        assert children["end"].iloc[-1] == pytest.approx(parent["end"], abs=EXACT)
        assert list(children["start"].iloc[1:]) == pytest.approx(list(children["end"].iloc[:-1]), abs=EXACT)
    # group 0: -9 + 3 - 6 - 4 = -16 points; group 1: -18; total -34
    assert list(tops["estimate"]) == pytest.approx([-0.16, -0.18], abs=EXACT)
    figure = draw_owen_tree(frame)
    bars = [p.get_width() for p in figure.axes[0].patches]
    assert bars == pytest.approx(list(frame["estimate"]), abs=EXACT)
    texts = [t.get_text() for t in drawn_texts(figure)]
    for step in ("\u221234.0", "\u221216.0", "3.0", "\u221218.0", "\u221210.0"):
        assert step in texts
    assert share_text(-0.03 / 0.34) in texts  # the one that harms: -9 %, with a true minus sign
    assert "total \u221234.0 percentage points; group 0 \u221216.0 (Component 0" in owen_alt(frame)


def test_a_component_alone_in_its_group_hangs_from_the_root() -> None:
    frame = owen_frame(base_findings())
    first = frame[frame["outcome"] == "in_distribution"].set_index("component")
    assert first.loc["diversification", "role"] == "group"
    assert list(first.loc[["tools", "system_prompts"], "group"]) == ["diversification"] * 2
    assert (first.loc["difficult_advice", "role"], first.loc["difficult_advice", "group"]) == ("part", "")
    assert "content" not in first.index


def test_a_study_without_groups_has_no_tree() -> None:
    assert owen_frame(crowd(3, 1)).empty  # three components of one group


def test_components_only_ever_together_are_one_bar_under_both_names_with_the_look_of_the_first() -> None:
    names = named(4)
    labels = list(names.values())
    players = {"c00": labels[0], "c01+c02": f"{labels[1]} + {labels[2]} (only ever together)", "c03": labels[3]}
    groups = {"group 0": tuple(players)}
    found = [
        split(players, (-0.1, -0.2, -0.1), rule=r, groups=groups if r == "owen" else {}) for r in ("shapley", "owen")
    ]
    findings = findings_of(found, names)
    for frame in (share_frame(findings), owen_frame(findings), waterfall_frame(findings)):
        row = frame[frame["label"] == players["c01+c02"]]
        assert list(row["component_index"]) == [1]
    assert list(owen_frame(findings)["group"])[2:] == ["group 0"] * 3
    figure = draw_waterfall(waterfall_frame(findings))
    assert_text_fits(figure)
    assert any(t.get_text().startswith("Component 1 with") and "\n" in t.get_text() for t in drawn_texts(figure))


def test_the_waterfall_shows_limits_for_all_steps_and_ranges_with_a_run_left_out_where_they_can_be_seen() -> None:
    frame = waterfall_frame(crowd(3, 1))
    parts = frame[frame["role"] == "part"]
    assert list(parts["lower_simultaneous"]) == pytest.approx(list(parts["estimate"] - 0.03), abs=EXACT)
    figure = draw_waterfall(frame)
    lines = [tuple(line.get_xdata()) for line in figure.axes[0].lines]
    for _, row in parts.iterrows():
        ends = (row["start"] + row["lower_simultaneous"], row["start"] + row["upper_simultaneous"])
        assert any(line == pytest.approx(ends, abs=EXACT) for line in lines)
    key = " ".join(t.get_text() for t in figure.texts)
    assert "thin: all at once" in key
    assert "ticks: one run left out" in key
    narrow = frame.assign(loo_lower=frame["estimate"] - 1e-4, loo_upper=frame["estimate"] + 1e-4)
    assert "ticks" not in " ".join(t.get_text() for t in draw_waterfall(narrow).texts)


def test_a_part_with_a_reason_of_its_own_is_withheld_in_the_waterfall_alone() -> None:
    names = named(2)
    found = split(names, (-0.3, -0.1))
    reason = "too few runs on one side"
    parts = (found.parts[0], dataclasses.replace(found.parts[1], lower=None, upper=None, reason=reason))
    frame = waterfall_frame(findings_of([dataclasses.replace(found, parts=parts)], names))
    assert list(frame["reason"]) == ["", "", reason, ""]
    texts = [t.get_text() for t in drawn_texts(draw_waterfall(frame))]
    assert texts.count("withheld (a)") == 1
    assert f"(a) interval withheld: {reason}" in texts


def test_a_tree_without_inference_points_every_row_to_the_reason() -> None:
    frame = owen_frame(example.single_run_findings())
    assert frame["reason"].str.startswith("1 run on each side").all()
    assert [t.get_text() for t in drawn_texts(draw_owen_tree(frame))].count("withheld (a)") == len(frame)
