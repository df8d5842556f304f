"""The exit codes, and the errors that lead to them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

from mixablate.errors import Problem

__all__ = ["CouldNotWriteError", "Exit", "refuse_unwritable", "writing"]


class Exit(IntEnum):
    """What the shell is told."""

    DONE = 0
    CHECK_FAILED = 1
    BAD_INPUT = 2
    COULD_NOT_WRITE = 3
    INTERRUPTED = 130


class CouldNotWriteError(Exception):
    """Output that could not be written; carries the one problem."""

    def __init__(self, target: Path, found: str) -> None:
        self.problem = Problem(
            code="COULD_NOT_WRITE",
            place=str(target),
            found=found,
            required="a place that can be written to",
            remedy="Choose another place with -o, or mend this one.",
        )
        super().__init__(str(self.problem))


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """A block in which every operating-system error means that `target` could not be written.

    Raises:
        CouldNotWriteError: the block raised an OSError.
    """
    try:
        yield
    except OSError as error:
        raise CouldNotWriteError(target, error.strerror or str(error)) from error


def refuse_unwritable(folder: Path) -> None:
    """Nothing, where `folder` exists or can be made; checked before minutes are spent on what would go there.

    Raises:
        CouldNotWriteError: it is a file, or the nearest folder that exists cannot be written to.
    """
    standing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not standing.is_dir():
        raise CouldNotWriteError(folder, f"{standing} is not a folder")
    if not os.access(standing, os.W_OK | os.X_OK):
        raise CouldNotWriteError(folder, f"no permission to write in {standing}")
