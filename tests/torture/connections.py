"""Thousands of connections that do next to nothing while events come in.

10,000 idle connections, 1,000 clients that send a byte now and then, 200 that read exports and tails slowly. Intake in batches
of 1,000 keeps at least 80 % of the rate that it has without them, loses nothing, and the server's memory stays bounded.
With --quick a tenth of the connections, and the rate is printed alone: short runs on a busy machine tell little.
Usage: tests/torture/run connections [--quick] [--events N]
"""

import argparse
import json
import multiprocessing
import selectors
import socket
import subprocess
import tempfile
import time

from served import Served, Verdict, raise_descriptor_limit

RATE_KEPT_MIN = 0.8
MEMORY_MAX = 500 << 20
# Seconds between two signs of life of a slow client.
PACE = 1.0


class Crowd:
    """All slow clients, in one process with one loop. A connection that the server cuts is opened again."""

    def __init__(self, served, idle, senders, exports, tails):
        self.address = ("127.0.0.1", served.port)
        authorization = f"Host: x\r\nAuthorization: Bearer {served.key}\r\n"
        self.requests = {
            "sender": f"POST /v1/events HTTP/1.1\r\n{authorization}Content-Length: 100000\r\n\r\n{{".encode(),
            "export": f"GET /v1/export HTTP/1.1\r\n{authorization}\r\n".encode(),
            "tail": f"GET /v1/tail?after=0 HTTP/1.1\r\n{authorization}\r\n".encode(),
        }
        self.wanted = {"idle": idle, "sender": senders, "export": exports, "tail": tails}
        self.selector = selectors.EpollSelector()
        self.members = {kind: {} for kind in self.wanted}
        self.cut = 0
        self.read = 0

    def open(self, kind):
        client = socket.socket()
        if kind in ("export", "tail"):
            # So that little of the answer fits on the way.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        client.settimeout(30)
        client.connect(self.address)
        client.setblocking(False)
        if kind in ("export", "tail"):
            client.send(self.requests[kind])
        else:
            # These hear of nothing but their end.
            self.selector.register(client, selectors.EVENT_READ, kind)
        self.members[kind][client] = 0

    def drop(self, kind, client):
        self.cut += 1
        if kind in ("idle", "sender"):
            self.selector.unregister(client)
        del self.members[kind][client]
        client.close()

    def fill(self):
        for kind, wanted in self.wanted.items():
            for _ in range(wanted - len(self.members[kind])):
                self.open(kind)

    def pace(self):
        """One sign of life of each slow client."""
        for client, sent in list(self.members["sender"].items()):
            request = self.requests["sender"]
            byte = request[sent : sent + 1] or b" "
            try:
                client.send(byte)
                self.members["sender"][client] = sent + 1
            except OSError:
                self.drop("sender", client)
        for kind in ("export", "tail"):
            for client in list(self.members[kind]):
                try:
                    piece = client.recv(1024)
                except BlockingIOError:
                    continue
                except OSError:
                    piece = b""
                self.read += len(piece)
                if not piece:
                    self.drop(kind, client)

    def run(self, ready, stop, report):
        self.fill()
        self.pace()
        ready.set()
        due = time.monotonic() + PACE
        while not stop.is_set():
            for key, _ in self.selector.select(max(0.0, min(due - time.monotonic(), 0.1))):
                # Whatever comes to one that has asked for nothing is its end.
                self.drop(key.data, key.fileobj)
            if time.monotonic() >= due:
                due += PACE
                self.pace()
                self.fill()
        report.put({"cut": self.cut, "read": self.read, "open": {kind: len(all) for kind, all in self.members.items()}})


def gathered(served, wanted):
    """Waits until the connections are the server's and what fits on the way to slow readers is sent; gives how many there are."""
    end, before = time.monotonic() + 60, served.cpu_seconds()
    while time.monotonic() < end:
        time.sleep(0.5)
        sockets = sum("socket:" in what for what in served.descriptors())
        now = served.cpu_seconds()
        if sockets >= wanted and now - before < 0.1:
            break
        before = now
    return sockets


def intake(binary, served, events):
    command = [binary, "bench", "ingest", "--url", served.url, "--key", served.key, "--events", str(events), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"intake failed: {done.stderr}")
    return json.loads(done.stdout)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("binary")
    options.add_argument("--quick", action="store_true")
    options.add_argument("--events", type=int, help="of each of the runs, alone and in the crowd by turns")
    options = options.parse_args()
    binary, quick = options.binary, options.quick
    limit = raise_descriptor_limit()
    idle, senders, exports, tails = (1000, 100, 10, 10) if quick else (10_000, 1000, 20, 180)
    events, rounds = (50_000, 1) if quick else (1_000_000, 3)
    events = options.events or events
    if limit < idle + senders + exports + tails + 500:
        raise SystemExit(f"only {limit} open files are allowed here; raise the hard limit (ulimit -Hn)")
    verdict = Verdict()
    with tempfile.TemporaryDirectory(prefix="indelible-connections-") as directory:
        places = idle + senders + exports + tails + 100
        limits = ["--connections-max", places, "--exports-max", exports, "--tails-max", tails]
        served = Served(binary, directory + "/data", *map(str, limits))
        served.start()
        intake(binary, served, events)
        # The same amount each time, alone and in the crowd by turns, so that a machine that slows down slows both.
        alone, crowded, sent, cut = [], [], events, 0
        for _ in range(rounds):
            alone.append(intake(binary, served, events)["events_per_s"])
            ready, stop, report = multiprocessing.Event(), multiprocessing.Event(), multiprocessing.Queue()
            crowd = Crowd(served, idle, senders, exports, tails)
            process = multiprocessing.Process(target=crowd.run, args=(ready, stop, report), daemon=True)
            process.start()
            if not ready.wait(120):
                raise SystemExit("the crowd did not gather")
            sockets = gathered(served, idle)
            crowded.append(intake(binary, served, events)["events_per_s"])
            sent += 2 * events
            stop.set()
            told = report.get(timeout=60)
            process.join()
            cut += told["cut"]
            verdict.check(sockets >= idle, f"{sockets} connections were open at once; {told['open']}")
            verdict.check(told["read"] > 0, f"slow readers read {told['read']} bytes meanwhile")
        verdict.check(served.alive(), "the server lives")
        counted = served.count("-action:audit.*")
        verdict.check(counted == sent, f"{counted} of {sent} acknowledged events are in the log")
        peak = served.memory("VmHWM")
        verdict.check(peak <= MEMORY_MAX, f"memory at most {peak >> 20} MiB, {MEMORY_MAX >> 20} allowed")
        kept = sorted(crowded)[len(crowded) // 2] / sorted(alone)[len(alone) // 2]
        words = f"intake kept {kept:.0%} of its rate: {alone} alone, {crowded} in the crowd (events/s); {cut} connections cut"
        verdict.check(quick or kept >= RATE_KEPT_MIN, words)
        verdict.check(served.stop() == 0, "the server ended when asked")
    verdict.end()


if __name__ == "__main__":
    main()
