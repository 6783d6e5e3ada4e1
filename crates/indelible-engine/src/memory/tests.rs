use std::panic::{AssertUnwindSafe, catch_unwind};

use indelible_proof::{Actor, Event, Timestamp};

use super::MemoryStore;
use crate::{
    conformance,
    store::{Durability, Ready, Receipt, Redacted, Store},
};

fn append(store: &MemoryStore, events: impl IntoIterator<Item = Event>) -> Vec<Receipt> {
    let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let batch = events.into_iter().map(|event| Ready::new(Redacted::vouched(event), now).unwrap()).collect();
    store.append(batch, Durability::Durable).unwrap().wait().unwrap()
}

#[test]
fn it_conforms() {
    conformance::run(MemoryStore::default);
}

#[test]
fn it_conforms_in_small_chunks() {
    conformance::run(|| MemoryStore::new(100));
}

#[test]
fn the_oldest_events_are_forgotten_and_numbers_go_on() {
    let store = MemoryStore::new(10);
    for n in 0..35 {
        append(&store, [Event::new("a.b").tag(n.to_string()).idempotency_key(n.to_string())]);
    }
    let status = store.status();
    assert_eq!((status.next_seq, status.tail_events), (35, 35 - status.first_seq));
    assert!((10..=12).contains(&status.tail_events), "{status:?}");
    let seqs: Vec<u64> = store.recorded().iter().map(|recorded| recorded.seq).collect();
    assert!(seqs.iter().copied().eq(status.first_seq..35));
    assert_eq!(store.get(None, 0).unwrap(), None);
    assert!(!append(&store, [Event::new("a.b").idempotency_key("0")])[0].duplicate, "keys go with their events");
    assert!(append(&store, [Event::new("a.b").idempotency_key("34")])[0].duplicate);
}

fn message(panics: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(panics)).unwrap_err().downcast::<String>().unwrap()
}

#[test]
fn a_failed_assertion_lists_what_was_recorded() {
    let store = MemoryStore::default();
    assert_eq!(message(|| store.assert_recorded("a.b")), "nothing recorded matches\n    a.b\nrecorded:\n    nothing\n");
    append(&store, [Event::new("token.revoked").actor(Actor::user("42"))]);
    append(&store, (0..20).map(|_| Event::new("a.b")));
    store.assert_recorded("action:token.* actor:user:42 since:1h");
    store.assert_not_recorded("action:token.created");
    assert_eq!(
        message(|| store.assert_not_recorded("token")),
        "1 recorded events match\n    token\nthese:\n    seq:0 action:token.revoked outcome:success actor:42\n"
    );
    let failed = message(|| store.assert_recorded("action:x.y"));
    assert!(
        failed.contains("seq:1 action:a.b outcome:unknown actor:-\n") && failed.ends_with("    and 1 more\n"),
        "{failed}"
    );
    assert!(message(|| store.assert_recorded("acton:x")).ends_with("did you mean \"action\"?"));
}
