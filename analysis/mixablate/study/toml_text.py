"""Pieces of TOML, for study files that are written and for keys that a message tells the reader to write."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from mixablate.study.claim_kinds import Level

__all__ = ["toml_key", "toml_level", "toml_levels", "toml_string"]


def toml_string(text: str) -> str:
    """The text in quotes, escaped."""
    # A JSON string is a TOML basic string, except for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_key(name: str) -> str:
    """The name as a key, bare where TOML allows it.

    >>> toml_key("tools"), toml_key("unused tools")
    ('tools', '"unused tools"')
    """
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_string(name)


def toml_level(level: Level) -> str:
    """A component's level: a name in quotes, or a number, whole ones without a point."""
    return toml_string(level) if isinstance(level, str) else f"{level:.15g}"


def toml_levels(levels: Mapping[str, Level]) -> str:
    """Levels of components as an inline table.

    >>> toml_levels({"tools": 1.0, "prefix": "fixed"})
    '{ tools = 1, prefix = "fixed" }'
    """
    return "{ " + ", ".join(f"{toml_key(name)} = {toml_level(level)}" for name, level in levels.items()) + " }"
