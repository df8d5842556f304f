"""Contenders in R: one process that holds its data, and tells the CPU seconds of each call."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Timed", "r_call", "r_version"]

LOOP = """
while (TRUE) {
  if (length(readLines(input, n = 1)) == 0) quit()
  took <- system.time(answer <- work())
  cat(format(sum(took[1:2]), digits = 15), "|", paste(format(answer, digits = 17), collapse = " "), "\\n", sep = "")
  flush(stdout())
}
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """An answer with its own CPU seconds, from a contender that runs in another process (R)."""

    answer: Any
    seconds: float


def r_call(tables: Mapping[str, Mapping[str, Any]], script: str) -> Callable[[], Timed]:
    """A call that runs the script's `work()` once in R; its answer is the numbers that `work` returns.

    One process serves all calls, so that nothing is loaded or read within the time. The time is R's own (user and
    system, `proc.time`), at a resolution of a millisecond: calls should take some tens.

    Args:
        tables: name and columns of data frames, which the script finds under these names.
        script: R, which defines `work <- function() ...`.
    """
    folder = Path(tempfile.mkdtemp(prefix="speed-r-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    lines = ["input <- file('stdin'); open(input)"]
    for name, columns in tables.items():
        matrix = np.column_stack([np.asarray(values, dtype=float) for values in columns.values()])
        np.savetxt(folder / f"{name}.csv", matrix, "%.17g", ",", header=",".join(columns), comments="")
        lines.append(f"{name} <- read.csv('{folder / name}.csv')")
    (folder / "work.R").write_text("\n".join([*lines, script, LOOP]), encoding="utf-8")
    process = subprocess.Popen(
        ["Rscript", "--vanilla", str(folder / "work.R")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(process.kill)

    def call() -> Timed:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        said = process.stdout.readline()
        if "|" not in said:
            raise RuntimeError(f"R ended without an answer; its script is {folder / 'work.R'}")
        seconds, numbers = said.split("|")
        return Timed(np.array(numbers.split(), dtype=float), float(seconds))

    return call


@functools.cache
def r_version(package: str) -> str:
    """The version of an R package ("stats" for R itself); empty where it, or R, is not installed."""
    if shutil.which("Rscript") is None:
        return ""
    script = f"cat(tryCatch(format(packageVersion('{package}')), error = function(e) ''))"
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", script],
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()
