"""The report folder: complete, inert, the same bytes every time, and its tables carry the numbers of the findings."""

from __future__ import annotations

import base64
import csv
import dataclasses
import hashlib
import html.parser
import io
import itertools
import json
import math
import os
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import findings_example as example
from hostile_example import HOSTILE, hostile_findings
from mixablate.claims import Status
from mixablate.figures import CATALOGUE, figure_frames
from mixablate.figures.frames import headline_outcomes, outcome_labels
from mixablate.figures.number_text import typeset
from mixablate.findings import Findings, analyse
from mixablate.findings.doses import no_doses
from mixablate.findings.mixtures import MixtureFrames
from mixablate.report import compare_reports, findings_document, report_files, summary_sentences, write_report
from mixablate.report.attribution_tables import attribution_tables
from mixablate.report.csv_text import csv_bytes
from mixablate.report.document import plain
from mixablate.report.evidence_tables import effect_tables, rate_tables
from mixablate.report.folder import write_folder
from mixablate.report.inline_svg import inline_svg
from mixablate.report.manifest import manifest_document
from mixablate.report.rendering import markdown_text
from mixablate.study import Scale, load_study
from mixablate.tables import read_tables
from undrawn import undrawn, undrawn_files

ROOT = Path(__file__).parents[1]
PRINTED = 0.5000001  # half a unit of the last printed digit, and a rounding error of the division


@pytest.fixture(scope="module")
def findings() -> Findings:
    return example.example_findings()


