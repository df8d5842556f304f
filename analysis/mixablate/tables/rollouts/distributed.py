"""Engines elsewhere, through Ibis: Spark over Parquet files or tables, and databases that hold a table of rollouts.

The queries are those of the embedded engine, translated by Ibis (sqlglot) from DuckDB's dialect; all that is summed is
whole numbers, so that no engine's order of adding moves a digit.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from mixablate.errors import Problem, TableError
from mixablate.tables.names import shown
from mixablate.tables.rollouts.files import PATTERN, SUFFIXES, RolloutFiles, find_files, path_columns
from mixablate.tables.rollouts.local import alike_parquet, connected, local_faults, local_source
from mixablate.tables.rollouts.source import (
    ROLLOUT_KEYS,
    Engine,
    KeyPass,
    Kind,
    Part,
    RolloutSource,
    part_of,
    quoted_name,
    quoted_text,
    united,
)

__all__ = ["IbisEngine", "distributed"]

SPARK = re.compile(r"spark|yarn|local(-cluster)?\[.+\]|(spark|k8s)://.+")
VIEW = "mixablate_rollouts"
MOST_COMPOSED = 1_000
MAY_COMPOSE = r"[^\x{0}-\x{2FF}\x{3041}-\x{3096}\x{30A1}-\x{30FA}\x{4E00}-\x{9FFF}\x{AC00}-\x{D7A3}]"
"""Characters outside these ranges may be composed with others (NFC); texts without one are composed already."""


@dataclass(frozen=True, slots=True)
class IbisEngine:
    """A backend of Ibis.

    Attributes:
        backend: the connection.
        named: the engine as the study declares it, for messages.
    """

    backend: Any
    named: str

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """The rows that a query gives.

        Raises:
            TableError: the engine refuses it, in the engine's words.
        """
        with _said_by(self.named):
            found = self.backend.sql(query, dialect="duckdb").to_pyarrow()
        return list(zip(*(column.to_pylist() for column in found.columns), strict=True))

    def key_pass(self, source: RolloutSource, n_rows: int, blank: Collection[str]) -> KeyPass:
        """The keys as composed text; the engine itself groups all rows by them, and spills as it is set up to."""
        del n_rows, blank
        keys = {}
        for name in ROLLOUT_KEYS:
            if name in source.columns:
                text = f"CAST({quoted_name(name)} AS VARCHAR)"
                keys[name] = f"coalesce({self._composed(source, name, text)}, '')"
        blank_items = self.rows(
            f"{source.rows()}SELECT count(*) AS n FROM rollouts WHERE item_id IS NULL OR trim({keys['item_id']}) = ''"
        )
        return KeyPass(keys, "true", int(str(blank_items[0][0])))

    def _composed(self, source: RolloutSource, name: str, text: str) -> str:
        """The text in NFC: few engines can compose, so the few ids that are not composed are replaced by name."""
        if name in ("item_id", "epoch") and source.kinds[name] is Kind.INTEGER:
            return text
        found = self.rows(
            f"{source.rows()}SELECT DISTINCT {text} AS given FROM rollouts "
            f"WHERE regexp_matches({text}, '{MAY_COMPOSE}') LIMIT {MOST_COMPOSED + 1}"
        )
        given = [str(row[0]) for row in found]
        if len(given) > MOST_COMPOSED:
            said = f"more than {MOST_COMPOSED:,} texts outside the common alphabets in {shown(name)}"
            remedy = "Write the ids in ASCII, or sum these rollouts here, by DuckDB."
            raise TableError(Problem("ENGINE_TEXT", self.named, said, "ids that need no composing", remedy))
        pairs = [(one, unicodedata.normalize("NFC", one)) for one in given]
        cases = [f"WHEN {quoted_text(one)} THEN {quoted_text(nfc)}" for one, nfc in pairs if one != nfc]
        return f"CASE {text} {' '.join(cases)} ELSE {text} END" if cases else text


@contextmanager
def distributed(
    engine: str, declared: str, folder: Path, rename: Mapping[str, str]
) -> Iterator[tuple[Engine, RolloutSource, RolloutFiles | None]]:
    """An engine, the rollouts as its source, and the local files they are in, if they are.

    Args:
        engine: "spark" (the session that its own configuration describes), a Spark master, or an Ibis connection URL.
        declared: Parquet files (Spark) or a table, as the study names them.
        folder: the study's folder.
        rename: their column name -> ours.

    Raises:
        TableError: the extra is not installed, the engine cannot be reached, or the rollouts cannot be read.
    """
    if not SPARK.fullmatch(engine):
        if _names_files(declared, folder):
            raise TableError(_not_a_table(declared, engine, "the name of a table in that database"))
        with _database(engine) as backend:
            found = IbisEngine(backend, engine)
            yield found, united([_part(found, _table_name(declared), declared, rename)]), None
        return
    files, alike = _local_files(declared, folder, rename, engine)
    with _spark(engine) as session:
        with _said_by(engine):
            import ibis

            # a sum past 64 bits is an error, and a folder run_id=001 holds run "001", not 1
            session.conf.set("spark.sql.ansi.enabled", "true")
            session.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
            found = IbisEngine(ibis.pyspark.connect(session), engine)
            if files is not None:
                relations = {group.place: _view(session, group, number) for number, group in enumerate(alike)}
            elif _names_files(declared, folder):
                relations = {declared: _remote_view(session, declared)}
            else:
                relations = {declared: _table_name(declared)}
        yield found, united([_part(found, relation, place, rename) for place, relation in relations.items()]), files


def _names_files(declared: str, folder: Path) -> bool:
    """Whether the name is a path or a pattern, and not a table's."""
    like_a_path = "/" in declared or PATTERN.search(declared) is not None or declared.endswith(SUFFIXES)
    return like_a_path or (folder / declared).exists()


