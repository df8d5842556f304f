"""The kinds of claim that may rest on published figures, a file each with its own keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mixablate.study.published_kinds.at_least_ratio import PublishedAtLeastRatio
from mixablate.study.published_kinds.declared import About, PublishedCompared, PublishedDeclared
from mixablate.study.published_kinds.efficient import PublishedEfficient
from mixablate.study.published_kinds.equivalent import PublishedEquivalent
from mixablate.study.published_kinds.reaches_zero import PublishedReachesZero
from mixablate.study.published_kinds.reduces import PublishedReduces
from mixablate.study.published_kinds.stated import PublishedStated
from mixablate.study.published_kinds.stronger import PublishedStronger

__all__ = [
    "PUBLISHED_KINDS",
    "About",
    "PublishedAtLeastRatio",
    "PublishedClaim",
    "PublishedCompared",
    "PublishedDeclared",
    "PublishedEfficient",
    "PublishedEquivalent",
    "PublishedReachesZero",
    "PublishedReduces",
    "PublishedStated",
    "PublishedStronger",
]

PublishedClaim = Annotated[
    PublishedReduces
    | PublishedAtLeastRatio
    | PublishedReachesZero
    | PublishedEquivalent
    | PublishedStronger
    | PublishedEfficient
    | PublishedStated,
    Field(discriminator="kind"),
]

PUBLISHED_KINDS: dict[str, type[PublishedDeclared]] = {
    "reduces": PublishedReduces,
    "at_least_ratio": PublishedAtLeastRatio,
    "reaches_zero": PublishedReachesZero,
    "equivalent": PublishedEquivalent,
    "stronger": PublishedStronger,
    "efficient": PublishedEfficient,
    "stated": PublishedStated,
}
"""What `kind = "..."` of a `[[published_claims]]` entry declares."""
