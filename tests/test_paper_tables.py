"""Tables for papers: the report's words and digits, and nothing in a name that LaTeX or Markdown would act on."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import findings_example as example
from hostile_example import HOSTILE, hostile_findings
from mixablate.report.paper_tables import LONGEST, latex_table, latex_text, markdown_table
from mixablate.report.table import Cell, PageTable, effect_size, interval, text
from undrawn import undrawn_files

# What LaTeX acts on. Once the ways to spell them out are taken away, none may be left.
ACTIVE = re.compile(r"[\\{}$&%#_~^<>|\"`*\[\]]")
SPELT_OUT = re.compile(
    r"\\(?:textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|textquotedbl|textasciigrave|ldots)\{\}"
    r"|\\[{}$&%#_]|\{[\[\]*]\}|\$-\$|\$\\(?:times|pm|geq|leq)\$|``|''"
)
CELL_END = re.compile(r"(?<!\\)&")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return undrawn_files(example.example_findings())


@pytest.fixture(scope="module")
def hostile() -> dict[str, bytes]:
    return undrawn_files(hostile_findings())


def tables_in(files: dict[str, bytes], kind: str) -> dict[str, str]:
    return {name: content.decode() for name, content in files.items() if re.fullmatch(rf"tables/\w+\.{kind}", name)}


def rows_of(latex: str) -> list[list[str]]:
    """Head and rows of a table, cell by cell, as LaTeX reads them."""
    body = latex[latex.index("\\toprule") : latex.index("\\end{longtable}")]
    lines = [line.strip() for line in body.splitlines() if line.endswith(" \\\\")]
    return [[cell.strip() for cell in CELL_END.split(line.removesuffix(" \\\\"))] for line in lines]


def small_table(label: str) -> PageTable:
    row = (text(label), effect_size(-0.171, "risk_difference"), interval(-0.228, -0.11, "risk_difference"))
    return PageTable(
        "effects_risk_difference", "Effects", ("Component", "Effect", "95% interval"), (row,), "In points."
    )


def test_a_table_is_typeset_as_worked_out_by_hand() -> None:
    assert latex_table(small_table("A & B"), "effects_risk_difference", simulated=True) == "\n".join([
        r"% Needs \usepackage{array,booktabs,longtable,textcomp} and \usepackage[T1]{fontenc}.",
        r"\begingroup\footnotesize\setlength{\tabcolsep}{4pt}\setlength{\LTcapwidth}{\linewidth}",
        r"\begin{longtable}{lrr}",
        r"  \caption{Effects (simulated data)}\label{tab:effects-risk-difference} \\",
        r"  \toprule",
        r"  Component & Effect & 95\% interval \\",
        r"  \midrule",
        r"  \endhead",
        r"  \bottomrule",
        r"  \endlastfoot",
        r"  A \& B & $-$17.1 & $-$22.8 to $-$11.0 \\",
        r"\end{longtable}",
        r"\noindent In points.\par",
        r"\endgroup",
        "",
    ])  # fmt: skip
    assert markdown_table(small_table("A | B"), simulated=False) == "\n".join([
        "**Effects**",
        "",
        "| Component | Effect | 95% interval |",
        "| --- | ---: | ---: |",
        "| A \\| B | \u221217.1 | \u221222.8 to \u221211.0 |",
        "",
        "In points.",
        "",
    ])  # fmt: skip


def test_long_words_are_broken_into_lines_and_very_long_ones_cut() -> None:
    assert r"{>{\raggedright\arraybackslash}p{0.32\linewidth}rr}" in latex_table(
        small_table("Varied system prompts"), "x", simulated=False
    )
    cut = rows_of(latex_table(small_table("L" * 5000), "x", simulated=False))[1][0]
    assert cut == "L" * (LONGEST - 1) + r"\ldots{}"


@given(st.text())
def test_no_character_of_a_name_is_one_that_latex_acts_on(name: str) -> None:
    said = latex_text(name)
    assert not ACTIVE.search(SPELT_OUT.sub("", said))
    assert "\n" not in said
    assert said.isprintable()


def test_verdicts_effects_and_attributions_are_written_with_the_reports_digits(files: dict[str, bytes]) -> None:
    latex, markdown = tables_in(files, "tex"), tables_in(files, "md")
    stems = {name.removesuffix(".tex") for name in latex}
    assert stems == {name.removesuffix(".md") for name in markdown}
    assert {"tables/verdicts", "tables/effects_risk_difference", "tables/attribution_risk_difference"} <= stems
    page = files["report.html"].decode()
    for name in stems:
        rows = rows_of(latex[f"{name}.tex"])
        piped = [line for line in markdown[f"{name}.md"].splitlines() if line.startswith("|")]
        assert len(rows) == len(piped) - 1 > 1  # Markdown has a line of rules more
        assert len({len(row) for row in rows}) == 1
        for row in rows[1:]:
            for cell in row:
                number = re.fullmatch(r"(?:\$-\$)?[\d.]+(?: to (?:\$-\$)?[\d.]+)?", cell)
                assert number is None or f">{cell.replace('$-$', chr(0x2212))}<" in page


def test_the_verdicts_say_what_the_report_says(files: dict[str, bytes]) -> None:
    verdicts = example.example_findings().verdicts
    rows = rows_of(tables_in(files, "tex")["tables/verdicts.tex"])[1:]
    assert [row[1].split(" (")[0] for row in rows] == [str(verdict.status) for verdict in verdicts]
    assert [row[0] for row in rows] == [latex_text(verdict.claim.text) for verdict in verdicts]


def test_a_claim_on_several_outcomes_names_each() -> None:
    rows = ((text("Fewer", more="Claimed: a drop."), Cell("1", role="number")),
            (text("The same claim", "same", "On: Leaking."), Cell("2", role="number")))  # fmt: skip
    found = rows_of(latex_table(PageTable("claims", "Claims", ("Claim", "Estimate"), rows), "x", simulated=False))
    assert [row[0] for row in found[1:]] == ["Fewer", "The same claim (On: Leaking)"]


def test_hostile_names_stay_words(hostile: dict[str, bytes]) -> None:
    for name, latex in tables_in(hostile, "tex").items():
        rows = rows_of(latex)
        assert len({len(row) for row in rows}) == 1, name
        for cell in (cell for row in rows for cell in row):
            assert not ACTIVE.search(SPELT_OUT.sub("", cell)), name
            assert len(cell) <= 8 * LONGEST
    for name, markdown in tables_in(hostile, "md").items():
        assert not re.search(r"(?<!\\)[<$`]", markdown), name
        piped = [line for line in markdown.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in piped}) == 1, name
    assert latex_text(HOSTILE["text"].split()[0]) in tables_in(hostile, "tex")["tables/verdicts.tex"]
    everything = b"".join(content for name, content in hostile.items() if name.startswith("tables/")).decode()
    assert not set(everything) & {"\u202e", "\u202c", "\t"}
    assert "\u05e9\u05dc\u05d5\u05dd" in everything
