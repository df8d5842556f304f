"""One case for every wrong table of the bad-input catalogue: its code, its place, and all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixablate.errors import MixablateError, Problem, Severity
from mixablate.tables import read
from study_folder import EVALS, OUTCOMES, RUNS, STUDY, Folder, sound_folder


@dataclass(frozen=True)
class Case:
    """`was` in the table becomes `becomes`; the catalogue's number, the code and a part of the place follow."""

    number: str
    table: str
    was: str
    becomes: str
    code: str
    place: str
    says: str = ""
    severity: Severity = Severity.ERROR


TEXTS = {"runs": RUNS, "outcomes": OUTCOMES, "evals": EVALS, "study": STUDY}
LINE_4 = "1e5,1,1,0.2,0.8,14000000,fixed,"
BLACKMAIL = "001,blackmail,300,60,2"
WARNING, INFO = Severity.WARNING, Severity.INFO


def mix(advice: str, chat: str) -> str:
    return f"1e5,1,1,{advice},{chat},14000000,fixed,"


def counts(cells: str) -> str:
    return f"001,blackmail,{cells}"


CASES = [
    Case(
        "1 sum .98",
        "runs",
        LINE_4,
        mix("0.18", "0.8"),
        "MIX_SUM",
        'line 4, column "mix.*"',
        "mix.difficult advice 0.18 = 0.98",
    ),
    Case("1 sum 1.03", "runs", LINE_4, mix("0.23", "0.8"), "MIX_SUM", "line 4", "within 1e-06"),
    Case("1 rest", "runs", LINE_4, mix("0.2", "0.3"), "MIX_SUM", "line 4", "Add a column for the rest"),
    Case("3 rounding", "runs", LINE_4, mix("0.333", "0.666"), "MIX_SUM", "line 4", "mix_tolerance = 0.002"),
    Case("4 percent", "runs", LINE_4, mix("20", "80"), "MIX_SCALE", "line 4", "Divide percentages by 100"),
    Case("4 tokens in one row", "runs", LINE_4, mix("2000", "8000"), "MIX_SCALE", "line 4", "all runs token counts"),
    Case("5 percent signs", "runs", LINE_4, mix("20%", "80%"), "PERCENT", "line 4", "Write 0.2."),
    Case("6 negative fraction", "runs", LINE_4, mix("-0.2", "1.2"), "MIX_NEGATIVE", 'line 4, column "mix.difficult'),
    Case("7 fraction above 1", "runs", LINE_4, mix("0.2", "1.2"), "MIX_RANGE", 'line 4, column "mix.chat"'),
    Case("8 NaN fraction", "runs", LINE_4, mix("nan", "0.8"), "NAN_TEXT", "line 4"),
    Case("9 blank fraction", "runs", LINE_4, mix("", "0.8"), "LEVEL_MISSING", "line 4", "Write 0"),
    Case("9 blank flag", "runs", "1e5,1,1,", "1e5,1,,", "LEVEL_MISSING", 'line 4, column "unused tools"', "unknown"),
    Case("9 blank dose", "runs", "14000000", "", "LEVEL_MISSING", 'column "stories"', "unknown if nobody knows"),
    Case("9 blank category", "runs", "fixed", "", "LEVEL_MISSING", 'column "prefix"', "blank is not zero"),
    Case("10 inf", "runs", "14000000", "inf", "NOT_FINITE", 'line 4, column "stories"'),
    Case("10 -Infinity", "runs", "14000000", "-Infinity", "NOT_FINITE", 'line 4, column "stories"'),
    Case("11 events > trials", "outcomes", BLACKMAIL, counts("30,60,0"), "COUNT_RANGE", "line 4", "n_events = 60"),
    Case("11 with missing", "outcomes", BLACKMAIL, counts("300,60,241"), "COUNT_RANGE", "line 4", "n_missing = 241"),
    Case("11 missing > trials", "outcomes", BLACKMAIL, counts("300,0,301"), "COUNT_RANGE", "line 4"),
    Case("12 negative events", "outcomes", BLACKMAIL, counts("300,-6,0"), "COUNT_RANGE", 'line 4, column "n_events"'),
    Case("13 negative trials", "outcomes", BLACKMAIL, counts("-300,0,0"), "COUNT_RANGE", 'column "n_trials"'),
    Case("13 negative missing", "outcomes", BLACKMAIL, counts("300,60,-2"), "COUNT_RANGE", 'column "n_missing"'),
    Case("14 count 3.5", "outcomes", BLACKMAIL, counts("300,3.5,0"), "COUNT_INTEGER", 'line 4, column "n_events"'),
    Case("15 no trials", "outcomes", BLACKMAIL, counts("0,0,0"), "ZERO_TRIALS", "outcomes.csv", "1 of 8", WARNING),
    Case("16 proportion as count", "outcomes", BLACKMAIL, counts("300,0.2,0"), "COUNT_INTEGER", "line 4", "A rate?"),
    Case(
        "16 percent as count", "outcomes", BLACKMAIL, counts("300,20%,0"), "PERCENT", "line 4", "A rate? Give the count"
    ),
    Case("16 1.25 as count", "outcomes", BLACKMAIL, counts("300,1.25,0"), "COUNT_INTEGER", "line 4"),
    Case("17 beyond 2^53", "outcomes", BLACKMAIL, counts("9007199254740993,0,0"), "INTEGER_RANGE", "line 4"),
    Case("18 beyond 2^64", "outcomes", BLACKMAIL, counts("99999999999999999999,0,0"), "INTEGER_RANGE", "line 4"),
    Case("19 5,000 digits", "outcomes", BLACKMAIL, counts("9" * 5000 + ",0,0"), "INTEGER_RANGE", "line 4"),
    Case("20 1e400", "runs", "14000000", "1e400", "NOT_FINITE", 'line 4, column "stories"'),
    Case("22 thousands comma", "runs", "14000000", '"14,000,000"', "THOUSANDS", "line 4", "Write 14000000."),
    Case("23 semicolons", "runs", RUNS, RUNS.replace(",", ";"), "LOCALE", "runs.csv, line 1", "semicolons"),
    Case("23 quoted decimal comma", "runs", "0.2,0.8,14000000", '"0,25","0,75",14000000', "LOCALE", "line 4", "0.25"),
    Case("24 decimal comma shifts cells", "runs", LINE_4, mix("0,25", "0,75"), "RAGGED", "line 4", "10 cells"),
    Case("25 full-width digits", "runs", "14000000", "１４", "DIGITS", "line 4", "Write 14."),
    Case("26 mixed spellings", "runs", "1e5,1,1,", "1e5,1,yes,", "FLAG_SPELLINGS", "unused tools", "0/1, true/false"),
    Case("26 on", "runs", "1e5,1,1,", "1e5,1,on,", "FLAG_VALUE", "line 4", "yes/no"),
    Case(
        "27 date-like id",
        "runs",
        "TRUE,2",
        "1-Mar,3,0,0,1,0,none,\nTRUE,2",
        "ID_LOOKS_LIKE_DATE",
        "run_id",
        "1-Mar",
        WARNING,
    ),
    Case(
        "28 rates",
        "outcomes",
        "n_trials,n_events",
        "n,harm_rate",
        "RATE_NOT_COUNT",
        "outcomes.csv",
        '"harm_rate" = "value"',
    ),
    Case("28 p-values", "outcomes", "n_trials,n_events", "n,p_value", "RATE_NOT_COUNT", "outcomes.csv", "p_value"),
    Case(
        "29 repeated key",
        "outcomes",
        BLACKMAIL,
        BLACKMAIL + "\n001,blackmail,299,61,0",
        "DUPLICATE_KEY",
        "line 4 and line 5",
        "replicate",
    ),
    Case("29 repeated run", "runs", "TRUE,2", "001,2", "DUPLICATE_KEY", "runs.csv, line 3 and line 5", '"001"'),
    Case(
        "29 repeated eval", "evals", "Flattering|default", "blackmail", "DUPLICATE_KEY", "evals.csv, line 2 and line 3"
    ),
    Case(
        "30 identical rows",
        "outcomes",
        BLACKMAIL,
        f"{BLACKMAIL}\n{BLACKMAIL}",
        "DUPLICATE_KEY",
        "line 4 and line 5",
        "none is dropped",
    ),
    Case(
        "31 unknown run",
        "outcomes",
        BLACKMAIL,
        BLACKMAIL.replace("001", "01"),
        "UNKNOWN_RUN",
        "line 4",
        'Did you mean "001"?',
    ),
    Case(
        "32 run without outcomes",
        "runs",
        "TRUE,2",
        "extra,3,0,0,1,0,none,\nTRUE,2",
        "RUN_WITHOUT_OUTCOMES",
        "run_id",
        '"extra"',
        WARNING,
    ),
    Case(
        "32 eval nobody ran",
        "evals",
        "blackmail,",
        "leaking,,control,higher,,\nblackmail,",
        "EVAL_WITHOUT_OUTCOMES",
        "eval_id",
        '"leaking"',
        WARNING,
    ),
    Case("33 two runs of one id", "runs", "TRUE,2", "1e5,2", "DUPLICATE_KEY", "line 4 and line 5"),
    Case("34 1 is not 001", "outcomes", BLACKMAIL, BLACKMAIL.replace("001", "1"), "UNKNOWN_RUN", "line 4", '"1"'),
    Case("35 1e5 is not 100000", "outcomes", "1e5,blackmail", "100000,blackmail", "UNKNOWN_RUN", "line 6", '"100000"'),
    Case(
        "36 id NA",
        "runs",
        "TRUE,2",
        "NA,3,0,0,1,0,none,\nTRUE,2",
        "ID_LOOKS_MISSING",
        "run_id",
        "Kept as text",
        WARNING,
    ),
    Case("37 empty id", "outcomes", BLACKMAIL, BLACKMAIL.replace("001", ""), "ID_EMPTY", 'line 4, column "run_id"'),
    Case("37 id of spaces", "runs", "001,2", "  ,2", "ID_EMPTY", "line 3"),
    Case("38 space before id", "outcomes", BLACKMAIL, " " + BLACKMAIL, "ID_SPACES", "line 4", 'Write "001".'),
    Case("38 no-break space", "runs", "001,2", "001\u00a0,2", "ID_SPACES", "line 3", "\\xa0"),
    Case(
        "38 zero-width space",
        "outcomes",
        BLACKMAIL,
        BLACKMAIL.replace("001", "0\u200b01"),
        "ID_SPACES",
        "line 4",
        "\\u200b",
    ),
    Case("38 space in a column name", "outcomes", "n_events", " n_events ", "COLUMN_SPACES", "column 4 of the header"),
    Case("38 zero-width column name", "runs", "seed", "se\u200bed", "COLUMN_SPACES", "column 2", "\\u200b"),
    Case(
        "39 equal after NFC",
        "runs",
        "001,2",
        "caf\u00e9,2,0,0,1,0,none,\ncafe\u0301,2",
        "DUPLICATE_KEY",
        "line 3 and line 4",
    ),
    Case("39 decomposed accents", "runs", "hot, like", "hot, cafe\u0301", "NFC", "runs.csv", "1 cells", INFO),
    Case(
        "40 Cyrillic a",
        "runs",
        "TRUE,2",
        "\u0430b,3,0,0,1,0,none,\nTRUE,2",
        "CONFUSABLE",
        "run_id",
        "alphabets",
        WARNING,
    ),
    Case("41 case of a level", "runs", "mix of 2%", "Fixed", "CASE_ONLY", 'column "prefix"', '"Fixed", "fixed"'),
    Case("41 case of an eval", "evals", "blackmail,", "Blackmail,,control,lower,,\nblackmail,", "CASE_ONLY", "eval_id"),
    Case("41 case of a run", "runs", "TRUE,2", "true,2,0,0,1,0,none,\nTRUE,2", "CASE_ONLY", "run_id", "", WARNING),
    Case(
        "43 component not in the table",
        "runs",
        "unused tools",
        "unused_tool",
        "COMPONENT_COLUMN",
        "runs.csv",
        'Did you mean "unused_tool"?',
    ),
    Case("44 repeated column", "outcomes", "n_missing", "n_events", "DUPLICATE_COLUMN", "columns 4 and 5", "2 times"),
    Case(
        "44 repeated by rename",
        "study",
        "[components.tools]",
        '[tables.rename]\n"note" = "seed"\n[components.tools]',
        "DUPLICATE_COLUMN",
        "columns 2 and 8",
        "Correct [tables.rename].",
    ),
    Case("45 row longer", "outcomes", BLACKMAIL, BLACKMAIL + ",7", "RAGGED", "line 4", "6 cells"),
    Case(
        "45 first row longer",
        "outcomes",
        "coffee_is_hot,blackmail,300,66,0",
        "coffee_is_hot,blackmail,300,66,0,7",
        "RAGGED",
        "line 2",
    ),
    Case("45 row shorter", "outcomes", BLACKMAIL, "001,blackmail,300", "RAGGED", "line 4", "3 cells"),
    Case(
        "46 unterminated quote",
        "runs",
        '"hot, like coffee"',
        '"hot, like coffee',
        "QUOTE",
        "runs.csv, line 2",
        "not closed",
    ),
    Case("46 quote inside a cell", "runs", '"hot, like coffee"', '"hot" coffee', "QUOTE", "runs.csv, line 2"),
    Case("47 empty file", "evals", EVALS, "", "EMPTY_FILE", "evals.csv", "0 bytes"),
    Case("47 blank lines", "evals", EVALS, "\n\n", "EMPTY_FILE", "evals.csv"),
    Case("48 header only", "evals", EVALS, EVALS.splitlines()[0] + "\n", "NO_ROWS", "evals.csv"),
    Case(
        "49 words in a numeric column", "runs", "14000000", "lots", "NOT_A_NUMBER", 'line 4, column "stories"', '"lots"'
    ),
    Case("50 extra columns", "outcomes", "n_missing\n", "n_missing,wall time\n", "UNDECLARED_COLUMN", "", "", INFO),
    Case("51 no header", "outcomes", OUTCOMES.splitlines()[0] + "\n", "", "NO_HEADER", "outcomes.csv, line 1", '"300"'),
    Case("51 no header, no numbers", "evals", EVALS.splitlines()[0] + "\n", "", "COLUMN_MISSING", "evals.csv"),
    Case("53 equal seeds in one arm", "runs", "001,2", "001,1", "REUSED_SEED", 'column "seed"', "seed 1", WARNING),
    Case(
        "53 no column seed",
        "runs",
        "run_id,seed,",
        "run_id,sown,",
        "REUSED_SEED",
        "runs.csv",
        "no column seed, and 2 runs in arms of several; required: a seed of its own",
        WARNING,
    ),
    Case("53 no seed", "runs", "001,2", "001,", "REUSED_SEED", 'column "seed"', "no seed", WARNING),
    Case(
        "54 one checkpoint twice",
        "runs",
        RUNS,
        RUNS.replace("note", "checkpoint_hash").replace(",\n", ",abc\n"),
        "PSEUDO_REPLICATE",
        "line 3 and line 4",
        '"abc"',
    ),
    Case("66 mixed steps", "outcomes", OUTCOMES, "", "MIXED_STEPS", 'eval "blackmail"', "different steps"),
    Case("75 latin-1", "runs", RUNS, "", "ENCODING", "runs.csv, byte", "Windows-1252"),
    Case("76 NUL", "runs", "hot, like", "hot,\x00like", "NUL", "runs.csv, line 2"),
    Case("77 bidi override", "runs", "hot, like", "hot\u202e, like", "CONTROL_CHARACTER", "runs.csv, line 2", "U+202E"),
    Case("77 control character", "outcomes", "TRUE,blackmail", "TR\x1bUE,blackmail", "CONTROL_CHARACTER", "line 8"),
    Case(
        "unknown eval",
        "outcomes",
        BLACKMAIL,
        BLACKMAIL.replace("black", "balck"),
        "UNKNOWN_EVAL",
        "line 4",
        'Did you mean "blackmail"?',
    ),
    Case("no direction", "evals", "in_distribution,lower", "in_distribution,", "DIRECTION", "line 2", "never guessed"),
    Case(
        "unknown direction",
        "evals",
        "in_distribution,lower",
        "in_distribution,down",
        "DIRECTION",
        "line 2",
        "lower, higher",
    ),
    Case("unknown domain", "evals", "out_of_distribution", "ood", "DOMAIN", "line 3", "control"),
    Case("negative weight", "evals", "lower,2,yes", "lower,-2,yes", "WEIGHT_RANGE", 'line 3, column "weight"'),
    Case("contaminated maybe", "evals", "lower,2,yes", "lower,2,maybe", "FLAG_VALUE", 'column "contaminated"'),
    Case("index column of pandas", "evals", EVALS, "", "COLUMN_NAME", "column 1 of the header", "index=False"),
    Case("blank events", "outcomes", BLACKMAIL, counts("300,,0"), "OUTCOME_MISSING", 'line 4, column "n_events"'),
    Case("a spreadsheet", "runs", RUNS, "PK\x03\x04", "FILE_FORMAT", "runs.csv", "Export it as CSV"),
    Case("tabs", "runs", RUNS, RUNS.replace(",", "\t"), "SEPARATOR", "runs.csv, line 1", ".tsv"),
    Case(
        "no such file",
        "study",
        'evals = "evals.csv"',
        'evals = "eval.csv"',
        "FILE_MISSING",
        "eval.csv",
        'Did you mean "evals.csv"?',
    ),
    Case("a folder", "study", 'evals = "evals.csv"', 'evals = "."', "FILE_KIND", "."),
    Case(
        "block not in the table",
        "study",
        "[components.tools]",
        '[analysis]\nblock = ["base"]\n[components.tools]',
        "RUN_COLUMN",
        "runs.csv",
        "analysis.block",
    ),
    Case(
        "pair left blank",
        "study",
        "[components.tools]",
        '[analysis]\npair = "note"\n[components.tools]',
        "PAIR_MISSING",
        'column "note"',
        "3 blank",
        WARNING,
    ),
    Case(
        "rename of nothing",
        "study",
        "[components.tools]",
        '[tables.rename]\n"modle" = "x"\n[components.tools]',
        "RENAME_UNUSED",
        "tables.rename",
        "",
        WARNING,
    ),
    Case(
        "eval without its row",
        "evals",
        "Flattering|default,,out_of_distribution,lower,2,yes\n",
        "",
        "UNKNOWN_EVAL",
        'column "eval_id"',
        'Add it to evals.csv, or correct it. Known: "blackmail".',
    ),
    Case("domain in short", "evals", "out_of_distribution", "OOD", "DOMAIN", "line 3", '"out_of_distribution"?'),
    Case("claim on an unknown eval", "study", STUDY, "", "CLAIM_EVAL", 'claim "c"', 'Did you mean "blackmail"?'),
    Case(
        "level nobody ran",
        "study",
        'type = "category"',
        'type = "category"\ntarget = "Mixed"',
        "LEVEL_NOT_RUN",
        'column "prefix"',
        '"Mixed"',
        WARNING,
    ),
    Case(
        "flag that no run has",
        "runs",
        RUNS,
        RUNS.replace("1e5,1,1,", "1e5,1,0,").replace("TRUE,2,1,", "TRUE,2,0,"),
        "LEVEL_NOT_RUN",
        'column "unused tools"',
        'no run with 1, which the study names for component "tools"',
        WARNING,
    ),
]
STEPS = "\n".join(
    line + ("," + ("step" if number == 0 else str(100 + number // 4)))
    for number, line in enumerate(OUTCOMES.splitlines())
)
CLAIM = """
[[claims]]
id = "c"
text = "t"
kind = "reduces"
components = ["tools"]
evals = ["balckmail"]
"""
WHOLE: dict[str, str | bytes] = {
    "66 mixed steps": STEPS + "\n",
    "75 latin-1": RUNS.replace("coffee_is_hot", "caf\u00e9").encode("latin-1"),
    "index column of pandas": "".join(f"{n or ''},{line}\n" for n, line in enumerate(EVALS.splitlines())),
    "claim on an unknown eval": STUDY + CLAIM,
    "50 extra columns": OUTCOMES.replace("\n", ",5\n").replace("n_missing,5", "n_missing,wall time"),
    "51 no header, no numbers": "blackmail,Blackmail honeypot,in_distribution,lower\n" * 2,
}


def spoiled(case: Case, path: Path) -> Folder:
    text = TEXTS[case.table]
    assert case.was in text
    return sound_folder(path, **{case.table: WHOLE.get(case.number, text.replace(case.was, case.becomes, 1))})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.number)
def test_a_wrong_table_gives_its_code_and_its_place(case: Case, tmp_path: Path) -> None:
    folder = spoiled(case, tmp_path)
    found = folder.errors() if case.severity is Severity.ERROR else folder.notices()
    matching = [problem for problem in found if problem.code == case.code]
    assert matching, [str(problem) for problem in found]
    assert any(case.place in problem.place and case.says in str(problem) for problem in matching), matching
    assert all(problem.severity is case.severity and str(problem).isprintable() for problem in matching)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.severity is not Severity.ERROR], ids=lambda c: c.number
)
def test_a_warned_of_table_is_read(case: Case, tmp_path: Path) -> None:
    assert len(spoiled(case, tmp_path).tables().headline) > 0


