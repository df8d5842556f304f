"""Whether two report folders say the same: verdicts, numbers and files, not bytes."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mixablate.report.folder import MANIFEST

__all__ = ["compare_reports"]

NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?")
MOST_SHOWN = 20  # differences a file; the first say what is wrong
INPUTS = ("schema", "title", "simulated", "seed", "settings", "declaration_sha256", "inputs")


def compare_reports(committed: Path, rendered: Path, tolerance: float = 1e-8) -> list[str]:
    """Differences between two report folders, in words; empty when they say the same.

    Compared are the files their manifests name, what both were made from, everything in `findings.json`, and every CSV.
    Floats agree within `tolerance`, absolute or relative. In sentences a number may differ by one unit of its last
    printed digit (rounding on another machine), no word may. Bytes of pages and pictures, hashes of outputs and package
    versions are not compared.

    Raises:
        OSError: a folder cannot be read.
    """
    manifests = [_json(folder / MANIFEST) for folder in (committed, rendered)]
    names = [sorted(str(output["path"]) for output in manifest["outputs"]) for manifest in manifests]
    found = [f"{name}: only in the committed report" for name in names[0] if name not in names[1]]
    found += [f"{name}: only in the rendered report" for name in names[1] if name not in names[0]]
    for folder, known in ((committed, names[0]), (rendered, names[1])):
        found += [
            f"{name}: named in the manifest of {folder.name} but absent" for name in known if _absent(folder, name)
        ]
    for key in INPUTS:
        found += _differences(manifests[0].get(key), manifests[1].get(key), f"{MANIFEST}: {key}", tolerance)
    for name in names[0]:
        if name not in names[1] or _absent(committed, name) or _absent(rendered, name):
            continue
        one, two = committed / PurePosixPath(name), rendered / PurePosixPath(name)
        if name.endswith(".json"):
            found += _differences(_json(one), _json(two), name, tolerance)[:MOST_SHOWN]
        elif name.endswith(".csv"):
            found += _csv_differences(one.read_bytes(), two.read_bytes(), name, tolerance)[:MOST_SHOWN]
    return found


def _absent(folder: Path, name: str) -> bool:
    return not (folder / PurePosixPath(name)).is_file()


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def _differences(one: object, two: object, place: str, tolerance: float) -> list[str]:
    """Differences of two JSON values, each with its place."""
    if isinstance(one, dict) and isinstance(two, dict):
        found = [f"{place}: the key {key!r} is in one report only" for key in sorted(set(one) ^ set(two))]
        for key in one:
            if key in two:
                found += _differences(one[key], two[key], f"{place}.{key}", tolerance)
        return found
    if isinstance(one, list) and isinstance(two, list):
        if len(one) != len(two):
            return [f"{place}: {len(one)} entries, now {len(two)}"]
        pairs = enumerate(zip(one, two, strict=True))
        return [d for i, (a, b) in pairs for d in _differences(a, b, f"{place}[{_named(a, i)}]", tolerance)]
    return [] if _same(one, two, tolerance) else [f"{place}: {one!r}, now {two!r}"]


def _named(entry: object, index: int) -> str:
    """The claim or outcome an entry is about, so that a difference can be found."""
    if isinstance(entry, dict):
        named = [
            str(entry[key]) for key in ("claim", "contrast", "outcome", "run_id") if isinstance(entry.get(key), str)
        ]
        if named:
            return f"{index} {' '.join(named)}"
    return str(index)


def _same(one: object, two: object, tolerance: float) -> bool:
    if isinstance(one, bool) or isinstance(two, bool) or one is None or two is None:
        return one is two
    if isinstance(one, int | float) and isinstance(two, int | float):
        return math.isclose(one, two, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(one, str) and isinstance(two, str):
        return one == two or _same_words(one, two)
    return False


def _same_words(one: str, two: str) -> bool:
    """Whether two sentences differ at most in the last digit of their decimal numbers; ids are not sentences."""
    if " " not in one or NUMBER.sub("#", one) != NUMBER.sub("#", two):
        return False
    return all(_same_rounded(a, b) for a, b in zip(NUMBER.findall(one), NUMBER.findall(two), strict=True))


def _same_rounded(one: str, two: str) -> bool:
    if one == two:
        return True
    places = [len(text.partition(".")[2]) for text in (one, two)]
    if places[0] != places[1] or not places[0] or not (_is_float(one) and _is_float(two)):
        return False
    return abs(float(one) - float(two)) < 1.5 * 10.0 ** -places[0]


def _is_float(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _csv_differences(one: bytes, two: bytes, name: str, tolerance: float) -> list[str]:
    rows = [list(csv.reader(io.StringIO(content.decode(), newline=""))) for content in (one, two)]
    if rows[0][:1] != rows[1][:1]:
        return [f"{name}: columns {rows[0][:1]}, now {rows[1][:1]}"]
    if len(rows[0]) != len(rows[1]):
        return [f"{name}: {len(rows[0]) - 1} rows, now {len(rows[1]) - 1}"]
    found = []
    for number, (a, b) in enumerate(zip(*rows, strict=True)):
        for column, before, now in zip(rows[0][0], a, b, strict=False):
            if not _same_cell(before, now, tolerance):
                found.append(f"{name}, row {number}, {column}: {before!r}, now {now!r}")
    return found


def _same_cell(one: str, two: str, tolerance: float) -> bool:
    if _is_float(one) and _is_float(two):
        return math.isclose(float(one), float(two), rel_tol=tolerance, abs_tol=tolerance)
    return one == two or _same_words(one, two)
