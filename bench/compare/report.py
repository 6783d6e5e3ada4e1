#!/usr/bin/env python3
"""Results as Markdown and charts, from the saved JSON alone: report.py results/10m.json"""

import json
import pathlib
import sys

import charts

HERE = pathlib.Path(__file__).parent
HOWS = ["one event each", "batches of 1,000", "in bulk"]


def write(path):
    """Draws the charts of saved results; gives the section for bench/RESULTS.md."""
    document = json.loads(path.read_text())
    folder = HERE / "charts"
    folder.mkdir(exist_ok=True)
    for name, chart in charts_of(document).items():
        (folder / f"{name}-{path.stem}.svg").write_text(chart)
    pictures = "\n".join(f"![{name}](compare/charts/{name}-{path.stem}.svg)" for name in charts_of(document))
    heading = f"## {document['date']}: beside others, {document['events']:,} events"
    return "\n\n".join([heading, about(document), table(document), pictures, settings(document)])


def about(document):
    versions = {system["system"].split(",")[0]: system["version"] for system in document["systems"]}
    return (
        f"Machine: {document['machine']}; fsync p50 {document['fsync_p50_us']} us; load average before the run "
        f"{document['load_average']}. "
        f"Command: `{document['command']}`. Versions: {', '.join(' '.join(of) for of in versions.items())}. "
        f"The same {document['events']:,} events everywhere; all answers are the same. "
        f"Questions: p50 of {document['rounds']} rounds after one to warm up."
    )


def table(document):
    systems = document["systems"]
    head = ["", *(system["system"] for system in systems)]
    body = [["**In**, events/s"]]
    body += [[how, *(rate(system["ingest"].get(how)) for system in systems)] for how in HOWS]
    body += [["**On disk**, bytes/event", *(f"{system['bytes_per_event']:.1f}" for system in systems)]]
    body += [["**Out**, p50 in ms (rows)"]]
    for name, rows in document["rows"].items():
        times = [system["p50_us"].get(name) for system in systems]
        best = min(time for system, time in zip(systems, times) if time is not None)
        body.append([f"{name} ({rows:,})", *(milliseconds(time, time == best) for time in times)])
    widths = [row + [""] * (len(head) - len(row)) for row in body]
    lines = [head, ["---", *["--:"] * len(systems)], *widths]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def settings(document):
    return "Settings:\n\n" + "\n".join(f"- {of['system']}: {of['settings']}." for of in document["systems"])


def charts_of(document):
    systems = document["systems"]
    names = [system["system"] for system in systems]
    events = f"{document['events']:,} events"
    return {
        "queries": charts.bars(
            f"Eight questions, p50 in ms, {events} (log scale; shorter is better)",
            {name: {of["system"]: of["p50_us"][name] / 1000 for of in systems} for name in document["rows"]},
            names,
            milliseconds_of,
        ),
        "ingest": charts.bars(
            f"Events a second, {events} (log scale; longer is better)",
            {
                how: {of["system"]: of["ingest"][how]["events_per_s"] for of in systems if how in of["ingest"]}
                for how in HOWS
            },
            names,
            lambda value: f"{value:,.0f}",
        ),
        "size": charts.bars(
            f"Bytes an event on disk, {events} (shorter is better)",
            {"": {of["system"]: of["bytes_per_event"] for of in systems if of["system"] != "Indelible, HTTP"}},
            names,
            lambda value: f"{value:.1f}",
            log=False,
        ),
    }


def rate(measured):
    return f"{measured['events_per_s']:,}" if measured else ""


def milliseconds(us, best):
    text = milliseconds_of(us / 1000)
    return f"**{text}**" if best else text


def milliseconds_of(ms):
    return f"{ms:.2f}" if ms < 10 else f"{ms:.1f}" if ms < 100 else f"{ms:,.0f}"


def short(events):
    if events % 1_000_000 == 0:
        return f"{events // 1_000_000}m"
    return f"{events // 1000}k" if events % 1000 == 0 else str(events)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(write(pathlib.Path(argument)))
