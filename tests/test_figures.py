"""Figures: legible, within their canvas, the same bytes every time, honest about what was withheld."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re

import pandas as pd
import pytest
from cycler import cycler
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

import findings_example as example
from mixablate.claims import Status, no_curves
from mixablate.figures import CATALOGUE, FigureEntry, figure_entries, figure_frames, png_bytes, svg_bytes
from mixablate.figures.axis_layout import lettered, span, tick_choices, ticks_in_percent, ticks_plain
from mixablate.figures.number_text import estimate_text, interval_text, p_text, rate_text
from mixablate.figures.specification_curve import draw_specification_curve
from mixablate.figures.style import COLUMNS, STATUS_LOOKS, Column, component_looks, paper_style
from mixablate.figures.text_layout import drawable, fit_arm, fit_text, text_width
from mixablate.figures.verdict_ladder import draw_verdict_ladder
from mixablate.findings import Findings
from mixablate.findings.by_block import no_blocks
from mixablate.findings.doses import no_doses
from mixablate.findings.mixtures import MixtureFrames

HALF_PIXEL = 0.5  # text boxes are rounded to pixels
TOUCHING = 1.0  # pixels by which boxes of neighbouring labels may meet: ascenders, not ink
NAMES = [kind.name for kind in CATALOGUE]
HOSTILE = (
    "<script>alert(1)</script>",
    "$x_{$ and \\frac{",
    "n" * 5000,
    "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd \u0634\u0644\u0627\u0645",
    '=HYPERLINK("http://x")',
    "\u6f22\u5b57 and \U0001f469\u200d\U0001f680",
    "tab\tand\nline",
    "--> <!-- ]]>",
)


def renamed(findings: Findings, turn: int) -> Findings:
    """The findings with the hostile names in place of every label and text, begun at `turn` and gone round."""
    names = [f"{HOSTILE[(i + turn) % len(HOSTILE)]} {i}" for i in range(60)]
    components = findings.study.components
    study = findings.study.model_copy(
        update={
            "title": names[0],
            "description": names[1],
            "components": tuple(c.model_copy(update={"label": names[i]}) for i, c in enumerate(components)),
        }
    )
    arms = tuple(dataclasses.replace(arm, label=names[i]) for i, arm in enumerate(findings.design.arms))
    label_of = {arm.arm_id: arm.label for arm in arms}
    parts = {part: names[i] for i, part in enumerate(example.MIX_PARTS)}
    outcome_of = {name: names[i] for i, name in enumerate(dict.fromkeys(findings.rates["outcome"]))}
    rates = findings.rates.assign(
        arm=findings.rates["arm_id"].map(label_of), outcome_label=findings.rates["outcome"].map(outcome_of)
    )
    return dataclasses.replace(
        findings,
        study=study,
        design=dataclasses.replace(findings.design, components=study.components, arms=arms),
        rates=rates,
        run_rates=findings.run_rates.assign(arm=findings.run_rates["arm_id"].map(label_of)),
        attributions=tuple(
            dataclasses.replace(a, parts=tuple(dataclasses.replace(p, label=names[i]) for i, p in enumerate(a.parts)))
            for a in findings.attributions
        ),
        interactions=tuple(
            dataclasses.replace(
                i,
                pairs=tuple(
                    dataclasses.replace(p, first_label=names[0], second_label=names[k]) for k, p in enumerate(i.pairs)
                ),
            )
            for i in findings.interactions
        ),
        verdicts=tuple(
            dataclasses.replace(v, claim=v.claim.model_copy(update={"text": n}), reason=n)
            for v, n in zip(findings.verdicts, names, strict=False)
        ),
        effects=tuple(dataclasses.replace(e, reason=names[i % 2]) for i, e in enumerate(findings.effects)),
        missing_curves=findings.missing_curves.assign(text=names[0]),
        limits=tuple(names[:4]),
        mixture=MixtureFrames(
            *(getattr(findings.mixture, name).replace(parts) for name in ("effects", "traces", "fit", "surface"))
        ),
        block_effects=findings.block_effects.assign(
            block=[names[i % 9] if block else "" for i, block in enumerate(findings.block_effects["block"])]
        ),
    )


@pytest.fixture(scope="module")
def plain() -> dict[str, FigureEntry]:
    return {entry.name: entry for entry in figure_entries(example.example_findings())}


@pytest.fixture(scope="module")
def withheld() -> dict[str, FigureEntry]:
    return {entry.name: entry for entry in figure_entries(example.single_run_findings())}


def drawn_texts(figure: Figure) -> list[Text]:
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]


def assert_text_fits(figure: Figure) -> None:
    """No text outside the canvas; no two labels of one axis over each other."""
    with paper_style():
        figure.draw_without_rendering()
        renderer = figure.canvas.get_renderer() if hasattr(figure.canvas, "get_renderer") else figure._get_renderer()
        width, height = figure.bbox.width, figure.bbox.height
        for text in drawn_texts(figure):
            box = text.get_window_extent(renderer)
            inside = box.x0 >= -HALF_PIXEL and box.y0 >= -HALF_PIXEL
            inside = inside and box.x1 <= width + HALF_PIXEL and box.y1 <= height + HALF_PIXEL
            assert inside, f"{text.get_text()!r} leaves the canvas: {box} in {width} x {height}"
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                labels = [label for label in axis.get_ticklabels() if label.get_text().strip()]
                for one, two in itertools.pairwise(labels):
                    a, b = one.get_window_extent(renderer), two.get_window_extent(renderer)
                    apart_x = a.x1 <= b.x0 + TOUCHING or b.x1 <= a.x0 + TOUCHING
                    apart_y = a.y1 <= b.y0 + TOUCHING or b.y1 <= a.y0 + TOUCHING
                    assert apart_x or apart_y, f"{one.get_text()!r} covers {two.get_text()!r}"


def assert_free_text_apart(figure: Figure) -> None:
    """No two texts placed on the figure itself (labels, numbers, notes) cover each other."""
    with paper_style():
        renderer = figure._get_renderer()
        boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in figure.texts if t.get_text().strip()]
        for (one, a), (two, b) in itertools.combinations(boxes, 2):
            overlap = min(a.x1, b.x1) - max(a.x0, b.x0) > TOUCHING and min(a.y1, b.y1) - max(a.y0, b.y0) > TOUCHING
            assert not overlap, f"{one!r} covers {two!r}"


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_keeps_its_text_on_the_canvas_and_apart(plain: dict[str, FigureEntry], name: str) -> None:
    figure = plain[name].draw()
    assert_text_fits(figure)
    assert_free_text_apart(figure)


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_of_withheld_numbers_keeps_its_text_apart_too(withheld: dict[str, FigureEntry], name: str) -> None:
    if name == "slopes":  # one seed in all arms: a single line says nothing
        assert withheld[name].reason.startswith("No unit to follow: it needs two base models or two seeds")
        return
    if name in ("fragility_strip", "specification_curve"):  # nothing is decided, so that nothing can flip
        assert withheld[name].reason
        return
    figure = withheld[name].draw()
    assert_text_fits(figure)
    assert_free_text_apart(figure)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_frame_gives_the_same_svg_and_png_bytes(plain: dict[str, FigureEntry], name: str) -> None:
    one, two = plain[name].draw(), plain[name].draw()
    assert svg_bytes(one, "title") == svg_bytes(two, "title")
    assert png_bytes(one) == png_bytes(two)


def test_an_svg_carries_no_font_no_date_no_version_and_nothing_to_load(plain: dict[str, FigureEntry]) -> None:
    svg = svg_bytes(plain["forest"].draw(), "Forest").decode()
    assert "font-family" not in svg
    assert "<text" not in svg
    assert "Matplotlib v" not in svg
    assert "dc:date" not in svg
    assert not re.search(r'(?:href|src)="(?!#)', svg)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("turn", [0, 3])
def test_hostile_names_are_drawn_as_plain_text_within_the_canvas(name: str, turn: int) -> None:
    entry = next(e for e in figure_entries(renamed(example.example_findings(), turn)) if e.name == name)
    figure = entry.draw()
    assert_text_fits(figure)
    assert_free_text_apart(figure)
    svg = svg_bytes(figure, HOSTILE[turn])
    assert b"<script" not in svg.lower()
    assert not re.search(rb'(?:href|src)="(?!#)', svg)


def test_a_withheld_interval_is_marked_with_its_reason_in_the_forest(withheld: dict[str, FigureEntry]) -> None:
    texts = [t.get_text() for t in drawn_texts(withheld["forest"].draw())]
    assert "withheld (a)" in texts
    assert any(t.startswith("(a) interval withheld: 1 run on each side") for t in texts)


def test_an_attribution_without_inference_is_called_descriptive(
    plain: dict[str, FigureEntry], withheld: dict[str, FigureEntry]
) -> None:
    assert "descriptive share" in [t.get_text() for t in drawn_texts(withheld["waterfall"].draw())]
    assert "share" in [t.get_text() for t in drawn_texts(plain["waterfall"].draw())]


def test_simulated_data_are_named_in_every_figure_and_only_there() -> None:
    real = example.example_findings(example.example_study(simulated=False))
    for findings, expected in ((example.example_findings(), True), (real, False)):
        for entry in (e for e in figure_entries(findings) if not e.reason):
            shown = any("Simulated data." in t.get_text() for t in drawn_texts(entry.draw()))
            assert shown is expected, entry.name


def test_equivalent_and_undecided_never_share_a_look() -> None:
    looks = list(STATUS_LOOKS.values())
    assert set(STATUS_LOOKS) == set(Status)
    # told apart without colour (marker and fill), by word, by sign and by colour
    for key in (lambda k: (k.marker, k.filled), lambda k: k.word, lambda k: k.symbol, lambda k: k.colour):
        assert len({key(look) for look in looks}) == len(looks)
    assert STATUS_LOOKS[Status.EQUIVALENT].filled
    assert not STATUS_LOOKS[Status.UNDECIDED].filled


def test_every_status_is_a_word_in_the_ladder(plain: dict[str, FigureEntry]) -> None:
    texts = " ".join(t.get_text() for t in drawn_texts(plain["verdict_ladder"].draw()))
    assert all(look.word.capitalize() in texts for look in STATUS_LOOKS.values())


def test_thirty_components_differ_by_colour_or_marker() -> None:
    looks = component_looks([f"c{i}" for i in range(30)])
    assert len({(look.colour, look.marker) for look in looks.values()}) == 30


@pytest.mark.parametrize(("name", "of"), [("forest", "component"), ("trajectories", "arm_id"), ("slopes", "unit")])
def test_marks_of_one_colour_differ_by_marker(plain: dict[str, FigureEntry], name: str, of: str) -> None:
    entry = plain[name]
    figure = entry.draw(style={"axes.prop_cycle": cycler(color=["#264653", "#e76f51"])})
    marks = {(line.get_color(), line.get_marker()) for axes in figure.axes for line in axes.lines}
    assert len({mark for mark in marks if mark[1] not in ("None", "")}) == entry.frame[of].nunique()


@pytest.mark.parametrize("column", COLUMNS)
def test_the_names_of_lines_carry_their_markers(plain: dict[str, FigureEntry], column: Column) -> None:
    entry = plain["slopes"]
    for axes in entry.draw(column).axes:
        by_unit = [(line.get_marker(), line.get_color()) for line in axes.lines if len(line.get_xdata()) > 1]
        named = [(line.get_marker(), line.get_color()) for line in axes.lines if len(line.get_xdata()) == 1]
        assert sorted(by_unit) == sorted(named)


def test_a_component_keeps_its_look_whatever_is_drawn_beside_it() -> None:
    assert component_looks(["a", "b"])["b"] == component_looks(["a", "b", "c"])["b"]


def test_a_figure_without_data_is_left_out_with_its_reason() -> None:
    findings = example.example_findings()
    inside = findings.rates[findings.rates["domain"] != "out_of_distribution"]
    entries = {e.name: e for e in figure_entries(dataclasses.replace(findings, rates=inside))}
    assert entries["distribution_scatter"].reason == "No arm has rates both in and out of distribution."
    nothing = {"effects": (), "attributions": (), "verdicts": (), "features": pd.DataFrame()}
    empty = dataclasses.replace(
        findings, **nothing, doses=no_doses(), mixture=MixtureFrames(), block_effects=no_blocks(),
        missing_curves=no_curves(),
    )  # fmt: skip
    reasons = {e.name: e.reason for e in figure_entries(empty)}
    split = ("waterfall", "share_bars", "owen_tree", "interaction_heatmap")
    amounts = ("dose_curves", "feature_effects", "effect_traces", "ternary")
    robust = ("fragility_strip", "specification_curve")
    assert all(reasons[name] for name in (*robust, "forest", "block_forest", "verdict_ladder", *split, *amounts))
    assert set(figure_frames(empty)) == {
        "rates_by_arm", "slopes", "trajectories", "distribution_scatter", "design_matrix",
    }  # fmt: skip


def test_several_evals_of_a_domain_without_a_mean_are_not_averaged_by_the_figure() -> None:
    findings = example.build_findings(5, with_means=False)
    entries = {e.name: e for e in figure_entries(findings)}
    assert entries["distribution_scatter"].reason  # three in-distribution evals, no declared mean of them


def test_frames_hold_the_numbers_of_the_findings() -> None:
    findings = example.example_findings()
    frames = figure_frames(findings)
    rates = frames["rates_by_arm"]
    arms = rates[rates["row"] == "arm"].set_index(["arm_id", "outcome"])["estimate"]
    for _, row in findings.rates[findings.rates["outcome"] != "out_of_distribution"].iterrows():
        assert arms.loc[(row["arm_id"], row["outcome"])] == row["estimate"]
    forest = frames["forest"].set_index(["outcome", "component"])
    for effect in findings.effects:
        if str(effect.scale) in ("risk_difference", "value"):
            found = forest.loc[(effect.outcome, effect.contrast)]
            assert (found["estimate"], found["lower"], found["upper"]) == (effect.estimate, effect.lower, effect.upper)
    steps = frames["waterfall"][frames["waterfall"]["role"] == "part"]
    first = next(a for a in findings.attributions if a.outcome == "in_distribution")
    assert list(steps[steps["outcome"] == "in_distribution"]["estimate"]) == [p.estimate for p in first.parts]


def test_the_waterfall_begins_at_the_baseline_and_ends_at_the_full_mix() -> None:
    frame = figure_frames(example.example_findings())["waterfall"]
    for _, rows in frame.groupby("outcome"):
        parts = rows[rows["role"] == "part"]
        assert parts["start"].iloc[0] == rows["end"].iloc[0]
        assert parts["end"].iloc[-1] == pytest.approx(rows["end"].iloc[-1], abs=1e-12)
        assert list(parts["start"].iloc[1:]) == list(parts["end"].iloc[:-1])


def test_the_region_of_a_claim_is_drawn_in_the_unit_of_its_effect() -> None:
    ladder = figure_frames(example.example_findings())["verdict_ladder"].set_index("claim")
    assert ladder.loc["diversity-reduces", "region_upper"] == pytest.approx(-0.05)  # a drop of five points or more
    assert ladder.loc["keeps-mmlu", "region_lower"] == pytest.approx(-0.01)  # higher is better: no more than .01 down
    equivalence = ladder.loc["prompts-audit-same"]
    assert (equivalence["region_lower"], equivalence["region_upper"]) == (-0.02, 0.02)


def test_an_interval_of_a_difference_is_never_drawn_against_the_region_of_a_rate() -> None:
    findings = example.example_findings()
    zero = next(v for v in findings.verdicts if v.claim.kind == "reaches_zero")
    effect = dataclasses.replace(zero.evidence[0], reference=0.2, treated=0.004, lower=-0.3, upper=-0.1)
    changed = dataclasses.replace(findings, verdicts=(dataclasses.replace(zero, evidence=(effect,)),))
    row = figure_frames(changed)["verdict_ladder"].iloc[0]
    assert row["estimate"] == 0.004
    assert pd.isna(row["lower"])
    assert pd.isna(row["upper"])


def test_alt_texts_say_what_is_seen() -> None:
    alts = {e.name: e.alt for e in figure_entries(example.example_findings()) if not e.reason}
    assert alts["rates_by_arm"].startswith("Dot plot of 40 training runs in 8 arms")
    assert "0 are withheld" in alts["forest"]
    assert "Undecided: Varied system prompts" in alts["verdict_ladder"]
    assert all(len(alt) > 80 for alt in alts.values())


def test_the_key_of_rates_says_what_its_numbers_are(plain: dict[str, FigureEntry]) -> None:
    entry = plain["rates_by_arm"]
    for outcomes, expected in (
        (["blackmail"], "right: events / scored rollouts"),
        (["mmlu"], "right: mean"),
        (["blackmail", "mmlu"], "right: events / scored rollouts, else the mean"),
    ):
        frame = entry.frame[entry.frame["outcome"].isin(outcomes)]
        texts = [text.get_text() for text in drawn_texts(FigureEntry(entry.kind, frame, "", "").draw())]
        assert any(text.endswith(expected) for text in texts)


def test_no_head_stands_over_shares_that_are_not_given(plain: dict[str, FigureEntry]) -> None:
    entry = plain["waterfall"]
    without = FigureEntry(entry.kind, entry.frame.assign(share=math.nan), "", "")
    shown, hidden = ([text.get_text() for text in drawn_texts(each.draw())] for each in (entry, without))
    assert "share" in shown
    assert "share" not in hidden


def test_comparisons_without_an_estimate_in_any_block_are_a_note_and_no_rows(plain: dict[str, FigureEntry]) -> None:
    entry = plain["block_forest"]
    gone = entry.frame["contrast"] == entry.frame["contrast"].iloc[0]
    numbers = {name: entry.frame[name].mask(gone) for name in ("estimate", "lower", "upper", "weight")}
    frame = entry.frame.assign(**numbers)
    texts = [text.get_text() for text in drawn_texts(FigureEntry(entry.kind, frame, "", "").draw())]
    label, left_out = entry.frame["component_label"].iloc[0], frame.loc[gone, "outcome"].nunique()
    assert not any(text.endswith(f": {label}") for text in texts)
    noun = "comparison" if left_out == 1 else "comparisons"
    assert f"{left_out} {noun} without an estimate in any block: the table says why." in texts


def test_a_claim_on_each_outcome_says_which_decides_each_specification(plain: dict[str, FigureEntry]) -> None:
    entry = plain["specification_curve"]
    assert not any("decided by" in text.get_text() for text in drawn_texts(entry.draw()))
    frame = entry.frame[entry.frame["claim"] == entry.frame["claim"].iloc[0]].reset_index(drop=True)
    frame["outcome_label"] = ["Audit" if i % 2 else "Blackmail" for i in range(len(frame))]
    texts = [text.get_text() for text in drawn_texts(FigureEntry(entry.kind, frame, "", "").draw())]
    assert {"decided by Audit", "decided by Blackmail"} <= set(texts)


def test_dots_at_the_edge_of_a_specification_curve_are_explained(plain: dict[str, FigureEntry]) -> None:
    entry = plain["specification_curve"]
    far = entry.frame.assign(distance=entry.frame["distance"] * 100)
    texts = [text.get_text() for text in drawn_texts(FigureEntry(entry.kind, far, "", "").draw())]
    assert "Dots at the edge: 8 standard errors or more from the end of what is claimed." in texts


def test_many_arms_are_capped_with_a_note_and_not_squeezed() -> None:
    findings = example.example_findings()
    arms, rates, runs = [], [], []
    for copy in range(15):
        arms += [dataclasses.replace(a, arm_id=f"{a.arm_id} {copy}") for a in findings.design.arms]
        rates.append(findings.rates.assign(arm_id=findings.rates["arm_id"] + f" {copy}"))
        runs.append(findings.run_rates.assign(arm_id=findings.run_rates["arm_id"] + f" {copy}"))
    many = dataclasses.replace(
        findings,
        design=dataclasses.replace(findings.design, arms=tuple(arms)),
        rates=pd.concat(rates, ignore_index=True),
        run_rates=pd.concat(runs, ignore_index=True),
    )
    entries = {e.name: e for e in figure_entries(many)}
    texts = [t.get_text() for t in drawn_texts(entries["rates_by_arm"].draw())]
    assert "The first 80 of 120 arms; the table has all." in texts
    scatter = [t.get_text() for t in drawn_texts(entries["distribution_scatter"].draw())]
    assert "120 arms; the table names them" in scatter


def test_the_style_of_the_session_is_left_as_it_was() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    figure_entries(example.example_findings())[0].draw()
    assert dict(matplotlib.rcParams) == before


def test_a_users_own_style_does_not_change_a_figure(plain: dict[str, FigureEntry]) -> None:
    import matplotlib

    usual = svg_bytes(plain["waterfall"].draw(), "t")
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "none", "text.parse_math": True}):
        assert svg_bytes(plain["waterfall"].draw(), "t") == usual


@given(st.text(max_size=80), st.floats(0.4, 3.0), st.integers(1, 4))
def test_fitted_text_never_exceeds_its_lines_or_its_width(text: str, width: float, lines: int) -> None:
    for fitted in (fit_text(text, width, 7.5, lines), fit_arm(text, width, 7.5, lines)):
        rows = fitted.split("\n")
        assert len(rows) <= lines
        assert all(text_width(row, 7.5) <= width for row in rows)


@given(st.text(max_size=60))
def test_drawable_text_has_one_line_and_no_control_characters(text: str) -> None:
    shown = drawable(text)
    assert "\n" not in shown
    assert shown.isprintable()


@given(st.floats(-50, 50), st.floats(0.001, 100), st.integers(1, 6))
def test_ticks_lie_inside_their_limits_and_are_even(low: float, size: float, most: int) -> None:
    limits = (low, low + size)
    for ticks in tick_choices(limits, most):
        assert 1 <= len(ticks) <= most + 1
        slack = 1e-6 * size
        assert all(limits[0] - slack <= tick <= limits[1] + slack for tick in ticks)


def test_tick_labels_keep_the_decimals_of_their_step() -> None:
    assert ticks_in_percent([0.0, 0.025, 0.05]) == ["0.0%", "2.5%", "5.0%"]
    assert ticks_in_percent([0.0, 0.25]) == ["0%", "25%"]
    assert ticks_plain([0.7]) == ["0.7"]  # one tick has no step to go by
    assert ticks_plain([-0.002, 0.0]) == ["\u22120.002", "0.000"]


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=6))
def test_a_span_holds_every_value(values: list[float]) -> None:
    low, high = span([*values, float("nan")])
    assert low < min(values)
    assert max(values) < high


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_a_tick_label_reads_as_the_tick_it_stands_for(low: float, size: float) -> None:
    for ticks in tick_choices((low, low + size)):
        for tick, text in zip(ticks, ticks_plain(ticks), strict=True):
            assert float(text.replace("\u2212", "-")) == pytest.approx(tick, abs=1e-6 * size, rel=1e-6)


def test_reasons_get_letters_in_order_of_appearance() -> None:
    assert lettered(["", "x", "y", "x"]) == {"x": "a", "y": "b"}


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (rate_text(0.0), "0.0%"),
        (rate_text(1.0), "100.0%"),
        (estimate_text(-0.00004, "risk_difference"), "0.0"),  # no minus on a number that rounds to zero
        (estimate_text(float("inf"), "risk_ratio"), "\u221e"),
        (estimate_text(0.012, "risk_ratio"), "0.012"),
        (estimate_text(-12.34, "value"), "\u221212.3"),
        (estimate_text(1234567.0, "value"), "1.23e+06"),
        (interval_text(0.01, None, "log_odds"), "at least 0.01"),
        (interval_text(None, None, "value"), "\u2013"),
        (p_text(0.996), "1.0"),
        (p_text(0.0), "<0.0001"),
    ],
)
def test_numbers_read_as_people_write_them(shown: str, expected: str) -> None:
    assert shown == expected


def test_a_thing_that_flips_a_verdict_is_named_and_drawn_apart(plain: dict[str, FigureEntry]) -> None:
    entry = plain["fragility_strip"]
    texts = [t.get_text() for t in drawn_texts(entry.draw())]
    assert "run 100-s4: p" in texts
    assert "it does not survive without run 100-s4" in entry.alt
    assert texts.count("survives each of 17") == 3  # of the other decided claims: 10 runs, 3 + 2 + 2 further things


def test_the_specification_curve_counts_what_is_admissible(plain: dict[str, FigureEntry]) -> None:
    entry = plain["specification_curve"]
    texts = [t.get_text() for t in drawn_texts(entry.draw())]
    # Three scales, two estimators, two inclusion rules, less least squares of a ratio twice; two say undecided.
    assert "supported; 8 of 10 specifications say so" in texts
    assert "supported, as 8 of 10 specifications say; the others: 2 undecided." in entry.alt
    assert "10 combinations are not admissible; the table has each with its reason." in texts
    frame = entry.frame
    assert frame.groupby("claim", sort=False)["distance"].apply(lambda d: d.dropna().is_monotonic_increasing).all()


def test_a_long_specification_curve_is_thinned_evenly_and_counted_whole(plain: dict[str, FigureEntry]) -> None:
    frame = plain["specification_curve"].frame.query("claim == 'diversity-reduces' and reason == ''")
    others = frame[~frame["declared"].eq(True)]
    many = pd.concat([*[others] * 20, frame[frame["declared"].eq(True)]]).sort_values("distance", kind="stable")
    figure = draw_specification_curve(many)
    texts = [t.get_text() for t in drawn_texts(figure)]
    agreeing = int(many["agrees"].eq(True).sum())
    assert f"supported; {agreeing} of 181 specifications say so" in texts
    assert "At most 90 specifications a claim, evenly along its curve; the table has all." in texts
    heights = [
        line.get_ydata()[0] for line in figure.axes[0].lines if line.get_markersize() < 5 and line.get_zorder() == 3
    ]
    assert len(heights) == 90
    assert (heights[0], heights[-1]) == (many["distance"].iloc[0], many["distance"].iloc[-1])
    assert sum(line.get_markersize() == 8.0 for line in figure.axes[0].lines) == 1  # the ring of the declared one


@pytest.mark.parametrize(
    ("upper", "region_upper", "status", "said"),
    [(2.0, 0.0, "supported", True), (-1.0, 0.0, "supported", False), (2.0, -5.0, "supported", False),
     (2.0, 0.0, "undecided", False)],
)  # fmt: skip
def test_the_ladder_says_why_an_interval_in_points_may_reach_zero_beside_a_decided_drop(
    upper: float, region_upper: float, status: str, said: bool
) -> None:
    (entry,) = (e for e in figure_entries(example.example_findings()) if e.name == "verdict_ladder")
    row = entry.frame[entry.frame["kind"].eq("reduces")].head(1)
    row = row.assign(scale="risk_difference", lower=-20.0, upper=upper, region_upper=region_upper, status=status)
    words = " ".join(text.get_text() for text in draw_verdict_ladder(row).texts)
    assert ("decided on the per-run log-odds" in words) is said
