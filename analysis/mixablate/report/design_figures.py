"""The drawings of a design as files, without an analysis of any outcome."""

from __future__ import annotations

from pathlib import Path

from mixablate.design import Design, DesignAudit
from mixablate.figures import png_bytes, svg_bytes
from mixablate.figures.alias_graph import draw_alias_graph
from mixablate.figures.design_frames import alias_graph_frame, design_matrix_frame
from mixablate.figures.design_matrix import draw_design_matrix
from mixablate.report.csv_text import csv_bytes
from mixablate.study import Study
from mixablate.tables import Tables

__all__ = ["write_design_figures"]


def write_design_figures(
    folder: Path, study: Study, design: Design, tables: Tables, audit: DesignAudit
) -> tuple[Path, ...]:
    """Write `design_matrix` and, where anything is tied, `alias_graph`, each as SVG, PNG and CSV; returns the SVGs.

    Raises:
        OSError: the folder cannot be written.
    """
    matrix, graph = design_matrix_frame(study, design, tables), alias_graph_frame(study, design, audit)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, title, frame, draw in (
        ("design_matrix", "Arms by components", matrix, draw_design_matrix),
        ("alias_graph", "What these runs cannot tell apart", graph, draw_alias_graph),
    ):
        if frame.empty:
            continue
        figure = draw(frame)
        (folder / f"{name}.svg").write_bytes(svg_bytes(figure, title))
        (folder / f"{name}.png").write_bytes(png_bytes(figure))
        (folder / f"{name}.csv").write_bytes(csv_bytes(frame))
        written.append(folder / f"{name}.svg")
    return tuple(written)
