#!/usr/bin/env python3
"""The log and DuckDB give the same answers: seven questions of every day, and many random filters and aggregates.

The log holds all samples, random events with every field, and events of `bench ingest`, in several segments and in the
write-ahead log. DuckDB reads its Parquet export. A disagreement is printed with the question in both languages, the
seed, and the place of the data. Needs requirements.txt of this folder.

    differential.py BINARY [--questions N] [--seed N] [--data DIR]
"""

import argparse
import datetime
import ipaddress
import json
import pathlib
import random
import shutil
import sys
import tempfile
import time

import duckdb
import pyarrow as pa

import aggregates
import parquet
from questions import BLOBS, Questions, micros, source
from served import Server, run, samples

# Over 200,000 events and more than one segment: large questions take two threads.
INGESTS = [120_000, 80_000]
PAGES = 3


class Filling:
    """What goes into the log: half of the imports before all else, half when the server runs, so that they stay in the
    write-ahead log."""

    def __init__(self, binary, home, seed):
        files = samples()
        lines = parquet.sample()[1].read_text(encoding="utf-8").splitlines(keepends=True)
        self.binary, self.seed, self.halves = binary, seed, []
        for half in range(2):
            part = home / f"random-{half}.jsonl"
            part.write_text("".join(lines[half::2]), encoding="utf-8")
            self.halves.append([*files[half::2], part])

    def sealed(self, data):
        run(self.binary, "import", *self.halves[0], "--on-error", "skip", "--data", data)
        for nth, events in enumerate(INGESTS):
            run(self.binary, "bench", "ingest", "--events", str(events), "--seed", str(self.seed + nth), "--data", data)

    def tail(self, server):
        run(self.binary, "import", *self.halves[1], "--on-error", "skip", "--url", server.url, "--key", server.key)


