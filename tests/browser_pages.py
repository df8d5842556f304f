"""Pages opened in Debian's Chromium, with everything they say to the console and ask of the network written down."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from installed_browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# A4 less the margins of `@page` in report.css, at 96 px an inch: 182 by 265 mm.
SHEET = {"width": 688, "height": 1001}


def missing() -> str:
    """Why no page can be opened here; empty where it can."""
    if find_spec("playwright") is None or find_spec("axe_playwright_python") is None:
        return "playwright and axe-playwright-python are not installed (pip install '.[dev]')"
    return "" if chromium() else "no Chromium on this machine (.ci/install_chromium)"


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A headless Chromium that is closed with the block."""
    from playwright.sync_api import sync_playwright

    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses its sandbox to root
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=sandbox)
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page, what it wrote to the console, and every address it asked for."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def measure(self, script: str, argument: object = None) -> Any:
        return self.page.evaluate(script, argument)


@contextmanager
def opened(
    browser: Browser, path: Path, *, width: int = 1280, scheme: str = "light", scripts: bool = True
) -> Iterator[Opened]:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        java_script_enabled=scripts,
        reduced_motion="reduce",
        offline=True,
    )
    page = context.new_page()
    found = Opened(page)
    page.on("console", lambda message: found.said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: found.said.append(f"error: {error}"))
    page.on("request", lambda request: found.asked.append(request.url))
    page.goto(path.resolve().as_uri())
    try:
        yield found
    finally:
        context.close()


TABLES = """() => Object.fromEntries([...document.querySelectorAll("table")].map(table => [
  table.caption.id.replace(/^table-/, ""),
  {
    heads: [...table.tHead.rows[0].cells].map(cell => cell.textContent.trim()),
    rows: [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => ({
      text: cell.innerText.trim(), value: cell.dataset.value, lower: cell.dataset.lower, upper: cell.dataset.upper,
    }))),
  },
]))"""


def tables_of(shown: Opened) -> dict[str, dict[str, Any]]:
    """Every table of the page as the browser holds it: heads, and rows of cells with text and carried numbers."""
    found: dict[str, dict[str, Any]] = shown.measure(TABLES)
    return found


def violations(shown: Opened) -> list[str]:
    """What axe-core (Deque Systems, MPL-2.0) finds wrong by WCAG 2.2 AA and its best practices: rule, and where first.

    Of a figure its name, description and titled marks are looked at; paths without a title are nothing to axe.
    """
    import axe_playwright_python

    source = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
    shown.measure("document.querySelectorAll('svg *:not(title, desc, :has(title))').forEach(drawn => drawn.remove())")
    shown.measure(source)
    found = shown.measure("() => axe.run({resultTypes: ['violations'], elementRef: false, preload: false})")
    return [
        f"{v['id']} ({len(v['nodes'])}): {json.dumps(v['nodes'][0]['target'])} {v['nodes'][0]['failureSummary'][:300]}"
        for v in found["violations"]
    ]