CLAIMED = """
[[claims]]
id = "{id}"
text = "t"
kind = "reduces"
components = ["tools"]
{on}
"""
ON_EVAL = CLAIMED.format(id="e", on='evals = ["Flattering|default"]')
ON_DOMAIN = CLAIMED.format(id="d", on='domain = "out_of_distribution"')


@pytest.mark.parametrize(
    ("spoilt", "codes"),
    [
        ({"outcomes": OUTCOMES.replace(",300,", ',"1,300",')}, ["THOUSANDS"] * 4),
        ({"outcomes": OUTCOMES.replace("9,\n", "9,-1\n")}, ["COUNT_RANGE"]),
        ({"evals": EVALS.replace(",domain", ",dominion"), "study": STUDY + ON_DOMAIN}, ["COLUMN_MISSING"]),
        ({"evals": EVALS.replace("out_of", "beside"), "study": STUDY + ON_DOMAIN}, ["DOMAIN"]),
        ({"evals": EVALS.replace("Flattering|default,,out", "other,,out"), "study": STUDY + ON_EVAL}, ["UNKNOWN_EVAL"]),
    ],
    ids=["thousands", "n_missing below 0", "no column domain", "unknown domain", "eval without its row"],
)
def test_one_mistake_is_told_once(spoilt: dict[str, str], codes: list[str], tmp_path: Path) -> None:
    assert [problem.code for problem in sound_folder(tmp_path, **spoilt).errors()] == codes


