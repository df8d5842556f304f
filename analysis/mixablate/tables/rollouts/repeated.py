"""Two rollouts with one key: a pass of its own over all rows, bounded in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mixablate.errors import Problem
from mixablate.tables.names import shown
from mixablate.tables.rollouts.source import ROLLOUT_KEYS, Engine, RolloutSource, quoted_name

__all__ = ["key_problems"]


def key_problems(
    engine: Engine, source: RolloutSource, n_rows: int, blank: Collection[str], declared: str
) -> list[Problem]:
    """Repeated keys, counted, with one of them; then rows without an item, counted.

    Two rows repeat a key if run, eval, item, epoch, step, metric, judge, task version and replicate are the same text.

    Args:
        engine: reads the rows.
        source: where they are.
        n_rows: how many there are.
        blank: columns in which some cell's key is NULL.
        declared: how messages name them.
    """
    found = engine.key_pass(source, n_rows, blank)
    problems = []
    if found.suspects:
        names = [name for name in ROLLOUT_KEYS if name in found.keys]
        keys = ", ".join(f"{found.keys[name]} AS {quoted_name(name)}" for name in names)
        columns = ", ".join(map(quoted_name, names))
        repeated = (
            f"FROM (SELECT {columns}, count(*) AS often FROM (SELECT {keys} FROM rollouts WHERE {found.suspects}) "
            f"AS suspects GROUP BY {columns} HAVING count(*) > 1) AS repeated"
        )
        ((count,),) = engine.rows(f"{source.rows()}SELECT count(*) AS n {repeated}")
        if count:
            first = f"SELECT {columns}, often {repeated} ORDER BY {columns} LIMIT 1"
            (example,) = engine.rows(source.rows() + first)
            problems.append(
                _repeated(declared, dict(zip(names, example, strict=False)), count, example[-1], found.n_more)
            )
    if found.blank_items:
        where, said = f'{declared}, column "item_id"', f"{found.blank_items} blank cells"
        remedy = "Fill them: rollouts of one item are not independent of one another."
        problems.append(Problem("ID_EMPTY", where, said, "an item_id in every row", remedy))
    return problems


def _repeated(declared: str, key: Mapping[str, object], count: object, often: object, n_more: int) -> Problem:
    named = ", ".join(f"{name} {shown(str(part))}" for name, part in key.items() if part != "")
    counted = f"about {int(str(count)) + n_more}" if n_more else str(count)
    found = f"{counted} repeated keys, among them {named} ({often} rows)"
    remedy = "Number the repetitions of an item in epoch, and second evaluations in replicate; delete true repeats."
    return Problem("DUPLICATE_KEY", declared, found, "one row per rollout; none is dropped", remedy)
