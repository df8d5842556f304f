"""A report folder written so that an interruption leaves the old report whole."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

__all__ = ["MANIFEST", "write_folder"]

MANIFEST = "manifest.json"
LISTED = 3


def write_folder(folder: Path, files: Mapping[str, bytes], manifest: bytes) -> None:
    """Write `files` (relative posix path -> bytes) and then the manifest into `folder`.

    Every file is first written beside its place and flushed to the disk; only when all of them are there are they
    renamed into place, the manifest last. A failure before that leaves the folder as it was. Files that the previous
    manifest names and this report does not have are removed; nothing else in the folder is touched.

    Raises:
        FileExistsError: a file of that name stands there with other content, and the previous manifest does not name
            it: a table of the study, say, or somebody's own page.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = _named_before(folder)
    _refuse_foreign(folder, files, before)
    stale = before - set(files) - {MANIFEST}
    staged: list[tuple[Path, Path]] = []
    try:
        for name, content in [*files.items(), (MANIFEST, manifest)]:
            target = folder / PurePosixPath(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.append((_stage(target, content), target))
        for source, target in staged[:-1]:
            os.replace(source, target)
        for name in sorted(stale):
            (folder / PurePosixPath(name)).unlink(missing_ok=True)
        os.replace(*staged[-1])
    finally:
        for source, _ in staged:
            source.unlink(missing_ok=True)
    for directory in {target.parent for _, target in staged}:
        _flush_directory(directory)


def _refuse_foreign(folder: Path, files: Mapping[str, bytes], before: set[str]) -> None:
    """Refuse to replace files that no report wrote; one with this very content was left by an interrupted report."""
    foreign = [
        name
        for name in sorted(set(files) - before)
        if (folder / name).is_file() and (folder / name).read_bytes() != files[name]
    ]
    if foreign:
        named = ", ".join(f'"{name}"' for name in foreign[:LISTED])
        more = f" and {len(foreign) - LISTED} more" if len(foreign) > LISTED else ""
        raise FileExistsError(errno.EEXIST, f"{named}{more} there already, not written by a report; not replaced")


def _stage(target: Path, content: bytes) -> Path:
    """`content` in a new file beside `target`, on the disk."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return beside


def _flush_directory(directory: Path) -> None:
    """Make renames in `directory` durable, where the system lets directories be flushed."""
    if os.name != "posix":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _named_before(folder: Path) -> set[str]:
    """Outputs that the folder's manifest names, as far as they lie inside the folder; none without a readable one."""
    try:
        outputs = json.loads((folder / MANIFEST).read_bytes())["outputs"]
        names = [str(output["path"]) for output in outputs]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return set()
    inside = set()
    for name in names:
        path = PurePosixPath(name)
        if name and not path.is_absolute() and ".." not in path.parts and _within(folder, folder / path):
            inside.add(path.as_posix())
    return inside


def _within(folder: Path, path: Path) -> bool:
    """Whether `path`, after links in its parents are followed, lies in `folder`, and is a file or a link."""
    return path.parent.resolve().is_relative_to(folder.resolve()) and (path.is_file() or path.is_symlink())