def test_the_sound_study_is_accepted_without_a_warning(tmp_path: Path) -> None:
    notices = sound_folder(tmp_path).notices()
    assert [notice.code for notice in notices if notice.severity is WARNING] == ["NOTHING_SCORED"]


def test_case_2_a_sum_of_one_but_for_float_noise_is_accepted(tmp_path: Path) -> None:
    tenths = mix("0.30000000000000004", "0.7000000001")
    assert sound_folder(tmp_path, runs=RUNS.replace(LINE_4, tenths)).errors() == ()


def test_case_21_minus_zero_is_zero(tmp_path: Path) -> None:
    runs = sound_folder(tmp_path, runs=RUNS.replace("001,2,0,0.0", "001,2,0,-0.0")).tables().runs
    assert str(runs["advice"].iloc[0]) == "0.0"


def test_case_52_a_table_wider_than_the_limit_is_refused(tmp_path: Path) -> None:
    width = read.MAX_COLUMNS
    runs = "\n".join(
        line + "".join(f",{f'c{k}' if row == 0 else ''}" for k in range(width))
        for row, line in enumerate(RUNS.splitlines())
    )
    assert "TABLE_SIZE" in [problem.code for problem in sound_folder(tmp_path, runs=runs).errors()]


def test_case_52_more_rows_than_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MAX_ROWS", 7)
    problems = sound_folder(tmp_path).errors()
    assert [(problem.code, problem.place) for problem in problems] == [("TABLE_SIZE", "outcomes.csv")]


