"""What is handed to each system, and what each hands back."""

import dataclasses
import pathlib
import time

# How fast the others take durable batches is measured over so many events, or for so long, at most; the rest is loaded
# in the quickest way. That favours what slows down as it grows.
DURABLE_EVENTS = 1_000_000
DURABLE_SECONDS = 60


@dataclasses.dataclass(frozen=True)
class Task:
    parquet: pathlib.Path
    home: pathlib.Path  # an empty directory
    events: int
    filters: dict  # Indelible's filter line of each question, by its name
    rounds: int
    seconds: int  # for what is measured by time

    @property
    def durable_events(self):
        return min(self.events, DURABLE_EVENTS)


@dataclasses.dataclass
class Measured:
    system: str
    version: str
    settings: str
    ingest: dict = dataclasses.field(default_factory=dict)  # how: what was measured
    bytes_per_event: float = 0.0
    p50_us: dict = dataclasses.field(default_factory=dict)  # by question
    answers: dict = dataclasses.field(default_factory=dict)  # by question

    def ingested(self, how, events, seconds, **more):
        self.ingest[how] = {"events": events, "events_per_s": round(events / max(seconds, 1e-9)), **more}


class Stopwatch:
    """Adds up the time spent inside `with`."""

    def __init__(self):
        self.seconds = 0.0

    def __enter__(self):
        self.started = time.perf_counter()

    def __exit__(self, *_):
        self.seconds += time.perf_counter() - self.started


def p50_us(ask, rounds):
    """Median of some rounds, after one to warm up."""
    ask()
    times = []
    for _ in range(rounds):
        started = time.perf_counter_ns()
        ask()
        times.append(time.perf_counter_ns() - started)
    return percentile(times, 50) // 1000


def percentile(times, percent):
    """By the nearest-rank method."""
    return sorted(times)[max(0, -(-len(times) * percent // 100) - 1)]


def bytes_under(directory):
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
