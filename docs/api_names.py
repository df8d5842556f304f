"""The names that docs/api.md lists, package by package: all that the packages on the page publish.

python docs/api_names.py            # rewrite the list (make api)
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["PAGE", "listed", "packages_on"]

PAGE = Path(__file__).with_name("api.md")
HEADING = "## Everything published, by package\n"
SHORT = (str, int, float)


def packages_on(page: str) -> list[str]:
    """The packages of the functions and classes that the page documents, in its order."""
    return list(dict.fromkeys(re.findall(r"^::: (mixablate\.[a-z_.]+)\.\w+$", page, re.MULTILINE)))


def listed(page: str) -> str:
    """The page with its list made anew."""
    head = page.split(HEADING)[0]
    return head + HEADING + "".join(_of_package(name) for name in packages_on(head))


def _of_package(name: str) -> str:
    package = importlib.import_module(name)
    rows = [f"| `{public}` | {_words(getattr(package, public))} |" for public in sorted(package.__all__, key=str.lower)]
    return "\n".join(["", f"### {name}", "", "| name | what it is |", "|---|---|", *rows, ""])


def _words(published: object) -> str:
    """The first line of a function's or class's docstring; a constant's value where it is short."""
    published = inspect.unwrap(published) if callable(published) else published  # a cached function is one
    if inspect.isfunction(published) or inspect.isclass(published):
        return _one_line(inspect.getdoc(published) or "")
    if isinstance(published, SHORT) or (isinstance(published, tuple) and all(isinstance(v, SHORT) for v in published)):
        return f"the constant `{published!r}`"
    if dataclasses.is_dataclass(published):
        return f"a constant, a `{type(published).__name__}`"
    return "a constant" if isinstance(published, tuple | dict) else "a type"


def _one_line(text: str) -> str:
    return " ".join(_first_paragraph(text)).replace("|", "\\|")


def _first_paragraph(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.strip():
            return
        yield line.strip()


if __name__ == "__main__":
    PAGE.write_text(listed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
