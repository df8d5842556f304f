"""One figure as a file, with the data behind it."""

from __future__ import annotations

import errno
from pathlib import Path

from mixablate.figures import FIGURE_FORMATS, FigureEntry
from mixablate.figures.paper import Style
from mixablate.figures.style import Column
from mixablate.report.csv_text import csv_bytes

__all__ = ["write_figure"]


def write_figure(
    entry: FigureEntry, path: Path, column: Column = "double", style: Style | None = None
) -> tuple[Path, Path]:
    """Write the figure at `path`, in the format of its ending, and its frame beside it as CSV; returns both paths.

    Raises:
        StudyError: a style that cannot be taken.
        KeyError: an ending that is none of `FIGURE_FORMATS`.
        FileExistsError: a CSV of that name stands there with other columns: somebody's own table.
        OSError: the files cannot be written.
    """
    data, frame = path.with_suffix(".csv"), csv_bytes(entry.frame)
    if data.is_file() and data.read_bytes().splitlines()[:1] != frame.splitlines()[:1]:
        raise FileExistsError(errno.EEXIST, f'"{data.name}", where the figure\'s data would go, is another table')
    content = FIGURE_FORMATS[path.suffix.lower()](entry.draw(column, style=style), entry.kind.title, style)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    data.write_bytes(frame)
    return path, data
