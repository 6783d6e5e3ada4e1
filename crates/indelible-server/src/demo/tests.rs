use std::sync::Arc;

use indelible::Recorder;
use indelible_engine::{memory::MemoryStore, store::Store};

#[test]
fn the_samples_become_events_that_the_log_takes() {
    let store = Arc::new(MemoryStore::default());
    let count = super::import(&Recorder::new(Arc::clone(&store) as Arc<_>)).unwrap();
    assert!(count > 1000, "{count}");
    assert_eq!(store.status().next_seq, count as u64, "what is told is what is there");
    store.assert_recorded("since:1d");
    store.assert_recorded("until:13d");
}

#[test]
fn every_live_event_is_valid() {
    (0..12).for_each(|turn| super::live(turn).validate().unwrap());
}
