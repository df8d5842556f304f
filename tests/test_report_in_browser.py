"""Reports of the shipped studies as a person opens them: in Chromium, offline, wide and narrow, dark, and on paper."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import browser_pages as pages
from mixablate.figures import FigureEntry, figure_entries, svg_bytes
from mixablate.findings import analyse
from mixablate.report import findings_document
from mixablate.report.document import json_bytes
from mixablate.report.page import page_of
from mixablate.report.rendering import html_page
from mixablate.simulate import study_truth
from mixablate.study import load_study
from mixablate.tables import read_tables

if TYPE_CHECKING:
    from playwright.sync_api import Browser

STUDIES = sorted((Path(__file__).parents[1] / "reports").glob("*/study.toml"))
FEW = 499  # draws: the page is looked at here, not its numbers
PHONE, TABLET, DESK = 360, 768, 1440
LARGEST = 3_000_000  # bytes of one report.html
A4 = (595.3, 841.9)  # points

pytestmark = pytest.mark.skipif(bool(pages.missing()), reason=pages.missing())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pages.running_browser() as found:
        yield found


def drawing(entry: FigureEntry, committed: Path) -> bytes:
    """The committed drawing, which takes no time; a figure that is newer than the committed report is drawn."""
    return committed.read_bytes() if committed.is_file() else svg_bytes(entry.draw(), entry.kind.title)


@pytest.fixture(scope="session", params=STUDIES, ids=[path.parent.name for path in STUDIES])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`report.html` of a shipped study beside its `findings.json`, as the code writes them now."""
    declared: Path = request.param
    study = load_study(declared)
    study = study.model_copy(update={"analysis": study.analysis.model_copy(update={"draws": FEW})})
    findings = analyse(study, read_tables(study), truth=study_truth(study))
    entries = figure_entries(findings)
    drawings = {e.name: drawing(e, declared.parent / "figures" / f"{e.name}.svg") for e in entries if not e.reason}
    folder = tmp_path_factory.mktemp(declared.parent.name)
    (folder / "findings.json").write_bytes(json_bytes(findings_document(findings)))
    page = folder / "report.html"
    page.write_text(html_page(page_of(findings, entries, drawings)), encoding="utf-8")
    return page


