#!/usr/bin/env python3
"""Parquet files that we write are read by pyarrow and DuckDB: the same values, the same counts.

First random events, written by the library as Parquet and as JSON Lines. Then, when the binary is given, the same events
imported, exported in both formats, and counted by `aggregate` and by DuckDB. Needs requirements.txt of this folder.

    parquet.py [BINARY]
"""

import collections
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
EVENTS = 5_000
FIELDS = ["action", "outcome", "severity", "tenant", "actor.type", "actor.id", "context.ip", "http.status", "reason",
          "credential.kind", "client.id", "context.geo.country"]


def sample():
    """Writes the two files."""
    home = TARGET / "interop-parquet"
    home.mkdir(parents=True, exist_ok=True)
    cargo = ["cargo", "run", "--quiet", "--package", "indelible-stores", "--features", "parquet"]
    subprocess.run([*cargo, "--example", "parquet_sample", "--", home, str(EVENTS)], cwd=ROOT, check=True)
    return home / "sample.parquet", home / "sample.jsonl"


TIMES = {"recorded_at", "occurred_at", "first_at", "last_at", "credential_expires_at"}
LISTS = {"tags", "credential_scopes", "oauth_scopes_requested", "oauth_scopes_granted"}
BLOBS = {"metadata", "changes", "targets_attrs"}


def columns_of(event):
    """What the row of an event holds, by the rules in the documentation of the Parquet export."""
    row = {}

    def put(path, value):
        name = "_".join(path)
        if name in BLOBS:
            row[name] = value
        elif isinstance(value, dict):
            for key, below in value.items():
                put([*path, key], below)
        elif name in TIMES:
            row[name] = datetime.datetime.fromisoformat(value)
        else:
            row[name] = value

    elements = {"targets": ["type", "id", "name"], "on_behalf_of": ["type", "id", "name", "email"]}
    for key, value in event.items():
        if key in elements:
            for field in elements[key]:
                row[f"{key}_{field}"] = [element.get(field) for element in value]
            if any("attrs" in element for element in value):
                row["targets_attrs"] = [element.get("attrs", {}) for element in value]
        else:
            put([key], value)
    return row


def row_of(read):
    """A row as a reader gives it, without what is absent, its JSON parsed."""
    row = {name: value for name, value in read.items() if value is not None}
    for name in BLOBS & row.keys():
        row[name] = json.loads(row[name])
    return row


def counts(rows, *names):
    return collections.Counter(tuple(row.get(name) for name in names) for row in rows)


def compare_rows(reader, rows, expected):
    assert len(rows) == len(expected), f"{reader}: {len(rows)} rows, not {len(expected)}"
    for read, event in zip(rows, expected):
        for name in read.keys() | event.keys():
            assert read.get(name) == event.get(name), (
                f"{reader}: event {event['seq']}, {name}: {read.get(name)!r}, not {event.get(name)!r}"
            )


def with_pyarrow(path, expected):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    assert table.schema.field("occurred_at").type == pa.timestamp("us", tz="UTC")
    assert pa.types.is_list(table.schema.field("tags").type)
    compare_rows("pyarrow", [row_of(row) for row in table.to_pylist()], expected)


def with_duckdb(path, expected, aggregate):
    import duckdb

    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.execute(f"CREATE VIEW events AS SELECT * FROM '{path}'")
    cursor = database.execute("SELECT * FROM events ORDER BY seq")
    names = [column[0] for column in cursor.description]
    compare_rows("DuckDB", [row_of(dict(zip(names, row))) for row in cursor.fetchall()], expected)

    def query(sql):
        return collections.Counter({tuple(row[:-1]): row[-1] for row in database.execute(sql).fetchall()})

    for field in FIELDS:
        name = field.replace(".", "_")
        counted = query(f"SELECT {name}, count(*) FROM events GROUP BY 1")
        assert counted == counts(expected, name), f"DuckDB: {field}"
        if aggregate:
            assert counted == aggregate(field), f"aggregate and DuckDB: {field}: {aggregate(field)}, {counted}"
    hours = query("SELECT date_trunc('hour', occurred_at), action, count(*) FROM events GROUP BY 1, 2")
    by_hour = [row | {"hour": row["occurred_at"].replace(minute=0, second=0, microsecond=0)} for row in expected]
    assert hours == counts(by_hour, "hour", "action"), "hour x action"
    targets = query("SELECT unnest(targets_type), count(*) FROM events GROUP BY 1")
    assert targets == collections.Counter((type,) for row in expected for type in row.get("targets_type", [])), "targets"


def compare(parquet, lines, aggregate=None):
    with open(lines, encoding="utf-8") as file:
        expected = [columns_of(json.loads(line)) for line in file]
    with_pyarrow(parquet, expected)
    with_duckdb(parquet, expected, aggregate)
    print(f"{parquet.name}: {len(expected)} events are the same in pyarrow and DuckDB")


def through_the_binary(binary, lines):
    """Imports the events, exports them again, and compares."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="indelible-parquet-"))

    def run(*arguments):
        command = [binary, *arguments, "--data", home / "data"]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout

    def aggregate(field):
        table = json.loads(run("aggregate", "--by", field, "--limit", "100000", "--json"))
        return collections.Counter({tuple(row[:-1]): row[-1] for row in table["rows"]})

    try:
        run("import", "--format", "indelible", lines)
        parquet, exported = home / "exported.parquet", home / "exported.jsonl"
        run("export", "--output", parquet)
        run("export", "--output", exported)
        compare(parquet, exported, aggregate)
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    written = sample()
    compare(*written)
    for binary in sys.argv[1:]:
        through_the_binary(pathlib.Path(binary).resolve(), written[1])
