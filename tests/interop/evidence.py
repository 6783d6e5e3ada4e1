#!/usr/bin/env python3
"""Evidence, verified by the binary and by docs/verify.py: both believe what is true, and neither what was altered. Exports,
verified by the binary. The same of a log from which retention has removed most. And the commands of docs/PROOF.md, typed as
they stand there.

    evidence.py BINARY [FOLDER]

FOLDER has log.vkey, witness.vkey where one has cosigned, *.tlog-proof and *.jsonl; the published ones when left out. Needs
faketime (Debian: apt-get install faketime).
"""

import base64
import importlib.util
import itertools
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "crates/indelible-proof/testvectors/evidence"


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


OURS = load(ROOT / "docs/verify.py")


class Judges:
    def __init__(self, binary, folder):
        self.binary = binary
        keys = (folder / name for name in ("log.vkey", "witness.vkey"))
        self.log, self.witness = (key.read_text().strip() if key.exists() else None for key in keys)

    def python(self, text, log, witness):
        try:
            return bool(OURS.verify(text, log, [witness] if witness else []))
        except (ValueError, IndexError):
            return False

    def rust(self, kind, text, log, witness, *more):
        seen_by = ["--witness", witness] if witness else []
        call = [self.binary, "verify", f"--{kind}", "/dev/stdin", "--key", log, *seen_by, *more]
        done = subprocess.run(call, input=text, capture_output=True, check=False)
        assert done.returncode in (0, 1, 2) and b"panicked" not in done.stderr, done
        return done.returncode == 0

    def both(self, text, expected, what, log=None, witness=None):
        log, witness = log or self.log, witness or self.witness
        found = {"python": self.python(text, log, witness), "binary": self.rust("proof", text, log, witness)}
        assert set(found.values()) == {expected}, f"{what}: expected {expected}, found {found}"


def altered_values(value, path="event"):
    """Each copy of a JSON value with one thing in it changed."""
    if isinstance(value, dict):
        for name in value:
            for change, what in altered_values(value[name], f"{path}.{name}"):
                yield value | {name: change}, what
            yield {other: item for other, item in value.items() if other != name}, f"{path} without {name}"
        yield value | {"zz": "added"}, f"{path} with one more"
    elif isinstance(value, list):
        yield value + [1], f"{path} with one more"
        for at, item in enumerate(value):
            for change, what in altered_values(item, f"{path}[{at}]"):
                yield value[:at] + [change] + value[at + 1 :], what
    elif isinstance(value, str):
        yield value[:-1] + ("0" if value[-1:] != "0" else "1"), path
    elif isinstance(value, (int, float)):
        yield value + 1 if abs(value) < 2**52 else 3, path
    else:
        yield "something", path


