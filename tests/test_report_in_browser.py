"""Reports of the shipped studies as a person opens them: in Chromium, offline, wide and narrow, dark, and on paper."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import browser_pages as pages
from hostile_example import HOSTILE, hostile_findings
from mixablate.figures import FigureEntry, figure_entries, svg_bytes
from mixablate.findings import analyse
from mixablate.report import findings_document
from mixablate.report.document import json_bytes
from mixablate.report.inline_svg import inline_svg
from mixablate.report.page import page_of
from mixablate.report.rendering import html_page
from mixablate.simulate import study_truth
from mixablate.study import load_study
from mixablate.tables import read_tables
from undrawn import undrawn_files

if TYPE_CHECKING:
    from playwright.sync_api import Browser

STUDIES = sorted((Path(__file__).parents[1] / "reports").glob("*/study.toml"))
ONE = "qwen_difficult_advice"
FEW = 499  # draws: the page is looked at here, not its numbers
PHONE, TABLET, DESK = 360, 768, 1440
LARGEST = 3_000_000  # bytes of one report.html
PAGE = 50  # rows of a long table on the screen at once
A4 = (595.3, 841.9)  # points

pytestmark = pytest.mark.skipif(bool(pages.missing()), reason=pages.missing())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pages.running_browser() as found:
        yield found


def drawing(entry: FigureEntry, committed: Path) -> bytes:
    """The committed drawing, which takes no time; a figure that is newer than the committed report is drawn."""
    return committed.read_bytes() if committed.is_file() else svg_bytes(entry.draw(), entry.kind.title)


@pytest.fixture(scope="session")
def write(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Declaration of a shipped study -> its `report.html`, beside its `findings.json`, as the code writes them now."""

    @cache
    def written(declared: Path) -> Path:
        study = load_study(declared)
        study = study.model_copy(update={"analysis": study.analysis.model_copy(update={"draws": FEW})})
        findings = analyse(study, read_tables(study), truth=study_truth(study))
        entries = figure_entries(findings)
        drawings = {e.name: drawing(e, declared.parent / "figures" / f"{e.name}.svg") for e in entries if not e.reason}
        page = tmp_path_factory.mktemp(declared.parent.name) / "report.html"
        page.with_name("findings.json").write_bytes(json_bytes(findings_document(findings)))
        page.write_text(html_page(page_of(findings, entries, drawings)), encoding="utf-8")
        return page

    return written


@pytest.fixture(scope="session", params=STUDIES, ids=[path.parent.name for path in STUDIES])
def report(request: pytest.FixtureRequest, write: Callable[[Path], Path]) -> Path:
    return write(request.param)


@pytest.fixture(scope="session")
def one_report(write: Callable[[Path], Path]) -> Path:
    """The smallest of the reports that have every kind of table."""
    return write(STUDIES[0].parents[1] / ONE / "study.toml")


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
    hidden = "selector => [...document.querySelectorAll(selector)].map(e => e.checkVisibility())"
    with pages.opened(browser, report, scripts=False) as shown:
        figures, tables = shown.measure(hidden, "figure svg"), shown.measure(hidden, "table:not(details table)")
        rows = shown.measure(hidden, "table:not(details table) tr")
    runs = bool(findings_of(report)["rates"])  # a study of published figures has no run to draw
    assert len(figures) > (2 if runs else 0)
    assert len(tables) > 5
    assert all(figures + tables + rows)


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
    judged = [row for name in ("claims", "published_claims") if name in tables for row in tables[name]["rows"]]
    rows = [row for row in judged if not row[0]["text"].startswith("The same claim")]
    assert all(status in row[1]["text"] for status, row in zip(outcomes, rows, strict=True))
    assert compared + len(outcomes) > 5


def test_axe_finds_nothing_against_it_on_a_desk(browser: Browser, report: Path) -> None:
    with pages.opened(browser, report, width=DESK) as shown:
        assert pages.violations(shown) == []


def test_axe_finds_nothing_against_it_on_a_phone_in_the_dark(browser: Browser, one_report: Path) -> None:
    with pages.opened(browser, one_report, width=PHONE, scheme="dark") as shown:
        colours = "selector => getComputedStyle(document.querySelector(selector)).backgroundColor"
        red, green, blue = (int(n) for n in re.findall(r"\d+", shown.measure(colours, "body"))[:3])
        assert max(red, green, blue) < 60
        assert shown.measure(colours, ".canvas") == "rgb(255, 255, 255)"
        assert pages.violations(shown) == []


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
        assert shown.measure("[...document.querySelectorAll('figure svg')].every(e => e.checkVisibility())")
        assert shown.measure(CLIPPED, [pages.SHEET["width"], pages.SHEET["height"]]) == []
        pdf = shown.page.pdf(prefer_css_page_size=True, format="A4")
    sheets = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert sheets
    for width, height in sheets:
        assert (float(width), float(height)) == pytest.approx(A4, abs=1)
    assert not re.search(rb"/JavaScript\b", pdf)


