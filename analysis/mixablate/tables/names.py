"""Names as people type them: NFC, no unseen characters, and a warning for ids that other software would change."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from mixablate.errors import nearest

__all__ = [
    "CONTROL",
    "UNSEEN",
    "as_nfc",
    "joined",
    "looks_like_date",
    "looks_missing",
    "mixes_scripts",
    "nearest_name",
    "shown",
    "unseen_in",
]

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters and bidirectional overrides: no cell of any table may hold them (tab and line ends aside)."""

UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180e\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u3000\u3164\ufeff\uffa0\ufff9-\uffff]"
)
"""What a reader takes for nothing or for an ordinary space: two ids that differ in it look equal."""

CONFUSABLE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
"""Alphabets with letters that look like one another's."""

MISSING_WORDS = frozenset({"na", "n/a", "nan", "null", "none", "nil", "<na>", "#n/a", "nat"})
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
DATE = re.compile(
    rf"\d{{1,2}}[-/ ]({MONTHS})([-/ ]\d{{2,4}})?|({MONTHS})[-/ ]\d{{1,4}}|\d{{1,2}}/\d{{1,2}}/\d{{2,4}}", re.IGNORECASE
)
SHOWN = 60
LISTED = 8
KNOWN_LISTED = 12


def shown(text: str) -> str:
    r"""The text in quotes, cut to 60 characters, with unseen characters as escapes.

    >>> print(shown("R1\u200b"))
    "R1\u200b"
    """
    escaped = _escaped(text)
    return f'"{escaped}"' if len(escaped) <= SHOWN else f'"{escaped[: SHOWN - 3]}..."'


def _escaped(text: str) -> str:
    if text.isprintable() and not UNSEEN.search(text):
        return text
    return "".join(c if c.isprintable() and not UNSEEN.match(c) else ascii(c)[1:-1] for c in text)


def joined(names: Iterable[str]) -> str:
    """The names in quotes, in the order given, the ninth and later ones counted."""
    names = list(names)
    text = ", ".join(shown(name) for name in names[:LISTED])
    return text if len(names) <= LISTED else f"{text} and {len(names) - LISTED} more"


def nearest_name(name: str, known: Iterable[str]) -> str:
    """The remedy for an unknown name: the closest known one, or the known ones (at most twelve of them)."""
    names = sorted(set(known))
    said = nearest(name, names)
    if said.startswith("Known") and len(names) > KNOWN_LISTED:
        said = "Known: " + ", ".join(f'"{n}"' for n in names[:KNOWN_LISTED]) + f" and {len(names) - KNOWN_LISTED} more."
    return _escaped(said)


def as_nfc(text: str) -> str:
    """The text with composed accents, so that "é" typed as one or as two characters is one name."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def unseen_in(text: str) -> str:
    """What in this name a reader cannot see, in words; "" when all of it is visible."""
    found = UNSEEN.search(text)
    if found:
        return f"the character U+{ord(found.group()):04X}"
    if text != text.strip():
        return "a space at its " + ("start" if text != text.lstrip() else "end")
    return ""


def mixes_scripts(name: str) -> bool:
    """Whether letters of several alphabets stand in one name, as when a Cyrillic letter poses as a Latin one."""
    if name.isascii():
        return False
    scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in name if letter.isalpha()}
    return len(scripts & CONFUSABLE) > 1


def looks_missing(name: str) -> bool:
    """Whether other software would read this id as a missing value (pandas: "NA", "null", "None", "nan")."""
    return name.casefold() in MISSING_WORDS


def looks_like_date(name: str) -> bool:
    """Whether a spreadsheet would turn this id into a date, or already has ("1-Mar")."""
    return DATE.fullmatch(name) is not None