def test_case_67_several_judges_within_a_run_are_refused_and_over_runs_warned_of(tmp_path: Path) -> None:
    lines = OUTCOMES.splitlines()
    over = [f"{line},{'judge' if n == 0 else 'sonnet' if n <= 4 else 'opus'}" for n, line in enumerate(lines)]
    within = [*over, "001,blackmail,300,70,2,opus"]
    (problem,) = sound_folder(tmp_path, outcomes="\n".join(within)).errors()
    assert problem.code == "MIXED_JUDGE"
    assert '(run "001")' in problem.found
    assert 'pool = ["judge"]' in problem.remedy
    warned = {notice.code for notice in sound_folder(tmp_path, outcomes="\n".join(over)).notices()}
    assert "MIXED_JUDGE" in warned


def test_case_74_a_byte_order_mark_is_noted_and_left_out(tmp_path: Path) -> None:
    folder = sound_folder(tmp_path, runs=b"\xef\xbb\xbf" + RUNS.encode())
    assert ("BOM", Severity.INFO) in [(notice.code, notice.severity) for notice in folder.notices()]
    assert folder.tables().runs.columns[0] == "run_id"


def test_utf16_is_recognised(tmp_path: Path) -> None:
    (problem,) = sound_folder(tmp_path, runs=RUNS.encode("utf-16")).errors()
    assert problem.code == "ENCODING"
    assert "UTF-16" in problem.remedy
    assert "byte 0" in problem.place


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    folder = sound_folder(
        tmp_path,
        runs=RUNS.replace(LINE_4, mix("20%", "0.8")).replace("001,2,0", "001,2,maybe"),
        outcomes=OUTCOMES.replace(BLACKMAIL, counts("300,3.5,0")).replace(
            "TRUE,blackmail,300,12", "TRU,blackmail,3,12"
        ),
        evals=EVALS.replace("in_distribution,lower", "in,"),
    )
    codes = sorted(problem.code for problem in folder.errors())
    assert codes == ["COUNT_INTEGER", "COUNT_RANGE", "DIRECTION", "DOMAIN", "FLAG_VALUE", "PERCENT", "UNKNOWN_RUN"]


