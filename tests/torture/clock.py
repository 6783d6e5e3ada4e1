"""A real server whose clock jumps: days back, years forward, before 1970, through the end of a day and of a leap year.

libfaketime reads the time from a file that is rewritten while the server runs. Numbers rise without gaps, `recorded_at` is what
the clock said, questions about time find every event, a restart at another time finds all, and a key that expired in
the future is good again in the past. Random jumps over the log itself are in crates/indelible-engine/tests/it/clock.rs.
Usage: tests/torture/run clock [--quick]; needs faketime (Debian: apt-get install faketime).
"""

import collections
import datetime
import glob
import json
import pathlib
import sys
import tempfile

from place import Writer, arguments
from served import Verdict

LIBRARY = "/usr/lib/*/faketime/libfaketimeMT.so.1"
TIMES = [
    "2026-11-20 12:00:00",
    "2026-11-17 12:00:00",
    "2026-11-20 23:59:59",
    "2031-02-28 23:59:59",
    "1969-12-31 23:59:50",
    "1970-01-01 00:00:10",
    "2028-02-29 12:00:00",
    "2016-12-31 23:59:59",
    "2099-12-31 23:59:59",
    "2026-11-20 12:00:01",
]
EVENTS = 50
# The clock is read anew at once, but a request may be under way.
SLACK_SECONDS = 30


class Clock:
    def __init__(self, path):
        self.path = path

    def set(self, text):
        new = self.path.with_suffix(".new")
        new.write_text(f"@{text}\n")
        new.replace(self.path)

    def environment(self, library):
        return {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            "FAKETIME_NO_CACHE": "1",
            # Timeouts and waits go on as they do when somebody sets a clock.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "TZ": "UTC",
        }


class Place:
    def __init__(self, directory):
        self.path = self.place = pathlib.Path(directory)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=datetime.timezone.utc)


def main():
    options = arguments("each time once instead of ten times")
    libraries = glob.glob(LIBRARY)
    if not libraries:
        sys.exit("faketime is not installed: apt-get install faketime")
    verdict = Verdict()
    with tempfile.TemporaryDirectory(prefix="indelible-clock-") as directory:
        place = Place(directory)
        clock = Clock(place.path / "now")
        environment = [f"{name}={value}" for name, value in clock.environment(libraries[0]).items()]
        writer = Writer(options.binary, place, ["env", *environment])
        clock.set(TIMES[0])
        writer.start()
        expired = key_that_expires(writer, "2030-01-01T00:00:00Z")
        expected = collections.Counter()
        for round in range(1 if options.quick else 10):
            for nth, text in enumerate(TIMES):
                clock.set(text)
                if nth % 4 == 3:
                    writer.served.kill()
                    writer.start()
                check_time(verdict, writer, text, expected)
        check_key(verdict, writer, clock, expired)
        writer.die_and_end(verdict)
    verdict.end()


def check_time(verdict, writer, text, expected):
    """Records some events now and finds them by their time."""
    first = writer.status()["next_seq"]
    refusal = writer.record(EVENTS)
    verdict.check(refusal is None, f"at {text} events are taken" + (f": {refusal}" if refusal else ""))
    start = max(moment(text), moment("1970-01-01"))
    end = start + datetime.timedelta(seconds=SLACK_SECONDS)
    event = writer.served.json(f"/v1/events/{first}")
    verdict.check(start <= moment(event["recorded_at"]) <= end, f"and recorded at {event['recorded_at']}")
    expected[start] += EVENTS
    inside = sum(count for at, count in expected.items() if start <= at < end)
    found = writer.served.count(f"action:token.created since:{start:%Y-%m-%dT%H:%M:%SZ} until:{end:%Y-%m-%dT%H:%M:%SZ}")
    verdict.check(found == inside, f"{found} of {inside} are found by their time")


def key_that_expires(writer, at):
    body = json.dumps({"name": "expires", "tenant": "default", "abilities": ["events:read"], "expires_at": at})
    status, answer = writer.served.request("POST", "/v1/keys", body, headers={"Content-Type": "application/json"})
    if status != 201:
        sys.exit(f"no key was made: {status} {answer}")
    return json.loads(answer)["secret"]


def check_key(verdict, writer, clock, key):
    for text, expected in [("2029-12-31 23:59:00", 200), ("2030-01-01 00:00:01", 401), ("2026-11-20 12:00:00", 200)]:
        clock.set(text)
        status, _ = writer.served.request("GET", "/v1/events?limit=1", key=key)
        verdict.check(status == expected, f"at {text} a key that expires in 2030 gets {status}")


if __name__ == "__main__":
    main()
