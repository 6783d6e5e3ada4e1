"""Indelible: makes the events, over HTTP; everyone else gets the export of that log."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from measured import Measured, bytes_under
from questions import NEWEST, QUESTIONS, answer

SINGLE_EVENTS = 100_000
ANSWER_ROWS = 100_000


class Indelible:
    def __init__(self, binary, home):
        self.binary, self.home, self.log = binary, home, home / "log"

    def run(self, *arguments, **env):
        """Runs a command; gives the JSON values it prints."""
        command = [self.binary, *map(str, arguments), "--json"]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env={**os.environ, **env})
        return [json.loads(line) for line in done.stdout.splitlines()]

    def version(self):
        return subprocess.check_output([self.binary, "--version"], text=True).split()[1]

    @contextlib.contextmanager
    def served(self, data):
        """A server of its own process: where it is, the environment with its key, its process."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        command = [self.binary, "serve", "--data", data, "--listen", address, "--log-level", "warn"]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait_for(address, server)
            key = (data / "keys" / "admin.key").read_text().strip()
            yield f"http://{address}", {"INDELIBLE_KEY": key}, server
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()

    def ingest(self, data, events, batch, concurrency):
        """Sends generated events over HTTP; gives what was measured."""
        with self.served(data) as (url, env, server):
            size = ["--events", events, "--batch", batch, "--concurrency", concurrency]
            [measured] = self.run("bench", "ingest", "--url", url, *size, **env)
            rss = rss_max_bytes(server.pid)
        wanted = {name: measured[name] for name in ("events", "events_per_s", "ack_p50_us", "ack_p99_us")}
        return {**wanted, "rss_max_bytes": rss}

    def make(self, events):
        """Makes the log that everything is measured on; gives how that went, and the disk's fsync beside it."""
        went = self.ingest(self.log, events, 1000, 4)
        # Recording nothing seals what the server left in its WAL, and asks the disk how fast it is.
        [sealed] = self.run("bench", "ingest", "--events", 0, "--data", self.log)
        return went, sealed["fsync_p50_us"]

    def export(self, parquet):
        subprocess.run([self.binary, "export", "--data", self.log, "-o", parquet], check=True, stdout=subprocess.DEVNULL)

    def filters(self):
        return {of["name"]: of["filter"] for of in self.run("bench", "query", "--rounds", 1, "--data", self.log)}

    def answers(self, filters):
        return {of.name: answer(of.name, self.rows(of, filters[of.name])) for of in QUESTIONS}

    def rows(self, question, filter_line):
        where = [*filter_line.split(), "--data", self.log]
        if question.name == NEWEST:
            return [[event["seq"]] for event in self.run("list", *where, "--limit", 50)]
        options = {"--by": question.groups, "--measure": question.measure, "--having": question.having}
        given = [word for option, value in options.items() if value for word in (option, value)]
        [table] = self.run("aggregate", *where, *given, "--limit", ANSWER_ROWS)
        assert table["exact"], f"{question.name}: not exact"
        return [[day_of(cell) for cell in row] for row in table["rows"]]


def measure(indelible, task, went):
    """The log in this process, and over HTTP: two results. `went` is how the log was made."""
    about = {"version": indelible.version()}
    local = Measured("Indelible", settings="in-process: `bench query --data`", **about)
    remote = Measured("Indelible, HTTP", settings="`serve`, asked over the loopback: `bench query --url`", **about)

    scratch = indelible.home / "scratch"
    size = ["--events", task.events, "--batch", 1000, "--concurrency", 4]
    [measured] = indelible.run("bench", "ingest", *size, "--data", scratch)
    local.ingested("batches of 1,000", task.events, measured["seconds"], ack_p99_us=measured["ack_p99_us"])
    shutil.rmtree(scratch)
    remote.ingest["batches of 1,000"] = went
    remote.ingest["one event each"] = indelible.ingest(scratch, min(SINGLE_EVENTS, task.events), 1, 256)
    shutil.rmtree(scratch)

    local.bytes_per_event = remote.bytes_per_event = bytes_under(indelible.log) / task.events
    local.p50_us = p50s(indelible.run("bench", "query", "--rounds", task.rounds, "--data", indelible.log))
    local.answers = indelible.answers(task.filters)
    # The last, for a server records in the log that it was read.
    with indelible.served(indelible.log) as (url, env, _):
        remote.p50_us = p50s(indelible.run("bench", "query", "--rounds", task.rounds, "--url", url, **env))
    return [local, remote]


def p50s(lines):
    return {of["name"]: of["p50_us"] for of in lines}


def day_of(cell):
    return cell[:10] if isinstance(cell, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00\.0+Z", cell) else cell


def wait_for(address, server):
    host, port = address.split(":")
    while server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
            return
        time.sleep(0.02)
    raise SystemExit("the server did not start")


def rss_max_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
