"""DuckDB: its own file, in the order of the log and sorted by token."""

import math

import duckdb

import source
from measured import DURABLE_SECONDS, Measured, Stopwatch, p50_us
from questions import Dialect, answer, in_sql

KINDS = dict.fromkeys(source.INTEGERS, "BIGINT") | dict.fromkeys(source.TIMES, "TIMESTAMP")
DIALECT = Dialect(day="occurred_at::DATE", instant=lambda at: f"TIMESTAMP '{at:%F %T.%f}'")
BULK_ROWS = 1_000_000


def measure(task):
    arrival = Measured("DuckDB", duckdb.__version__, "in the order of the log, which its zone maps of time profit from")
    by_token = Measured("DuckDB, by token", duckdb.__version__, "table rewritten ORDER BY credential_id, seq")

    with duckdb.connect(task.home / "durable.duckdb") as connection:
        done, watch = insert(connection, source.slices(task.parquet, 1000, task.durable_events), DURABLE_SECONDS)
        arrival.ingested("batches of 1,000", done, watch.seconds)

    path = task.home / "arrival.duckdb"
    with duckdb.connect(path) as connection:
        _, watch = insert(connection, source.tables(task.parquet, BULK_ROWS))
        with watch:
            connection.execute("CHECKPOINT")
        arrival.ingested("in bulk", task.events, watch.seconds)
        arrival.bytes_per_event = path.stat().st_size / task.events
        ask_all(connection, task, arrival)

    # A file of its own: dropping a table does not shrink the file.
    path = task.home / "by_token.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(f"ATTACH '{task.home / 'arrival.duckdb'}' AS arrival (READ_ONLY)")
        with (sorting := Stopwatch()):
            connection.execute("CREATE TABLE events AS SELECT * FROM arrival.events ORDER BY credential_id, seq")
            connection.execute("CHECKPOINT")
        by_token.ingested("in bulk", task.events, watch.seconds + sorting.seconds)
        connection.execute("DETACH arrival")
        by_token.bytes_per_event = path.stat().st_size / task.events
        ask_all(connection, task, by_token)
    return [arrival, by_token]


def insert(connection, tables, seconds_max=math.inf):
    """Inserts Arrow tables, each in a transaction of its own, until the time is over; gives how many rows, and the time
    that took."""
    columns = ", ".join(f"{name} {KINDS.get(name, 'VARCHAR')}" for name in source.COLUMNS)
    connection.execute(f"CREATE TABLE events ({columns})")
    done, watch = 0, Stopwatch()
    for table in tables:
        connection.register("batch", table)
        with watch:
            connection.execute("INSERT INTO events SELECT * FROM batch")
        connection.unregister("batch")
        done += table.num_rows
        if watch.seconds > seconds_max:
            break
    return done, watch


def ask_all(connection, task, measured):
    for name, sql in in_sql(task.filters, DIALECT).items():
        ask = lambda: connection.execute(sql).fetchall()
        measured.p50_us[name] = p50_us(ask, task.rounds)
        measured.answers[name] = answer(name, ask())
