"""A server over a data directory, and what else the programs of this folder share."""

import http.client
import json
import pathlib
import re
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def samples():
    """The sample files, in the order of their names."""
    return sorted(path for path in (ROOT / "samples").glob("*/*") if path.parent.name != "LICENSES")


class Server:
    """The server over a log, asked over one connection."""

    def __init__(self, binary, data):
        command = [binary, "serve", "--data", data, "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        banner = self.process.stdout.readline()
        address = re.search(r"http://([0-9.:]+)", banner)
        if not address:
            sys.exit(f"the server did not start: {banner}")
        self.url, self.data = address[0], data
        self.connection = http.client.HTTPConnection(address[1], timeout=60)
        self.key = (data / "keys/admin.key").read_text().strip()

    def get(self, path, **params):
        headers = {"Authorization": f"Bearer {self.key}"}
        self.connection.request("GET", f"{path}?{urllib.parse.urlencode(params)}", headers=headers)
        answer = self.connection.getresponse()
        body = answer.read()
        return json.loads(body) if answer.status == 200 else {"refused": f"{answer.status} {body.decode()}"}

    def stop(self):
        self.process.terminate()
        self.process.wait()