def _not_a_table(declared: str, engine: str, required: str) -> Problem:
    remedy = "Convert the rollouts, or leave `engine` out: DuckDB then reads the files here."
    return Problem("FILE_FORMAT", declared, f"files, where engine is {shown(engine)}", required, remedy)


def _local_files(
    declared: str, folder: Path, rename: Mapping[str, str], engine: str
) -> tuple[RolloutFiles | None, list[RolloutFiles]]:
    """The files here that Spark is to read, and the same, those with the same columns and types together.

    None for a table or a remote address. What the embedded engine refuses of headers and types is refused first.
    """
    if "://" in declared or not _names_files(declared, folder):
        return None, []
    files = find_files(declared, folder)
    if files.suffix != ".parquet":
        # Spark's readers of text repair what the embedded one refuses: bytes that are not UTF-8, keys that come twice
        raise TableError(_not_a_table(declared, engine, "Parquet files, or the name of a table"))
    with connected() as con:
        try:
            local_source(con, files, rename)
            return files, alike_parquet(con, files)
        except duckdb.Error as error:
            raise TableError(local_faults(files, str(error))) from error


@contextmanager
def _database(url: str) -> Iterator[Any]:
    with _said_by(url):
        import ibis

        backend = ibis.connect(url)
    try:
        yield backend
    finally:
        backend.disconnect()


@contextmanager
def _spark(master: str) -> Iterator[Any]:
    """A session beside the one that runs in this process, or one that is started and stopped here."""
    with _said_by(master):
        from pyspark.sql import SparkSession

        running = SparkSession.getActiveSession()
        if running is not None and master not in ("spark", running.conf.get("spark.master", master)):
            found = f"a Spark session of {shown(str(running.conf.get('spark.master')))} in this process"
            raise TableError(
                Problem("ENGINE_FAILED", master, found, "none, or one of this master", 'Stop it, or write "spark".')
            )
        session = running or _started(SparkSession.builder, master)
    try:
        # settings and views of a session that is not ours stay as they are
        yield session if running is None else session.newSession()
    finally:
        if running is None:
            session.stop()


def _started(builder: Any, master: str) -> Any:
    builder = builder.appName("mixablate").config("spark.ui.showConsoleProgress", "false")
    return (builder if master == "spark" else builder.master(master)).getOrCreate()


def _view(session: Any, files: RolloutFiles, number: int) -> str:
    """The name of a view of files that are alike."""
    reader = session.read
    if path_columns(files):
        reader = reader.option("basePath", str(files.root.resolve()))
    reader.parquet(*(_escaped(path) for path in files.paths)).createOrReplaceTempView(f"{VIEW}_{number}")
    return f"{VIEW}_{number}"


def _remote_view(session: Any, address: str) -> str:
    # with schemas merged, files that differ are an error and not cast
    session.read.option("mergeSchema", "true").parquet(address).createOrReplaceTempView(VIEW)
    return VIEW


def _escaped(path: Path) -> str:
    """The absolute path; characters that Hadoop would take for a pattern stand for themselves."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", str(path.resolve()))


def _table_name(declared: str) -> str:
    return ".".join(quoted_name(part) for part in declared.split("."))


def _part(engine: IbisEngine, relation: str, place: str, rename: Mapping[str, str]) -> Part:
    with _said_by(engine.named):
        schema = engine.backend.sql(f"SELECT * FROM {relation}", dialect="duckdb").schema()
    return part_of(relation, {name: _kind(schema[name]) for name in schema}, place, rename)


def _kind(dtype: Any) -> Kind:
    if dtype.is_string():
        return Kind.TEXT
    if dtype.is_boolean():
        return Kind.BOOLEAN
    if dtype.is_integer():
        return Kind.INTEGER
    return Kind.REAL if dtype.is_numeric() else Kind.OTHER


@contextmanager
def _said_by(engine: str) -> Iterator[None]:
    """Whatever the engine raises, as a problem in its words."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Ibis and its backends deprecate of one another's
            yield
    except ImportError as error:
        remedy = 'Install it: pip install "mixablate[spark]"; for other engines, "ibis-framework[NAME]".'
        found = f"no package {error.name}"
        raise TableError(Problem("ENGINE_MISSING", engine, found, "Ibis with this backend", remedy)) from error
    except TableError:
        raise
    except Exception as error:
        raise TableError(_failed(engine, error)) from error


def _failed(engine: str, error: Exception) -> Problem:
    lines = [line.strip(": \t") for line in str(error).splitlines()]
    # py4j puts a line of its own before Java's
    said = next((line for line in lines if line and not line.startswith("An error occurred")), type(error).__name__)
    remedy = "Check that it runs, that this machine reaches it, and (Spark) that Java is installed."
    return Problem("ENGINE_FAILED", engine, said, "an engine that answers", remedy)
