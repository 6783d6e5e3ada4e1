"""Disks that fill and fall read-only, and a writer that remembers what was acknowledged."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from served import START_SECONDS, Served

# How long the server may take to notice that the disk works again: it tries every second, and to seal every 15 seconds.
SETTLE_SECONDS = 40
REQUEST_EVENTS = 200


def arguments(quick):
    """What the programs here are called with; `quick` says what the short form is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--quick", action="store_true", help=quick)
    return parser.parse_args()


def enter_namespace():
    """Who is not root becomes so in a namespace of the process's own, where file systems can be mounted."""
    if os.geteuid() == 0:
        return
    if "INDELIBLE_NAMESPACE" in os.environ:
        sys.exit("cannot mount here: run as root, or allow user namespaces")
    command = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, *sys.argv]
    os.execvpe("unshare", command, os.environ | {"INDELIBLE_NAMESPACE": "1"})


class Mounted:
    """A small file system, gone at the end: a tmpfs, or ext4 in a file."""

    def __init__(self, kind, size):
        self.kind = kind
        self.size = size

    def __enter__(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="indelible-disk-"))
        self.path = self.place / "disk"
        self.path.mkdir()
        if self.kind == "ext4":
            with (self.place / "image").open("wb") as image:
                image.truncate(self.size)
            subprocess.run(["mkfs.ext4", "-q", "-F", str(self.place / "image")], check=True)
            self.mount("loop,errors=remount-ro", str(self.place / "image"))
        else:
            self.mount(f"size={self.size}", "tmpfs")
        return self

    def mount(self, options, source):
        subprocess.run(["mount", "-t", self.kind, "-o", options, source, str(self.path)], check=True)

    def fill(self, path):
        """Takes all the room that is left."""
        with path.open("ab", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)
        subprocess.run(["rm", "-rf", str(self.place)], check=True)


def settled(condition):
    """Whether something comes true in time."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


class Refusal:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def is_proper(self):
        """503 with a problem that says that nothing was stored, and when to come again."""
        return (
            self.status == 503
            and self.headers.get("content-type") == "application/problem+json"
            and int(self.headers.get("retry-after", 0)) > 0
            and "nothing was stored" in json.loads(self.body)["detail"]
        )

    def __str__(self):
        return f"{self.status} {self.body.decode(errors='replace')[:300]}"


class Writer:
    """Records numbered events and holds the log against what was acknowledged."""

    def __init__(self, binary, mounted, prefix=()):
        self.served = Served(binary, mounted.path / "data")
        self.served.command = [*prefix, *self.served.command]
        # Not on the disk that is full.
        self.served.log = mounted.place / "server.log"
        self.number = 0
        self.acknowledged = 0
        # By sequence number: the number of the event.
        self.events = {}

    def start(self):
        """Starts the server and waits until it answers, ready or not."""
        with self.served.log.open("ab") as log:
            self.served.process = subprocess.Popen(self.served.command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.served.alive():
            try:
                if self.served.request("GET", "/healthz", key=False)[0] == 200:
                    return
            except OSError:
                time.sleep(0.02)
        sys.exit(f"the server does not start:\n{self.served.log.read_text()[-2000:]}")

    def record(self, count):
        """Records a batch; gives the refusal, if it was refused."""
        numbers = range(self.number, self.number + count)
        self.number += count
        # Sizes differ, so that the last room is taken by the small.
        lines = [
            json.dumps({
                "action": "token.created",
                "idempotency_key": f"n{number}",
                "metadata": {"n": number, "padding": "x" * (number * 7919 % 1500)},
            })
            for number in numbers
        ]
        connection = self.served.connect()
        headers = {"Authorization": f"Bearer {self.served.key}", "Content-Type": "application/x-ndjson"}
        connection.request("POST", "/v1/events", "\n".join(lines), headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 201:
            return Refusal(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)
        for number, receipt in zip(numbers, json.loads(body)["receipts"], strict=True):
            assert receipt["seq"] not in self.events, "a sequence number was given twice"
            self.events[receipt["seq"]] = number
        self.acknowledged += count
        return None

    def record_until_refused(self):
        while True:
            refusal = self.record(REQUEST_EVENTS)
            if refusal and refusal.status == 429:
                time.sleep(0.05)
            elif refusal:
                return refusal

    def takes_events(self):
        return self.record(REQUEST_EVENTS) is None

    def readiness(self):
        return self.served.request("GET", "/readyz", key=False)

    def is_ready(self):
        return self.readiness()[0] == 200

    def status(self):
        return self.served.json("/v1/status")

    def check_all(self, verdict):
        """Reads the whole log and compares: nothing acknowledged is missing or doubled, and the numbers have no gaps."""
        status, body = self.served.request("GET", "/v1/export?format=jsonl")
        events = [json.loads(line) for line in body.splitlines()] if status == 200 else []
        # The log also says who has read it.
        verdict.check([event["seq"] for event in events] == list(range(len(events))), f"{len(events)} events are read, without gaps")
        ours = {event["seq"]: event["metadata"]["n"] for event in events if event["action"] == "token.created"}
        missing = [seq for seq, number in self.events.items() if ours.get(seq) != number]
        numbers = list(ours.values())
        verdict.check(not missing and len(set(numbers)) == len(numbers), f"all {self.acknowledged} acknowledged are among them, once")

    def die_and_end(self, verdict):
        """What it holds outlasts a death."""
        self.check_all(verdict)
        self.served.kill()
        self.start()
        self.check_all(verdict)
        self.end(verdict)

    def end(self, verdict):
        """Stops the server and verifies what it leaves."""
        shown = [self.served.request("GET", "/checkpoint")[1]]
        verdict.check(self.served.stop() == 0, "it stops in order")
        self.served.verify(verdict, shown)
