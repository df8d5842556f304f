"""Rollouts -> outcome cells, here or on a distributed engine, without loading them."""

from mixablate.tables.rollouts.reading import read_rollouts

__all__ = ["read_rollouts"]