# Chromium repeats a head on every sheet if nothing in it has a box of its own that could break, or scrolls around it.
HELD_BACK = """() => [...document.querySelectorAll("thead")].filter(head => {
  if (!head.checkVisibility()) return false;
  const style = getComputedStyle(head);
  if (style.display !== "table-header-group" || style.breakInside !== "avoid") return true;
  if ([...head.querySelectorAll("button")].some(button => getComputedStyle(button).display !== "contents")) return true;
  for (let above = head.parentElement; above !== document.documentElement; above = above.parentElement)
    if (getComputedStyle(above).overflow !== "visible") return true;
  return false;
}).map(head => head.outerHTML.slice(0, 120))"""
# Numbers broken over lines in tables that have the room, and short codes broken within a word.
BROKEN = """() => {
  const lines = words => {
    const range = document.createRange();
    range.selectNodeContents(words);
    return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size;
  };
  const pieces = cell => [...cell.firstElementChild.childNodes].filter(words => words.nodeType === 3);
  const shown = selector => [...document.querySelectorAll(selector)].filter(cell => cell.checkVisibility());
  const numbers = shown("table:not(.crowded) td.number"), codes = shown("tbody .code");
  return [
    ...numbers.filter(cell => lines(cell.firstChild) > 1),
    ...codes.filter(cell => pieces(cell).some(words => words.length < 18 && lines(words) > 1)),
  ].map(cell => cell.outerHTML.slice(0, 120));
}"""


def test_on_paper_every_sheet_of_a_table_has_its_head(browser: Browser, report: Path) -> None:
    with pages.opened(browser, report, width=pages.SHEET["width"]) as shown:
        shown.page.emulate_media(media="print")
        assert shown.measure(HELD_BACK) == []
        assert shown.measure(BROKEN) == []


# Tables shown as cards: how many, those wider than the screen, and cells without the name of their column.
CARDS = """() => {
  const tables = [...document.querySelectorAll("table.stacks")].filter(table => table.checkVisibility());
  const cells = tables.flatMap(table => [...table.querySelectorAll("tbody td")]).filter(cell => cell.checkVisibility());
  return {
    tables: tables.length,
    wide: tables.filter(table => table.offsetWidth > table.closest(".scroll").clientWidth).length,
    unnamed: cells.filter(cell => getComputedStyle(cell, "::before").content.length < 4).length,
    heads: tables.filter(table => table.tHead.checkVisibility()).length,
  };
}"""
HINTS = """() => [...document.querySelectorAll("figure")].map(figure => {
  const canvas = figure.querySelector(".canvas");
  return [canvas.scrollWidth > canvas.clientWidth, figure.querySelector(".hint").checkVisibility()];
})"""


