use indelible::Timestamp;

use super::{Endpoint, Reads};
use crate::keys::{Ability, ApiKey, Reach};

fn key(id: &str, tenant: &str) -> ApiKey {
    ApiKey {
        id: id.to_owned(),
        name: "dashboard".to_owned(),
        tenant: Reach::from(tenant.to_owned()),
        abilities: vec![Ability::EventsRead],
        prefix: "ik_abcde".to_owned(),
        created_at: Timestamp::MIN,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::saturating_from_micros(seconds * 1_000_000)
}

#[test]
fn many_reads_of_a_key_become_one_event_that_counts_them() {
    let reads = Reads::default();
    (1..=500).for_each(|second| reads.note(&key("key_1", "acme"), Endpoint::List, at(second)));
    let events = reads.take();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].count, events[0].first_at, events[0].last_at), (Some(500), Some(at(1)), Some(at(500))));
    assert_eq!((events[0].action.as_str(), events[0].tenant.as_deref()), ("audit.log.read", Some("acme")));
    events[0].validate().unwrap();
}

#[test]
fn keys_and_endpoints_are_told_apart() {
    let reads = Reads::default();
    reads.note(&key("key_1", "acme"), Endpoint::List, at(1));
    reads.note(&key("key_1", "acme"), Endpoint::Export, at(1));
    reads.note(&key("key_2", "*"), Endpoint::List, at(1));
    let mut told: Vec<(String, Option<String>)> =
        reads.take().into_iter().map(|event| (event.action, event.tenant)).collect();
    told.sort();
    let acme = Some("acme".to_owned());
    assert_eq!(
        told,
        [
            ("audit.log.exported".to_owned(), acme.clone()),
            ("audit.log.read".to_owned(), None),
            ("audit.log.read".to_owned(), acme),
        ]
    );
}

#[test]
fn what_was_taken_is_not_told_twice() {
    let reads = Reads::default();
    reads.note(&key("key_1", "acme"), Endpoint::Get, at(1));
    assert_eq!(reads.take().len(), 1);
    assert!(reads.take().is_empty());
}
