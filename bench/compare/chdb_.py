"""chdb (ClickHouse as a library): MergeTree on disk, in the order of the log with bloom filters, and sorted by token."""

import math

import chdb
from chdb.session import Session

import source
from measured import DURABLE_SECONDS, Measured, Stopwatch, p50_us
from questions import Dialect, answer, in_sql

LOW = "LowCardinality(String)"
TEXT = "String CODEC(ZSTD)"
TIME = "DateTime64(6, 'UTC') CODEC(Delta, ZSTD)"
# Absent is '' or 0: Nullable columns are slower.
KINDS = dict.fromkeys(source.COLUMNS, LOW) | {
    "seq": "UInt64 CODEC(Delta, ZSTD)",
    "recorded_at": TIME,
    "occurred_at": TIME,
    "actor_id": "String",
    "credential_id": "String",
    "session_id": TEXT,
    "target_id": TEXT,
    "ip": "IPv6",
    "http_status": "UInt16",
    "http_latency_us": "UInt32",
    "metadata": TEXT,
}
INDEXES = """
    INDEX token credential_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX actor actor_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX time occurred_at TYPE minmax GRANULARITY 1"""
DURABLE = "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
DIALECT = Dialect(
    day="toDate(occurred_at)", instant=lambda at: f"toDateTime64('{at:%F %T.%f}', 6, 'UTC')"
)
BULK_ROWS = 1_000_000


def measure(task):
    kinds = "bloom filters on token and actor, minmax on time, ip as IPv6, LowCardinality, Delta and ZSTD; OPTIMIZE FINAL"
    arrival = Measured("chdb", chdb.__version__, f"ORDER BY seq; {kinds}")
    by_token = Measured("chdb, by token", chdb.__version__, f"ORDER BY (credential_id, seq); {kinds}")
    session = Session(str(task.home / "chdb"))

    batches = source.slices(task.parquet, 1000, task.durable_events)
    done, watch = insert(session, "durable", "seq", batches, DURABLE_SECONDS)
    arrival.ingested("batches of 1,000", done, watch.seconds)
    session.query("DROP TABLE durable SYNC")

    for table, order, measured in (("arrival", "seq", arrival), ("by_token", "(credential_id, seq)", by_token)):
        _, watch = insert(session, table, order, source.tables(task.parquet, BULK_ROWS))
        measured.ingested("in bulk", task.events, watch.seconds)
        session.query(f"OPTIMIZE TABLE {table} FINAL")
        parts = f"SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = '{table}'"
        measured.bytes_per_event = int(str(session.query(parts))) / task.events
        ask_all(session, table, task, measured)
        session.query(f"DROP TABLE {table} SYNC")
    session.close()
    return [arrival, by_token]


def insert(session, name, order, tables, seconds_max=math.inf):
    """Inserts Arrow tables, each by a statement of its own, until the time is over; gives how many rows, and the time
    that took."""
    columns = ",".join(f"{column} {kind}" for column, kind in KINDS.items())
    session.query(f"CREATE TABLE {name} ({columns},{INDEXES}) ENGINE = MergeTree ORDER BY {order} {DURABLE}")
    values = ", ".join(value_of(column) for column in KINDS)
    done, watch = 0, Stopwatch()
    for batch in tables:  # noqa: B007, Python(batch) finds it by its name
        with watch:
            session.query(f"INSERT INTO {name} SELECT {values} FROM Python(batch)")
        done += batch.num_rows
        if watch.seconds > seconds_max:
            break
    return done, watch


def value_of(column):
    if column == "ip":
        return "toIPv6(ip)"
    if column in source.TIMES | {"seq"}:
        return column
    absent = "0" if column in source.INTEGERS else "''"
    return f"ifNull({column}, {absent})"


def ask_all(session, table, task, measured):
    for name, sql in in_sql(task.filters, DIALECT).items():
        sql = sql.replace("FROM events", f"FROM {table}")
        ask = lambda: session.query(sql, "TabSeparated")
        measured.p50_us[name] = p50_us(ask, task.rounds)
        lines = str(ask()).replace("::ffff:", "").splitlines()
        measured.answers[name] = answer(name, [line.split("\t") for line in lines])
