"""Findings as a folder: HTML, Markdown, JSON, CSV, figures and a manifest; and the comparison of two such folders."""

from mixablate.report.compare import compare_reports
from mixablate.report.design_figures import write_design_figures
from mixablate.report.document import findings_document, verdict_document
from mixablate.report.one_figure import write_figure
from mixablate.report.summary import summary_sentences
from mixablate.report.write import report_files, write_report

__all__ = [
    "compare_reports",
    "findings_document",
    "report_files",
    "summary_sentences",
    "verdict_document",
    "write_design_figures",
    "write_figure",
    "write_report",
]