@pytest.fixture(scope="module")
def written(findings: Findings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(findings, tmp_path_factory.mktemp("report") / "out")


@pytest.fixture(scope="module")
def files(written: Path) -> dict[str, bytes]:
    paths = [path for path in written.rglob("*") if path.is_file() and path.name != "manifest.json"]
    return {path.relative_to(written).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def hostile() -> dict[str, bytes]:
    return report_files(hostile_findings())


class Reader(html.parser.HTMLParser):
    """A page's tables as rows of cells, its tags, and the ids it defines."""

    VOID = frozenset({"meta", "br", "img", "link", "path", "use", "rect", "input", "hr", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[tuple[str, dict[str, str]]]]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.table: str = ""
        self.cell: tuple[list[str], dict[str, str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "caption":
            self.table = str(found["id"]).removeprefix("table-")
            self.tables[self.table] = []
        elif tag == "tr":
            self.tables[self.table].append([])
        elif tag in ("td", "th"):
            self.cell = ([], {k: v or "" for k, v in found.items() if k.startswith("data-")})

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell[0].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        assert self.open.pop() == tag, f"</{tag}> closes another element"
        if tag in ("td", "th") and self.cell is not None:
            words, data = self.cell
            self.tables[self.table][-1].append((" ".join("".join(words).split()), data))
            self.cell = None


def read_page(content: bytes) -> Reader:
    reader = Reader()
    reader.feed(content.decode())
    reader.close()
    assert not reader.open, f"never closed: {reader.open}"
    return reader


def body_rows(reader: Reader, table: str) -> list[list[tuple[str, dict[str, str]]]]:
    return reader.tables[table][1:]


def columns(reader: Reader, table: str) -> list[str]:
    return [words for words, _ in reader.tables[table][0]]


def numbers_in(words: str) -> list[float]:
    """The printed numbers in reading order, with a true minus sign read back."""
    found = re.findall(r"[\u2212-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?", words)
    return [float(n.replace("\u2212", "-").replace(",", "")) for n in found]


def assert_printed(words: str, data: dict[str, str], factor: float) -> None:
    """What a cell shows is the number it carries, rounded to the digits shown."""
    carried = [float(data[key]) * factor for key in ("data-value", "data-lower", "data-upper") if key in data]
    shown = numbers_in(words)
    if words.startswith(("<", ">", "\u2013")) or not carried:
        return
    assert len(shown) == len(carried), (words, data)
    for text, number, value in zip(re.findall(r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?", words), shown, carried, strict=True):
        mantissa, _, exponent = text.replace(",", "").partition("e")
        digits = len(mantissa.partition(".")[2])
        unit = 10.0 ** (int(exponent or 0) - digits)
        assert abs(number - value) <= PRINTED * unit, (words, data)


def factor_of(table: str, column: str, words: str, unit: str = "") -> float:
    """100 where the cell prints percent or percentage points; `unit` is that of its row where the table has one."""
    if unit == "percentage points" and column in (
        "Step",
        "Interval",
        "Interaction",
        "Difference",
        "Effect",
        "Effect then",
    ):
        return 100.0
    points = table.endswith("risk_difference") and column in (
        "Effect", "Step", "Detectable", "95% interval", "Simultaneous interval",
    )  # fmt: skip
    points = points or (table.endswith("risk_difference") and column == "Between these models only")
    return 100.0 if "%" in words or points or "points" in words else 1.0


def test_every_number_shown_is_the_number_its_cell_carries(files: dict[str, bytes]) -> None:
    reader = read_page(files["report.html"])
    checked = 0
    skipped = {"claims", "attribution_other"}  # units differ by row there: tested below
    for table in reader.tables:
        if table in skipped:
            continue
        for row in body_rows(reader, table):
            unit = next((w for (w, _), head in zip(row, columns(reader, table), strict=True) if head == "Unit"), "")
            for (words, data), column in zip(row, columns(reader, table), strict=True):
                assert_printed(words, data, factor_of(table, column, words, unit))
                checked += len(data)
    assert checked > 400


@pytest.mark.parametrize("make", [example.example_findings, example.single_run_findings])
def test_the_effects_table_carries_the_findings_numbers(make: object) -> None:
    found = make()
    reader = read_page(undrawn_files(found)["report.html"])
    labels = dict(zip(found.rates["outcome"], found.rates["outcome_label"], strict=True))
    for scale in (Scale.RISK_DIFFERENCE, Scale.RISK_RATIO, Scale.LOG_ODDS, Scale.VALUE):
        table = f"effects_{scale}"
        heads = columns(reader, table)
        rows = {(row[0][0], row[1][0]): dict(zip(heads, row, strict=True)) for row in body_rows(reader, table)}
        expected = [e for e in found.effects if e.scale is scale]
        assert len(rows) == len(expected)
        for effect in expected:
            row = rows[labels[effect.outcome], example.LABELS[effect.contrast]]
            assert float(row["Effect"][1]["data-value"]) == effect.estimate
            assert float(row["Without it"][1]["data-value"]) == effect.reference
            assert float(row["With it"][1]["data-value"]) == effect.treated
            assert row["Runs"][0] == f"{effect.n_treated} v {effect.n_reference}"
            if effect.lower is None:
                assert "95% interval" not in row
            else:
                interval = row["95% interval"][1]
                assert (float(interval["data-lower"]), float(interval["data-upper"])) == (effect.lower, effect.upper)
                assert float(row["p"][1]["data-value"]) == effect.p_value


def test_the_rates_tables_carry_the_findings_numbers(findings: Findings, files: dict[str, bytes]) -> None:
    reader = read_page(files["report.html"])
    rows = {(r[0][0], r[1][0]): r for r in body_rows(reader, "rates_in_full")}
    shown = findings.rates[findings.rates["outcome"] != "out_of_distribution"]  # a mean of one eval is that eval
    assert len(rows) == len(shown)
    for _, rate in shown.iterrows():
        _, _, mean, interval, _, runs, events, scored, missing = rows[rate["outcome_label"], rate["arm"]]
        assert float(mean[1]["data-value"]) == rate["estimate"]
        assert float(interval[1]["data-lower"]) == rate["lower"]
        assert float(runs[1]["data-value"]) == rate["n_runs"]
        assert float(missing[1]["data-value"]) == rate["n_missing"]
        if not math.isnan(rate["n_events"]):
            assert float(events[1]["data-value"]) == rate["n_events"]
            assert float(scored[1]["data-value"]) == rate["n_trials"] - rate["n_missing"]


def test_the_attribution_tables_carry_the_findings_numbers(findings: Findings, files: dict[str, bytes]) -> None:
    reader = read_page(files["report.html"])
    for scale in (Scale.RISK_DIFFERENCE, Scale.LOG_ODDS):
        rows = body_rows(reader, f"attribution_{scale}")
        main = [a for a in findings.attributions if a.rule == "shapley" and a.outcome in ("in_distribution", "audit")]
        found = [a for a in main if str(a.scale) == scale]
        expected = [n for a in found for n in (*(p.estimate for p in a.parts), a.total)]
        assert [float(row[2][1]["data-value"]) for row in rows] == expected
        shares = [p.share for a in found for p in a.parts]
        assert [float(row[4][1]["data-value"]) for row in rows if "data-value" in row[4][1]] == shares


def test_the_claims_table_says_status_reason_and_what_would_settle(findings: Findings, files: dict[str, bytes]) -> None:
    rows = body_rows(read_page(files["report.html"]), "claims")
    assert len(rows) == len(findings.verdicts)
    for row, verdict in zip(rows, findings.verdicts, strict=True):
        claim, status, estimate, interval, p_value, why = row
        effect = verdict.evidence[0]
        assert claim[0].startswith(verdict.claim.text)
        assert claim[0].endswith(verdict.claim.id)
        assert str(verdict.status) in status[0]
        assert all(flag.replace("_", " ") in status[0] for flag in verdict.flags)
        assert why[0].startswith(typeset(verdict.reason).rstrip("."))
        assert typeset(verdict.would_settle).rstrip(".") in why[0]
        if verdict.claim.kind != "reaches_zero":
            assert float(estimate[1]["data-value"]) == effect.estimate
            factor = 100.0 if "points" in estimate[0] else 1.0
            assert_printed(estimate[0], estimate[1], factor)
            assert_printed(interval[0], interval[1], factor)
            assert float(p_value[1]["data-value"]) == verdict.p_adjusted


def test_a_claim_judged_on_several_outcomes_says_so_once(findings: Findings) -> None:
    verdict = findings.verdicts[0]
    more = dataclasses.replace(verdict.evidence[0], outcome="sabotage")
    several = dataclasses.replace(
        findings, verdicts=(dataclasses.replace(verdict, evidence=(*verdict.evidence, more)),)
    )
    first, second = body_rows(read_page(undrawn_files(several)["report.html"]), "claims")
    assert first[0][0].startswith(verdict.claim.text)
    assert second[0][0] == "The same claim On: Research sabotage."
    assert second[-1][0] == "As above."


def test_the_page_is_one_file_that_loads_nothing(files: dict[str, bytes]) -> None:
    page = files["report.html"].decode()
    reader = read_page(files["report.html"])
    tags = {tag for tag, _ in reader.tags}
    assert not tags & {"link", "img", "iframe", "object", "embed", "base", "form"}
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert [a for t, a in reader.tags if t == "script"] == [{}]
    policies = [a.get("content") for t, a in reader.tags if t == "meta" and "http-equiv" in a]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    ]
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    assert "http://" not in page
    assert "https://" not in page
    for _, attributes in reader.tags:
        assert not [name for name in attributes if name.startswith("on")]
        target = attributes.get("href")
        assert target is None or target.startswith(("#", "figures/", "tables/"))


def test_the_page_can_be_found_through_by_keyboard_and_screen_reader(files: dict[str, bytes]) -> None:
    reader = read_page(files["report.html"])
    by_tag: dict[str, list[dict[str, str | None]]] = {}
    for tag, attributes in reader.tags:
        by_tag.setdefault(tag, []).append(attributes)
    assert by_tag["html"][0]["lang"] == "en"
    assert len(by_tag["main"]) == len(by_tag["h1"]) == 1
    assert reader.tags[[t for t, _ in reader.tags].index("a")][1]["class"] == "skip"
    headings = [int(t[1]) for t, _ in reader.tags if re.fullmatch(r"h[1-6]", t)]
    assert all(b <= a + 1 for a, b in itertools.pairwise(headings))
    ids = [a["id"] for _, a in reader.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    for _, attributes in reader.tags:
        for name in ("aria-labelledby", "aria-describedby"):
            assert set((attributes.get(name) or "").split()) <= set(ids)
        if (attributes.get("href") or "").startswith("#"):
            assert attributes["href"][1:] in ids
    assert len(by_tag["caption"]) == len(by_tag["table"])
    assert all(a["role"] == "graphics-document" and a["aria-labelledby"] for a in by_tag["svg"])
    assert len(by_tag["desc"]) == len(by_tag["svg"]) == len(CATALOGUE) - 1  # nothing is aliased here


def test_simulated_data_are_named_in_every_section(findings: Findings, files: dict[str, bytes]) -> None:
    page = files["report.html"].decode()
    assert page.count('<span class="simulated">simulated data</span>') == page.count("<h2") - 1  # the answer: banner
    assert page.index("Simulated data.</strong>") < page.index("<main>")
    assert files["report.md"].decode().count("(simulated data)") == files["report.md"].decode().count("\n## ") - 1
    real = undrawn_files(example.example_findings(example.example_study(simulated=False)))
    for name in ("report.html", "report.md"):
        assert "imulated data" not in re.sub(r"<style>.*?</style>", "", real[name].decode(), flags=re.DOTALL)


def test_the_sections_stand_in_the_declared_order(files: dict[str, bytes]) -> None:
    titles = re.findall(r"<h2[^>]*>(?:<bdi>)?([^<]+?)\s*<", files["report.html"].decode())
    assert titles == [
        "Question and answer", "Claims", "How easily the verdicts flip", "Rates by arm",
        "What was measured, and how well",
        "Effects of the components", "Block by block",
        "Who earned the change", "In and out of distribution", "Doses", "Diversity features", "The mix",
        "What these runs cannot tell", "Design", "Methods", "Notices", "Provenance",
    ]  # fmt: skip


def test_markdown_says_the_same(findings: Findings, files: dict[str, bytes]) -> None:
    text = files["report.md"].decode()
    for sentence in summary_sentences(findings):
        assert markdown_text(sentence) in text
    assert "![" in text
    assert "(figures/forest.png)" in text
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.strip().splitlines()}) == 1


def test_two_runs_give_the_same_bytes(files: dict[str, bytes]) -> None:
    again = report_files(example.example_findings())
    assert sorted(again) == sorted(files)
    assert [name for name in files if again[name] != files[name]] == []


def test_hostile_names_render_inert(hostile: dict[str, bytes]) -> None:
    page = hostile["report.html"].decode()
    reader = read_page(hostile["report.html"])  # well nested in spite of every name
    assert not {tag for tag, _ in reader.tags} & {"img", "b"}
    assert page.lower().count("<script") == page.count("\n<script>// What the page does") == 1  # the page's own
    assert "javascript:" not in [a.get("href") for _, a in reader.tags]
    assert not [a for _, a in reader.tags if any(name.startswith("on") for name in a)]
    assert "49" not in [words for row in body_rows(reader, "claims") for words, _ in row]  # no template ran twice
    assert re.search(r"<bdi>&lt;script&gt;", page)


def test_hostile_names_render_inert_in_markdown(hostile: dict[str, bytes]) -> None:
    text = hostile["report.md"].decode()
    prose = text.replace("<details><summary>", "").replace("</summary>", "").replace("</details>", "")
    assert not re.search(r"(?<!\\)<", prose)
    assert not re.search(r"(?<!\\)\$", prose)
    assert not re.search(r"(?<!\\)\]\((?!figures/|tables/)", prose)
    assert "\u202e" not in text


def test_hostile_names_are_no_formula_in_any_csv(hostile: dict[str, bytes]) -> None:
    for name, content in hostile.items():
        if not name.endswith(".csv"):
            continue
        for row in csv.reader(io.StringIO(content.decode(), newline="")):
            for cell in row:
                if cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
                    float(cell)  # only numbers may begin so


def test_a_very_long_name_is_whole_in_the_tables(hostile: dict[str, bytes]) -> None:
    assert HOSTILE["labels"][2] in hostile["report.html"].decode()
    assert HOSTILE["labels"][2] in hostile["figures/forest.csv"].decode()


def test_numbers_keep_their_sign_and_their_bits_in_csv() -> None:
    frame = pd.DataFrame(
        {
            "text": ["-1.5", "=1+1", "@x", "+2", "plain", None],
            "value": [-1.5, 0.1 + 0.2, math.nan, math.inf, -math.inf, 1e-300],
            "n_events": [3.0, math.nan, 0.0, 2.5, 1e3, 7.0],
            "flag": [True, False, True, False, True, False],
        }
    )
    rows = list(csv.DictReader(io.StringIO(csv_bytes(frame).decode(), newline="")))
    assert [r["text"] for r in rows] == ["'-1.5", "'=1+1", "'@x", "'+2", "plain", ""]
    assert [r["value"] for r in rows] == ["-1.5", "0.30000000000000004", "", "", "", "1e-300"]
    assert [r["n_events"] for r in rows] == ["3", "", "0", "2.5", "1000", "7"]
    assert rows[0]["flag"] == "true"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_survive_csv_and_json_to_the_last_bit(value: float) -> None:
    text = csv_bytes(pd.DataFrame({"x": [value]})).decode().splitlines()[1]
    assert float(text) == value
    assert json.loads(json.dumps(plain({"x": value})))["x"] == value


def test_the_json_document_is_strict_and_complete(findings: Findings, files: dict[str, bytes]) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    document = json.loads(files["findings.json"], parse_constant=refuse)
    assert document["schema"] == 1
    assert "folder" not in document["study"]
    assert b"/somewhere/else" not in files["findings.json"]
    assert [v["status"] for v in document["verdicts"]] == [str(v.status) for v in findings.verdicts]
    assert document["verdicts"][0]["evidence"][0]["estimate"] == findings.verdicts[0].evidence[0].estimate
    assert document["verdicts"][0]["declaration"]["minimum"] == 0.05
    assert [e["lower"] for e in document["effects"]] == [e.lower for e in findings.effects]
    assert len(document["run_rates"]) == len(findings.run_rates)
    assert document["run_rates"][-1]["n_events"] is None  # NaN
    assert json.loads(json.dumps(findings_document(findings))) == document


def test_the_manifest_names_every_file_with_its_hash(written: Path, findings: Findings) -> None:
    manifest = json.loads((written / "manifest.json").read_bytes())
    on_disk = {p.relative_to(written).as_posix() for p in written.rglob("*") if p.is_file()} - {"manifest.json"}
    assert {output["path"] for output in manifest["outputs"]} == on_disk
    assert {"report.html", "report.md", "findings.json", "figures/forest.svg", "figures/forest.png"} <= on_disk
    for output in manifest["outputs"]:
        content = (written / output["path"]).read_bytes()
        assert output["sha256"] == hashlib.sha256(content).hexdigest()
        assert output["bytes"] == len(content)
    assert manifest["inputs"] == [plain(source) for source in findings.sources]
    assert manifest["seed"] == findings.study.seed
    assert manifest["settings"]["level"] == 0.95
    assert manifest["versions"]["matplotlib"]


def test_no_file_holds_a_date_or_a_path_of_this_machine(written: Path) -> None:
    here = str(Path.cwd()).encode()
    for path in written.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert here not in content, path
            assert b"/somewhere/else" not in content, path


def test_every_figure_has_its_picture_and_its_csv(written: Path) -> None:
    names = {p.stem for p in (written / "figures").iterdir()}
    assert names == {kind.name for kind in CATALOGUE} - {"alias_graph"}
    for name in names:
        assert all((written / "figures" / f"{name}.{kind}").stat().st_size for kind in ("svg", "png", "csv"))


def test_a_second_report_removes_only_what_the_first_one_wrote(findings: Findings, tmp_path: Path) -> None:
    few = dataclasses.replace(findings, mixture=MixtureFrames(), doses=no_doses(), verdicts=(), interactions=())
    fewer = dataclasses.replace(few, attributions=())
    with undrawn():
        write_report(few, tmp_path)
        assert (tmp_path / "figures" / "waterfall.svg").exists()
        (tmp_path / "study.toml").write_text("kept")
        (tmp_path / "figures" / "mine.svg").write_text("kept")
        write_report(fewer, tmp_path)
    assert not (tmp_path / "figures" / "waterfall.svg").exists()
    assert (tmp_path / "study.toml").read_text() == "kept"
    assert (tmp_path / "figures" / "mine.svg").read_text() == "kept"
    assert "No attribution" in (tmp_path / "report.html").read_text()


def test_a_manifest_cannot_make_us_remove_files_elsewhere(tmp_path: Path) -> None:
    outside = tmp_path / "precious.txt"
    outside.write_text("kept")
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path, target_is_directory=True)
    names = ["../precious.txt", str(outside), "link/precious.txt", "", "."]
    (folder / "manifest.json").write_text(json.dumps({"outputs": [{"path": name} for name in names]}))
    write_folder(folder, {"a.txt": b"a"}, b"{}")
    assert outside.read_text() == "kept"
    assert (folder / "a.txt").read_bytes() == b"a"


def test_an_unreadable_manifest_is_replaced_and_nothing_removed(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("not json")
    (tmp_path / "old.txt").write_text("kept")
    write_folder(tmp_path, {"a.txt": b"a"}, b"{}")
    assert (tmp_path / "old.txt").exists()
    assert (tmp_path / "manifest.json").read_bytes() == b"{}"


def snapshot(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_an_interrupted_write_leaves_the_old_report_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    manifest = b'{"outputs": [{"path": "a.txt"}, {"path": "figures/b.txt"}]}'
    write_folder(tmp_path, {"a.txt": b"old a", "figures/b.txt": b"old b"}, manifest)
    before = snapshot(tmp_path)
    calls = 0
    flush = os.fsync

    def failing(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise OSError(28, "No space left on device")
        flush(handle)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="No space left"):
        write_folder(tmp_path, {"a.txt": b"new a", "figures/b.txt": b"new b"}, manifest)
    assert snapshot(tmp_path) == before  # and no half-written file beside them


def test_a_file_that_no_report_wrote_is_never_replaced(tmp_path: Path) -> None:
    own = {"rates.csv": "a table of the study", "report.html": "my page"}
    for name, text in own.items():
        (tmp_path / name).write_text(text)
    before = snapshot(tmp_path)
    with pytest.raises(FileExistsError, match=r'"rates.csv", "report.html" there already, not written by a report'):
        write_folder(tmp_path, {"a.txt": b"a", "rates.csv": b"new", "report.html": b"new"}, b"{}")
    assert snapshot(tmp_path) == before


def test_files_that_an_interrupted_report_left_are_taken_for_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"a")  # in place, but the manifest never came
    write_folder(tmp_path, {"a.txt": b"a", "b.txt": b"b"}, b"{}")
    assert snapshot(tmp_path) == {"a.txt": b"a", "b.txt": b"b", "manifest.json": b"{}"}


def test_a_folder_that_cannot_be_written_is_an_os_error(findings: Findings, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(OSError):  # noqa: PT011  the system words it
        write_report(findings, blocked)
    assert blocked.read_text() == "in the way"


def test_the_manifest_is_the_last_file_to_take_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []
    replace = os.replace

    def noting(source: Path, target: Path) -> None:
        order.append(Path(target).name)
        replace(source, target)

    monkeypatch.setattr(os, "replace", noting)
    write_folder(tmp_path, {"z.txt": b"z", "a.txt": b"a"}, b"{}")
    assert order[-1] == "manifest.json"


def test_the_summary_says_first_when_nothing_is_supported() -> None:
    sentences = summary_sentences(example.single_run_findings())
    assert sentences[0].startswith("None of the 5 confirmatory claims is supported by these runs: all are untestable.")
    assert "Supported:" not in " ".join(sentences)
    assert sentences[-1].startswith("Descriptive only, without run-to-run uncertainty")


def test_the_summary_gives_the_numbers_of_the_leading_claims(findings: Findings) -> None:
    sentences = summary_sentences(findings)
    assert sentences[0].startswith("1 of 5 confirmatory claims is supported;")
    assert "(\u221212.2 percentage points, 95% interval \u221217.1 to \u22127.3; 20 v 20 runs)" in sentences[1]
    assert sentences[2].startswith("Contradicted:")
    assert "flagged fragile" in sentences[2]
    assert "Difficult-advice chats \u221211.8 (\u221216.2 to \u22127.3)" in sentences[3]
    changed = [s for s in sentences if " at baseline to " in s]
    assert len(changed) == len(headline_outcomes(findings)) > 1


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.SUPPORTED])
def test_no_status_but_supported_is_ever_called_supported(findings: Findings, status: Status) -> None:
    verdict = next(v for v in findings.verdicts if v.status is status)
    alone = summary_sentences(dataclasses.replace(findings, verdicts=(verdict,)))
    words = " ".join(alone).replace("not supported by these runs", "")
    assert "supported" not in words.lower()
    assert str(status) in words.lower()


def test_notes_say_what_p_tests_and_explain_no_column_that_is_not_shown(findings: Findings) -> None:
    notes = {table.name: table.note for table in effect_tables(findings)}
    assert "p: of no effect, two-sided, unadjusted, on the runs' mean log-odds" in notes["effects_risk_difference"]
    assert "mean log-odds" not in notes["effects_log_odds"]
    for kept in (True, False):
        parts = [
            dataclasses.replace(
                a, parts=tuple(dataclasses.replace(p, p_largest=0.5 if kept else None) for p in a.parts)
            )
            for a in findings.attributions
        ]
        for table in attribution_tables(dataclasses.replace(findings, attributions=tuple(parts))):
            assert ("Largest part:" in table.note) == ("Largest part" in table.columns)


def test_an_outcome_that_only_some_runs_of_an_arm_have_says_how_many(findings: Findings) -> None:
    fewer = findings.rates.assign(n_runs=findings.rates["n_runs"].where(findings.rates["outcome"] != "sabotage", 2))
    (matrix, *_) = rate_tables(dataclasses.replace(findings, rates=fewer))
    column = matrix.columns.index(outcome_labels(findings)["sabotage"])
    assert {row[column].more for row in matrix.rows} == {"2 runs"}
    assert {row[2].more for row in matrix.rows} == {""}


def test_limits_count_the_claims_that_are_left_open(findings: Findings) -> None:
    page = undrawn_files(findings)["report.md"].decode()
    open_claims = [v.status for v in findings.verdicts if v.status in (Status.UNDECIDED, Status.UNTESTABLE)]
    assert open_claims
    words = page.partition("## What these runs cannot tell")[2].partition("\n## ")[0]
    assert "stands beside each in the table of claims" in words
    assert all(f" {status}" in words for status in set(open_claims))


def test_a_study_without_claims_says_that_none_is_judged(findings: Findings) -> None:
    none = dataclasses.replace(findings, verdicts=())
    assert summary_sentences(none)[0].startswith("The study declares no claims")
    page = undrawn_files(none)["report.html"].decode()
    assert "The study declares no claims." in page


def test_a_report_with_nothing_to_draw_still_says_why(findings: Findings) -> None:
    bare = dataclasses.replace(
        findings, effects=(), regression=(), attributions=(), verdicts=(), limits=(), notices=(), sources=()
    )
    page = undrawn_files(bare)["report.html"].decode()
    assert page.count('class="withheld"') == 7  # nothing is aliased in the example, either
    assert "The design sets no limit beyond those of the methods below." in page
    assert "Reading the tables gave no warning." in page


def test_a_report_agrees_with_itself(written: Path) -> None:
    assert compare_reports(written, written) == []


def changed_copy(written: Path, target: Path, name: str, edit: object) -> Path:
    for path in written.rglob("*"):
        if path.is_file():
            copy = target / path.relative_to(written)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    path = target / name
    path.write_bytes(edit(path.read_bytes()))
    return target


def edited(old: str, new: str) -> object:
    def edit(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode(), 1)

    return edit


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("findings.json", '"status": "supported"', '"status": "undecided"', "status: 'supported', now 'undecided'"),
        ("findings.json", '"estimate": -0.122', '"estimate": -0.12200001', "-0.12200001"),
        ("findings.json", '"few_runs"', '"fragile"', "flags"),
        ("effects.csv", "blackmail,tools", "blackmail,toolz", "contrast: 'tools', now 'toolz'"),
        ("figures/forest.csv", "Unused tool definitions", "Used tool definitions", "figures/forest.csv, row 1"),
        ("manifest.json", '"seed": 20260508', '"seed": 1', "manifest.json: seed"),
        ("manifest.json", '"path": "rates.csv"', '"path": "other.csv"', "rates.csv: only in the committed report"),
    ],
)
def test_a_difference_between_reports_is_named(
    written: Path, tmp_path: Path, name: str, old: str, new: str, said: str
) -> None:
    other = changed_copy(written, tmp_path / "other", name, edited(old, new))
    found = compare_reports(written, other)
    assert any(said in difference for difference in found), found


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("findings.json", '"estimate": -0.122', '"estimate": -0.1220000000001'),
        ("findings.json", "0.073 to 0.171, lies", "0.073 to 0.172, lies"),  # one unit of the last printed digit
        ("manifest.json", '"mixablate": "', '"mixablate": "9.'),
        ("report.html", "<main>", "<main >"),
        ("figures/forest.svg", "<defs>", "<defs >"),
    ],
)
def test_rounding_versions_and_bytes_of_pages_are_no_difference(
    written: Path, tmp_path: Path, name: str, old: str, new: str
) -> None:
    other = changed_copy(written, tmp_path / "other", name, edited(old, new))
    assert compare_reports(written, other) == []


