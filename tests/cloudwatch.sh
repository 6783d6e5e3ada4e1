#!/usr/bin/env bash
# Runs the tests that need CloudWatch Logs, with a moto server of their own on the loopback: tests/cloudwatch.sh PYTHON
# PYTHON has what tests/interop/requirements.txt names.
set -euo pipefail
cd "$(dirname "$0")/.."

python="$1"
log="$(mktemp)"
"$python" -u -c '
from moto.server import ThreadedMotoServer
import threading
server = ThreadedMotoServer("127.0.0.1", 0)
server.start()
print("http://%s:%s" % server.get_host_and_port(), flush=True)
threading.Event().wait()' > "$log" 2>&1 &
moto=$!
trap 'kill $moto; rm -f "$log"' EXIT
until url="$(grep --max-count 1 --only-matching 'http://127.0.0.1:[1-9][0-9]*' "$log")"; do
  kill -0 $moto || { cat "$log"; exit 1; }
  sleep 0.1
done

export INDELIBLE_MOTO="$url"
cargo test --quiet -p indelible-stores --features cloudwatch --lib -- --ignored moto
cargo test --quiet -p indelible-server --test it -- --ignored moto
