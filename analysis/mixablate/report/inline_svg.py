"""A figure's SVG made fit to stand inside a page: named, described, with ids of its own and no outside reference."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

__all__ = ["inline_svg"]

_OPENING = re.compile(r"<svg\b[^>]*>")
_VIEW_BOX = re.compile(r'viewBox="([0-9. ]+)"')
_DROPPED = re.compile(
    r"<metadata>.*?</metadata>|<style\b[^>]*>.*?</style>|<!--.*?-->|\s*xmlns(?::\w+)?=\"[^\"]*\"",
    re.DOTALL,
)
_OWN_TITLE = re.compile(r"\A\s*<title>.*?</title>", re.DOTALL)  # the file's, not those of its marks
_ID = re.compile(r'\s*\bid="([^"]+)"')
_REFERENCE = re.compile(r'(?:xlink:)?href="#([^"]+)"')
_URL = re.compile(r"url\(#([^)]+)\)")
_SPACE = re.compile(r">\s+<")
_ALONG = re.compile(r'(<use [^>]*?)transform="translate\(([-\d.]+) 0\)"')
_PLACES = re.compile(r'(?<=\s)(?:d|x|y|width|height)="[^"]*"|(?<=")translate\([^)]*\)')  # not scale(...): it multiplies
_DIGITS = re.compile(r"(\.\d\d)\d+")  # a hundredth of a point is less than a screen or a printer shows


def inline_svg(svg: bytes, name: str, title: str, description: str) -> Markup:
    """The drawing of a matplotlib SVG as an `<svg role="graphics-document">` element whose titled marks can be read.

    Ids that something refers to are numbered under `name`, so that several figures can stand in one page, and the
    others dropped, as are comments, metadata, namespaces and the style element (which would hold for the whole page).
    Coordinates keep two decimals: most of a page is its drawings.

    Raises:
        ValueError: `svg` is not a matplotlib SVG.
    """
    source = svg.decode()
    opening = _OPENING.search(source)
    box = _VIEW_BOX.search(opening.group()) if opening else None
    if opening is None or box is None:
        raise ValueError(f'figure "{name}" is not an SVG with a view box')
    body = _OWN_TITLE.sub("", source[opening.end() : source.rindex("</svg>")])
    body = _SPACE.sub(">\n<", _DROPPED.sub("", body)).strip()
    body = _numbered(body, name)
    body = _PLACES.sub(lambda found: _DIGITS.sub(r"\1", found.group()), _ALONG.sub(r'\1x="\2"', body))
    body = body.replace(" \n", "\n")
    head = (
        f'<svg role="graphics-document" aria-labelledby="{name}-title {name}-description" viewBox="{box.group(1)}" '
        'stroke-linejoin="round" stroke-linecap="butt">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-description">{escape(description)}</desc>'
    )
    return Markup(f"{head}\n{body}\n</svg>")


def _numbered(body: str, name: str) -> str:
    """The drawing with the ids that are referred to numbered in the order of reference, and no other."""
    used: dict[str, str] = {}
    for pattern in (_REFERENCE, _URL):
        for found in pattern.finditer(body):
            used.setdefault(found.group(1), f"{name}-{len(used)}")
    body = _ID.sub(lambda found: f' id="{used[found.group(1)]}"' if found.group(1) in used else "", body)
    body = _REFERENCE.sub(lambda found: f'href="#{used[found.group(1)]}"', body)
    return _URL.sub(lambda found: f"url(#{used[found.group(1)]})", body)
