"""A figure's SVG made fit to stand inside a page: named, described, with ids of its own and no outside reference."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

__all__ = ["inline_svg"]

_OPENING = re.compile(r"<svg\b[^>]*>")
_VIEW_BOX = re.compile(r'viewBox="([0-9. ]+)"')
_DROPPED = re.compile(
    r"<metadata>.*?</metadata>|<style\b[^>]*>.*?</style>|<title>.*?</title>|<!--.*?-->|\s*xmlns(?::\w+)?=\"[^\"]*\"",
    re.DOTALL,
)
_ID = re.compile(r'\bid="([^"]+)"')
_REFERENCE = re.compile(r'(?:xlink:)?href="#([^"]+)"')
_URL = re.compile(r"url\(#([^)]+)\)")
_SPACE = re.compile(r">\s+<")


def inline_svg(svg: bytes, name: str, title: str, description: str) -> Markup:
    """The drawing of a matplotlib SVG as an `<svg role="img">` element.

    Ids are prefixed with `name`, so that several figures can stand in one page; comments, metadata, namespaces and the
    style element are dropped (a style element would hold for the whole page).

    Raises:
        ValueError: `svg` is not a matplotlib SVG.
    """
    source = svg.decode()
    opening = _OPENING.search(source)
    box = _VIEW_BOX.search(opening.group()) if opening else None
    if opening is None or box is None:
        raise ValueError(f'figure "{name}" is not an SVG with a view box')
    body = source[opening.end() : source.rindex("</svg>")]
    body = _SPACE.sub(">\n<", _DROPPED.sub("", body)).strip()
    body = _ID.sub(rf'id="{name}-\1"', body)
    body = _REFERENCE.sub(rf'href="#{name}-\1"', body)
    body = _URL.sub(rf"url(#{name}-\1)", body)
    head = (
        f'<svg role="img" aria-labelledby="{name}-title {name}-description" viewBox="{box.group(1)}" '
        'stroke-linejoin="round" stroke-linecap="butt">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-description">{escape(description)}</desc>'
    )
    return Markup(f"{head}\n{body}\n</svg>")
