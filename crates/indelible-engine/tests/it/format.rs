//! What one version wrote, every later one reads: for each version of the format, a data directory that it left
//! behind, and the events in it.
//!
//! A directory is written once, with a new number of the format, by `FIXTURE=write cargo test -p indelible-engine format`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use indelible_engine::{
    log::{FORMAT, Log, LogConfig},
    store::{Durability, Ready, Redacted, Store},
};
use indelible_proof::{Event, Timestamp, note::Note};
use serde_json::{Value, json};

use crate::kill::all;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
/// 2026-11-20T12:00:00Z
const NOON_US: i64 = 1_795_176_000_000_000;
const DAY_US: i64 = 86_400_000_000;

/// Events of each segment, of two days, and of the tail.
const DAYS: [&[u64]; 2] = [&[20, 25, 20, 15, 12, 30], &[18]];
const TAIL: u64 = 15;
/// Events of a merged segment: of the first day's segments the first four become one, and the other two another.
const MERGED: u64 = 80;

/// Nothing is merged, so that what was sealed stays where it is.
fn config(path: &Path, clock: &Arc<AtomicI64>, merge_events: u64) -> LogConfig {
    let clock = Arc::clone(clock);
    let now = move || Timestamp::saturating_from_micros(clock.load(Ordering::Relaxed));
    LogConfig { merge_events, name: "fixture".to_owned(), ..LogConfig::new(path, Arc::new(now)) }
}

/// An event with few fields, or with every one.
fn event(n: u64) -> Event {
    let mut json = json!({
        "action": (["token.authenticated", "auth.login.failed", "resource.updated"][n as usize % 3]),
        "actor": {"type": "user", "id": format!("user-{}", n % 7)},
        "outcome": (["success", "failure"][n as usize % 2]),
        "session_id": format!("{:08x}", n * 0x9e37_79b9 % (1 << 32)),
        "occurred_at": format!("2026-11-{:02}T{:02}:30:00.{:06}Z", 18 + n % 3, n % 24, n * 997),
    });
    if n.is_multiple_of(11) {
        let all = json!({
            "tenant": "acme", "reason": "x_fixture", "severity": "high", "request_id": format!("r{n}"), "tags": ["a", "b", "a"],
            "source": {"service": "billing", "version": "2.4.0", "host": "web-1", "environment": "production"},
            "actor": {"type": "user", "id": "42", "name": "Älice", "email": "alice@example.com"},
            "on_behalf_of": [{"type": "service", "id": "ci"}, {"type": "user", "email": "alice@example.com"}],
            "credential": {"kind": "api_key", "id": format!("tok_{n}"), "type": "sk", "environment": "live", "prefix": "sk_9x",
                "fingerprint": "b64f1c", "scopes": ["read", "write"], "expires_at": "2027-01-01T00:00:00Z"},
            "client": {"id": "web", "name": "Web"},
            "oauth": {"grant_type": "authorization_code", "response_type": "code", "scopes_requested": ["read", "write"],
                "scopes_granted": ["read"], "redirect_uri": "https://app.example.com/", "token_type": "Bearer",
                "token_family": "fam_1", "issuer": "https://login.example.com", "audience": "api"},
            "targets": [{"type": "token", "id": format!("tok_{n}"), "name": "ci", "attrs": {"depth": n, "deep": [1.5, null]}}, {"id": "t"}],
            "changes": {"before": {"state": "active"}, "after": {"state": "revoked"}},
            "context": {"ip": "2001:db8::9", "forwarded_for": "203.0.113.9", "user_agent": "curl/8.5.0", "asn": 64_496,
                "geo": {"country": "AT", "region": "Vienna", "city": "Vienna"}, "device_id": "d_1"},
            "http": {"method": "DELETE", "route": "/tokens/{id}", "path": "/tokens/7", "status": 204, "latency_us": 1830},
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7", "correlation_id": "c_1",
            "metadata": {"n": n, "text": "\u{1f980} \"quoted\"", "list": [true, {"x": -1e-7}]},
            "count": 3, "first_at": "2026-11-18T00:00:00Z", "last_at": "2026-11-18T00:00:01Z",
            "idempotency_key": format!("key-{n}"),
        });
        json.as_object_mut().unwrap().extend(all.as_object().unwrap().clone());
    }
    Event::from_json(json.to_string().as_bytes()).unwrap()
}