def altered_files(text):
    """Each copy of an evidence file with one thing in it changed, and what that is."""
    lines = text.decode().split("\n")
    extra = base64.b64decode(lines[1].removeprefix("extra "))
    told = json.loads(extra)
    dump = lambda value: json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    with_extra = lambda data: "\n".join([lines[0], "extra " + base64.b64encode(data).decode(), *lines[2:]]).encode()
    for change, what in altered_values(told):
        yield with_extra(dump(change)), what
    yield with_extra(extra.replace(b'{"record"', b'{ "record"')), "a space in the event"
    yield with_extra(extra.replace(b'"action"', b'"\\u0061ction"')), "another spelling of a name"
    yield with_extra(extra.replace(b'{"action"', b'{"action":"auth.logout","action"')), "a field twice"
    for at, line in enumerate(lines[:-1]):
        yield "\n".join(lines[:at] + lines[at + 1 :]).encode(), f"without line {at + 1}"
        yield "\n".join(lines[:at] + [line] + lines[at:]).encode(), f"line {at + 1} twice"
        for place in {0, len(line) // 2, len(line) - 2, len(line) - 1}:
            if 0 <= place < len(line):
                other = chr(ord(line[place]) ^ 1)
                changed = line[:place] + other + line[place + 1 :]
                yield "\n".join(lines[:at] + [changed] + lines[at + 1 :]).encode(), f"line {at + 1}, character {place}"
    yield text + b"\n", "an empty line behind"
    yield text[:-1], "cut by a byte"


def by_hand(folder):
    """Runs what docs/PROOF.md says to type into a shell, on evidence as it is and with another size."""
    page = (ROOT / "docs/PROOF.md").read_text().split("By hand, with openssl alone")[1]
    commands = "".join(itertools.takewhile(str.strip, itertools.islice(page.splitlines(keepends=True), 2, None)))
    evidence = (folder / "event-4.tlog-proof").read_text()
    for text, expected in ((evidence, 0), (evidence.replace("\n11\n", "\n12\n"), 1)):
        with tempfile.TemporaryDirectory() as home:
            pathlib.Path(home, "event-41.tlog-proof").write_text(text)
            shutil.copy(folder / "log.vkey", home)
            done = subprocess.run(["sh", "-ec", commands], cwd=home, capture_output=True, text=True, check=False)
            assert done.returncode == expected and "Verif" in done.stdout + done.stderr, done


def retained(binary, folder):
    """Makes a log of 600 old events and 3 new ones, and has the old ones removed: with evidence from before and after."""
    def run(*command, days=0, **more):
        call = ["faketime", "-f", f"-{days}d", binary, *command]
        return subprocess.run(call, cwd=folder, stdout=subprocess.PIPE, text=True, check=True, **more).stdout

    def prove(name, events):
        for event in events:
            run("proof", str(event), "-o", f"{name}-{event}.tlog-proof")

    for days, events in ((100, 300), (99, 300), (0, 3)):
        run("record", "-", days=days, input='{"action":"a.b"}\n' * events)
    (folder / "log.vkey").write_text(run("checkpoint", "--verifier-key"))
    prove("before", [5, 599, 601])
    assert '"events":600' in run("retain", "--json")
    prove("after", [600, 603])
    run("export", "--proof", "-o", "filtered.jsonl", stderr=subprocess.DEVNULL)


def judged(binary, folder):
    """Judges all that is in a folder, and copies with one thing altered. Gives how many there were."""
    judges, count = Judges(binary, folder), 0
    for path in sorted(folder.glob("*.tlog-proof")):
        text = path.read_bytes()
        judges.both(text, True, path.name)
        if judges.witness:
            judges.both(text, False, "the witness as the log", log=judges.witness)
        judges.both(text, False, "the log as the witness", witness=judges.log)
        for changed, what in altered_files(text):
            # A line of a signature twice says nothing else than once.
            if changed != text and not ("twice" in what and changed.count("—".encode()) > text.count("—".encode())):
                judges.both(changed, False, f"{path.name}: {what}")
                count += 1
    for path in sorted(folder.glob("*.jsonl")):
        lines, kind = path.read_bytes().splitlines(keepends=True), f"--{path.stem}"
        judge = lambda changed: judges.rust("export", b"".join(changed), judges.log, judges.witness, kind)
        assert judge(lines), path.name
        for at, line in enumerate(lines):
            doubled, swapped = lines[:at] + [line] + lines[at:], lines[:at] + lines[at + 1 : at + 2] + [line] + lines[at + 2 :]
            for changed in (lines[:at] + lines[at + 1 :], doubled, swapped):
                assert changed == lines or not judge(changed), f"{path.name}: line {at + 1}"
                count += 1
            for change, what in altered_values(json.loads(line)):
                changed = lines[:at] + [json.dumps(change).encode() + b"\n"] + lines[at + 1 :]
                assert not judge(changed), f"{path.name}: line {at + 1}: {what}"
                count += 1
    return count


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    count = judged(binary, pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else PUBLISHED)
    with tempfile.TemporaryDirectory() as home:
        retained(binary, pathlib.Path(home))
        count += judged(binary, pathlib.Path(home))
    by_hand(PUBLISHED)
    print(f"what is true is believed, and none of {count} altered copies is")


if __name__ == "__main__":
    main()
