"""The picture in the docs, the import contract and the folders say the same."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "analysis" / "mixablate"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = PROJECT["tool"]["importlinter"]["contracts"]
LAYERS = next(contract["layers"] for contract in CONTRACTS if contract["id"] == "layers")
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "base", "misc"}
LONGEST_FILE = 400  # lines; past that a module is split by kind of thing (design.md section 1)


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def drawn_layers() -> list[str]:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- layers -->\n```text\n(.*?)```", page, re.DOTALL)
    assert block, "docs/architecture.md must hold a text block marked <!-- layers -->"
    return [line.split()[0] for line in block[1].splitlines() if line.strip()]


def test_the_drawn_layers_are_the_contract() -> None:
    assert drawn_layers() == LAYERS


def test_every_module_of_the_package_has_its_layer() -> None:
    found = {path.stem if path.is_file() else path.name for path in PACKAGE.iterdir() if is_module(path)}
    assert found == set(LAYERS)


def is_module(path: Path) -> bool:
    if path.is_dir():
        return (path / "__init__.py").is_file()
    return path.suffix == ".py" and path.stem != "__init__"


@pytest.mark.parametrize("contract", [c for c in CONTRACTS if c["type"] == "protected"], ids=lambda c: c["id"])
def test_every_heavy_library_behind_a_door_is_declared_as_a_dependency(contract: dict[str, list[str]]) -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    lines = [*PROJECT["project"]["dependencies"], *extras["spark"]]
    declared = {re.split(r"[^A-Za-z0-9_-]", line)[0].lower() for line in lines}
    # ibis-framework[pyspark] brings both
    names = {{"ibis": "ibis-framework", "pyspark": "ibis-framework"}.get(m, m) for m in contract["protected_modules"]}
    assert names <= declared


def test_no_module_has_a_vague_name() -> None:
    assert [path for path in modules() if path.stem in VAGUE_NAMES or path.parent.name in VAGUE_NAMES] == []


def test_no_module_is_longer_than_can_be_read() -> None:
    long = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FILE} == {}


def test_only_the_command_line_prints() -> None:
    printing = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in modules()
        if path.relative_to(PACKAGE).parts[0] != "cli"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_the_package_holds_no_postponed_work() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    assert [path for path in modules() if words.search(path.read_text(encoding="utf-8"))] == []