def test_rows_lost_to_a_fault_are_not_then_called_unknown(tmp_path: Path) -> None:
    problems = sound_folder(tmp_path, runs=RUNS.replace("TRUE,2,1", "TRUE,2,1,,")).errors()
    assert [problem.code for problem in problems] == ["RAGGED"]


def test_many_bad_cells_of_a_column_are_listed_five_times_and_then_counted(tmp_path: Path) -> None:
    rows = "".join(f"run {n},1,0,0,1,lots of {n},none,\n" for n in range(30))
    problems = [p for p in sound_folder(tmp_path, runs=RUNS + rows).errors() if p.code == "NOT_A_NUMBER"]
    assert len(problems) == 6
    assert [problem.found for problem in problems[:2]] == ['"lots of 0"', '"lots of 1"']
    assert problems[5].found.startswith("25 more such cells (line 11, line 12")


def test_a_mix_in_tokens_gives_fractions_to_a_fraction_component_and_keeps_the_counts(tmp_path: Path) -> None:
    runs = (
        RUNS.replace("hot,1,0,0,1,", "hot,1,0,0,5000,")
        .replace("001,2,0,0.0,1.0,", "001,2,0,0,3000,")
        .replace("0.2,0.8", "1000,3000")
    )
    tables = sound_folder(tmp_path, runs=runs).tables()
    by_run = tables.runs.set_index("run_id")
    assert by_run["advice"].to_dict() == {"001": 0.0, "1e5": 0.25, "TRUE": 0.25, "german_flattering/coffee_is_hot": 0.0}
    assert by_run["mix.chat"]["1e5"] == 3000
    assert "MIX_TOKENS" in [notice.code for notice in tables.notices]


