"""Outboxes in SQLite and Postgres under SIGKILL of every side: writers, drainers, the log's server, and the database.

Writers count accounts up, one row of history a change, and record an event in the same transaction; triggers record the change of the
account beside it. Some transactions are rolled back, and writers die in the middle of others. At the end the log has one event
and one trigger's event for each row of history, no other, and those of an account in the order of its changes.
Usage: tests/torture/run outbox [--quick] [--seconds N] [--only sqlite|postgres]; 60 seconds each unless told, 8 with --quick.
Postgres is left out where it is not installed.
"""

import argparse
import collections
import glob
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time

from served import Served, Verdict

ACCOUNTS = 7
WRITERS = 3
SETTLE_SECONDS = 120

TABLES = """
    CREATE TABLE accounts (id integer PRIMARY KEY, version integer NOT NULL);
    CREATE TABLE history (account integer, version integer, PRIMARY KEY (account, version));
"""


class Sqlite:
    """A SQLite database and those who write to it."""

    name = "sqlite"

    def __init__(self, place):
        self.address = str(place / "app.db")
        with sqlite3.connect(self.address) as connection:
            connection.execute("PRAGMA journal_mode = wal")
            connection.executescript(TABLES)
            connection.executemany("INSERT INTO accounts VALUES (?, 0)", [(account,) for account in range(ACCOUNTS)])

    def write(self, seed):
        """Runs in a process of its own, until it is killed or kills itself."""
        chance = random.Random(seed)
        connection = sqlite3.connect(self.address, timeout=60, isolation_level=None)
        while True:
            account = chance.randrange(ACCOUNTS)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE accounts SET version = version + 1 WHERE id = ?", (account,))
            (version,) = connection.execute("SELECT version FROM accounts WHERE id = ?", (account,)).fetchone()
            connection.execute("INSERT INTO history VALUES (?, ?)", (account, version))
            connection.execute("INSERT INTO indelible_outbox (event) VALUES (?)", (json.dumps(event(account, version)),))
            if chance.random() < 0.01:
                os.kill(os.getpid(), signal.SIGKILL)
            connection.execute("ROLLBACK" if chance.random() < 0.2 else "COMMIT")

    def kill(self):
        """SQLite has no process of its own."""

    def rest(self):
        """Its writers are gone."""

    def history(self):
        with sqlite3.connect(self.address) as connection:
            return connection.execute("SELECT account, version FROM history").fetchall()

    def close(self):
        pass


