"""SQLite: one table, five indexes that each cover a question, WAL with an fsync a transaction."""

import datetime
import math
import sqlite3

import pyarrow as pa

import source
from measured import DURABLE_SECONDS, Measured, Stopwatch, p50_us
from questions import Dialect, answer, in_sql

PRAGMAS = {"page_size": 8192, "journal_mode": "WAL", "synchronous": "FULL", "cache_size": -1_000_000,
           "mmap_size": 8 << 30, "wal_autocheckpoint": 10_000, "threads": 2}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
DIALECT = Dialect(
    day="occurred_at / 86400000000",
    instant=lambda at: str(microseconds(at)),
)


def measure(task):
    settings = ", ".join(f"{name}={value}" for name, value in PRAGMAS.items())
    indexes = "; ".join(f"({columns})" for columns in source.INDEXES.values())
    measured = Measured("SQLite", sqlite3.sqlite_version, f"{settings}; indexes {indexes}; VACUUM, ANALYZE")
    path = task.home / "events.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    for name, value in PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")
    columns = ", ".join(f"{name} {kind(name)}" for name in source.COLUMNS)
    connection.execute(f"CREATE TABLE events ({columns})")
    load(connection, task, measured)
    measured.bytes_per_event = path.stat().st_size / task.events
    for name, sql in in_sql(task.filters, DIALECT).items():
        # Else its planner walks all of by_ip for the sake of the groups, instead of the hour in by_outcome.
        sql = sql.replace("SELECT ip,", "SELECT +ip,")
        ask = lambda: connection.execute(sql).fetchall()
        measured.p50_us[name] = p50_us(ask, task.rounds)
        rows = ask()
        if " AS day" in sql:
            rows = [((EPOCH + datetime.timedelta(row[0])).date(), *row[1:]) for row in rows]
        measured.answers[name] = answer(name, rows)
    return [measured]


def load(connection, task, measured):
    create_indexes(connection)
    done, seconds = insert(connection, rows_of(source.slices(task.parquet, 1000, task.durable_events)), DURABLE_SECONDS)
    measured.ingested("batches of 1,000", done, seconds)
    if done < task.events:
        for name in source.INDEXES:
            connection.execute(f"DROP INDEX {name}")
        connection.execute("PRAGMA synchronous = OFF")
        insert(connection, rows_of(source.rest(task.parquet, 50_000, done)))
        create_indexes(connection)
    for step in ("VACUUM", "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"):
        connection.execute(step).fetchall()


def create_indexes(connection):
    for name, columns in source.INDEXES.items():
        connection.execute(f"CREATE INDEX {name} ON events ({columns})")


def insert(connection, batches, seconds_max=math.inf):
    """Inserts each batch in a transaction until the time is over; gives how many rows, and the time that took."""
    done, watch = 0, Stopwatch()
    statement = f"INSERT INTO events VALUES ({', '.join('?' * len(source.COLUMNS))})"
    for rows in batches:
        with watch:
            connection.execute("BEGIN")
            connection.executemany(statement, rows)
            connection.execute("COMMIT")
        done += len(rows)
        if watch.seconds > seconds_max:
            break
    return done, watch.seconds


def rows_of(tables):
    for table in tables:
        yield list(zip(*(column_of(column) for column in table.columns)))


def column_of(column):
    return (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()


def kind(name):
    if name == "seq":
        return "INTEGER PRIMARY KEY"
    return "INTEGER" if name in source.INTEGERS | source.TIMES else "TEXT"


def microseconds(at):
    return (at - EPOCH) // datetime.timedelta(microseconds=1)
