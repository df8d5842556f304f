"""What `tables.rollouts` names: a file, the files of a folder, or those that a pattern matches."""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mixablate.errors import Problem, TableError
from mixablate.tables.names import joined, shown
from mixablate.tables.read import file_problem

__all__ = ["SUFFIXES", "RolloutFiles", "digest", "find_files", "path_columns"]

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
PATTERN = re.compile(r"[*?\[]")
COLUMN_FOLDER = re.compile(r"([^=/]+)=([^=/]+)")
KINDS = ".csv, .tsv, .jsonl or .parquet"


@dataclass(frozen=True, slots=True)
class RolloutFiles:
    """The files of one rollouts table, all of one format, in the order of their names.

    Attributes:
        declared: as the study names them.
        paths: the files.
        names: the same files as messages name them, relative to the study's folder.
        root: the folder below which folders called `name=value` hold the column `name`.
        suffix: of every file, in lower case.
    """

    declared: str
    paths: tuple[Path, ...]
    names: tuple[str, ...]
    root: Path
    suffix: str

    @property
    def place(self) -> str:
        """How messages name the files: as the study does, if there is one."""
        return self.names[0] if len(self.names) == 1 else self.declared


def find_files(declared: str, folder: Path) -> RolloutFiles:
    """The files that a study names.

    A name that is a file stands for itself, whatever its characters. Of a folder, every file at any depth counts whose
    suffix is known, save where a name begins with "." or "_" (other software's notes about its own writing).

    Args:
        declared: as in the study: a file, a folder, or a pattern with *, ?, [...] or **.
        folder: the study's folder.

    Raises:
        TableError: no file is there, one is empty, or they are not all of one known format.
    """
    path = folder / declared
    if path.is_dir():
        inside = sorted(entry for entry in path.rglob("*") if _counts(entry, path))
        return _table(declared, inside, folder, path)
    if not path.exists() and (pattern := PATTERN.search(declared)):
        matched = sorted(folder / name for name in glob.glob(declared, root_dir=folder, recursive=True))
        root = folder / declared[: pattern.start()].rpartition("/")[0]
        return _table(declared, [entry for entry in matched if entry.is_file()], folder, root)
    if (problem := file_problem(path, declared)) is not None:
        raise TableError(problem)
    return _table(declared, [path], folder, path.parent)


def _counts(entry: Path, root: Path) -> bool:
    parts = entry.relative_to(root).parts
    return entry.is_file() and entry.suffix.casefold() in SUFFIXES and not any(p.startswith((".", "_")) for p in parts)


def _table(declared: str, paths: Sequence[Path], folder: Path, root: Path) -> RolloutFiles:
    """The files as one table: at least one, none empty, all of one known format."""
    if not paths:
        remedy = "Check the name; paths are relative to the study file."
        raise TableError(
            Problem("FILE_MISSING", declared, "no file of rollouts", f"at least one file, {KINDS}", remedy)
        )
    names = tuple(_name(path, declared, folder, alone=len(paths) == 1) for path in paths)
    suffixes = sorted({path.suffix.casefold() for path in paths})
    if unknown := [suffix for suffix in suffixes if suffix not in SUFFIXES]:
        found = f"the suffix {shown(unknown[0])}"
        raise TableError(Problem("FILE_FORMAT", declared, found, KINDS, "Convert the file."))
    if len(suffixes) > 1:
        found, remedy = f"files of several formats: {joined(suffixes)}", "Name one of them, e.g. by a pattern."
        raise TableError(Problem("FILE_FORMAT", declared, found, "one format", remedy))
    for path, name in zip(paths, names, strict=True):
        if not path.stat().st_size:
            raise TableError(Problem("EMPTY_FILE", name, "0 bytes", "a table", "Write one row per rollout."))
    return RolloutFiles(declared, tuple(paths), names, root, suffixes[0])


def _name(path: Path, declared: str, folder: Path, *, alone: bool) -> str:
    if alone and path == folder / declared:
        return declared
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def path_columns(files: RolloutFiles) -> tuple[str, ...]:
    """The columns that stand in the files' folders (`run_id=001/part-0.parquet`), in the order of the first file's."""
    parts = files.paths[0].relative_to(files.root).parts[:-1] if files.paths[0].is_relative_to(files.root) else ()
    return tuple(match[1] for part in parts if (match := COLUMN_FOLDER.fullmatch(part)))


def digest(files: RolloutFiles) -> str:
    """The sha256 of a file's bytes; of several files, that of what `sha256sum FILES` prints in the study's folder."""
    sums = []
    for path in files.paths:
        with path.open("rb") as file:
            sums.append(hashlib.file_digest(file, "sha256").hexdigest())
    if len(sums) == 1:
        return sums[0]
    lines = "".join(f"{found}  {name}\n" for found, name in zip(sums, files.names, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()
