#!/usr/bin/env python3
"""Verifies an evidence file of Indelible with Python's standard library and openssl, as docs/PROOF.md says it.

    verify.py FILE LOG_VKEY [WITNESS_VKEY ...]       every witness named has to have signed; exit 0: proven, 1: not
"""

import base64, hashlib, json, pathlib, re, subprocess, sys, tempfile

FILE = r"c2sp\.org/tlog-proof@v1\nextra (\S+)\nindex (0|[1-9][0-9]*)\n((?:\S{44}\n)*)\n" \
       r"(([^\n]+)\n(0|[1-9][0-9]*)\n(\S{44})\n)\n((?:— \S+ \S+\n)+)"

def need(holds, otherwise):
    if not holds: raise ValueError(otherwise)
    return holds

def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()

def unbase64(text, length=None):
    data = base64.b64decode(text)
    need(base64.b64encode(data).decode() == text and length in (None, len(data)), f"{text} is no canonical base64")
    return data

def unhex(text, length): return bytes.fromhex(need(re.fullmatch(f'"([0-9a-f]{{{2 * length}}})"', text), "no hex")[1])

def members(text):
    """Name and exact text of each member of an object in canonical JSON: the log hashed these very bytes."""
    unique = lambda pairs: need(len(dict(pairs)) == len(pairs), "a field stands twice") and dict(pairs) or {}
    decode, found, at = json.JSONDecoder(object_pairs_hook=unique).raw_decode, {}, 0
    while text[at:] != "}":
        name, end = decode(text, at + 1)
        _, stop = decode(text, end + 1)
        need(text[at:end + 1] == f'{"," if found else "{"}"{name}":' and name > max(found, default=""), "not canonical")
        found[name], at = text[end + 1:stop], stop
    return found

def commitment(part):
    if part is None: return bytes(32)
    told = members(part)
    if list(told) == ["commitment"]: return need(any(unhex(told["commitment"], 32)), "nothing is withheld") and unhex(told["commitment"], 32)
    need(list(told) == ["salt", "value"], "a part is neither salt and value nor a commitment")
    return sha256(unhex(told["salt"], 16), told["value"].encode())

def root_of(hash, index, size, proof):
    need(index < size, "the index is not below the size")
    last = size - 1
    for sibling in proof:
        need(last, "the proof is too long")
        if index & 1 or index == last:
            hash = sha256(b"\1", sibling, hash)
            while index and not index & 1: index, last = index >> 1, last >> 1
        else: hash = sha256(b"\1", hash, sibling)
        index, last = index >> 1, last >> 1
    return need(not last and hash, "the proof is too short")

def check_signed(text, signatures, vkey, kind):
    name, key_id, key = vkey.split("+", 2)
    key = unbase64(key, 33)
    need(key[0] == kind and sha256(name.encode(), b"\n", key)[:4].hex() == key_id, f"{vkey} is no key for this")
    ours = [data[4:] for who, data in signatures if who == name and data[:4].hex() == key_id]
    for signature in need(ours, f"{name} did not sign the checkpoint"):
        message, time = text, int.from_bytes(signature[:8], "big")
        if kind == 4: message, signature = f"cosignature/v1\ntime {time}\n{text}", signature[8:]
        with tempfile.TemporaryDirectory() as home:
            files = {"key": bytes.fromhex("302a300506032b6570032100") + key[1:], "text": message.encode(), "signature": signature}
            for file, data in files.items(): pathlib.Path(home, file).write_bytes(data)
            call = "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in text -sigfile signature".split()
            need(subprocess.run(call, cwd=home, capture_output=True).returncode == 0, f"the signature of {name} is wrong")

def verify(data, log, witnesses):
    extra, index, proof, text, origin, size, root, signatures = need(re.fullmatch(FILE, data.decode()), "no evidence file").groups()
    told = members(unbase64(extra).decode())
    need("record" in told and set(told) <= {"record", "what", "who"}, "no event in the file")
    leaf = sha256(b"\0", sha256(told["record"].encode()), commitment(told.get("who")), commitment(told.get("what")))
    found = root_of(leaf, int(index), int(size), [unbase64(line, 32) for line in proof.split()])
    need(found == unbase64(root, 32), "the event does not hash to the root that was signed")
    signatures = [(line.split(" ")[1], unbase64(line.split(" ")[2])) for line in signatures.splitlines()]
    need(origin == log.split("+")[0], f"this is of the log {origin}")
    check_signed(text, signatures, log, 1)
    for witness in witnesses: check_signed(text, signatures, witness, 4)
    return f"proven: event {index} of the first {size} of {origin}\n" + "\n".join(f"{name}: {json.dumps(json.loads(part))}" for name, part in told.items())

if __name__ == "__main__":
    if len(sys.argv) < 3: sys.exit(__doc__)
    try: print(verify(pathlib.Path(sys.argv[1]).read_bytes(), sys.argv[2], sys.argv[3:]))
    except (ValueError, IndexError) as problem: sys.exit(f"not proven: {problem}")