def test_a_missing_file_is_a_difference(written: Path, tmp_path: Path) -> None:
    other = changed_copy(written, tmp_path / "other", "rates.csv", lambda content: content)
    (other / "rates.csv").unlink()
    assert compare_reports(written, other) == ["rates.csv: named in the manifest of other but absent"]


def test_an_inline_svg_takes_ids_of_its_own_and_drops_what_leaks() -> None:
    svg = (
        b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x" "http://y"><svg xmlns="http://z" width="9pt" '
        b'viewBox="0 0 9 9"><title>old</title><metadata>http://w</metadata><style>*{color:red}</style>'
        b'<!-- <script> --><g id="a" clip-path="url(#c)"><use xlink:href="#b" transform="translate(63.476562 0)"/></g>'
        b'<path id="b" d="M 1.23456 200.5 \nL 1 2 " transform="scale(0.015625)"/><clipPath id="c"/></svg>'
    )
    inline = str(inline_svg(svg, "one", "T & <t>", "d"))
    assert "http" not in inline
    assert "<style" not in inline
    assert '<g clip-path="url(#one-1)"><use href="#one-0" x="63.47"/></g>' in inline  # nothing refers to "a"
    assert '<path id="one-0" d="M 1.23 200.5\nL 1 2 " transform="scale(0.015625)"/>' in inline
    assert '<clipPath id="one-1"/>' in inline
    assert '<title id="one-title">T &amp; &lt;t&gt;</title>' in inline
    with pytest.raises(ValueError, match='figure "two"'):
        inline_svg(b"<p>", "two", "t", "d")


