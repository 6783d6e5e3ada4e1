"""Full load with readers, exports, tails and a SIGKILL every few seconds.

Writers send batches and single events, each with an idempotency key, and send again whatever was not acknowledged. At the end
every event is in the log once, every receipt has a sequence number of its own, a sample of receipts leads to the events
that were sent, and the log verifies and extends every checkpoint that it showed before a kill. Tails see each number once, whatever dies between. The last third of the
time passes without a kill: memory stays flat and no descriptor is left behind.
Usage: tests/torture/run soak [--quick] [--minutes N]; 10 minutes unless told, 20 seconds with --quick.
"""

import argparse
import http.client
import json
import multiprocessing
import random
import tempfile
import threading
import time
import zlib

from served import Served, Verdict, raise_descriptor_limit

BATCH = 1000
WRITERS = 3
SINGLES = 4
KILL_SECONDS = (2.0, 6.0)
MEMORY_MAX = 500 << 20
SAMPLE = 2000
# Connections end a little after their clients.
SETTLE_SECONDS = 10


def event(key):
    number = zlib.crc32(key.encode())
    return (
        f'{{"action":"token.authenticated","actor":{{"type":"user","id":"usr_{number % 997}"}},"credential":{{"kind":"api_key",'
        f'"id":"tok_{number % 4999}"}},"context":{{"ip":"10.0.{number % 256}.7"}},"metadata":{{"n":"{key}"}},"idempotency_key":"{key}"}}\n'
    )


class Writer:
    """Sends one request after another, each until it is acknowledged, also after the end is called. Runs in a process of its own."""

    def __init__(self, served, name, batch):
        self.served, self.name, self.batch, self.key = served, name, batch, served.key
        self.connection = None
        self.sent = self.again = 0
        # First and last sequence number of each request.
        self.ranges = []
        # Sequence number and key of some events.
        self.sample = []
        self.wrong = []

    def run(self, stop, results):
        number = 0
        while not stop.is_set() and not self.wrong:
            keys = [f"{self.name}-{number}-{at}" for at in range(self.batch)]
            number += 1
            self.record(keys, "".join(map(event, keys)).encode())
        results.put({"sent": self.sent, "again": self.again, "ranges": self.ranges, "sample": self.sample, "wrong": self.wrong})

    def record(self, keys, body):
        kind = {"Content-Type": "application/x-ndjson"}
        while True:
            try:
                self.connection = self.connection or self.served.connect(30)
                status, answer = self.served.request("POST", "/v1/events", body, self.connection, self.key, kind.items())
            except OSError:
                self.connection = None
                self.again += 1
                time.sleep(0.05)
                continue
            if status in (200, 201):
                return self.note(keys, json.loads(answer)["receipts"])
            if status not in (429, 503):
                return self.wrong.append(f"a request was answered {status}: {answer[:300]}")
            time.sleep(0.05)

    def note(self, keys, receipts):
        seqs = [receipt["seq"] for receipt in receipts]
        if len(seqs) != len(keys) or seqs != list(range(seqs[0], seqs[0] + len(seqs))):
            return self.wrong.append(f"the receipts of a request of {len(keys)} events do not follow each other: {seqs[:3]}...")
        at = random.randrange(len(keys))
        self.sent += len(keys)
        self.ranges.append((seqs[0], seqs[-1]))
        if random.random() < 0.2 or len(self.sample) < 10:
            self.sample.append((seqs[at], keys[at]))


class Soak:
    """All clients. Those that read are threads here."""

    def __init__(self, served):
        self.served, self.key = served, served.key
        self.stop = multiprocessing.Event()
        self.results = multiprocessing.Queue()
        writers = [Writer(served, f"w{n}", BATCH) for n in range(WRITERS)] + [Writer(served, f"s{n}", 1) for n in range(SINGLES)]
        self.writers = [multiprocessing.Process(target=writer.run, args=(self.stop, self.results), daemon=True) for writer in writers]
        self.readers = [
            threading.Thread(target=run, args=arguments, daemon=True)
            for run, *arguments in [
                (self.read, "page", "/v1/events?limit=1000&q=actor.id%3Ausr_7"),
                (self.read, "aggregate", "/v1/aggregate?group_by=hour,action&measure=count"),
                (self.export,),
                (self.tail,),
            ]
        ]
        self.wrong = []
        self.reads = {"page": 0, "aggregate": 0, "export": 0, "tail": 0}
        for client in self.writers + self.readers:
            client.start()

    def end(self):
        """Lets every client finish; gives what the writers together have."""
        self.stop.set()
        told = [self.results.get(timeout=90) for _ in self.writers]
        for client in self.writers + self.readers:
            client.join(60)
        self.all_ended = not any(client.is_alive() for client in self.writers + self.readers)
        self.sent, self.again = sum(writer["sent"] for writer in told), sum(writer["again"] for writer in told)
        self.ranges = sorted(range for writer in told for range in writer["ranges"])
        self.sample = [pair for writer in told for pair in writer["sample"]]
        self.wrong += [words for writer in told for words in writer["wrong"]]

    def fault(self, words):
        self.wrong.append(words)

    def read(self, kind, path):
        """Asks the same again and again."""
        while not self.stop.is_set():
            try:
                status, answer = self.served.request("GET", path, key=self.key)
            except OSError:
                time.sleep(0.05)
                continue
            if status == 200 and answer:
                self.reads[kind] += 1
            elif status not in (429, 503):
                self.fault(f"{path} was answered {status}: {answer[:300]}")
            time.sleep(0.05)

    def export(self):
        """Reads exports as far as they come; each begins at the first event and has every number once."""
        while not self.stop.is_set():
            try:
                connection = self.served.connect(30)
                connection.request("GET", "/v1/export", headers={"Authorization": f"Bearer {self.key}"})
                answer, expected = connection.getresponse(), 0
                while not self.stop.is_set() and (line := answer.readline()):
                    if line.endswith(b"\n"):
                        expected = self.follow("an export", json.loads(line)["seq"], expected)
                self.reads["export"] += expected > 0
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
            finally:
                connection.close()

    def tail(self):
        """Follows the log from its beginning over all its deaths."""
        expected = 0
        while not self.stop.is_set():
            try:
                connection = self.served.connect(30)
                headers = {"Authorization": f"Bearer {self.key}"}
                connection.request("GET", "/v1/tail?after=0" if expected == 0 else f"/v1/tail?after={expected - 1}", headers=headers)
                answer = connection.getresponse()
                if expected == 0:
                    # Behind number 0 comes 1.
                    expected = 1
                while not self.stop.is_set() and (line := answer.readline()):
                    if line.startswith(b"id:") and line.endswith(b"\n"):
                        expected = self.follow("a tail", int(line[3:]), expected)
                        self.reads["tail"] += 1
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
            finally:
                connection.close()

    def follow(self, who, seq, expected):
        if seq != expected:
            self.fault(f"{who} has number {seq} where {expected} comes next")
        return seq + 1


