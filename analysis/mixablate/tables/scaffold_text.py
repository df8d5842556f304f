"""The words of a first study file: what was recognised, and one claim as a comment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mixablate.study.toml_text import toml_key, toml_string

__all__ = ["Proposed", "seen_words", "study_text"]

LISTED = 4
UNTREATED = ("none", "baseline", "base", "control", "fixed")
"""Level names that stand for "without", in the order in which one of them is taken for the reference."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a study file is written from.

    Attributes:
        title: of the study.
        tables: key under [tables] -> file name.
        components: column -> its levels; flags have "0" and "1", every other one is a category.
        others: run columns left out, each with what was seen in it.
        steps: whether outcomes name training steps.
        example: the row of the evals table that the example is about.
        scored: whether that eval has scores, not counts of events.
    """

    title: str
    tables: Mapping[str, str]
    components: Mapping[str, Sequence[str]]
    others: Sequence[tuple[str, str]]
    steps: bool
    example: Mapping[str, str]
    scored: bool


def seen_words(cells: Sequence[str]) -> str:
    """The distinct cells in quotes, the fifth and later ones counted."""
    values = sorted(set(cells))
    shown = ", ".join(toml_string(value) for value in values[:LISTED])
    return shown if len(values) <= LISTED else f"{shown} and {len(values) - LISTED} more"


def study_text(proposed: Proposed) -> str:
    """The study file."""
    flags = [name for name, levels in proposed.components.items() if _is_flag(levels)]
    lines = [
        f"title = {toml_string(proposed.title)}",
        "seed = 1                          # any whole number; it fixes every random draw",
    ]
    if flags:
        lines.append("baseline = { " + ", ".join(f"{toml_key(name)} = 0" for name in flags) + " }")
    lines += ["", "[tables]", *(f"{key} = {toml_string(name)}" for key, name in proposed.tables.items())]
    if proposed.steps:
        lines += ["", "[analysis]", 'step = "last"                     # which checkpoint headlines; or a number']
    for name, levels in proposed.components.items():
        lines += ["", *_component_lines(name, levels)]
    if proposed.others:
        lines += ["", "# Run columns that are not components here; declare one as a flag, dose, fraction or category:"]
        lines += [f"#   {toml_key(name)}: {seen}" for name, seen in proposed.others]
    claim = (f"# {line}" for line in _claim_lines(proposed))
    lines += ["", "# Declare each claim before looking at the outcomes:", *claim]
    return "\n".join(lines) + "\n"


def _is_flag(levels: Sequence[str]) -> bool:
    return set(levels) == {"0", "1"}


def _component_lines(name: str, levels: Sequence[str]) -> list[str]:
    head = [f"[components.{toml_key(name)}]", f"label = {toml_string(_label(name))}"]
    if _is_flag(levels):
        return [*head, 'type = "flag"', "target = 1"]
    return [*head, f'type = "category"                 # {seen_words(levels)}']


def _label(name: str) -> str:
    """The column's name as a reader would write it.

    >>> _label("system_prompts"), _label("RLHF_chats")
    ('System prompts', 'RLHF chats')
    """
    words = name.replace("_", " ").strip() or name
    return words[:1].upper() + words[1:]


def _claim_lines(proposed: Proposed) -> list[str]:
    """A claim that the first component makes the eval of the example better, in the direction that it names."""
    name, levels = next(iter(proposed.components.items()))
    eval_id, label = proposed.example["eval_id"], proposed.example.get("label", "").strip()
    towards = "higher" if proposed.example.get("direction", "").strip() == "higher" else "lower"
    by = "" if proposed.scored else "at least five points "
    lines = ["[[claims]]", 'id = "first"']
    if _is_flag(levels):
        sides, said = [], f"{_label(name)}: {label or eval_id} is {by}{towards} than without"
    else:
        reference, treated = _sides(levels)
        key = toml_key(name)
        sides = [
            f"reference = {{ {key} = {toml_string(reference)} }}",
            f"treated = {{ {key} = {toml_string(treated)} }}",
        ]
        said = f"{_label(name)}: with {treated}, {label or eval_id} is {by}{towards} than with {reference}"
    lines += [
        f"text = {toml_string(said)}",
        'kind = "reduces"' + ("  # for the better, here: a rise" * (towards == "higher")),
    ]
    lines += [f"components = [{toml_string(name)}]", *sides, f"evals = [{toml_string(eval_id)}]"]
    return [*lines, 'scale = "value"' if proposed.scored else "minimum = 0.05"]


def _sides(levels: Sequence[str]) -> tuple[str, str]:
    """The reference and another level; which is which only the user knows."""
    ordered = sorted(set(levels))
    reference = next((level for level in UNTREATED if level in ordered), ordered[0])
    return reference, next(level for level in ordered if level != reference)
