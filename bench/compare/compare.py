#!/usr/bin/env python3
"""The same events through every system: how fast in, how many bytes, how fast eight questions are answered.

Indelible takes the events over HTTP; the others get the export of that log. All must answer alike, or the run fails.
The results go to results/NAME.json, from which report.py makes the tables and the charts."""

import argparse
import concurrent.futures
import dataclasses
import datetime
import importlib
import json
import multiprocessing
import os
import pathlib
import shutil
import subprocess
import sys
import time

import indelible
import report
from measured import Task

HERE = pathlib.Path(__file__).parent
OTHERS = {"sqlite": "sqlite", "postgres": "postgres", "duckdb": "duckdb_", "chdb": "chdb_"}
QUICK = {"events": 50_000, "rounds": 3, "seconds": 2}


def arguments():
    parser = argparse.ArgumentParser(prog="bench/compare/run", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20, help="how often each question is asked")
    parser.add_argument("--seconds", type=int, default=30, help="of Postgres's one INSERT per event")
    parser.add_argument("--systems", default=",".join(OTHERS), help="beside Indelible: %(default)s")
    parser.add_argument("--quick", action="store_true", help="50,000 events, to check the answers; saves nothing")
    parser.add_argument("--name", help="of the results, e.g. 10m; follows from the events when left out")
    parser.add_argument("--binary", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--home", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.quick:
        vars(given).update(QUICK)
    given.systems = [system for system in given.systems.split(",") if system not in ("", "indelible")]
    unknown = set(given.systems) - OTHERS.keys()
    if unknown:
        parser.error(f"unknown systems: {', '.join(sorted(unknown))}")
    return given


def main():
    given = arguments()
    shutil.rmtree(given.home, ignore_errors=True)
    given.home.mkdir(parents=True)
    # Postgres, as another user, must come through to its folder.
    os.umask(0o022)
    machine = about_the_machine(given.home)
    ours = indelible.Indelible(given.binary, given.home)
    went, machine["fsync_p50_us"] = said("events", lambda: ours.make(given.events))
    task = Task(given.home / "events.parquet", given.home, given.events, ours.filters(), given.rounds, given.seconds)
    ours.export(task.parquet)
    results = said("indelible", lambda: indelible.measure(ours, task, went))
    for system in given.systems:
        results += said(system, lambda: in_a_process(system, task))
    save(given, machine, results)
    compare_answers(results)
    shutil.rmtree(given.home)


def said(what, work):
    started = time.monotonic()
    done = work()
    print(f"{what}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return done


def in_a_process(system, task):
    """Measures a system in a new process, so that no library's threads and memory are in another's way."""
    home = task.home / system
    home.mkdir()
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        results = pool.submit(measure, system, dataclasses.replace(task, home=home)).result()
    shutil.rmtree(home, ignore_errors=True)
    return results


def measure(system, task):
    return importlib.import_module(OTHERS[system]).measure(task)


def compare_answers(results):
    expected, *others = (result for result in results if result.answers)
    differing = []
    for other in others:
        for name, rows in expected.answers.items():
            for told, of, beside in ((expected, rows, other.answers[name]), (other, other.answers[name], rows)):
                alone = [row for row in of if row not in beside]
                if alone or len(of) != len(beside):
                    differing.append(f"{name}: {told.system} alone has {len(alone)} of {len(of)} rows: {alone[:3]}")
    if differing:
        raise SystemExit("answers differ\n" + "\n".join(differing))
    print("all answers are the same", file=sys.stderr)


def save(given, machine, results):
    answered = {name: len(rows) for name, rows in results[0].answers.items()}
    systems = [{key: value for key, value in vars(result).items() if key != "answers"} for result in results]
    document = {"events": given.events, "rounds": given.rounds, **machine, "rows": answered, "systems": systems}
    if given.quick:
        print(report.table(document))
        return
    path = HERE / "results" / f"{given.name or report.short(given.events)}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")
    print(report.write(path))


def about_the_machine(home):
    def first(path, key):
        with open(path, encoding="utf-8") as lines:
            return next(line for line in lines if line.startswith(key)).split(":")[1].strip()

    memory_kib = int(first("/proc/meminfo", "MemTotal").split()[0])
    file_system = subprocess.check_output(["df", "--output=fstype", home], text=True).split()[-1]
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores ({first('/proc/cpuinfo', 'model name')}), {memory_kib / 2**20:.0f} GiB, "
        f"{file_system}, Linux {os.uname().release.split('-')[0]}",
        "command": " ".join(["bench/compare/run", *own_arguments()]),
        "load_average": round(os.getloadavg()[0], 1),
    }


def own_arguments():
    """What was typed: without what the script `run` adds in front."""
    return sys.argv[5:]


if __name__ == "__main__":
    main()