def test_a_phone_shows_sentences_as_cards_and_says_where_to_scroll(browser: Browser, report: Path) -> None:
    with pages.opened(browser, report, width=PHONE) as shown:
        cards, hints = shown.measure(CARDS), shown.measure(HINTS)
        assert cards["tables"] > 0
        assert (cards["wide"], cards["unnamed"], cards["heads"]) == (0, 0, 0)
        assert hints
        assert all(scrolls == told for scrolls, told in hints)
        session = shown.page.context.new_cdp_session(shown.page)
        nodes = [node for node in session.send("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
        roles = Counter(node["role"]["value"] for node in nodes)
        assert roles["table"] >= cards["tables"]
        assert roles["rowheader"] > 0
        shown.page.set_viewport_size({"width": DESK, "height": 900})
        desk = shown.measure(CARDS)
        assert desk["heads"] == desk["tables"]
        assert not any(scrolls or told for scrolls, told in shown.measure(HINTS))


@pytest.fixture(scope="module")
def shown(browser: Browser, one_report: Path) -> Iterator[pages.Opened]:
    """One report, for the tests of what its script does; each leaves it as it was."""
    with pages.opened(browser, one_report) as found:
        found.page.locator("#unfold").click()
        yield found


POSITIONS = """selector => [...new Set([...document.querySelectorAll(selector)].filter(e => e.checkVisibility())
  .map(e => e.dataset.scale))].sort()"""
SHOWN_ROWS = "table => [...table.tBodies[0].rows].filter(row => row.checkVisibility()).map(row => row.innerText)"
SCALES = ["difference", "log_odds", "ratio"]


def test_the_switch_shows_the_tables_of_one_scale_at_a_time(shown: pages.Opened) -> None:
    tables = "[data-scale]:not(.absent)"
    assert shown.page.locator("#scale-difference").is_checked()
    for scale in ("ratio", "log_odds", "difference"):
        shown.page.locator(f"#scale-{scale}").check()
        assert shown.measure(POSITIONS, tables) == [scale]
        assert shown.measure(POSITIONS, "details[data-unfolds][open]") in ([], [scale])
        assert shown.page.locator(f"details[data-unfolds][data-scale={scale}]:not([open])").count() == 0
    shown.page.emulate_media(media="print")
    assert shown.measure(POSITIONS, ".table[data-scale]") == SCALES
    shown.page.emulate_media(media="screen")
    shown.page.locator("#scale-all").check()
    assert shown.measure(POSITIONS, tables) == SCALES


def test_the_switch_works_by_keyboard_and_without_scripts(browser: Browser, one_report: Path) -> None:
    with pages.opened(browser, one_report, scripts=False) as plain:
        assert plain.measure(POSITIONS, "[data-scale]:not(.absent)") == SCALES
        plain.page.locator("#scale-all").focus()
        plain.page.keyboard.press("ArrowDown")
        assert plain.page.locator("#scale-difference").is_checked()
        assert plain.measure(POSITIONS, "[data-scale]:not(.absent)") == ["difference"]


def test_a_table_is_sorted_by_its_heads_and_goes_back(shown: pages.Opened) -> None:
    before = pages.tables_of(shown)["rates_in_full"]
    column = before["heads"].index("Mean")
    head = shown.page.locator("table:has(#table-rates_in_full) thead th").nth(column)
    numbers = [float(row[column]["value"]) for row in before["rows"]]
    ascending = sorted(numbers)
    for word, expected in (("ascending", ascending), ("descending", ascending[::-1]), (None, numbers)):
        head.locator("button").press("Enter")
        rows = pages.tables_of(shown)["rates_in_full"]["rows"]
        assert [float(row[column]["value"]) for row in rows] == expected
        assert head.get_attribute("aria-sort") == word
    assert pages.tables_of(shown)["rates_in_full"] == before


def test_rows_that_continue_a_claim_stay_with_it(shown: pages.Opened) -> None:
    claims = pages.tables_of(shown)["claims"]["rows"]
    head = shown.page.locator("table:has(#table-claims) thead th button").first
    head.click()
    rows = pages.tables_of(shown)["claims"]["rows"]
    assert sorted(map(str, rows)) == sorted(map(str, claims))
    assert following(rows) == following(claims)
    head.click()
    head.click()


def following(rows: list[list[dict[str, str]]]) -> dict[str, list[str]]:
    """Claim -> what stands in the rows that continue it."""
    found: dict[str, list[str]] = {}
    claim = ""
    for row in rows:
        if row[0]["text"].startswith("The same claim"):
            found[claim].append(row[0]["text"])
        else:
            claim = row[0]["text"]
            found[claim] = []
    return found


def test_a_filter_keeps_the_rows_that_hold_its_words(shown: pages.Opened) -> None:
    table = shown.page.locator("table:has(#table-rates_in_full)")
    tools = shown.page.locator("details:has(#table-rates_in_full) .tools")
    before = table.evaluate(SHOWN_ROWS)
    word = before[-1].split("\t")[0].strip()
    holding = [row for row in before if word in row]
    tools.get_by_label("Filter rows").fill(word.upper())
    assert table.evaluate(SHOWN_ROWS) == holding
    assert 0 < len(holding) < len(before)
    assert tools.locator("output").inner_text() == f"Rows {len(holding)} of {len(before)}"
    tools.get_by_label("Filter rows").fill("no row says this")
    assert table.evaluate(SHOWN_ROWS) == []
    tools.get_by_label("Filter rows").fill("")
    assert table.evaluate(SHOWN_ROWS) == before


def test_a_long_table_is_paged_on_the_screen_and_whole_on_paper(shown: pages.Opened) -> None:
    table = shown.page.locator("table:has(#table-attribution_other)")
    tools = shown.page.locator("details:has(#table-attribution_other) .tools")
    total = table.locator("tbody tr").count()
    assert total > PAGE
    assert len(table.evaluate(SHOWN_ROWS)) == PAGE
    assert tools.locator("output").inner_text() == f"Rows 1\u2013{PAGE} of {total}"
    tools.get_by_text("Next rows").click()
    assert len(table.evaluate(SHOWN_ROWS)) == min(PAGE, total - PAGE)
    shown.page.emulate_media(media="print")
    assert len(table.evaluate(SHOWN_ROWS)) == total
    shown.page.emulate_media(media="screen")
    tools.get_by_text("All rows").click()
    assert len(table.evaluate(SHOWN_ROWS)) == total


def test_the_number_under_the_pointer_is_the_unrounded_one(shown: pages.Opened) -> None:
    cell = shown.page.locator("table:has(#table-rates) td[data-value]").nth(1)
    cell.hover()
    assert cell.get_attribute("title") == f"Unrounded: value {cell.get_attribute('data-value')}"


# Each title inside a drawing: its words, how many elements it holds, and whether a pointer finds it over its mark.
TITLES = """() => [...document.querySelectorAll("figure svg :not(svg) > title")].map(title =>
  ({words: title.textContent, inside: title.childElementCount, shown: title.parentElement.checkVisibility()}))"""


def test_a_mark_shows_its_numbers_under_the_pointer_as_text_without_scripts(browser: Browser, report: Path) -> None:
    with pages.opened(browser, report, scripts=False) as found:
        titles = found.measure(TITLES)
        assert found.said == []
    assert titles
    assert all(title["shown"] and title["inside"] == 0 and title["words"] for title in titles)
    counted = [title for title in titles if re.fullmatch(r"run .+: [\d,]+ of [\d,]+, \d+\.\d%", title["words"])]
    assert bool(counted) is bool(findings_of(report)["rates"])  # a study of published figures has no run


def test_a_screen_reader_finds_every_run_in_the_rates(browser: Browser, one_report: Path) -> None:
    with pages.opened(browser, one_report) as found:
        session = found.page.context.new_cdp_session(found.page)
        nodes = [node for node in session.send("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
    marks = Counter(
        node["name"]["value"] for node in nodes if node["role"]["value"] in ("graphics-object", "graphics-symbol")
    )
    frame = pd.read_csv(STUDIES[0].parents[1] / ONE / "figures/rates_by_arm.csv")
    runs = frame[(frame["row"] == "run") & frame["n_events"].notna()]
    assert len(runs) > 10
    for run in runs.itertuples():
        assert any(
            words.startswith(f"run {run.run_id}: {run.n_events:,.0f} of {run.n_scored:,.0f}, ") for words in marks
        )


def test_the_section_in_view_is_marked_in_the_contents(shown: pages.Opened) -> None:
    for name in ("attribution", "claims"):
        shown.page.locator(f".contents a[href='#{name}']").click()
        shown.page.locator(f".contents a[href='#{name}'][aria-current=true]").wait_for()
        assert shown.page.locator(".contents a[aria-current]").count() == 1
        assert shown.page.locator(f"#heading-{name}").is_visible()


def test_a_page_of_hostile_names_is_inert_and_readable(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_bytes(undrawn_files(hostile_findings())["report.html"])
    with pages.opened(browser, page, width=PHONE) as found:
        dialogs: list[str] = []
        found.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        found.page.locator("#unfold").dispatch_event("click")
        assert found.page.locator("h1").inner_text() == HOSTILE["title"]
        assert found.page.locator("script").count() == 1
        assert (
            found.page.locator("img, iframe, b, a:not([href^='#'], [href^='figures/'], [href^='tables/'])").count() == 0
        )
        assert found.measure("document.documentElement.scrollWidth") <= PHONE
        assert found.measure(SPILLING) == []
        # Text from right to left turns its own words round, and none beside them.
        assert found.page.locator("th bdi, td bdi").filter(has_text="\u05e9\u05dc\u05d5\u05dd").count() > 1
        assert pages.violations(found) == []
        assert found.said == dialogs == []
        assert found.asked == [page.as_uri()]


def test_a_drawing_looks_on_the_page_as_in_its_file(browser: Browser) -> None:
    file = STUDIES[0].parents[1] / ONE / "figures" / "forest.svg"
    drawn = file.read_text()
    style = "<style>* { stroke-linejoin: round; stroke-linecap: butt } svg { width: 900px; height: auto }</style>"
    pictures = []
    page = browser.new_page(viewport={"width": 920, "height": 1200})
    for svg in (drawn[drawn.index("<svg") :], inline_svg(file.read_bytes(), "forest", "Forest", "Effects")):
        page.set_content(f"{style}{svg}")
        pictures.append(np.asarray(Image.open(BytesIO(page.screenshot())).convert("L"), dtype=int))
    page.close()
    apart = np.abs(pictures[0] - pictures[1])
    assert (pictures[0] < 128).mean() > 0.005  # there is something to see
    # Coordinates lose their third decimal, which moves edges by less than a pixel; a lost glyph or scale moves more.
    assert (apart > 128).mean() < 1e-5
    assert apart.mean() < 0.2


def test_no_script_but_its_own_can_run(browser: Browser, one_report: Path) -> None:
    with pages.opened(browser, one_report) as mine:
        mine.measure("""() => {
          const foreign = document.createElement("script");
          foreign.textContent = "window.ran = true";
          document.body.append(foreign);
          document.body.insertAdjacentHTML("beforeend", "<p onclick='window.ran = true' id='last'>x</p>");
          document.querySelector("#last").click();
        }""")
        assert mine.measure("window.ran") is None
        assert len(mine.said) == 2
        assert all("Content Security Policy" in words for words in mine.said)
