//! The life of a small log, for `tests/torture/syscalls.py`, which lets its system calls fail and kills it.
//!
//! Every event has a marker, counted up with each try. What becomes of it is said on standard output: `acknowledged
//! MARKER SEQ`, or `refused MARKER CAUSE`; and then `signed NOTE`, the checkpoint that the log shows, as JSON.

use std::{
    io::{BufRead, Write},
    path::Path,
    time::Duration,
};

use indelible_engine::{
    log::{Log, LogConfig, SealError},
    store::{AppendError, Durability, Ready, Redacted, Store},
};
use indelible_proof::{Event, Timestamp, note::Note};

use crate::{
    kill::all,
    log::{config, now},
};

const DIR: &str = "INDELIBLE_SCENARIO_DIR";
const PART: &str = "INDELIBLE_SCENARIO_PART";
/// The last checkpoint that was shown before the trouble, for the part that checks.
const KEPT: &str = "INDELIBLE_SCENARIO_KEPT";
/// A log that is halted tries again every second.
const TRIES: u64 = 600;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// Does nothing unless the torture program runs it.
#[test]
fn scenario_process() {
    let (Ok(dir), Ok(part)) = (std::env::var(DIR), std::env::var(PART)) else { return };
    let dir = Path::new(&dir);
    match part.as_str() {
        "open" => openings(dir),
        "write" => writing(dir),
        _ => check(dir),
    }
}

/// What the thread that opens does with a new log, one with events to replay, one with segments.
fn openings(dir: &Path) {
    wait();
    let mut marker = 0;
    for round in 0..3 {
        let log = open(dir);
        append(&log, &mut marker, 2);
        if round == 1 {
            seal(&log);
            append(&log, &mut marker, 1);
        }
        log.close();
    }
    say("done");
}

/// What the committer and the sealer do.
fn writing(dir: &Path) {
    let log = open(dir);
    let mut marker = 0;
    wait();
    for _ in 0..4 {
        append(&log, &mut marker, 3);
        append(&log, &mut marker, 1);
        seal(&log);
    }
    append(&log, &mut marker, 2);
    log.close();
    say("done");
}

/// Tells what there is, that it is what was signed, and that the log goes on.
fn check(dir: &Path) {
    let log = open(dir);
    let kept: Vec<Note> = std::env::var(KEPT).iter().map(|note| Note::parse(note.as_bytes()).unwrap()).collect();
    log.verify(&kept, &|_, _| ()).unwrap();
    let events = all(&log);
    for recorded in &events {
        let marker = recorded.event.metadata["marker"].as_u64().unwrap();
        let expected = Ready::new(Redacted::vouched(event(marker)), recorded.event.recorded_at.unwrap()).unwrap();
        assert_eq!(&recorded.event, expected.event());
        say(&format!("event {} {marker}", recorded.seq));
    }
    seal(&log);
    assert_eq!(all(&log), events);
    append(&log, &mut 1_000_000, 1);
    log.verify(&kept, &|_, _| ()).unwrap();
    log.close();
    say("done");
}

/// Until the threads are watched.
fn wait() {
    say("ready");
    std::io::stdin().lock().lines().next();
}

fn open(dir: &Path) -> Log {
    match Log::open(LogConfig { seal_events: 5, merge_events: 100, ..config(dir) }) {
        Ok(log) => log,
        Err(error) => {
            say(&format!("cannot open: {error}"));
            std::process::exit(3);
        }
    }
}

fn event(marker: u64) -> Event {
    Event::new("token.created")
        .occurred_at(Timestamp::saturating_from_micros(1_700_000_000_000_000 + marker as i64))
        .meta("marker", marker)
        .meta("padding", "x".repeat((marker * 131 % 700) as usize))
}

/// Appends a batch, with new markers at each try until it is acknowledged.
fn append(log: &Log, marker: &mut u64, count: u64) {
    for _ in 0..TRIES {
        let markers = *marker..*marker + count;
        *marker += count;
        let ready = |marker| Ready::new(Redacted::vouched(event(marker)), now()).unwrap();
        match log.append(markers.clone().map(ready).collect(), Durability::Durable).and_then(|pending| pending.wait()) {
            Ok(receipts) => {
                for (marker, receipt) in markers.zip(receipts) {
                    say(&format!("acknowledged {marker} {}", receipt.seq));
                }
                say(&format!("signed {}", serde_json::Value::from(log.checkpoint().to_string())));
                return;
            }
            Err(AppendError::Unavailable { cause }) => {
                markers.for_each(|marker| say(&format!("gone {marker} {cause}")));
            }
            Err(error) => markers.for_each(|marker| say(&format!("refused {marker} {error}"))),
        }
        std::thread::sleep(BETWEEN_TRIES);
    }
    panic!("the log does not go on");
}

fn seal(log: &Log) {
    for _ in 0..TRIES {
        match log.seal_now() {
            Ok(()) => return,
            Err(error @ SealError::Closed) => panic!("{error}"),
            Err(error) => say(&format!("not sealed {error}")),
        }
        std::thread::sleep(BETWEEN_TRIES);
    }
    panic!("the log does not seal");
}

fn say(line: &str) {
    // One write, so that a line is whole or not there; libtest may have begun the line.
    std::io::stdout().lock().write_all(format!("\n{line}\n").as_bytes()).unwrap();
}
