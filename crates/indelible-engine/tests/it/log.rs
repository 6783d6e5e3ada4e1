//! What only a real disk can show.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use indelible_engine::{
    log::{Log, LogConfig},
    store::{Durability, Ready, Redacted, Store},
};
use indelible_proof::{Event, Timestamp};

/// A log with small thresholds, so that a little load seals and merges.
pub(crate) fn config(path: &Path) -> LogConfig {
    LogConfig { seal_events: 300, merge_events: 3_000, ..LogConfig::new(path, Arc::new(now)) }
}

pub(crate) fn now() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    Timestamp::saturating_from_micros(micros as i64)
}

#[test]
fn nothing_in_a_data_directory_is_for_others() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data");
    let log = Log::open(config(&path)).unwrap();
    let event = Ready::new(Redacted::vouched(Event::new("token.created")), now()).unwrap();
    log.append(vec![event], Durability::Durable).unwrap().wait().unwrap();
    log.seal_now().unwrap();
    log.close();
    let mut waiting = vec![path];
    while let Some(path) = waiting.pop() {
        let metadata = std::fs::metadata(&path).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o077, 0, "{}", path.display());
        if metadata.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
}
