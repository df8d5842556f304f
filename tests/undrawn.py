"""A report's files with a blank in place of every drawing, for tests of words, tables and numbers."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

from mixablate.figures import FigureEntry, svg_bytes
from mixablate.figures.paper import Paper
from mixablate.findings import Findings
from mixablate.report import report_files, write
from mixablate.report.csv_text import csv_bytes

__all__ = ["undrawn", "undrawn_files"]


@functools.cache
def _blank() -> bytes:
    with Paper().in_style():
        return svg_bytes(Paper(1.0).sheet(1.0), "Blank")


def _blank_files(entries: Sequence[FigureEntry]) -> dict[str, bytes]:
    shown = [entry for entry in entries if not entry.reason]
    files = {f"figures/{entry.name}.{kind}": _blank() for entry in shown for kind in ("svg", "png")}
    return files | {f"figures/{entry.name}.csv": csv_bytes(entry.frame) for entry in shown}


@contextmanager
def undrawn() -> Iterator[None]:
    """Reports are written with blanks while this holds."""
    with mock.patch.object(write, "_figure_files", _blank_files):
        yield


def undrawn_files(findings: Findings) -> dict[str, bytes]:
    """Relative path -> content, as `report_files` gives it, but for the drawings."""
    with undrawn():
        return report_files(findings)
