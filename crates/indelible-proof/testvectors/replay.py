#!/usr/bin/env python3
"""Computes the leaf vectors of leaf.json from their events, with the standard library alone.

Exits with 1 and names the vector and the value when anything differs. With --write it fills in
what follows from each vector's name, event and epoch_key.
"""

import hashlib
import hmac
import json
import pathlib
import sys

WHO = ("actor", "on_behalf_of", "session_id", "context")
WHAT = ("targets", "changes", "metadata")


def number(value):
    """RFC 8785 section 3.2.2.3: the shortest digits that give the double back, laid out as ECMAScript does."""
    if isinstance(value, int):
        value = float(value)
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    digits, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = digits.partition(".")
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    mantissa = digits[0] + ("." + digits[1:] if count > 1 else "")
    return f"{sign}{mantissa}e{point - 1:+d}"


def string(value):
    """With ensure_ascii off, json escapes just what RFC 8785 escapes."""
    return json.dumps(value, ensure_ascii=False)


def jcs(value):
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, str):
        return string(value)
    if isinstance(value, list):
        return "[" + ",".join(map(jcs, value)) + "]"
    members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
    return "{" + ",".join(string(key) + ":" + jcs(item) for key, item in members) + "}"


def split(event):
    """record, who, what as canonical bytes; an empty part has none."""
    record = {key: value for key, value in event.items() if key not in WHO + WHAT}
    who = {key: event[key] for key in WHO if key in event}
    what = {key: event[key] for key in WHAT if key in event}
    http = dict(event.get("http", {}))
    if "path" in http:
        who["http"] = {"path": http.pop("path")}
    record.pop("http", None)
    if http:
        record["http"] = http
    return [jcs(part).encode() if part else b"" for part in (record, who, what)]


def commit(salt, part):
    return hashlib.sha256(salt + part).digest() if part else bytes(32)


def compute(event, epoch_key):
    record, who, what = split(event)
    digest = hashlib.sha256(record).digest()
    salts = hmac.new(epoch_key, digest, hashlib.sha256).digest()
    commit_who, commit_what = commit(salts[:16], who), commit(salts[16:], what)
    entry = digest + commit_who + commit_what
    return {
        "record": record.decode(),
        "who": who.decode(),
        "what": what.decode(),
        "digest_record": digest.hex(),
        "salt_who": salts[:16].hex(),
        "salt_what": salts[16:].hex(),
        "commit_who": commit_who.hex(),
        "commit_what": commit_what.hex(),
        "entry": entry.hex(),
        "leaf_hash": hashlib.sha256(b"\x00" + entry).hexdigest(),
    }


def main():
    path = pathlib.Path(__file__).with_name("leaf.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    faults = 0
    for vector in document["vectors"]:
        computed = compute(vector["event"], bytes.fromhex(vector["epoch_key"]))
        for name, value in computed.items():
            if "--write" not in sys.argv and vector.get(name) != value:
                faults += 1
                print(f"{vector['name']}: {name}: computed {value}, published {vector.get(name)}", file=sys.stderr)
        vector.update(computed)
    if "--write" in sys.argv:
        path.write_text(json.dumps(document, ensure_ascii=True, indent=2) + "\n", encoding="utf-8")
    print(f"{len(document['vectors'])} vectors, {faults} differences")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
