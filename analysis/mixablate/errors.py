"""What can be wrong, said so that the reader can mend it: where, what was found, what is required, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "ClaimError",
    "DesignError",
    "MixablateError",
    "Problem",
    "Severity",
    "SourceError",
    "StudyError",
    "TableError",
    "counted",
    "nearest",
    "sentence_case",
]


class Severity(StrEnum):
    """How much a problem stops: an error refuses the input, a warning is shown in every report, info is listed."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing found in the input, in words a person can act on.

    `code` is stable (tests and scripts may match it); `place` names file, line and column as far as they are known.
    """

    code: str
    place: str
    found: str
    required: str
    remedy: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.code} at {self.place}: found {self.found}; required: {self.required}. {self.remedy}"


class MixablateError(ValueError):
    """Input that cannot be used; carries every problem found, not just the first."""

    def __init__(self, problems: Iterable[Problem] | Problem) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class StudyError(MixablateError):
    """A study file that cannot be read as a declaration."""


class TableError(MixablateError):
    """A table that breaks its contract."""


class DesignError(MixablateError):
    """A declaration that these runs cannot carry (not: an effect they cannot estimate, which is a result)."""


class ClaimError(MixablateError):
    """A claim whose declaration does not fit the outcomes it is about."""


class SourceError(MixablateError):
    """An eval log or export that cannot be turned into tables."""


def counted(number: int, one: str, more: str = "") -> str:
    """`number` with the word for one, or for more (with an "s" where nothing else is said).

    >>> counted(1, "run"), counted(0, "run"), counted(2, "stratum", "strata")
    ('1 run', '0 runs', '2 strata')
    """
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def sentence_case(words: str) -> str:
    """`words` with a large first letter, unless they begin with a name that is written otherwise.

    >>> sentence_case("no run has it"), sentence_case("tools=0 was not run")
    ('No run has it', 'tools=0 was not run')
    """
    first = words.split(" ", 1)[0]
    return words[:1].upper() + words[1:] if first.isalpha() or not first[:1].islower() else words


def nearest(name: str, known: Iterable[str]) -> str:
    """The remedy for an unknown name: the closest known one, or the list of all.

    >>> nearest("tool", ["tools", "system_prompts"])
    'Did you mean "tools"?'
    >>> nearest("zzz", ["tools", "system_prompts"])
    'Known: "system_prompts", "tools".'
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f'Did you mean "{close[0]}"?'
    return "Known: " + (", ".join(f'"{n}"' for n in names) or "none") + "."
