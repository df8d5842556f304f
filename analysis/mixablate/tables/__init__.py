"""Read, validate and join the run and outcome tables; every problem of a file at once."""

from mixablate.tables.chosen import headline_under, other_choices, with_choice
from mixablate.tables.frames import EvalDomain, OutcomeKind, SourceFile, Tables
from mixablate.tables.independence import counted_once_words, seed_notices
from mixablate.tables.load import read_tables, tables_from_frames
from mixablate.tables.mixes import one_mix
from mixablate.tables.shape import PlannedTables, planned_tables, shape_of
from mixablate.tables.steps import step_headlines
from mixablate.tables.subsets import without_runs
from mixablate.tables.write import write_tables

__all__ = [
    "EvalDomain",
    "OutcomeKind",
    "PlannedTables",
    "SourceFile",
    "Tables",
    "counted_once_words",
    "headline_under",
    "one_mix",
    "other_choices",
    "planned_tables",
    "read_tables",
    "seed_notices",
    "shape_of",
    "step_headlines",
    "tables_from_frames",
    "with_choice",
    "without_runs",
    "write_tables",
]