def leaves(text):
    """The paths and texts of the values in a JSON text; lists stand for their elements, numbers keep their digits."""
    below = [((), json.loads(text, parse_int=str, parse_float=str))]
    while below:
        path, value = below.pop()
        if isinstance(value, dict):
            below.extend(((*path, name), inner) for name, inner in value.items())
        elif isinstance(value, list):
            below.extend((path, inner) for inner in value)
        elif value is not None:
            yield path, {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value


def load(exported):
    """The export as tables: events, the values in their free data, and their addresses as numbers."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.execute(f"CREATE VIEW exported AS SELECT * FROM '{exported}'")
    found = {"seq": [], "blob": [], "path": [], "text": []}
    known = {}
    for path, column in BLOBS.items():
        rows = database.execute(f"SELECT seq, {column} FROM exported WHERE {column} IS NOT NULL ORDER BY seq").fetchall()
        for seq, text in rows:
            values = known.setdefault(text, None) or [(json.dumps(at, ensure_ascii=False), text) for at, text in leaves(text)]
            known[text] = values
            for at, value in values:
                for name, cell in zip(found, (seq, path, at, value)):
                    found[name].append(cell)
    database.register("leaves_found", pa.table(found))
    database.execute("CREATE TABLE leaves AS SELECT * FROM leaves_found ORDER BY blob, path, seq")
    ips = [ip for (ip,) in database.execute("SELECT DISTINCT context_ip FROM exported WHERE context_ip IS NOT NULL").fetchall()]
    numbers = [ipaddress.ip_address(ip) for ip in ips]
    addresses = {"text": ips, "version": [ip.version for ip in numbers], "number": [f"{int(ip):032x}" for ip in numbers]}
    database.register("addresses_found", pa.table(addresses))
    database.execute("CREATE TABLE addresses AS SELECT * FROM addresses_found")
    columns = database.execute("DESCRIBE exported").fetchall()
    blobs = set(BLOBS.values())
    texts = [name for name, type, *_ in columns if type == "VARCHAR" and name not in {"id", *blobs}]
    lists = [f"array_to_string({name}, chr(1))" for name, type, *_ in columns if type == "VARCHAR[]"]
    terms, free = ", ".join([*texts, *lists]), ", ".join(f"{blob}::VARCHAR" for blob in sorted(blobs))
    database.execute(
        f"CREATE TABLE events AS SELECT *, lower(concat_ws(chr(1), {terms})) AS all_terms, "
        f"lower(concat_ws(chr(1), {free})) AS all_json FROM exported"
    )
    return database


class Different(Exception):
    pass


def same(what, found, expected, line, params, sql):
    if found == expected:
        return
    at = 0
    if isinstance(found, list):
        at = next((nth for nth, (a, b) in enumerate(zip(found, expected)) if a != b), min(len(found), len(expected)))
        found, expected = found[at : at + 3], expected[at : at + 3]
    answers = f"  log    {found}\n  DuckDB {expected}"
    raise Different(f"{what}, at {at}:\n{answers}\n  filter {line}\n  params {params}\n  SQL    {sql}")


def check_page(server, database, line, where, draw):
    """The first pages of a filter, newest or oldest first."""
    order, limit = draw.choice(["newest", "oldest"]), draw.choice([1, 3, 50, 200])
    found, cursor = [], {}
    for _ in range(PAGES):
        page = server.get("/v1/events", q=line, order=order, limit=limit, **cursor)
        if "refused" in page:
            raise Different(f"{page['refused']}\n  filter {line}")
        found += [event["seq"] for event in page["events"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    falling = "DESC" if order == "newest" else "ASC"
    sql = f"SELECT e.seq FROM {source(where)} WHERE {where} ORDER BY e.seq {falling} LIMIT {len(found) + 1}"
    expected = [seq for (seq,) in database.execute(sql).fetchall()]
    ended = page["next"] is None
    same(f"page, {order}, limit {limit}", found + ([] if ended else expected[len(found) :]), expected, line, {}, sql)
    return len(expected)


def check_aggregate(server, database, aggregate, line, where):
    database.execute(f"SET TimeZone = '{aggregate.zone}'")
    sql = aggregate.sql(where)
    rows, groups = aggregate.table(database.execute(sql).fetchall())
    table = server.get("/v1/aggregate", q=line, **aggregate.params)
    if "refused" in table:
        raise Different(f"{table['refused']}\n  filter {line}\n  params {aggregate.params}")
    times = aggregate.time_columns()
    found = [[of_time(value) if time and value is not None else value for value, time in zip(row, times)] for row in table["rows"]]
    same("groups", table["groups"], groups, line, aggregate.params, sql)
    same("rows", found, rows, line, aggregate.params, sql)
    if not table["exact"]:
        raise Different(f"not exact: {aggregate.params}")


def of_time(text):
    return micros(datetime.datetime.fromisoformat(text))


def daily(database, end_seq):
    """The seven questions of `bench query`: parameters, and the SQL of all rows."""
    token = lambda n: f"credential_id = '{n}'"
    usage = "SELECT credential_id, count(*) n FROM events WHERE starts_with(credential_id, 'tok_') GROUP BY 1 ORDER BY n DESC, 1"
    tokens = [name for name, _ in database.execute(usage).fetchall()]
    busy, middle, rare = tokens[0], tokens[100], tokens[-1]
    user = database.execute(f"SELECT actor_id FROM events WHERE {token(busy)} GROUP BY 1 ORDER BY count(*) DESC LIMIT 1").fetchone()[0]
    last = database.execute(f"SELECT epoch_us(max(occurred_at)) FROM events WHERE {token(busy)}").fetchone()[0]
    hour_ago = last - 3_600_000_000
    since = database.execute(f"SELECT strftime(make_timestamp({hour_ago}), '%Y-%m-%dT%H:%M:%S.%fZ')").fetchone()[0]
    until = f" seq:..{end_seq - 1}"
    day = "epoch_us(date_trunc('day', occurred_at))"
    yield f"credential.id:{rare}{until}", None, f"SELECT seq FROM events WHERE {token(rare)} ORDER BY seq DESC LIMIT 50"
    yield f"credential.id:{busy}{until}", {"group_by": "day"}, f"SELECT {day}, count(*) FROM events WHERE {token(busy)} GROUP BY 1"
    yield f"credential.id:{middle}{until}", {"group_by": "ip"}, f"SELECT context_ip, count(*) FROM events WHERE {token(middle)} GROUP BY 1"
    of_user = f"SELECT credential_id, count(*) FROM events WHERE actor_id = '{user}' GROUP BY 1"
    yield f"actor.id:{user}{until}", {"group_by": "credential.id"}, of_user
    recent = f"outcome = 'failure' AND epoch_us(occurred_at) >= {hour_ago}"
    failures = f"SELECT context_ip, count(*) FROM events WHERE {recent} GROUP BY 1 HAVING count(*) > 10"
    yield f"outcome:failure since:{since}{until}", {"group_by": "ip", "having": "count>=11"}, failures
    yield until, {"group_by": "day,action", "limit": "100000"}, f"SELECT {day}, action, count(*) FROM events GROUP BY 1, 2"
    yield until, {"measure": "distinct(ip)"}, "SELECT count(DISTINCT context_ip) FROM events"


def check_daily(server, database, end_seq):
    database.execute("SET TimeZone = 'UTC'")
    for line, params, sql in daily(database, end_seq):
        expected = sorted(map(list, database.execute(sql).fetchall()), key=str)
        if params is None:
            found = [[event["seq"]] for event in server.get("/v1/events", q=line, limit=50)["events"]]
        else:
            table = server.get("/v1/aggregate", q=line, **params)
            by_day = params.get("group_by", "").startswith("day")
            found = [[of_time(row[0]), *row[1:]] if by_day else row for row in table.get("rows", [table])]
        assert expected, f"nothing to find: {sql}"
        same("a question of every day", sorted(found, key=str), expected, line, params, sql)
    return 7


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary", type=pathlib.Path)
    arguments.add_argument("--questions", type=int, default=500)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--data", type=pathlib.Path, help="a log that was made before, to ask it again")
    options = arguments.parse_args()
    binary, started = options.binary.resolve(), time.monotonic()
    home = pathlib.Path(tempfile.mkdtemp(prefix="indelible-differential-"))
    data = options.data or home / "data"
    filling = None if options.data else Filling(binary, home, options.seed)
    if filling:
        filling.sealed(data)
    server = Server(binary, data)
    try:
        if filling:
            filling.tail(server)
        exported = home / "exported.parquet"
        run(binary, "export", "--output", exported, "--url", server.url, "--key", server.key)
        ask(server, exported, options, started)
    finally:
        server.stop()
    shutil.rmtree(home)


def ask(server, exported, options, started):
    database = load(exported)
    (end_seq,) = database.execute("SELECT max(seq) + 1 FROM events").fetchone()
    draw = random.Random(options.seed)
    questions = Questions(database, draw, end_seq)
    ready, different, empty = time.monotonic(), 0, 0
    asked = check_daily(server, database, end_seq)
    for nth in range(options.questions):
        line, where = questions.filter()
        aggregate = aggregates.drawn(questions)
        try:
            empty += check_page(server, database, line, where, draw) == 0
            check_aggregate(server, database, aggregate, line, where)
        except Different as problem:
            different += 1
            print(f"question {nth} of seed {options.seed}: {problem}\n", file=sys.stderr)
        asked += 2
    if different:
        sys.exit(f"{different} questions are answered otherwise; ask again: --seed {options.seed} --data {server.data}")
    print(
        f"{asked} questions over {end_seq} events have the same answers in DuckDB, {empty} of them none "
        f"({ready - started:.0f} s to prepare, {time.monotonic() - ready:.0f} s to ask)"
    )


if __name__ == "__main__":
    main()