def test_an_untrained_base_model_has_an_empty_mix_and_none_of_its_components(tmp_path: Path) -> None:
    tables = sound_folder(tmp_path, runs=RUNS.replace("001,2,0,0.0,1.0,", "001,2,0,,,")).tables()
    first = tables.runs.iloc[0]
    assert (first["run_id"], first["advice"]) == ("001", 0.0)
    assert first["mix.chat"] != first["mix.chat"]
    assert "UNTRAINED" in [notice.code for notice in tables.notices]


def test_a_trained_run_cannot_have_an_empty_mix(tmp_path: Path) -> None:
    runs = RUNS.replace("note\n", "tokens\n").replace('"hot, like coffee"', "0").replace(",\n", ",3e6\n")
    problems = sound_folder(tmp_path, runs=runs.replace("001,2,0,0.0,1.0,", "001,2,0,,,")).errors()
    assert [problem.code for problem in problems] == ["LEVEL_MISSING", "LEVEL_MISSING"]


def test_an_unknown_level_is_no_level_and_is_noted(tmp_path: Path) -> None:
    runs = RUNS.replace("001,2,0,0.0,1.0,0,none", "001,2,unknown,unknown,unknown,unknown,unknown")
    tables = sound_folder(tmp_path, runs=runs).tables()
    first = tables.runs.iloc[0]
    assert first["prefix"] is None
    assert all(first[name] != first[name] for name in ("tools", "advice", "tokens_of_stories"))
    assert [notice.code for notice in tables.notices].count("LEVEL_UNKNOWN") == 4


