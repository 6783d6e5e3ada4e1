"""Lets every system call on the data directory fail, and kills the process at every one.

A small log is opened, written, sealed, merged, closed and opened again: crates/indelible-engine/tests/it/scenario.rs. It is
watched once, one thread at a time (the one that opens, the committer, the sealer), to learn which calls each makes on
files of the log. Then it is run again for each of those calls and each kind of trouble: EIO, ENOSPC, and SIGKILL on entry to the
call. A kill after a call is a kill on entry to the next one: in between nothing reaches the disk. What strace cannot do, to
fail a call that was carried out, the simulated disk of the engine's own tests does at every step.

A kind of call that is made only after another has failed, cutting a file, is disturbed after failures of `write` and `fdatasync`.

Afterwards the process must have gone on by itself, or said which file stopped it. Another process must find every acknowledged
event once, in its place and equal; no event of which it was said that nothing was stored; numbers without gaps; no temporary
file; a log that verifies, extends the last checkpoint that was shown, seals and goes on. Needs strace and cargo.
Usage: tests/torture/run syscalls [--quick] [--only THREAD:CALL:NTH:KIND]; all takes minutes, --quick a sample of each kind.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# The part of the scenario that makes each thread work, and the name under which the system knows it.
THREADS = {
    "opener": ("open", "scenario::scena"),
    "committer": ("write", "indelible-commi"),
    "sealer": ("write", "indelible-seale"),
}
KINDS = ("EIO", "ENOSPC", "SIGKILL")
# Calls of which a failure says nothing about files, or cannot be seen by the caller.
NOT_DISTURBED = {"fcntl", "lseek"}
RUN_SECONDS = 60
QUICK_SECONDS = 12


def test_binary():
    """The engine's integration tests, which can play the scenario."""
    root = pathlib.Path(__file__).resolve().parents[2]
    command = ["cargo", "test", "--workspace", "--no-run", "--quiet", "--message-format=json"]
    built = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, check=True, text=True)
    for line in built.stdout.splitlines():
        message = json.loads(line)
        name = message.get("target", {}).get("name")
        if message.get("executable") and name == "it" and "indelible-engine" in message["package_id"]:
            return message["executable"]
    sys.exit("cargo built no integration tests of indelible-engine")


