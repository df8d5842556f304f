"""A page as HTML and as Markdown."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mixablate.report.page import Page

__all__ = ["html_page", "markdown_page"]

TEMPLATES = Path(__file__).parent / "templates"
_MARKED = re.compile(r"([\\`*_{}\[\]<>|$~#])")
_LEADING = re.compile(r"^([-+=])")
_DIRECTION_MARKS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def html_page(page: Page) -> str:
    """One self-contained HTML file: styles, figures and one script inside, nothing loaded from anywhere.

    The page's policy lets its own script run, by its hash, and no other.
    """
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    template = environment.get_template("report.html.j2")
    return template.render(page=page, script=Markup(script), digest=_digest(script))


def _digest(script: str) -> str:
    """What a content-security policy calls a script (https://www.w3.org/TR/CSP3/, "hash-source")."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def markdown_page(page: Page) -> str:
    """The same page as GitHub Markdown, figures as links to their PNG files."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,  # Markdown: every text goes through the filter `md`
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = markdown_text
    return environment.get_template("report.md.j2").render(page=page)


def markdown_text(text: str) -> str:
    r"""Plain words for Markdown: on one line, marks escaped, direction overrides and control characters dropped.

    >>> print(markdown_text("a|b <script> $x$"))
    a\|b \<script\> \$x\$
    """
    line = " ".join(text.split())
    kept = "".join(c for c in line if c not in _DIRECTION_MARKS and unicodedata.category(c) != "Cc")
    escaped = _MARKED.sub(r"\\\1", kept.replace("&", "&amp;"))
    return _LEADING.sub(r"\\\1", escaped)
