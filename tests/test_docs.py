"""What the pages show is executed: studies parse, files and commands of a walk-through work, Python blocks run.

Markers stand as HTML comments on the line before a fence: `<!-- study -->` a whole study, `<!-- claim -->` claims to
be added to one, `<!-- reported -->` a study of reported figures, `<!-- file: NAME -->` a file of the page,
`<!-- shell -->` commands of it, `<!-- run -->` Python, both executed where the files of the walk-through and of the
page are, and `<!-- output -->` what the fence before it prints.
"""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import api_names
import pytest

import mixablate.claims as mixablate_claims
import mixablate.estimate as mixablate_estimate
import mixablate.resample as mixablate_resample
from mixablate.cli.program import exit_code, mixablate
from mixablate.study import load_study
from test_bad_inputs_tables import CASES

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
WALK_THROUGH = DOCS / "getting-started.md"
FENCE = re.compile(r"(?:<!-- ([^\n]*?) -->\n)?^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"[A-Z]{2,}(_[A-Z]+)*")
CODE_AT = {"Problem": 0, "BadCell": 1}
CODE_TUPLES = {"numbers.py", "ids.py"}  # they give codes as the first of what a problem holds
DRAWING = {"figures", "report"}  # they refuse no input, and hold other words in capitals
LONG_CODE = re.compile(r"[A-Z]{2,}(_[A-Z]{2,})+")


@dataclass(frozen=True)
class Block:
    page: Path
    marker: str
    language: str
    text: str


def blocks(*pages: Path) -> list[Block]:
    return [Block(page, *found) for page in pages for found in FENCE.findall(page.read_text(encoding="utf-8"))]


def marked(marker: str, *pages: Path) -> list[Block]:
    found = [block for block in blocks(*(pages or PAGES)) if block.marker.split(":")[0] == marker]
    assert found, f"no block is marked {marker}"
    return found


def of_page(block: Block) -> str:
    return block.page.stem


def page_files(folder: Path, page: Path) -> None:
    """The walk-through's files, then the page's own."""
    for block in (*marked("file", WALK_THROUGH), *blocks(page)):
        if block.marker.startswith("file: "):
            (folder / block.marker.removeprefix("file: ")).write_text(block.text, encoding="utf-8")


def shown_output(block: Block) -> list[str] | None:
    """The lines that the page shows below the block, None where it shows none."""
    later = blocks(block.page)[blocks(block.page).index(block) + 1 :]
    return lines_of(later[0].text) if later and later[0].marker == "output" else None


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


@pytest.mark.parametrize("block", marked("study"), ids=of_page)
def test_every_study_shown_is_a_valid_declaration(block: Block, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(block.text, encoding="utf-8")
    assert load_study(tmp_path / "study.toml").claims


@pytest.mark.parametrize("block", marked("claim"), ids=of_page)
def test_every_claim_shown_can_be_added_to_a_study(block: Block, tmp_path: Path) -> None:
    (study,) = [b for b in marked("file", WALK_THROUGH) if b.marker.endswith("study.toml")]
    (tmp_path / "study.toml").write_text(study.text + "\n" + block.text, encoding="utf-8")
    assert len(load_study(tmp_path / "study.toml").claims) == 3


@pytest.mark.parametrize("block", marked("reported"), ids=of_page)
def test_every_reported_figure_shown_is_a_valid_record(block: Block, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(block.text, encoding="utf-8")
    assert load_study(tmp_path / "study.toml").reported


def test_toml_blocks_that_declare_claims_or_components_are_all_checked() -> None:
    declaration = re.compile(r"^\[\[?(claims|components|reported|published_claims)", re.MULTILINE)
    declaring = [b for b in blocks(*PAGES) if b.language == "toml" and declaration.search(b.text)]
    checked = {"study", "claim", "reported", "file"}
    assert [b.page.name for b in declaring if b.marker.split(":")[0] not in checked] == []


def test_the_walk_through_works_command_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page_files(tmp_path, WALK_THROUGH)
    monkeypatch.chdir(tmp_path)
    declared = (tmp_path / "study.toml").read_text(encoding="utf-8")
    commands = [line for block in marked("shell", WALK_THROUGH) for line in block.text.splitlines()]
    assert [shlex.split(line)[1] for line in commands] == ["init", "validate", "design", "check", "report"]
    for line in commands:
        words = shlex.split(line)
        if words[1] == "init":
            (tmp_path / "study.toml").unlink()
        assert exit_code(words[1:]) == 0, capsys.readouterr().err
        if words[1] == "init":
            (tmp_path / "study.toml").write_text(declared, encoding="utf-8")
    assert (tmp_path / "report" / "report.html").is_file()


@pytest.mark.parametrize("block", marked("run"), ids=of_page)
def test_python_shown_runs(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page_files(tmp_path, block.page)
    monkeypatch.chdir(tmp_path)
    exec(compile(block.text, str(block.page), "exec"), {"__name__": "page"})
    printed = lines_of(capsys.readouterr().out)
    assert printed
    assert shown_output(block) in (None, printed)


@pytest.mark.parametrize("block", [b for b in marked("shell") if b.page != WALK_THROUGH], ids=of_page)
def test_commands_shown_run_and_print_what_is_shown(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page_files(tmp_path, block.page)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for line in block.text.splitlines():
        assert exit_code(shlex.split(line)[1:]) == 0, capsys.readouterr().err
    assert shown_output(block) in (None, lines_of(capsys.readouterr().out))


def test_every_command_named_on_a_page_exists() -> None:
    named = {
        (page.name, word)
        for page in PAGES
        for word in re.findall(r"(?:`|^)mixablate ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {(page, word) for page, word in named if word not in mixablate.commands} == set()


def test_every_command_that_exists_is_named_on_a_page() -> None:
    everything = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert {name for name in mixablate.commands if f"mixablate {name}" not in everything} == set()


def test_every_function_that_the_methods_page_offers_is_there_to_be_imported() -> None:
    page = (DOCS / "methods.md").read_text(encoding="utf-8")
    offered = re.findall(r"`(\w+)`", page.split("## More in Python")[1].split("\n## ")[0])
    packages = (mixablate_estimate, mixablate_resample, mixablate_claims)
    assert len(offered) > 50
    assert [name for name in offered if not any(hasattr(package, name) for package in packages)] == []


def test_the_python_page_lists_every_name_that_its_packages_publish() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    packages = {name.rpartition(".")[0] for name in re.findall(r"^::: (\S+)$", page, re.MULTILINE)}
    assert {"mixablate.study", "mixablate.estimate.reported", "mixablate.errors"} <= packages
    for name in sorted(packages):
        rows = page.split(f"\n### {name}\n")[1].split("\n### ")[0]
        published = importlib.import_module(name).__all__
        assert set(re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)) == set(published), f"{name}: run `make api`"
        documented = re.findall(rf"^::: {re.escape(name)}\.(\w+)$", page, re.MULTILINE)
        assert set(documented) <= set(published)
    assert api_names.listed(page) == page, "run `make api`"


def test_the_readme_names_every_table_that_a_report_writes() -> None:
    written = re.findall(r'"(\w+\.csv)"', (ROOT / "analysis/mixablate/report/write.py").read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(written) > 10
    assert [name for name in written if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


def problem_codes() -> set[str]:
    """Every code that the package hands to a Problem or a BadCell, that stands first in a tuple of what they hold, is
    shaped like one, or is provoked by a table of the tests."""
    codes = {case.code for case in CASES}
    for path in sorted((ROOT / "analysis" / "mixablate").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            given: list[ast.expr] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CODE_AT:
                at = CODE_AT[node.func.id]
                given = [*node.args[at : at + 1], *(word.value for word in node.keywords if word.arg == "code")]
            elif isinstance(node, ast.Tuple) and path.name in CODE_TUPLES and len(node.elts) > 2:
                given = node.elts[:1]
            codes |= {word for value in given for word in strings(value) if CODE.fullmatch(word)}
        if path.parent.name not in DRAWING:
            codes |= {word for word in strings(tree) if LONG_CODE.fullmatch(word)} - names(tree)
    return codes


def strings(tree: ast.AST) -> set[str]:
    constants = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return {constant for constant in constants if isinstance(constant, str)}


def names(tree: ast.Module) -> set[str]:
    """The words of a module's `__all__`: names, not codes."""
    lists = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    return {word for value in lists for word in strings(value)}


def test_every_problem_code_is_explained() -> None:
    page = (DOCS / "problems.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))
    assert problem_codes() - explained == set()