class Postgres:
    """A Postgres on a socket of its own, and those who write to it."""

    name = "postgres"

    def __init__(self, place):
        self.bin = pathlib.Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
        self.place = place / "postgres"
        self.place.mkdir()
        # Postgres does not run as root.
        self.account = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []
        if self.account:
            os.chmod(place, 0o755)
            shutil.chown(self.place, "nobody", "nogroup")
        self.address = f"host={self.place} user=indelible dbname=postgres"
        self.control("initdb", "--auth", "trust", "--username", "indelible", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.place}' -c fsync=off"
        self.control("pg_ctl", "--wait", "--log", str(self.place / "server.log"), "--options", options, "start")
        self.run(f"{TABLES} INSERT INTO accounts SELECT generate_series(0, {ACCOUNTS - 1}), 0")

    def control(self, program, *arguments):
        command = [*self.account, str(self.bin / program), "--pgdata", str(self.place / "data"), *arguments]
        done = subprocess.run(command, cwd=self.place, env={"HOME": str(self.place)}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode:
            raise SystemExit(f"{program}: {done.stderr.decode()}")

    def psql(self, **options):
        command = [str(self.bin / "psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", self.address]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **options)

    def run(self, sql):
        psql = self.psql(stdout=subprocess.PIPE)
        out, _ = psql.communicate(sql)
        if psql.returncode:
            raise OSError(f"psql ended with {psql.returncode}")
        return out

    def write(self, seed):
        """Writes through a psql, and through another when that dies or Postgres does."""
        chance = random.Random(seed)
        while True:
            psql = self.psql(stdout=subprocess.DEVNULL)
            try:
                while True:
                    psql.stdin.write(self.transaction(chance))
                    psql.stdin.flush()
                    if chance.random() < 0.01:
                        psql.kill()
            except OSError:
                psql.kill()
                psql.wait()
                time.sleep(0.05)

    def transaction(self, chance):
        account = chance.randrange(ACCOUNTS)
        end = "ROLLBACK" if chance.random() < 0.2 else "COMMIT"
        return f"""BEGIN;
            UPDATE accounts SET version = version + 1 WHERE id = {account} RETURNING version \\gset
            INSERT INTO history VALUES ({account}, :version);
            SELECT indelible_record(jsonb_set('{json.dumps(event(account, 0))}', '{{metadata,version}}', to_jsonb(:version)));
            {end};
        """

    def kill(self):
        """Kills a process of Postgres: all others end too, and it recovers."""
        try:
            pids = self.run("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()").split()
            if pids:
                os.kill(int(random.choice(pids)), signal.SIGKILL)
        except OSError:
            pass

    def rest(self):
        """Waits until what was written to a psql is done: it outlives whoever wrote."""
        while self.run("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()").strip() != "0":
            time.sleep(0.1)

    def history(self):
        lines = self.run("SELECT account || ' ' || version FROM history").splitlines()
        return [tuple(map(int, line.split())) for line in lines]

    def close(self):
        self.control("pg_ctl", "--wait", "--mode", "immediate", "stop")


def event(account, version):
    target = {"type": "counted", "id": str(account)}
    return {"action": "account.updated", "targets": [target], "metadata": {"version": version}}


class Drainer:
    """`indelible outbox drain --follow`, one after another."""

    def __init__(self, binary, database, served):
        self.command = [binary, "outbox", "drain", database.address, "--url", served.url, "--key", served.key]
        self.process = None

    def start(self):
        self.process = subprocess.Popen([*self.command, "--follow"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def finish(self):
        """Drains to the end."""
        self.kill()
        until = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < until:
            done = subprocess.run(self.command, capture_output=True, text=True)
            if done.returncode == 0:
                return
            time.sleep(0.2)
        raise SystemExit(f"the outbox cannot be drained: {done.stderr}")


def torture(kind, binary, seconds, verdict, place):
    database = kind(place)
    served = Served(binary, place / "data")
    served.start()
    for command in (["schema", "--apply", database.address], ["triggers", database.address, "--table", "accounts", "--type", "account", "--apply"]):
        subprocess.run([binary, "outbox", *command], check=True, stdout=subprocess.DEVNULL)
    drainers = [Drainer(binary, database, served) for _ in range(2)]
    writers = [None] * WRITERS
    kills = collections.Counter()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for at, writer in enumerate(writers):
            if not (writer and writer.is_alive()):
                kills["writer"] += writer is not None
                writers[at] = multiprocessing.Process(target=database.write, args=(random.random(),), daemon=True)
                writers[at].start()
        for drainer in drainers:
            if not drainer.process or drainer.process.poll() is not None or random.random() < 0.3:
                kills["drainer"] += drainer.process is not None
                drainer.kill()
                drainer.start()
        if random.random() < 0.1:
            kills["log"] += 1
            served.kill()
            served.start()
        if random.random() < 0.1:
            kills["database"] += kind is Postgres
            database.kill()
        if random.random() < 0.2:
            random.choice(writers).kill()
        time.sleep(0.2)
    for writer in writers:
        writer.kill()
        writer.join()
    for drainer in drainers:
        drainer.kill()
    database.rest()
    drainers[0].finish()
    judge(database, served, kills, verdict, place / "events.jsonl")
    database.close()
    served.kill()


def judge(database, served, kills, verdict, exported):
    command = [served.binary, "export", "--url", served.url, "--key", served.key, "-o", str(exported)]
    subprocess.run(command, check=True, capture_output=True)
    recorded, triggered = collections.defaultdict(list), collections.defaultdict(list)
    for line in exported.open():
        found = json.loads(line)
        account = found.get("targets", [{}])[0].get("id")
        if found["action"] == "account.updated":
            recorded[int(account)].append(found["metadata"]["version"])
        elif found["action"] == "resource.updated":
            triggered[int(account)].append(found["changes"]["after"]["version"])
    changed = collections.defaultdict(list)
    for account, version in sorted(database.history()):
        changed[account].append(version)
    total = sum(map(len, changed.values()))
    verdict.check(total > 0 and recorded == changed, f"{database.name}: {total} changes, each with its event, in order, over {dict(kills)} kills")
    verdict.check(triggered == changed, f"{database.name}: and each with its trigger's event")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    options = parser.parse_args()
    seconds = options.seconds or (8 if options.quick else 60)
    kinds = [Sqlite] + ([Postgres] if glob.glob("/usr/lib/postgresql/*/bin") else [])
    verdict = Verdict()
    for kind in kinds:
        if options.only in (None, kind.name):
            with tempfile.TemporaryDirectory() as place:
                torture(kind, options.binary, seconds, verdict, pathlib.Path(place))
    verdict.end()


if __name__ == "__main__":
    main()