class Scenario:
    """One run of a part of the scenario, with one of its threads watched."""

    def __init__(self, binary, part, data, **environment):
        environment = os.environ | {"INDELIBLE_SCENARIO_DIR": str(data), "INDELIBLE_SCENARIO_PART": part} | environment
        command = [binary, "--exact", "scenario::scenario_process", "--nocapture"]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        self.lines = []

    def wait_until_ready(self):
        for line in self.process.stdout:
            if line == "ready\n":
                return
            self.lines.append(line)
        sys.exit(f"the scenario does not begin: {''.join(self.lines)}")

    def thread(self, name):
        # A thread gives itself its name, a moment after it was begun.
        deadline = time.monotonic() + RUN_SECONDS
        while time.monotonic() < deadline:
            for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
                if (task / "comm").read_text().strip() == name:
                    return task.name
        sys.exit(f"the scenario has no thread {name}")

    def watch(self, name, trace, *options):
        """Watches a thread, and lets the scenario go on once it is watched."""
        command = ["strace", "-y", "-o", str(trace), "-p", self.thread(name), *options]
        strace = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        for line in strace.stderr:
            if "attached" in line:
                break
        else:
            sys.exit("strace does not attach: is it allowed here?")
        try:
            rest, _ = self.process.communicate("go\n", timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            rest = self.process.communicate()[0] + "it hangs\n"
        self.lines += rest.splitlines(keepends=True)
        strace.wait()
        strace.stderr.close()

    def finish(self):
        rest, _ = self.process.communicate(timeout=RUN_SECONDS)
        self.lines += rest.splitlines(keepends=True)

    def said(self, word):
        """The rest of the lines that begin with a word."""
        return [line[len(word) + 1 :].rstrip("\n") for line in self.lines if line.startswith(word + " ")]

    def done(self):
        return "done\n" in self.lines


def calls(binary, thread, place):
    """The calls that a thread makes on files of the log: how many of each name there are before, and on the log."""
    part, name = THREADS[thread]
    data, trace = place / "data", place / "trace"
    scenario = Scenario(binary, part, data)
    scenario.wait_until_ready()
    scenario.watch(name, trace)
    if not scenario.done():
        sys.exit(f"the scenario fails undisturbed: {''.join(scenario.lines)}")
    counts = collections.Counter()
    found = []
    for line in trace.read_text().splitlines():
        call = re.match(r"(\w+)\(", line)
        if not call:
            continue
        counts[call[1]] += 1
        path = re.search(re.escape(str(data)) + r"[^>\"]*", line)
        # Rust's standard library panics when a directory cannot be closed, which no file system refuses.
        of_directory = path and call[1] == "close" and pathlib.Path(path[0]).is_dir()
        if path and call[1] not in NOT_DISTURBED and not of_directory:
            found.append((thread, call[1], counts[call[1]]))
    return found


def disturb(binary, job):
    """Runs the scenario with one call disturbed; gives what is wrong afterwards."""
    thread, call, nth, kind = job
    part, name = THREADS[thread]
    place = pathlib.Path(tempfile.mkdtemp(prefix="indelible-syscalls-"))
    data, trace = place / "data", place / "trace"
    how = "signal=SIGKILL" if kind == "SIGKILL" else f"error={kind}"
    # A call that the log makes only after another has failed.
    before, _, call = call.rpartition("+")
    injections = [f"--inject={before}:error=EIO:when={nth}", f"--inject={call}:{how}:when=1"]
    injections = injections if before else [f"--inject={call}:{how}:when={nth}"]
    scenario = Scenario(binary, part, data)
    scenario.wait_until_ready()
    scenario.watch(name, trace, f"--trace={before or call},{call}", *injections)
    text = trace.read_text()
    wrong = []
    # How often a thread looks before it waits may differ from run to run by a call or two. And not every failure is followed by
    # the call that is disturbed then.
    came = re.search(rf"^{call}\(.*\(INJECTED\)", text, re.MULTILINE) or "+++ killed by SIGKILL" in text
    killed = scenario.process.returncode == -signal.SIGKILL
    refused_to_open = scenario.said("cannot open:")
    if kind == "SIGKILL" and came and not killed:
        wrong.append("it lives")
    if kind != "SIGKILL" and not scenario.done():
        if not refused_to_open:
            wrong.append(f"it neither went on nor said why: {''.join(scenario.lines)[-2000:]}")
        elif not all(str(data) in line for line in refused_to_open):
            wrong.append(f"it does not say which file: {refused_to_open}")
    wrong += check(binary, data, scenario)
    if wrong:
        wrong.append(f"see {place}")
    else:
        shutil.rmtree(place)
    outcome = "killed" if killed else "refused to open" if refused_to_open else "went on" if came else "did not come"
    return wrong, outcome


def check(binary, data, scenario):
    """Opens the log in another process and holds it against what the scenario was told."""
    kept = {"INDELIBLE_SCENARIO_KEPT": json.loads(note) for note in scenario.said("signed")[-1:]}
    after = Scenario(binary, "check", data, **kept)
    after.finish()
    wrong = []
    if not after.done():
        wrong.append(f"it does not open or go on afterwards: {''.join(after.lines)[-2000:]}")
    there = [tuple(map(int, line.split())) for line in after.said("event")]
    if [seq for seq, _ in there] != list(range(len(there))):
        wrong.append(f"the numbers have gaps: {there}")
    markers = [marker for _, marker in there]
    if sorted(set(markers)) != markers:
        wrong.append(f"events are there twice or out of order: {there}")
    for line in scenario.said("acknowledged"):
        marker, seq = map(int, line.split())
        if (seq, marker) not in there:
            wrong.append(f"event {marker}, acknowledged as number {seq}, is not there: {there}")
    for line in scenario.said("gone"):
        if int(line.split()[0]) in markers:
            wrong.append(f"an event of which nothing was stored is there: {line}")
    leftovers = [path for path in data.rglob("*") if path.suffix in (".tmp", ".new")]
    if leftovers:
        wrong.append(f"files that were never completed are there: {leftovers}")
    return wrong


def sample(jobs):
    """The first, a middle and the last of each call and kind, most different first."""
    groups = collections.defaultdict(list)
    for job in jobs:
        groups[job[1], job[3]].append(job)
    picked = [[group[0], group[-1], group[len(group) // 2]] for group in groups.values()]
    return list(dict.fromkeys(job for round in zip(*picked) for job in round))


def main():
    arguments = argparse.ArgumentParser(usage="tests/torture/run syscalls [--quick] [--only THREAD:CALL:NTH:KIND]")
    arguments.add_argument("binary", help="not used: the scenario is played by the engine's tests")
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--only")
    options = arguments.parse_args()
    if not shutil.which("strace"):
        sys.exit("strace is not installed: apt-get install strace")
    with tempfile.TemporaryDirectory() as place:
        # A copy, so that a build meanwhile does not take it away.
        torture(shutil.copy(test_binary(), pathlib.Path(place) / "scenario"), options)


def torture(binary, options):
    started = time.monotonic()
    found = []
    for thread in THREADS:
        with tempfile.TemporaryDirectory() as place:
            found += calls(binary, thread, pathlib.Path(place))
    found += [
        (thread, f"{call}+ftruncate", nth)
        for thread, call, nth in found
        if thread == "committer" and call in ("write", "fdatasync")
    ]
    jobs = [(*call, kind) for call in found for kind in KINDS]
    if options.only:
        thread, call, nth, kind = options.only.split(":")
        jobs = [(thread, call, int(nth), kind)]
    elif options.quick:
        jobs = sample(jobs)
    outcomes = collections.Counter()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        in_time = lambda: not options.quick or time.monotonic() - started < QUICK_SECONDS
        results = pool.map(lambda job: disturb(binary, job) if in_time() else None, jobs)
        for job, result in zip(jobs, results):
            if result is None:
                continue
            wrong, outcome = result
            outcomes[job[1], job[3], outcome] += 1
            if wrong:
                failed += 1
                print(f"FAIL {':'.join(map(str, job))}\n  " + "\n  ".join(wrong), flush=True)
    for (call, kind, outcome), count in sorted(outcomes.items()):
        print(f"{call:21} {kind:8} {count:4} {outcome}")
    print(f"{sum(outcomes.values())} disturbances of {len(found)} calls, {failed} with something wrong")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
