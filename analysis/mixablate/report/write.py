"""`write_report(findings, folder)`: the whole folder."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mixablate.figures import FigureEntry, figure_entries, png_bytes, svg_bytes
from mixablate.findings import Findings
from mixablate.report.csv_text import csv_bytes
from mixablate.report.document import findings_document, json_bytes
from mixablate.report.folder import write_folder
from mixablate.report.manifest import manifest_document
from mixablate.report.page import page_of
from mixablate.report.page_size import fitted_page
from mixablate.report.paper_tables import paper_tables
from mixablate.report.rendering import html_page, markdown_page

__all__ = ["report_files", "write_report"]


def write_report(findings: Findings, folder: Path) -> Path:
    """Write the report of `findings` into `folder` and return the folder.

    `report.html` (self-contained), `report.md`, `findings.json`, `effects.csv`, `regression.csv`, `attribution.csv`,
    `verdicts.csv`, `rates.csv`, further tables where they hold a row (`fragility.csv`, `specifications.csv`,
    `block_effects.csv`, `published_figures|conflicts|comparisons.csv`, `interactions.csv`,
    `comparisons.csv`, `coalitions.csv`, `doses.csv`, `features.csv`, `explained.csv`,
    `mixture_effects|traces|fit.csv`), `tables/*.tex|md` for papers, `figures/*.svg|png|csv` and, last,
    `manifest.json`. The same findings give the same bytes. Files of an earlier report that its manifest names and this
    one lacks are removed.

    Raises:
        OSError: the folder cannot be written, or holds files of these names that no report wrote; what stood there
            before is then as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)  # before the work: a place that cannot be written is said at once
    files = report_files(findings)
    write_folder(folder, files, json_bytes(manifest_document(findings, files)))
    return folder


def report_files(findings: Findings) -> dict[str, bytes]:
    """Relative path -> content of everything in a report but its manifest."""
    entries = figure_entries(findings)
    figures = _figure_files(entries)
    drawings = {e.name: figures[f"figures/{e.name}.svg"] for e in entries if not e.reason}
    page = fitted_page(page_of(findings, entries, drawings))
    return {
        "report.html": html_page(page).encode(),
        "report.md": markdown_page(page).encode(),
        "findings.json": json_bytes(findings_document(findings)),
        "effects.csv": csv_bytes(findings.effects_frame()),
        "regression.csv": csv_bytes(findings.regression_frame()),
        "attribution.csv": csv_bytes(findings.attribution_frame()),
        "verdicts.csv": csv_bytes(findings.verdicts_frame()),
        "rates.csv": csv_bytes(findings.rates),
        **({"truth.csv": csv_bytes(findings.truths)} if len(findings.truths) else {}),
        **{name: csv_bytes(frame) for name, frame in _further_frames(findings).items() if len(frame)},
        **paper_tables(page),
        **figures,
    }


def _further_frames(findings: Findings) -> dict[str, pd.DataFrame]:
    """What lies behind the attribution, and the tables that not all studies have."""
    return {
        "fragility.csv": findings.left_out_frame(),
        "specifications.csv": findings.specifications_frame(),
        "block_effects.csv": findings.block_effects,
        "published_figures.csv": findings.published.records,
        "published_conflicts.csv": findings.published.conflicts,
        "published_comparisons.csv": findings.published.comparisons,
        "interactions.csv": findings.interactions_frame(),
        "comparisons.csv": findings.comparisons_frame(),
        "coalitions.csv": findings.coalitions,
        "doses.csv": findings.doses.tests,
        "features.csv": findings.features,
        "explained.csv": findings.explained,
        "mixture_effects.csv": findings.mixture_effects,
        "mixture_traces.csv": findings.mixture_traces,
        "mixture_fit.csv": findings.mixture_fit,
    }


def _figure_files(entries: tuple[FigureEntry, ...]) -> dict[str, bytes]:
    """SVG, PNG and CSV of every figure that is not left out."""
    files: dict[str, bytes] = {}
    for entry in entries:
        if entry.reason:
            continue
        figure = entry.draw()
        files[f"figures/{entry.name}.svg"] = svg_bytes(figure, entry.kind.title)
        files[f"figures/{entry.name}.png"] = png_bytes(figure)
        files[f"figures/{entry.name}.csv"] = csv_bytes(entry.frame)
    return files
