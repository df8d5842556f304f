"""Claims that rest on published figures alone: each held to what its printed records allow, and to no more."""

from mixablate.claims.published.evidence import as_printed
from mixablate.claims.published.judging import judge_published
from mixablate.claims.published.regions import published_region

__all__ = ["as_printed", "judge_published", "published_region"]