@given(st.text(max_size=60))
def test_markdown_text_has_no_live_mark(text: str) -> None:
    shown = markdown_text(text)
    assert "\n" not in shown
    assert not re.search(r"(?<!\\)(?:\\\\)*[<|$`]", shown)


def test_counts_and_inputs_are_those_of_the_files() -> None:
    study = load_study(ROOT / "reports" / "harmlessness_diversification" / "study.toml")
    found = analyse(study, read_tables(study))
    file = ROOT / "reports" / "harmlessness_diversification" / "study.toml"
    first, *tables = manifest_document(found, {})["inputs"]  # type: ignore[misc]
    assert first == {"path": "study.toml", "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "rows": None}
    assert len(tables) == 3
    assert found.tables.headline["n_missing"].sum() > 0  # else this test would prove nothing
    arm_of = found.design.arm_of_runs()
    headline = found.tables.headline.assign(arm_id=found.tables.headline["run_id"].map(arm_of))
    counts = headline.groupby(["arm_id", "eval_id"])[["n_events", "n_scored", "n_missing"]].sum()
    frame = figure_frames(found)["rates_by_arm"]
    arms = frame[(frame["row"] == "arm") & frame["outcome"].isin(set(headline["eval_id"]))]
    for _, row in arms.iterrows():
        expected = counts.loc[(row["arm_id"], row["outcome"])]
        assert (row["n_events"], row["n_scored"], row["n_missing"]) == tuple(expected)
