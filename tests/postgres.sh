#!/usr/bin/env bash
# Runs the tests that need a Postgres, with a server of their own on a private socket: tests/postgres.sh
# Needs Rust and Postgres (installed with apt-get when absent).
set -euo pipefail
cd "$(dirname "$0")/.."

programs() { find /usr/lib/postgresql/*/bin -maxdepth 0 2> /dev/null | sort --version-sort | tail -1; }
if [ -z "$(programs)" ]; then
  apt-get update --quiet=2 && apt-get install --quiet=2 --yes postgresql > /dev/null
fi
bin="$(programs)"

place="$(mktemp -d)"
# Postgres does not run as root.
as=()
if [ "$(id -u)" = 0 ]; then
  as=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
  chown nobody "$place"
fi
# Only those in the directory of the socket can connect.
postgres() { (cd "$place" && HOME="$place" "${as[@]}" "$bin/$1" "${@:2}" > "$place/$1.log" 2>&1) || { cat "$place/$1.log"; return 1; }; }
finish() {
  [ ! -e "$place/data/postmaster.pid" ] || postgres pg_ctl --pgdata "$place/data" --wait --mode fast stop
  rm -rf "$place"
}
trap finish EXIT
postgres initdb --pgdata "$place/data" --auth trust --username indelible --no-sync --encoding UTF8
postgres pg_ctl --pgdata "$place/data" --wait --log "$place/server.log" \
  --options "-c listen_addresses='' -c unix_socket_directories='$place' -c fsync=off" start

export INDELIBLE_POSTGRES="host=$place user=indelible dbname=postgres"
cargo test --quiet -p indelible --test it -- --ignored postgres
cargo test --quiet -p network-registry -- --ignored
