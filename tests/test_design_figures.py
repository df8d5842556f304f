"""The drawings of a design: readable from 2 components to 60, and the same picture in words."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from mixablate.design import audit_design, design_of
from mixablate.figures.alias_graph import draw_alias_graph
from mixablate.figures.design_alt import alias_graph_alt, design_matrix_alt
from mixablate.figures.design_frames import alias_graph_frame, design_matrix_frame
from mixablate.figures.design_matrix import draw_design_matrix
from mixablate.figures.style import paper_style
from mixablate.report import write_design_figures
from mixablate.study import Study
from mixablate.tables import Tables
from small_studies import flag, study_of, tables_of
from test_figures import assert_free_text_apart, assert_text_fits, drawn_texts

TOUCHING = 1.0  # pixels: rounding of glyph boxes


def pair() -> tuple[Study, Tables]:
    study = study_of()
    tokens = {0: 1e6, 1: 3e6}
    return study, tables_of(study, [({"tools": t, "prompts": t, "tokens": tokens[t]}, [9, 8, 7]) for t in (0, 1)])


def crowd() -> tuple[Study, Tables]:
    """60 components over 40 arms drawn once; c00, c01 and c02 always alike, c59 never on."""
    names = [f"c{i:02d}" for i in range(60)]
    study = study_of([flag(n, label=f"Component number {n} of a large study") for n in names])
    drawn = np.random.default_rng(5).random((40, 60)) < 0.3
    drawn[0] = False
    cells = []
    for row in drawn:
        levels = {n: int(on) for n, on in zip(names, row, strict=True)}
        levels |= {"c01": levels["c00"], "c02": levels["c00"], "c59": 0}
        cells.append((levels, [9, 8, 7]))
    return study, tables_of(study, cells)


def frames(study: Study, tables: Tables) -> tuple[pd.DataFrame, pd.DataFrame]:
    design = design_of(study, tables)
    graph = alias_graph_frame(study, design, audit_design(study, design, tables))
    return design_matrix_frame(study, design, tables), graph


def assert_labels_apart(figure: Figure) -> None:
    """No two texts of an axes without ticks cover each other."""
    with paper_style():
        renderer = figure._get_renderer()
        boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in figure.axes[0].texts]
        for (one, a), (two, b) in itertools.combinations(boxes, 2):
            overlap = min(a.x1, b.x1) - max(a.x0, b.x0) > TOUCHING and min(a.y1, b.y1) - max(a.y0, b.y0) > TOUCHING
            assert not overlap, f"{one!r} covers {two!r}"


@pytest.mark.parametrize("made", [pair, crowd])
def test_both_drawings_keep_their_text_on_the_canvas_and_apart(made) -> None:
    matrix, graph = frames(*made())
    for figure in (draw_design_matrix(matrix), draw_alias_graph(graph)):
        assert_text_fits(figure)
        assert_free_text_apart(figure)
    assert_labels_apart(figure)


def test_what_varies_stands_first_and_what_is_left_out_is_said() -> None:
    matrix, graph = frames(*crowd())
    order = list(dict.fromkeys(matrix.loc[matrix["what"] == "component", "name"]))
    assert order[-1] == "c59"
    assert not matrix.loc[matrix["name"] == "c59", "varies"].any()
    texts = " ".join(t.get_text() for t in drawn_texts(draw_design_matrix(matrix)))
    assert "the first 30 of 60 components; the table has all" in texts
    texts = " ".join(t.get_text() for t in drawn_texts(draw_alias_graph(graph)))
    assert "the table has all" in texts
    assert "The same in every arm: Component number c59" in design_matrix_alt(matrix)


def test_ties_are_edges_with_their_kind_and_words() -> None:
    _, graph = frames(*pair())
    edges = graph[graph["row"] == "edge"].set_index(["source", "target"])
    assert edges.loc[("tools", "prompts"), "kind"] == "together"
    assert edges.loc[("tools", "tokens"), "kind"] == "size"
    assert "3,000,000 tokens" in edges.loc[("tools", "tokens"), "words"]
    assert set(graph.loc[graph["kind"] == "property", "name"]) == {"tokens"}
    assert "Tools and Prompts only ever appear together" in alias_graph_alt(graph)


def test_a_design_without_ties_has_no_graph_to_draw() -> None:
    study = study_of()
    tables = tables_of(study, [({"tools": t, "prompts": p}, [9, 8, 7]) for t in (0, 1) for p in (0, 1)])
    matrix, graph = frames(study, tables)
    assert graph.empty
    assert list(matrix["fill"].astype(float)[:3]) == [0.0, 0.0, 1.0]  # baseline: off, off; its only eval: every run
    assert_text_fits(draw_alias_graph(graph))


def test_the_drawings_of_a_simulated_study_say_so() -> None:
    study, tables = pair()
    for frame, draw in zip(frames(study, tables), (draw_design_matrix, draw_alias_graph), strict=True):
        for simulated in (True, False):
            texts = [t.get_text() for t in drawn_texts(draw(frame.assign(simulated=simulated)))]
            assert any("Simulated data." in t for t in texts) is simulated


def test_drawings_are_written_with_their_data_and_the_same_bytes_twice(tmp_path: Path) -> None:
    study, tables = pair()
    design = design_of(study, tables)
    audit = audit_design(study, design, tables)
    for folder in ("one", "two"):
        write_design_figures(tmp_path / folder, study, design, tables, audit)
    names = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert names == [f"{n}.{k}" for n in ("alias_graph", "design_matrix") for k in ("csv", "png", "svg")]
    assert all((tmp_path / "one" / n).read_bytes() == (tmp_path / "two" / n).read_bytes() for n in names)
