"""The forest of component effects: margins that claims declare, drawn behind the effects they speak of."""

from __future__ import annotations

import dataclasses
import math

import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import findings_example as example
from mixablate.figures.alt_text import forest_alt
from mixablate.figures.forest import draw_forest
from mixablate.figures.frames import forest_frame
from mixablate.figures.paper import Paper
from mixablate.figures.style import COLUMNS, REGION
from mixablate.findings import Findings
from mixablate.study import Declared, Equivalent, NoHarm, Scale
from test_figures import assert_text_fits, drawn_texts

KEY = "shaded: claimed margin"
SHARED = {"id": "c", "text": "No change", "components": ("tools",), "evals": ("blackmail",)}


def claiming(*claims: Declared) -> Findings:
    """The example with these claims in place of its own."""
    findings = example.example_findings()
    verdict = findings.verdicts[0]
    return dataclasses.replace(findings, verdicts=tuple(dataclasses.replace(verdict, claim=claim) for claim in claims))


def margins(findings: Findings) -> dict[tuple[str, str], tuple[float, float]]:
    frame = forest_frame(findings).dropna(subset=["margin_lower"])
    ends = frame[["component", "outcome", "margin_lower", "margin_upper"]]
    return {(c, o): (low, high) for c, o, low, high in ends.itertuples(index=False)}


def bands(figure: Figure) -> list[tuple[float, float]]:
    """Left and right end of every shaded margin."""
    found = []
    for axes in figure.axes:
        for band in axes.findobj(PolyCollection):
            if to_hex(band.get_facecolor()[0]) == REGION:
                x = band.get_paths()[0].vertices[:, 0]
                found.append((float(x.min()), float(x.max())))
    return found


def equivalent(margin: float = 0.05, **changes: object) -> Equivalent:
    return Equivalent(**{**SHARED, "kind": "equivalent", "margin": margin, **changes})


def no_harm(margin: float = 0.05, **changes: object) -> NoHarm:
    return NoHarm(**{**SHARED, "kind": "no_harm", "margin": margin, **changes})


def test_the_margin_of_a_claim_on_one_component_stands_in_its_row_and_in_no_other() -> None:
    assert margins(claiming(equivalent())) == {("tools", "blackmail"): (-0.05, 0.05)}


def test_a_margin_of_no_harm_is_open_on_the_better_side() -> None:
    higher = no_harm(0.01, evals=("mmlu",), scale=Scale.VALUE)
    assert margins(claiming(no_harm(), higher)) == {
        ("tools", "blackmail"): (-math.inf, 0.05),
        ("tools", "mmlu"): (-0.01, math.inf),
    }


def test_a_claim_on_a_domain_is_drawn_for_its_mean_or_for_each_of_its_evals() -> None:
    domain = {"evals": (), "domain": "in_distribution"}
    assert set(margins(claiming(equivalent(**domain)))) == {("tools", "in_distribution")}
    each = margins(claiming(equivalent(**domain, require="each")))
    assert set(each) == {("tools", outcome) for outcome in ("blackmail", "sabotage", "framing")}


def test_of_two_claims_on_one_effect_what_both_allow_is_drawn() -> None:
    assert margins(claiming(equivalent(0.05), no_harm(0.02))) == {("tools", "blackmail"): (-0.05, 0.02)}


@pytest.mark.parametrize(
    "changes",
    [
        {"components": ("tools", "system_prompts")},
        {"at": "full"},
        {"treated": {"tools": 0.5}},
        {"scale": Scale.LOG_ODDS},
        {"evals": ("blackmail", "sabotage")},
    ],
    ids=str,
)
def test_a_claim_on_something_else_than_a_row_of_the_forest_is_not_drawn(changes: dict[str, object]) -> None:
    findings = claiming(equivalent(**changes))
    assert margins(findings) == {}
    assert KEY not in " ".join(text.get_text() for text in drawn_texts(draw_forest(forest_frame(findings))))


@pytest.mark.parametrize("width", COLUMNS.values())
def test_a_margin_is_shaded_to_its_ends_and_named_in_the_key(width: float) -> None:
    frame = forest_frame(claiming(equivalent(0.5), no_harm(0.3, components=("system_prompts",))))
    figure = draw_forest(frame, paper=Paper(width))
    (both, open_below) = bands(figure)
    assert both == pytest.approx((-0.5, 0.5))  # wider than any interval: the axis reaches to it
    assert open_below == pytest.approx((figure.axes[0].get_xlim()[0], 0.3))
    assert any(KEY in text.get_text() for text in drawn_texts(figure))
    assert_text_fits(figure)


def test_the_key_of_margins_leaves_room_for_withheld_intervals_beside_it() -> None:
    withheld = forest_frame(example.single_run_findings())
    figure = draw_forest(withheld)
    (head,) = [text for text in drawn_texts(figure) if KEY in text.get_text()]
    assert "these models only" in head.get_text()
    assert_text_fits(figure)


def test_every_outcome_says_which_way_it_is_better() -> None:
    texts = [text.get_text() for text in drawn_texts(draw_forest(forest_frame(example.example_findings())))]
    assert texts.count("in distribution \u00b7 lower is better") == 4
    assert texts.count("capability \u00b7 higher is better") == 1


def test_the_words_of_the_forest_say_how_many_intervals_lie_in_their_margin() -> None:
    wide, narrow = (forest_alt(forest_frame(claiming(equivalent(margin)))) for margin in (0.9, 0.001))
    assert "A claimed margin is shaded behind 1 effect, whose interval lies inside it for 1." in wide
    assert "whose interval lies inside it for 0." in narrow
    assert "margin" not in forest_alt(forest_frame(claiming()))
