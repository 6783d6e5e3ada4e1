//! The log of one token, under every driver that can be read.

use std::sync::Arc;

use indelible::{
    Credential, Event, Log, LogConfig, MemoryStore, NullStore, Recorder, Store, Target, drivers::token_log, system_time,
};

/// Seven events of the token, among those of another token and of another tenant.
fn fill(store: &Arc<dyn Store>) {
    let recorder = Recorder::new(store.clone());
    let used = |id: &str| {
        let credential = Credential { id: Some(id.to_owned()), ..Credential::default() };
        Event::new("token.authenticated").credential(credential)
    };
    let target = |action: &str, id: &str| Event::new(action).target(Target::new("token", id));
    let events = [
        target("token.created", "tok_1"),
        target("token.created", "tok_2"),
        used("tok_1"),
        used("tok_1").tenant("acme"),
        used("tok_2"),
        used("tok_1"),
        used("tok_1"),
        target("resource.created", "tok_1").target(Target::new("document", "tok_2")),
        target("token.rotated", "tok_1"),
        used("tok_1").target(Target::new("token", "tok_1")),
    ];
    for event in events {
        recorder.record(event).unwrap();
    }
}

#[test]
fn the_log_of_a_token_has_its_uses_and_its_changes_newest_first_whatever_the_page() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::open(LogConfig::new(directory.path(), Arc::new(system_time))).unwrap();
    let stores: [Arc<dyn Store>; 2] = [Arc::new(log), Arc::new(MemoryStore::default())];
    for store in stores {
        fill(&store);
        for limit in 1..10 {
            let (mut seqs, mut after) = (Vec::new(), None);
            loop {
                let page = token_log(&*store, "default", "tok_1", limit, after).unwrap();
                assert!(page.events.len() <= limit as usize);
                seqs.extend(page.events.iter().map(|event| event.seq));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seqs, [9, 8, 7, 6, 5, 2, 0], "in pages of {limit}");
        }
        let seqs = |tenant: &str, id: &str| -> Vec<u64> {
            token_log(&*store, tenant, id, 50, None).unwrap().events.iter().map(|event| event.seq).collect()
        };
        assert_eq!(seqs("acme", "tok_1"), [3]);
        assert_eq!(seqs("default", "tok_2"), [4, 1]);
        assert!(seqs("default", "tok_3").is_empty());
    }
}

#[test]
fn the_null_driver_takes_everything_and_gives_nothing() {
    let store: Arc<dyn Store> = Arc::new(NullStore::default());
    fill(&store);
    assert_eq!(store.status().next_seq, 10);
    let page = token_log(&*store, "default", "tok_1", 50, None).unwrap();
    assert!(page.events.is_empty() && page.next.is_none());
}