fn append(log: &Log, clock: &AtomicI64, from: u64, count: u64) {
    for n in from..from + count {
        let at = clock.fetch_add(1_234_567, Ordering::Relaxed);
        let ready = Ready::new(Redacted::vouched(event(n)), Timestamp::saturating_from_micros(at)).unwrap();
        log.append(vec![ready], Durability::Durable).unwrap().wait().unwrap();
    }
}

fn recorded(log: &Log) -> Vec<Value> {
    all(log).iter().map(|recorded| serde_json::to_value(recorded).unwrap()).collect()
}

/// Writes the directory of this version.
fn write(home: &Path) {
    assert!(!home.exists(), "{} is there: what an older version wrote is not to be replaced", home.display());
    let (data, clock) = (home.join("data"), Arc::new(AtomicI64::new(NOON_US)));
    let log = Log::open(config(&data, &clock, MERGED)).unwrap();
    let mut n = 0;
    for (day, segments) in (0..).zip(DAYS) {
        clock.store(NOON_US + day * DAY_US, Ordering::Relaxed);
        for &count in segments {
            append(&log, &clock, n, count);
            log.seal_now().unwrap();
            n += count;
        }
    }
    append(&log, &clock, n, TAIL);
    let lines: Vec<String> = recorded(&log).iter().map(|event| format!("{event}\n")).collect();
    fs::write(home.join("events.jsonl"), lines.concat()).unwrap();
    log.close();
    fs::remove_file(data.join("lock")).unwrap();
}

/// The bytes of every file under a directory.
pub(crate) fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                waiting.push(entry);
            } else {
                found.insert(entry.strip_prefix(root).unwrap().to_owned(), fs::read(&entry).unwrap());
            }
        }
    }
    found
}

pub(crate) fn copy(files: &BTreeMap<PathBuf, Vec<u8>>, to: &Path) {
    for (path, bytes) in files {
        fs::create_dir_all(to.join(path).parent().unwrap()).unwrap();
        fs::write(to.join(path), bytes).unwrap();
    }
}

#[test]
fn what_every_version_wrote_is_read_and_what_it_sealed_is_left_as_it_is() {
    if std::env::var("FIXTURE").is_ok_and(|fixture| fixture == "write") {
        write(&Path::new(FIXTURES).join(format!("format-{FORMAT}")));
    }
    let homes: Vec<PathBuf> = fs::read_dir(FIXTURES).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(homes.contains(&Path::new(FIXTURES).join(format!("format-{FORMAT}"))), "this version's is there");
    for home in homes {
        let lines = fs::read_to_string(home.join("events.jsonl")).unwrap();
        let expected: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let before = files(&home.join("data"));
        let temporary = tempfile::tempdir().unwrap();
        let data = temporary.path().join("data");
        copy(&before, &data);
        let clock = Arc::new(AtomicI64::new(NOON_US + 2 * DAY_US));

        let log = Log::open(config(&data, &clock, 0)).unwrap();
        assert!(recorded(&log) == expected, "{}: opened", home.display());
        let kept = Note::parse(&before[Path::new("tree/checkpoint")]).unwrap();
        assert_eq!(log.verify(&[kept], &|_, _| ()).unwrap().events, expected.len() as u64);
        append(&log, &clock, 0, 1);
        log.seal_now().unwrap();
        log.close();
        let after = files(&data);
        let moves_on = |path: &Path| path.starts_with("wal") || path == "tree/checkpoint";
        for (path, bytes) in before.iter().filter(|(path, _)| !moves_on(path)) {
            assert!(after.get(path) == Some(bytes), "{}: {} is as it was", home.display(), path.display());
        }

        let log = Log::open(config(&data, &clock, 1 << 20)).unwrap();
        log.seal_now().unwrap();
        let (last, others) = recorded(&log).split_last().map(|(last, others)| (last.clone(), others.to_vec())).unwrap();
        assert!(others == expected, "{}: merged", home.display());
        assert_eq!(last["seq"], expected.len());
        log.close();
        let sealed = after.keys().filter(|path| path.starts_with("segments")).count();
        assert!(files(&data.join("segments")).len() < sealed, "{}: the days are merged", home.display());
    }
}