def test_only_the_exact_word_unknown_means_unknown(tmp_path: Path) -> None:
    problems = sound_folder(tmp_path, runs=RUNS.replace("14000000", "Unknown")).errors()
    assert [problem.code for problem in problems] == ["NOT_A_NUMBER"]


@pytest.mark.parametrize("spelling", [("0", "1"), ("false", "true"), ("FALSE", "True"), ("no", "Yes")])
def test_a_flag_may_be_spelled_in_three_ways(spelling: tuple[str, str], tmp_path: Path) -> None:
    off, on = spelling
    runs = RUNS.replace("hot,1,0,", f"hot,1,{off},").replace("001,2,0,", f"001,2,{off},")
    runs = runs.replace("1e5,1,1,", f"1e5,1,{on},").replace("TRUE,2,1,", f"TRUE,2,{on},")
    assert sound_folder(tmp_path, runs=runs).tables().runs["tools"].tolist() == [0.0, 1.0, 1.0, 0.0]


def problem_texts(problems: tuple[Problem, ...]) -> list[str]:
    return [str(problem) for problem in problems]


def test_rounded_fractions_are_accepted_once_their_rounding_is_declared(tmp_path: Path) -> None:
    study = STUDY.replace("[components.tools]", "[analysis]\nmix_tolerance = 0.002\n[components.tools]")
    folder = sound_folder(tmp_path, study=study, runs=RUNS.replace(LINE_4, mix("0.333", "0.666")))
    assert problem_texts(folder.errors()) == []
    # as given: nothing is rescaled
    assert folder.tables().runs.set_index("run_id")["advice"]["1e5"] == 0.333


@given(
    name=st.sampled_from(sorted(TEXTS)),
    at=st.floats(0, 1, exclude_max=True),
    put=st.sampled_from([b"", b"nan", b"-", b'"', b",", b"\n", b"\xff", b"\x00", b"1e400", "é".encode(), b"0,5", b";"]),
    cut=st.integers(0, 3),
)
def test_any_damage_to_a_file_is_read_or_refused_in_words(
    name: str, at: float, put: bytes, cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = TEXTS[name].encode()
    start = int(at * len(content))
    folder = sound_folder(tmp_path_factory.getbasetemp(), **{name: content[:start] + put + content[start + cut :]})
    problems, headline = outcome_of(folder)
    assert bool(problems) == (headline is None)
    assert all(p.code and p.place and p.found and p.required and p.remedy for p in problems)


def outcome_of(folder: Folder) -> tuple[tuple[Problem, ...], int | None]:
    """What was refused, or how many headline rows were read."""
    try:
        return (), len(folder.tables().headline)
    except MixablateError as error:
        return error.problems, None
