#!/usr/bin/env bash
# Does the tour of the README as a stranger would, and compares what it prints: tests/tour.sh BINARY
set -euo pipefail
here="$(cd "$(dirname "$0")/.." && pwd)"
binary="$(realpath "${1:?usage: tests/tour.sh BINARY}")"
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
mkdir "$place/bin" && ln -s "$binary" "$place/bin/indelible" && ln -s "$here/samples" "$place/samples"
cd "$place"
PATH="$place/bin:$PATH" COLUMNS=120 exec python3 "$here/tests/tour.py" "$here/README.md"
