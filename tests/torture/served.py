"""A server under torture: started, asked, looked at from outside, and killed."""

import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import tempfile
import time

# Long enough for a recovery on a machine that does other things too.
START_SECONDS = 60


def raise_descriptor_limit():
    """Allows this process and its children as many open files as the system lets it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Served:
    def __init__(self, binary, data, *options):
        self.binary = binary
        self.data = pathlib.Path(data)
        self.port = free_port()
        self.log = self.data.parent / "server.log"
        self.command = [binary, "serve", "--data", str(data), "--listen", f"127.0.0.1:{self.port}", *options]
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self):
        return (self.data / "keys" / "admin.key").read_text().strip()

    def start(self):
        """Starts the server; gives the seconds until it takes events."""
        started = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        while True:
            if self.process.poll() is not None:
                raise SystemExit(f"the server does not start:\n{self.log.read_text()[-2000:]}")
            try:
                if self.request("GET", "/readyz", key=False)[0] == 200:
                    return time.monotonic() - started
            except OSError:
                pass
            if time.monotonic() - started > START_SECONDS:
                raise SystemExit(f"the server is not ready after {START_SECONDS} s")
            time.sleep(0.02)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """Asks the server to end; gives its exit code."""
        self.process.terminate()
        return self.process.wait(60)

    def verify(self, verdict, shown=()):
        """Makes the log again from its events, once the server has ended; it must extend every checkpoint that was shown."""
        command = [self.binary, "verify", "--data", str(self.data)]
        with tempfile.TemporaryDirectory() as place:
            for nth, checkpoint in enumerate(shown):
                kept = pathlib.Path(place, str(nth))
                kept.write_bytes(checkpoint)
                command += ["--checkpoint", str(kept)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        words = done.stdout.splitlines()[0] if done.returncode == 0 else done.stderr.strip()
        verdict.check(done.returncode == 0, f"the log verifies and extends {len(shown)} checkpoints: {words}")

    def connect(self, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def request(self, method, path, body=None, connection=None, key=True, headers=()):
        """Sends one request; gives status and body."""
        own = connection or self.connect()
        headers = dict(headers)
        if key:
            headers["Authorization"] = f"Bearer {self.key if key is True else key}"
        try:
            own.request(method, path, body, headers)
            answer = own.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            if connection is None:
                own.close()

    def json(self, path):
        status, body = self.request("GET", path)
        if status != 200:
            raise SystemExit(f"GET {path}: {status} {body[:500]}")
        return json.loads(body)

    def count(self, query):
        """How many events a filter line lets through."""
        path = "/v1/aggregate?measure=count&q=" + query.replace(" ", "%20").replace(":", "%3A")
        return self.json(path)["rows"][0][0]

    def alive(self):
        return self.process.poll() is None

    def memory(self, field="VmRSS"):
        """Bytes resident: now, or with VmHWM at most so far."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        return 0

    def cpu_seconds(self):
        """CPU time of the server so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self):
        """What each open file descriptor of the server is."""
        found = []
        directory = f"/proc/{self.process.pid}/fd"
        for name in os.listdir(directory):
            try:
                found.append(os.readlink(f"{directory}/{name}"))
            except FileNotFoundError:
                pass
        return found


class Verdict:
    """What was found, and whether all of it may be so."""

    def __init__(self):
        self.wrong = 0

    def check(self, right, words):
        self.wrong += not right
        print(f"{'ok  ' if right else 'FAIL'} {words}", flush=True)

    def end(self):
        print(f"{self.wrong} wrong" if self.wrong else "all of it held", flush=True)
        raise SystemExit(1 if self.wrong else 0)