def findings_of(report: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((report.parent / "findings.json").read_text())
    return found


def carried(table: dict[str, Any], column: str, key: str = "value") -> Counter[float]:
    position = table["heads"].index(column)
    return Counter(float(row[position][key]) for row in table["rows"] if row[position][key] is not None)


def known(values: list[float | None]) -> Counter[float]:
    return Counter(value for value in values if value is not None)


# Elements that reach past the window although no scrolling box of their own holds them.
SPILLING = """() => [...document.querySelectorAll("body :not(svg *)")].filter(element => {
  const box = element.getBoundingClientRect();
  if (box.width === 0 || box.right <= innerWidth + 0.5) return false;
  for (let above = element.parentElement; above; above = above.parentElement)
    if (getComputedStyle(above).overflowX !== "visible") return false;
  return true;
}).map(element => element.outerHTML.slice(0, 120))"""


def test_it_opens_offline_and_asks_for_nothing_at_any_width(browser: Browser, report: Path) -> None:
    with pages.opened(browser, report, width=DESK) as shown:
        for width in (DESK, TABLET, PHONE):
            shown.page.set_viewport_size({"width": width, "height": 900})
            assert shown.measure("document.documentElement.scrollWidth") <= width
            assert shown.measure(SPILLING) == []
        assert shown.page.locator("h1").is_visible()
        assert shown.said == []
        assert shown.asked == [report.resolve().as_uri()]
    assert report.stat().st_size <= LARGEST


def test_every_figure_and_table_can_be_seen_without_scripts(browser: Browser, report: Path) -> None:
    with pages.opened(browser, report, scripts=False) as shown:
        figures, tables = shown.page.locator("figure svg"), shown.page.locator("table:not(details table)")
        assert figures.count() > 2
        assert tables.count() > 5
        for found in (figures, tables):
            assert all(item.is_visible() for item in found.all())


def test_its_tables_carry_the_numbers_of_findings_json(browser: Browser, report: Path) -> None:
    found = findings_of(report)
    with pages.opened(browser, report) as shown:
        tables = pages.tables_of(shown)
    compared = 0
    for kind in ("effects", "regression"):
        for scale in {effect["scale"] for effect in found[kind]}:
            mine = [effect for effect in found[kind] if effect["scale"] == scale]
            table = tables[f"{kind}_{scale}"]
            assert carried(table, "Effect") == known([effect["estimate"] for effect in mine])
            if "95% interval" in table["heads"]:
                for key in ("lower", "upper"):
                    assert carried(table, "95% interval", key) == known([effect[key] for effect in mine])
            compared += len(mine)
    for scale in {a["scale"] for a in found["attributions"]}:
        if (name := f"attribution_{scale}") not in tables:
            continue
        mine = [a for a in found["attributions"] if a["scale"] == scale and a["rule"] == "shapley"]
        known_parts = known([n for a in mine for n in (a["total"], *(part["estimate"] for part in a["parts"]))])
        steps = carried(tables[name], "Step")
        assert steps <= known_parts
        compared += steps.total()
    outcomes = [verdict["status"] for verdict in found["verdicts"]]
    rows = [row for row in tables["claims"]["rows"] if not row[0]["text"].startswith("The same claim")]
    assert all(status in row[1]["text"] for status, row in zip(outcomes, rows, strict=True))
    assert compared + len(outcomes) > 5


@pytest.mark.parametrize(("scheme", "width"), [("light", DESK), ("dark", PHONE)])
def test_axe_finds_nothing_against_it(browser: Browser, report: Path, scheme: str, width: int) -> None:
    with pages.opened(browser, report, width=width, scheme=scheme) as shown:
        assert pages.violations(shown) == []


def test_dark_is_dark_and_its_figures_stand_on_white(browser: Browser, report: Path) -> None:
    with pages.opened(browser, report, scheme="dark") as shown:
        colours = "selector => getComputedStyle(document.querySelector(selector)).backgroundColor"
        red, green, blue = (int(n) for n in re.findall(r"\d+", shown.measure(colours, "body"))[:3])
        assert max(red, green, blue) < 60
        assert shown.measure(colours, ".canvas") == "rgb(255, 255, 255)"


# What a sheet of paper would cut off: figures wider or taller than it, and tables past its right edge.
CLIPPED = """([width, height]) => [
  ...[...document.querySelectorAll("figure svg")].filter(svg => {
    const box = svg.getBoundingClientRect();
    if (box.width === 0) return false;
    let inside = box.left >= -0.5 && box.right <= width + 0.5 && box.height <= height;
    for (let above = svg.parentElement; above; above = above.parentElement) {
      const frame = above.getBoundingClientRect();
      if (getComputedStyle(above).overflowX !== "visible" && above !== document.documentElement)
        inside &&= box.left >= frame.left - 0.5 && box.right <= frame.right + 0.5 && box.bottom <= frame.bottom + 0.5;
    }
    return !inside;
  }),
  ...[...document.querySelectorAll("table")].filter(table => table.getBoundingClientRect().right > width + 0.5),
].map(element => element.outerHTML.slice(0, 200))"""


def test_on_paper_no_figure_and_no_table_is_cut_off(browser: Browser, report: Path) -> None:
    with pages.opened(browser, report, width=pages.SHEET["width"]) as shown:
        shown.page.emulate_media(media="print")
        figures = shown.page.locator("figure svg")
        assert all(figure.is_visible() for figure in figures.all())
        assert shown.measure(CLIPPED, [pages.SHEET["width"], pages.SHEET["height"]]) == []
        pdf = shown.page.pdf(prefer_css_page_size=True, format="A4")
    sheets = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert sheets
    for width, height in sheets:
        assert (float(width), float(height)) == pytest.approx(A4, abs=1)
    assert not re.search(rb"/JavaScript\b", pdf)
