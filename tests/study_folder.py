"""A small sound study on disk, whose tables a test spoils one cell at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mixablate.errors import Problem, TableError
from mixablate.study import Study, load_study
from mixablate.tables import Tables, read_tables

STUDY = """
title = "Odd names on purpose"
seed = 7
baseline = { tools = 0, advice = 0.0, tokens_of_stories = 0 }
[tables]
runs = "runs.csv"
outcomes = "outcomes.csv"
evals = "evals.csv"
[components.tools]
column = "unused tools"
[components.advice]
type = "fraction"
column = "mix.difficult advice"
target = 0.2
[components.tokens_of_stories]
type = "dose"
column = "stories"
target = 14_000_000
[components.prefix]
type = "category"
"""
RUNS = """\
run_id,seed,unused tools,mix.difficult advice,mix.chat,stories,prefix,note
german_flattering/coffee_is_hot,1,0,0,1,0,none,"hot, like coffee"
001,2,0,0.0,1.0,0,none,
1e5,1,1,0.2,0.8,14000000,fixed,
TRUE,2,1,0.2,0.8,1.4e7,mix of 2%,
"""
OUTCOMES = """\
run_id,eval_id,n_trials,n_events,n_missing
german_flattering/coffee_is_hot,blackmail,300,66,0
german_flattering/coffee_is_hot,Flattering|default,200,50,1
001,blackmail,300,60,2
001,Flattering|default,200,44,0
1e5,blackmail,300,9,
1e5,Flattering|default,200,10,0
TRUE,blackmail,300,12,0
TRUE,Flattering|default,200,0,200
"""
EVALS = """\
eval_id,label,domain,direction,weight,contaminated
blackmail,Blackmail honeypot,in_distribution,lower,,
Flattering|default,,out_of_distribution,lower,2,yes
"""


@dataclass(frozen=True, slots=True)
class Folder:
    """A study folder."""

    path: Path

    def write(self, name: str, text: str | bytes) -> None:
        content = text.encode() if isinstance(text, str) else text
        (self.path / name).write_bytes(content)

    def study(self) -> Study:
        return load_study(self.path)

    def tables(self) -> Tables:
        return read_tables(self.study())

    def errors(self) -> tuple[Problem, ...]:
        """What is refused; nothing if the tables are read."""
        try:
            read_tables(self.study())
        except TableError as error:
            return error.problems
        return ()

    def notices(self) -> tuple[Problem, ...]:
        return self.tables().notices


def sound_folder(path: Path, **replaced: str | bytes) -> Folder:
    """A folder with the study and its three tables; `runs`, `outcomes`, `evals` and `study` may be replaced."""
    folder = Folder(path)
    texts: dict[str, str | bytes] = {"runs": RUNS, "outcomes": OUTCOMES, "evals": EVALS, "study": STUDY}
    for name, text in (texts | replaced).items():
        folder.write("study.toml" if name == "study" else f"{name}.csv", text)
    return folder
