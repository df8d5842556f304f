"""Tables -> CSV files that `read_tables` reads back to the same numbers."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from pathlib import Path

import pandas as pd

__all__ = ["write_tables"]


def write_tables(
    folder: Path | str,
    *,
    runs: pd.DataFrame | None = None,
    outcomes: pd.DataFrame | None = None,
    evals: pd.DataFrame | None = None,
    replace: bool = True,
) -> tuple[Path, ...]:
    """The files written: `runs.csv`, `outcomes.csv` and `evals.csv`, those that were given.

    UTF-8, comma, point, one line end per row; numbers in the shortest form that reads back to the same double, whole
    ones without a point; missing cells blank; booleans as true and false. Each file appears whole or not at all.

    Args:
        folder: created if it is not there.
        runs: the runs table.
        outcomes: the outcomes table.
        evals: the evals table.
        replace: whether files of these names that hold something else may be replaced.

    Raises:
        FileExistsError: they may not, and there is one; nothing was written.
        OSError: the folder cannot be written to.
    """
    target = Path(folder)
    given = (("runs", runs), ("outcomes", outcomes), ("evals", evals))
    texts = {target / f"{name}.csv": csv_text(frame) for name, frame in given if frame is not None}
    other = [path.name for path, text in texts.items() if not replace and path.exists() and _differs(path, text)]
    if other:
        raise FileExistsError(f"{' and '.join(other)} would be replaced: remove what is there first")
    target.mkdir(parents=True, exist_ok=True)
    return tuple(_write_whole(path, text) for path, text in texts.items())


def csv_text(frame: pd.DataFrame) -> str:
    """The frame as CSV text without its index."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([str(name) for name in frame.columns])
    columns = [[_cell(value) for value in frame.iloc[:, position].tolist()] for position in range(frame.shape[1])]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def _differs(path: Path, text: str) -> bool:
    return path.read_bytes() != text.encode()


def _write_whole(path: Path, text: str) -> Path:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
