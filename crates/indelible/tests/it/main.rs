//! The recorder over a real store, seen as an application sees it.

// A test that cannot read a sample has failed; helpers of tests may say so as tests do.
#![allow(clippy::unwrap_used)]

mod bearer_lives;
mod bearer_rules;
mod capture;
mod drivers;
mod endpoints;
mod import;
mod oauth_questions;
mod outbox;
mod tokens;
mod usage;

use std::sync::Arc;

use indelible::{
    Actor, Durability, Event, Log, LogConfig, MemoryStore, Outcome, Recorder, Recording, Store, system_time,
};

fn recorder() -> (Recorder, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::default());
    (Recorder::new(store.clone()), store)
}

#[test]
fn what_was_recorded_is_found() {
    let (recorder, store) = recorder();
    recorder.record(Event::new("token.revoked").actor(Actor::user("42"))).unwrap();
    store.assert_recorded("action:token.revoked actor:user:42 outcome:success tenant:default");
    store.assert_not_recorded("outcome:failure");
}

#[test]
fn another_products_action_is_recorded_as_ours() {
    let (recorder, store) = recorder();
    recorder.record(Event::new("sign-in:email").outcome(Outcome::Failure)).unwrap();
    store.assert_recorded(r#"action:auth.login.failed metadata.original_action:"sign-in:email""#);
}

#[test]
fn a_retry_with_the_same_key_gives_the_first_receipt_and_stores_nothing() {
    let (recorder, store) = recorder();
    let event = || Event::new("token.created").idempotency_key("req-1");
    let receipt = |recording: Recording| recording.receipt().unwrap().clone();
    let first = receipt(recorder.record(event()).unwrap());
    let again = receipt(recorder.record(event()).unwrap());
    assert_eq!((again.seq, again.id, again.duplicate), (first.seq, first.id, true));
    let other = receipt(recorder.record(event().tenant("acme")).unwrap());
    assert!(!other.duplicate);
    assert_eq!(store.status().next_seq, 2);
}

#[test]
fn every_durability_stores() {
    let (recorder, store) = recorder();
    for durability in [Durability::Durable, Durability::Written, Durability::Queued] {
        recorder.record_all(vec![Event::new("token.created"), Event::new("token.rotated")], durability).unwrap();
    }
    recorder.close();
    assert_eq!((store.count("action:token.created"), store.count("action:token.rotated")), (3, 3));
}

#[test]
fn no_secret_reaches_the_store() {
    let (recorder, store) = recorder();
    let event = Event::new("auth.login.failed").meta("body", r#"{"email":"alice@example.com","password":"hunter2"}"#);
    recorder.record(event.clone()).unwrap();
    recorder.queue(event).unwrap();
    recorder.close();
    assert_eq!(store.recorded().len(), 2);
    assert!(!format!("{:?}", store.recorded()).contains("hunter2"));
}

#[test]
fn what_was_recorded_on_disk_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Arc::new(Log::open(LogConfig::new(directory.path(), Arc::new(system_time))).unwrap());
    let event = || Event::new("token.created").idempotency_key("req-1").meta("secret", "hunter2");
    let log = open();
    let recorder = Recorder::new(log.clone());
    let first = recorder.record(event()).unwrap().receipt().unwrap().clone();
    (0..100).for_each(|nth| recorder.queue(Event::new("token.rotated").meta("nth", nth)).unwrap());
    recorder.close();
    log.close();
    drop((recorder, log));

    let log = open();
    assert_eq!(log.status().next_seq, 101);
    let stored = log.get(None, 0).unwrap().unwrap();
    assert_eq!((stored.id, &stored.event.metadata["secret"]), (first.id, &"[REDACTED]".into()));
    let again = Recorder::new(log.clone()).record(event()).unwrap().receipt().unwrap().clone();
    assert_eq!((again.id, again.leaf, again.duplicate), (first.id, first.leaf, true));
}