def kill_again_and_again(served, seconds):
    """Gives the memory before each death, the last checkpoint shown before it, and the time of each recovery."""
    end, memory, shown, starts = time.monotonic() + seconds, [], [], []
    while time.monotonic() < end:
        time.sleep(random.uniform(*KILL_SECONDS))
        memory.append(served.memory())
        shown.append(served.request("GET", "/checkpoint")[1])
        served.kill()
        starts.append(served.start())
    return memory, shown, starts


def live(served, seconds):
    """Lets it run; gives the memory now and then."""
    end, memory = time.monotonic() + seconds, []
    while time.monotonic() < end:
        time.sleep(min(1.0, seconds / 10))
        memory.append(served.memory())
    return memory


def check_events(verdict, soak, served):
    counted = served.count("action:token.authenticated")
    verdict.check(counted == soak.sent, f"{counted} events in the log, {soak.sent} acknowledged ({soak.again} requests were sent again)")
    overlaps = sum(after[0] <= before[1] for before, after in zip(soak.ranges, soak.ranges[1:]))
    verdict.check(overlaps == 0, f"{len(soak.ranges)} requests have sequence numbers of their own ({overlaps} overlap)")
    sample = random.sample(soak.sample, min(SAMPLE, len(soak.sample)))
    connection, missed = served.connect(), 0
    for seq, key in sample:
        status, answer = served.request("GET", f"/v1/events/{seq}", connection=connection, key=soak.key)
        missed += status != 200 or json.loads(answer).get("idempotency_key") != key
    connection.close()
    verdict.check(missed == 0, f"{len(sample)} receipts looked up, {missed} lead to another event or to none")
    for words in soak.wrong[:10]:
        verdict.check(False, words)
    for kind, count in soak.reads.items():
        verdict.check(count > 0, f"{count} {kind} reads")


def check_descriptors(verdict, served):
    """What is open when all clients are gone, and what after a fresh start on the same log."""
    def sockets():
        return sum("socket:" in what for what in served.descriptors())

    def others():
        return sum("socket:" not in what and not what.endswith((".seg", ".seg (deleted)")) for what in served.descriptors())

    end = time.monotonic() + SETTLE_SECONDS
    while sockets() > 2 and time.monotonic() < end:
        time.sleep(0.1)
    before, deleted = (sockets(), others()), sum("(deleted)" in what for what in served.descriptors())
    served.kill()
    served.start()
    time.sleep(0.5)
    after = (sockets(), others())
    verdict.check(before[0] <= after[0] + 1 and before[1] <= after[1] + 2, f"descriptors after the load {before}, after a fresh start {after} (sockets, others)")
    verdict.check(deleted == 0, f"{deleted} removed files are still open")


def check_memory(verdict, memory):
    third = max(1, len(memory) // 3)
    middle, last = sorted(memory[third : 2 * third] or memory), sorted(memory[-third:])
    middle, last = middle[len(middle) // 2], last[len(last) // 2]
    flat = last <= middle * 1.3 + (64 << 20)
    verdict.check(flat, f"memory {middle >> 20} MiB in the middle, {last >> 20} MiB at the end of the life without kills")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("binary")
    options.add_argument("--quick", action="store_true")
    options.add_argument("--minutes", type=float, default=10)
    options = options.parse_args()
    seconds = 20.0 if options.quick else options.minutes * 60
    raise_descriptor_limit()
    verdict = Verdict()
    with tempfile.TemporaryDirectory(prefix="indelible-soak-") as directory:
        served = Served(options.binary, directory + "/data")
        served.start()
        soak = Soak(served)
        memory, shown, starts = kill_again_and_again(served, seconds * 2 / 3)
        print(f"{len(starts)} kills; start again after {min(starts):.2f} to {max(starts):.2f} s", flush=True)
        peak = max(memory)
        memory = live(served, seconds / 3)
        soak.end()
        verdict.check(soak.all_ended, "all clients came to their end")
        peak = max(peak, served.memory("VmHWM"))
        verdict.check(peak <= MEMORY_MAX, f"memory at most {peak >> 20} MiB, {MEMORY_MAX >> 20} allowed")
        check_memory(verdict, memory)
        check_descriptors(verdict, served)
        check_events(verdict, soak, served)
        verdict.check(served.stop() == 0, "the server ended when asked")
        served.verify(verdict, shown)
        print(f"{soak.sent / seconds:,.0f} events/s over {seconds:.0f} s, kills included", flush=True)
    verdict.end()


if __name__ == "__main__":
    main()
