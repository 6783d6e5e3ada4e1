#!/usr/bin/env python3
"""Schemathesis holds the server to its own description at /openapi.json: every status, media type and body that it says,
and none that it does not; what breaks the description is refused, and nothing fails with 5xx.

The server runs over a log with all samples. Needs requirements.txt of this folder; openapi.toml says which checks hold where.

    openapi.py BINARY [--examples N] [--seed N]
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from served import Server, run, samples

HOME = pathlib.Path(__file__).resolve().parent
CONFIG = HOME / "openapi.toml"
HOOKS = {"SCHEMATHESIS_HOOKS": "openapi_hooks", "PYTHONPATH": str(HOME)}
SECONDS = 180  # it may take, whatever happens


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary", type=pathlib.Path)
    arguments.add_argument("--examples", type=int, default=20, help="for each operation")
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    binary = options.binary.resolve()
    home = pathlib.Path(tempfile.mkdtemp(prefix="indelible-openapi-"))
    run(binary, "import", *samples(), "--on-error", "skip", "--data", home / "data")
    server = Server(binary, home / "data")
    command = [pathlib.Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIG, "run", f"{server.url}/openapi.json"]
    command += ["--header", f"Authorization: Bearer {server.key}", "--max-examples", str(options.examples), "--seed", str(options.seed)]
    own = {"OWN_KEY_ID": server.get("/v1/keys")["keys"][0]["id"]}
    try:
        found = subprocess.run(command, cwd=home, env=os.environ | HOOKS | own, timeout=SECONDS).returncode
    finally:
        server.stop()
    shutil.rmtree(home)
    sys.exit(found)


if __name__ == "__main__":
    main()
