//! SIGKILL at random moments under load, again and again, on one data directory.
//!
//! The test executable runs itself as the writer, which says on its standard output what was acknowledged.
//! `INDELIBLE_KILLS=100` kills a hundred times.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use indelible_engine::{
    limits::PAGE_ROWS_MAX,
    log::Log,
    query::{Cancel, Filter, Order, Query},
    store::{AppendError, Durability, Pending, Ready, Redacted, Store},
};
use indelible_proof::{Actor, Event, Recorded, Target, Timestamp};

use crate::log::{config, now};

const KILLS: u64 = 10;
const WRITERS: u64 = 3;
/// Batches of a writer that are on their way together, and that its successor sends again.
const IN_FLIGHT: u64 = 4;
const DIR: &str = "INDELIBLE_TEST_DIR";
const START: &str = "INDELIBLE_TEST_START";

/// Batch `n` of a writer, the same whenever it is sent.
fn batch(writer: u64, n: u64) -> Vec<Event> {
    let count = 1 + (n * 7 + writer) % 20;
    let event = |i| {
        Event::new(["token.authenticated", "auth.login.failed", "resource.updated"][(n % 3) as usize])
            .occurred_at(Timestamp::saturating_from_micros(1_700_000_000_000_000 + (n * 1000 + i) as i64))
            .tenant(format!("tenant-{}", writer % 2))
            .actor(Actor::user((n % 50).to_string()).email("alice@example.com"))
            .target(Target::new("document", format!("{writer}-{n}-{i}")))
            .meta("padding", "x".repeat((n * 31 % 2000) as usize))
            .idempotency_key(format!("{writer}-{n}-{i}"))
    };
    (0..count).map(event).collect()
}

fn append(log: &Log, writer: u64, n: u64) -> Pending {
    loop {
        let ready = |event| Ready::new(Redacted::vouched(event), now()).unwrap();
        match log.append(batch(writer, n).into_iter().map(ready).collect(), Durability::Durable) {
            Ok(pending) => return pending,
            Err(AppendError::Busy { .. }) => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// The writer. Does nothing unless the test below runs it; ends by being killed.
#[test]
fn writer_process() {
    let (Ok(dir), Ok(starts)) = (std::env::var(DIR), std::env::var(START)) else { return };
    let log = Log::open(config(Path::new(&dir))).unwrap();
    std::thread::scope(|scope| {
        for (writer, start) in (0..).zip(starts.split(',')) {
            let (log, start) = (&log, start.parse::<u64>().unwrap());
            scope.spawn(move || {
                let mut waiting = std::collections::VecDeque::new();
                for n in start.. {
                    waiting.push_back((n, append(log, writer, n)));
                    if waiting.len() as u64 == IN_FLIGHT {
                        let (n, pending) = waiting.pop_front().unwrap();
                        let seqs: Vec<_> = pending.wait().unwrap().iter().map(|r| r.seq.to_string()).collect();
                        // One write, so that a line is whole or not there.
                        let line = format!("\nacknowledged {writer} {n} {}\n", seqs.join(","));
                        std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                    }
                }
            });
        }
    });
}

#[test]
fn an_acknowledged_event_survives_sigkill_exactly_once_and_retries_do_not_double_it() {
    let kills = std::env::var("INDELIBLE_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut random = 0x5eed_u64;
    let mut next = [0; WRITERS as usize];
    let mut acknowledged: BTreeMap<(u64, u64), Vec<u64>> = BTreeMap::new();
    for _ in 0..kills {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let lines = random >> 33;
        for (writer, n, seqs) in write_until_killed(dir.path(), &next, 1 + lines % 150) {
            let first = acknowledged.entry((writer, n)).or_insert_with(|| seqs.clone());
            assert_eq!(first, &seqs, "a retry gets the receipts of the first time");
            next[writer as usize] = next[writer as usize].max(n + 1);
        }
    }
    let log = Log::open(config(dir.path())).unwrap();
    let events = all(&log);
    check(&events, &acknowledged);
    log.seal_now().unwrap();
    assert_eq!(all(&log), events);
    assert_eq!(log.verify(&[], &|_, _| ()).unwrap().events, events.len() as u64);
}

/// Runs the writer until it has acknowledged some batches, and kills it.
fn write_until_killed(dir: &Path, next: &[u64], batches: u64) -> Vec<(u64, u64, Vec<u64>)> {
    // What may have been recorded without being acknowledged, and the last that was, is sent again.
    let starts: Vec<_> = next.iter().map(|next| next.saturating_sub(2).to_string()).collect();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::writer_process", "--nocapture"])
        .env(DIR, dir)
        .env(START, starts.join(","))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let Some(rest) = line.strip_prefix("acknowledged ") else { continue };
        let mut fields = rest.split(' ');
        let mut number = || fields.next().unwrap().parse().unwrap();
        let (writer, n) = (number(), number());
        let seqs = fields.next().unwrap().split(',').map(|seq| seq.parse().unwrap()).collect();
        acknowledged.push((writer, n, seqs));
        if acknowledged.len() as u64 == batches {
            // Lines that are in the pipe already still count.
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success(), "killed");
    acknowledged
}

pub(crate) fn all(log: &Log) -> Vec<Recorded> {
    let mut query = Query { filter: Filter::default(), order: Order::OldestFirst, limit: PAGE_ROWS_MAX, after: None };
    let mut events = Vec::new();
    loop {
        let page = log.query(&query, &Cancel::default()).unwrap();
        events.extend(page.events);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return events,
        }
    }
}

fn check(events: &[Recorded], acknowledged: &BTreeMap<(u64, u64), Vec<u64>>) {
    assert!(events.iter().map(|recorded| recorded.seq).eq(0..events.len() as u64), "contiguous");
    let mut seqs = BTreeMap::new();
    for recorded in events {
        let key = recorded.event.idempotency_key.clone().unwrap();
        assert_eq!(seqs.insert(key.clone(), recorded.seq), None, "{key} is there once");
    }
    for (&(writer, n), acknowledged) in acknowledged {
        let sent = batch(writer, n);
        assert_eq!(sent.len(), acknowledged.len());
        for (event, seq) in sent.into_iter().zip(acknowledged) {
            let recorded = &events[*seq as usize];
            let at = recorded.event.recorded_at.unwrap();
            assert_eq!(&recorded.event, Ready::new(Redacted::vouched(event), at).unwrap().event());
        }
    }
    // A batch is whole, or not there at all: also one that nobody was told of.
    let batches: std::collections::BTreeSet<_> =
        seqs.keys().map(|key| key.rsplit_once('-').unwrap().0.to_owned()).collect();
    for name in batches {
        let (writer, n) = name.split_once('-').unwrap();
        let count = batch(writer.parse().unwrap(), n.parse().unwrap()).len();
        let there: Vec<u64> = (0..count).filter_map(|i| seqs.get(&format!("{name}-{i}")).copied()).collect();
        assert_eq!(there.len(), count, "batch {name}");
        assert!(there.is_sorted_by(|a, b| a + 1 == *b), "batch {name} is in order");
    }
}
