#!/usr/bin/env bash
# The TypeScript packages and the Better Auth example, against a binary: tests/typescript.sh target/release/indelible
# Needs Node.js 20.3 or newer with npm; installs the rest below clients/typescript and examples/better-auth-app.
set -euo pipefail
INDELIBLE="$(realpath "$1")"
export INDELIBLE
cd "$(dirname "$0")/.."

for lock in clients/typescript/package-lock.json examples/better-auth-app/package-lock.json; do
  if grep -qE '"resolved": "[a-z+]+://' "$lock"; then
    echo "$lock says where packages were downloaded; npm install with its .npmrc leaves that out" >&2
    exit 1
  fi
done
packages=(npm --prefix clients/typescript)
"${packages[@]}" ci --silent
"${packages[@]}" run --silent format:check
"${packages[@]}" test --silent
# A copy of the packages as they would be published.
example=(npm --prefix examples/better-auth-app)
"${example[@]}" ci --silent
"${example[@]}" test --silent
