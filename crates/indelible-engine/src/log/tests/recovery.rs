//! What a start makes of files that are missing, and of a directory that is new.

use std::path::Path;

use super::harness::{self, Harness, Steps};
use crate::{
    fs::Fs,
    log::{Log, LogConfig, OpenError},
    store::{Durability, Store},
};

const EMPTY_WAL: &str = "/log/wal/00000000000000000003.wal";

/// Three events, each in a segment of its own, and a WAL file without events.
fn sealed(harness: &Harness) {
    let mut steps = Steps::open(harness).unwrap();
    for n in 0..3 {
        steps.append(vec![harness.ready(n)], Durability::Durable).unwrap();
        steps.rotate();
        steps.seal_all();
    }
    assert!(harness.disk.open(Path::new(EMPTY_WAL)).is_ok());
}

fn remove_segment(harness: &Harness, seq: u64) {
    let path = format!("/log/segments/2026-11-20/{seq:020}-{seq:020}.seg");
    harness.disk.remove(Path::new(&path)).unwrap();
}

#[test]
fn a_log_whose_sealed_events_are_all_gone_does_not_open_and_gives_no_number_out_again_whenever_the_power_fails() {
    for operation in 0..40 {
        let harness = Harness::new(operation);
        sealed(&harness);
        (0..3).for_each(|seq| remove_segment(&harness, seq));
        harness.disk.sync_dir(Path::new("/log/segments/2026-11-20")).unwrap();
        harness.disk.crash_at(harness.disk.operations() + operation);
        drop(Steps::open(&harness));
        harness.disk.restart();
        let error = Steps::open(&harness).err().unwrap();
        assert!(matches!(error, OpenError::Gap { expected: 0, found: 3, .. }), "{operation}: {error}");
    }
}

#[test]
fn a_missing_newest_segment_stops_the_start() {
    let harness = Harness::new(1);
    sealed(&harness);
    remove_segment(&harness, 2);
    let error = Steps::open(&harness).err().unwrap();
    assert!(matches!(error, OpenError::Gap { expected: 2, found: 3, .. }), "{error}");
}

#[test]
fn a_missing_log_toml_stops_the_start_while_there_are_events() {
    let harness = Harness::new(1);
    sealed(&harness);
    harness.disk.remove(Path::new("/log/log.toml")).unwrap();
    for removed in ["/log/lock", EMPTY_WAL] {
        harness.disk.remove(Path::new(removed)).ok();
        let error = Steps::open(&harness).err().unwrap();
        assert!(matches!(error, OpenError::Identity { .. }), "{error}");
        assert!(harness.disk.open(Path::new("/log/log.toml")).is_err(), "no new one is made");
    }
}

#[test]
fn a_log_in_a_directory_below_new_ones_survives_a_loss_of_power() {
    for seed in 0..20 {
        let harness = Harness::new(seed);
        let config = || LogConfig { path: "/var/audit/log".into(), ..harness.config() };
        let mut steps = Steps::open_with(config()).unwrap();
        steps.append(vec![harness.ready(0)], Durability::Durable).unwrap();
        harness.disk.restart();
        assert_eq!(harness::all(&Log::open(config()).unwrap()).len(), 1);
    }
}

#[test]
fn starting_and_stopping_without_events_leaves_nothing_behind() {
    let harness = Harness::new(1);
    let list = |dir: &str| harness.disk.list(Path::new(dir)).unwrap();
    for _ in 0..5 {
        let steps = Steps::open(&harness).unwrap();
        assert_eq!(steps.log.status().tail_events, 0);
        assert_eq!((list("/log/wal").len(), list("/log/keys/epochs").len()), (1, 1));
    }
}
