"""In-distribution against out-of-distribution rate: every arm's point is seen, whatever stands near it."""

from __future__ import annotations

import itertools
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import findings_example as example
from mixablate.figures import figure_entries
from mixablate.figures.alt_text import distribution_alt
from mixablate.figures.distribution_scatter import DISC, MOST_NUMBERED, POINT, _apart, draw_distribution_scatter
from mixablate.figures.paper import Paper
from mixablate.figures.style import COLUMNS, INK
from test_figures import drawn_texts

MOVED = "disc on a line: moved aside, its arm is at the line's dot"
NEAR = [(0.775, 0.114), (0.794, 0.118), (0.797, 0.177), (0.868, 0.048), (0.867, 0.136)]  # a user's arms
ROUNDING = 1e-9


def frame_of(points: list[tuple[float, float]], direction_in: str = "lower") -> pd.DataFrame:
    """One arm of one run at each pair of rates."""
    rows = [
        {"row": row, "arm_id": str(i), "arm": f"Arm {i}", "run_id": f"r{i}" if row == "run" else "", "estimate_in": x,
         "estimate_out": y}
        for i, (x, y) in enumerate(points) for row in ("arm", "run")
    ]  # fmt: skip
    same = {"label_in": "Blackmail", "label_out": "Audit", "outcome_in": "blackmail", "outcome_out": "audit"}
    directions = {"direction_in": direction_in, "direction_out": "lower"}
    nothing = dict.fromkeys(("lower_in", "upper_in", "lower_out", "upper_out"), math.nan)
    said = {"interval_in": "none", "interval_out": "none", "level": 0.95, "simulated": False}
    return pd.DataFrame(rows).assign(**same, **directions, **nothing, **said)


def marks(figure: Figure, radius: float) -> list[Line2D]:
    return [line for line in figure.axes[0].lines if line.get_markersize() == pytest.approx(2 * 72 * radius)]


def words(figure: Figure) -> set[str]:
    return {text.get_text() for text in drawn_texts(figure)}


@pytest.mark.parametrize("width", COLUMNS.values())
def test_the_point_of_a_moved_disc_is_drawn_at_its_rates_over_every_disc(width: float) -> None:
    figure = draw_distribution_scatter(frame_of(NEAR), paper=Paper(width))
    discs, points = marks(figure, DISC), marks(figure, POINT)
    assert len(discs) == len(NEAR)
    drawn = {(float(p.get_xdata()[0]), float(p.get_ydata()[0])) for p in points}
    assert {NEAR[0], NEAR[1]} <= drawn <= set(NEAR)
    lines = [line for line in figure.axes[0].lines if line.get_path_effects() and line.get_color() == INK]
    assert len(lines) == len(points)
    assert {(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in lines} == drawn
    assert min(mark.zorder for mark in [*lines, *points]) > max(disc.zorder for disc in discs)
    assert MOVED in words(figure)


def test_discs_that_stand_on_their_points_need_no_line_and_no_words() -> None:
    figure = draw_distribution_scatter(frame_of([(0.1, 0.2), (0.6, 0.3), (0.4, 0.8)]))
    assert marks(figure, POINT) == []
    assert MOVED not in words(figure)


@given(st.lists(st.tuples(st.floats(0.2, 3.1), st.floats(0.2, 3.1)), min_size=1, max_size=6))
def test_up_to_six_discs_cover_neither_each_other_nor_a_point(points: list[tuple[float, float]]) -> None:
    centres = _apart(points, [], 3.35)
    for (i, one), (j, two) in itertools.combinations(enumerate(centres), 2):
        assert math.dist(one, two) >= 2 * DISC
        assert math.dist(one, points[j]) >= DISC - ROUNDING
        assert math.dist(two, points[i]) >= DISC - ROUNDING


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 3.0)), min_size=1, max_size=MOST_NUMBERED))
def test_every_disc_lies_in_the_field_or_on_its_point(points: list[tuple[float, float]]) -> None:
    for point, centre in zip(points, _apart(points, points, 3.0), strict=True):
        assert centre == point or all(DISC <= along <= 3.0 - DISC for along in centre)


def test_of_places_as_near_a_disc_takes_the_one_that_hides_the_fewest_runs() -> None:
    point, twin = (1.5, 1.5), (1.5, 1.52)
    (chosen, _) = _apart([point, twin], [], 3.0)
    (instead, _) = _apart([point, twin], [chosen, chosen], 3.0)
    assert instead != chosen
    assert math.dist(instead, point) == pytest.approx(math.dist(chosen, point))


def test_equal_rates_are_a_line_only_where_both_outcomes_are_better_the_same_way() -> None:
    same, other = frame_of(NEAR), frame_of(NEAR, "higher")
    drawn, apart = words(draw_distribution_scatter(same)), words(draw_distribution_scatter(other))
    assert {"equal rates", "better: left in distribution, down out of distribution"} <= drawn
    assert "better: right in distribution, down out of distribution" in apart
    assert not {"equal rates", "below the line: lower out of distribution"} & apart
    assert "line of equal rates" in distribution_alt(same)
    assert "line of equal rates" not in distribution_alt(other)


def test_the_frame_says_which_way_each_outcome_is_better() -> None:
    entries = {entry.name: entry for entry in figure_entries(example.example_findings())}
    frame = entries["distribution_scatter"].frame
    assert set(frame["direction_in"]) == set(frame["direction_out"]) == {"lower"}
