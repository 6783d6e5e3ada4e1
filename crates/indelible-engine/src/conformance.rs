//! What every store must do, as tests that any store can be run through, also your own.
//!
//! ```
//! use indelible_engine::{conformance, memory::MemoryStore};
//!
//! // In a test of your crate, with your store:
//! conformance::run(MemoryStore::default);
//! ```
//!
//! Every function is one demand, takes an empty store, and panics with what went wrong. The null store keeps nothing
//! on purpose, so only [`receipts_count_on_without_gaps`], [`a_batch_too_large_stores_nothing`],
//! [`listeners_hear_of_commits_in_order`] and [`a_closed_store_takes_nothing`] are for it.

mod questions;

use std::{collections::BTreeSet, fmt::Display, sync::mpsc};

use indelible_proof::{Actor, Context, Credential, Event, Http, Outcome, Recorded, Severity, Target, Timestamp};

pub use self::questions::{every_aggregate_counts_right, every_filter_finds_its_events};
use crate::{
    limits::{BATCH_EVENTS_MAX, IDEMPOTENCY_US},
    query::{Cancel, Cursor, Filter, Order, Query},
    store::{AppendError, Durability, Ready, Receipt, Redacted, Store},
};

/// Runs a store through everything; `make` gives an empty one each time.
///
/// # Panics
/// When the store does not conform.
pub fn run<S: Store>(make: impl Fn() -> S) {
    receipts_count_on_without_gaps(&make());
    an_event_comes_back_whole(&make());
    a_batch_too_large_stores_nothing(&make());
    pages_go_both_ways_and_end(&make());
    pages_are_stable_while_events_arrive(&make());
    every_filter_finds_its_events(&make());
    every_aggregate_counts_right(&make());
    an_idempotency_key_records_once(&make());
    tenants_see_only_their_own(&make());
    listeners_hear_of_commits_in_order(&make());
    a_closed_store_takes_nothing(&make());
}

/// Receipts come in the order of the batch, their numbers from 0 on without a gap, also between batches.
pub fn receipts_count_on_without_gaps(store: &dyn Store) {
    let first = append(store, (0..3).map(|n| Event::new("a.b").tag(n.to_string())).collect());
    assert!(append(store, Vec::new()).is_empty(), "an empty batch has no receipts");
    let second = append(store, vec![Event::new("a.b"), Event::new("a.b")]);
    let receipts: Vec<&Receipt> = first.iter().chain(&second).collect();
    for (receipt, seq) in receipts.iter().zip(0..) {
        assert_eq!(receipt.seq, seq, "sequence numbers go on without a gap");
        assert_eq!(receipt.id.seq(), seq, "an id carries its sequence number");
        assert_eq!(receipt.id.millis(), start().as_millis(), "an id carries the time of its intake");
        assert!(!receipt.duplicate, "nothing was recorded twice");
    }
    let leaves: BTreeSet<[u8; 32]> = first.iter().map(|receipt| receipt.leaf.0).collect();
    assert_eq!(leaves.len(), first.len(), "different events have different leaves");
    assert_eq!(store.status().next_seq, 5, "the status knows the next sequence number");
}

/// What was acknowledged can be read at once, equal in every field.
pub fn an_event_comes_back_whole(store: &dyn Store) {
    let events = sample();
    let receipts = append(store, events.clone());
    assert_eq!(receipts.len(), events.len(), "every event has a receipt");
    for (event, receipt) in events.into_iter().zip(receipts) {
        let found = or_panic("get", store.get(None, receipt.seq));
        let expected = Recorded { id: receipt.id, seq: receipt.seq, event: ready(event, start()).event().clone() };
        assert_eq!(found.as_ref(), Some(&expected), "the event is as it was recorded");
    }
    assert_eq!(or_panic("get", store.get(None, 1_000_000)), None, "there is no event behind the end");
}

/// All or nothing: a batch that is refused leaves nothing behind.
pub fn a_batch_too_large_stores_nothing(store: &dyn Store) {
    let batch: Vec<Ready> = (0..=BATCH_EVENTS_MAX).map(|_| ready(Event::new("a.b"), start())).collect();
    let refused = match store.append(batch, Durability::Durable) {
        Ok(pending) => pending.wait().map(|receipts| receipts.len()),
        Err(error) => Err(error),
    };
    assert!(matches!(refused, Err(AppendError::TooLarge { .. })), "{refused:?}: expected TooLarge");
    assert_eq!(store.status().next_seq, 0, "nothing was stored");
    assert!(find(store, &all(), 1000).is_empty(), "nothing can be found");
}

/// Newest first and oldest first give the same events, whatever the length of the pages, and the last page says so.
pub fn pages_go_both_ways_and_end(store: &dyn Store) {
    append(store, (0..25).map(|_| Event::new("a.b")).collect());
    for limit in [1, 5, 7, 25, 100] {
        let mut seqs = find(store, &all(), limit);
        assert!(seqs.iter().copied().eq((0..25).rev()), "newest first, pages of {limit}: {seqs:?}");
        seqs = find(store, &Query { order: Order::OldestFirst, ..all() }, limit);
        assert!(seqs.iter().copied().eq(0..25), "oldest first, pages of {limit}: {seqs:?}");
    }
}

/// What arrives between two pages changes nothing on those to come, newest first; oldest first it comes at the end.
pub fn pages_are_stable_while_events_arrive(store: &dyn Store) {
    let more = || (0..10).map(|_| Event::new("a.b")).collect();
    append(store, more());
    let query = Query { limit: 6, ..all() };
    let newest = or_panic("query", store.query(&query, &Cancel::default()));
    let oldest =
        or_panic("query", store.query(&Query { order: Order::OldestFirst, ..query.clone() }, &Cancel::default()));
    append(store, more());
    let behind = find(store, &Query { after: newest.next, ..all() }, 100);
    assert_eq!(behind, [3, 2, 1, 0], "the second page goes on where the first ended");
    let behind = find(store, &Query { after: oldest.next, order: Order::OldestFirst, ..all() }, 100);
    assert!(behind.iter().copied().eq(6..20), "oldest first, what is new comes last: {behind:?}");
    let last = Query { after: Some(Cursor { seq: 19 }), order: Order::OldestFirst, ..all() };
    assert!(find(store, &last, 100).is_empty(), "behind the last event there is nothing");
}

/// The same key of the same tenant within 24 hours gives the first receipt and stores nothing.
pub fn an_idempotency_key_records_once(store: &dyn Store) {
    let keyed = |tenant: &str| Event::new("a.b").tenant(tenant).idempotency_key("k");
    let at = |us: i64| Timestamp::saturating_from_micros(start().as_micros() + us);
    let within = append_at(store, vec![keyed("acme"), Event::new("c.d"), keyed("acme"), keyed("globex")], start());
    let seqs: Vec<(u64, bool)> = within.iter().map(|receipt| (receipt.seq, receipt.duplicate)).collect();
    assert_eq!(seqs, [(0, false), (1, false), (0, true), (2, false)], "also inside of one batch, by tenant");
    let again = append_at(store, vec![keyed("acme")], at(IDEMPOTENCY_US - 1));
    let expected = within.first().map(|first| Receipt { duplicate: true, ..first.clone() });
    assert_eq!(again.first(), expected.as_ref(), "the first receipt comes back");
    let late = append_at(store, vec![keyed("acme")], at(IDEMPOTENCY_US));
    assert_eq!(
        late.first().map(|receipt| (receipt.seq, receipt.duplicate)),
        Some((3, false)),
        "24 hours later it is new"
    );
    assert_eq!(find(store, &all(), 100), [3, 2, 1, 0], "nothing was stored twice");
}

/// Whoever asks for a tenant sees nothing of another, by no way.
pub fn tenants_see_only_their_own(store: &dyn Store) {
    append(store, (0..10).map(|n| Event::new("a.b").tenant(if n % 2 == 0 { "acme" } else { "globex" })).collect());
    for seq in 0..10 {
        let found = or_panic("get", store.get(Some("acme"), seq)).is_some();
        assert_eq!(found, seq % 2 == 0, "event {seq} is for its own tenant only");
    }
    for line in ["", "tenant:globex", "-tenant:acme", "tenant:g*", "b", "a.b -tenant:nobody"] {
        let filter = questions::filter(line).within_tenant("acme");
        for seq in find(store, &Query::newest(filter), 3) {
            assert_eq!(seq % 2, 0, "{line:?} shows event {seq} of another tenant");
        }
    }
    let own = questions::filter("").within_tenant("acme");
    assert_eq!(find(store, &Query::newest(own), 100), [8, 6, 4, 2, 0], "a tenant sees all of its own");
}

/// A listener hears rising numbers, the last one being the next sequence number, until it has heard enough.
pub fn listeners_hear_of_commits_in_order(store: &dyn Store) {
    let (tell, heard) = mpsc::channel();
    let (tell_once, heard_once) = mpsc::channel();
    store.on_commit(Box::new(move |next_seq| tell.send(next_seq).is_ok()));
    store.on_commit(Box::new(move |next_seq| {
        let _ = tell_once.send(next_seq);
        false
    }));
    append(store, vec![Event::new("a.b"), Event::new("a.b")]);
    append(store, vec![Event::new("a.b")]);
    let mut last = 0;
    while last < 3 {
        let next = or_panic("listen", heard.recv());
        assert!(next > last && next <= 3, "{next} after {last}");
        last = next;
    }
    assert_eq!(heard_once.iter().count(), 1, "who has heard enough is not told again");
}

/// A closed store takes nothing more; what was recorded can still be read.
pub fn a_closed_store_takes_nothing(store: &dyn Store) {
    append(store, vec![Event::new("a.b")]);
    store.close();
    let refused = match store.append(vec![ready(Event::new("a.b"), start())], Durability::Durable) {
        Ok(pending) => pending.wait().map(|receipts| receipts.len()),
        Err(error) => Err(error),
    };
    assert!(matches!(refused, Err(AppendError::Closed)), "{refused:?}: expected Closed");
    assert_eq!(store.status().next_seq, 1, "nothing was stored after the close");
}

/// When all events of the suite are recorded.
fn start() -> Timestamp {
    Timestamp::saturating_from_micros(1_795_176_000_000_000)
}

fn ready(event: Event, now: Timestamp) -> Ready {
    or_panic("complete an event", Ready::new(Redacted::vouched(event), now))
}

fn append(store: &dyn Store, events: Vec<Event>) -> Vec<Receipt> {
    append_at(store, events, start())
}

fn append_at(store: &dyn Store, events: Vec<Event>, now: Timestamp) -> Vec<Receipt> {
    let batch = events.into_iter().map(|event| ready(event, now)).collect();
    or_panic("append", or_panic("append", store.append(batch, Durability::Durable)).wait())
}

fn all() -> Query {
    Query::newest(Filter::default())
}

/// Sequence numbers of all that is found, page by page.
fn find(store: &dyn Store, query: &Query, limit: u32) -> Vec<u64> {
    let mut query = Query { limit, ..query.clone() };
    let mut seqs = Vec::new();
    loop {
        let page = or_panic("query", store.query(&query, &Cancel::default()));
        assert!(page.events.len() <= limit as usize, "a page is not longer than asked for");
        assert!(page.next.is_none() || !page.events.is_empty(), "an empty page is the last one");
        seqs.extend(page.events.iter().map(|recorded| recorded.seq));
        query.after = page.next;
        if query.after.is_none() {
            return seqs;
        }
    }
}

#[track_caller]
fn or_panic<T, E: Display>(what: &str, result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("cannot {what}: {error}"),
    }
}

/// Eight events, a day and a half long, that the questions of the suite are asked of.
fn sample() -> Vec<Event> {
    let at = |hours: i64, event: Event| {
        let us = start().as_micros() + (hours - 36) * 3_600_000_000;
        event.occurred_at(Timestamp::saturating_from_micros(us))
    };
    let login = |outcome, ip: [u8; 4]| {
        let action = if outcome == Outcome::Success { "auth.login.succeeded" } else { "auth.login.failed" };
        Event::new(action).outcome(outcome).severity(Severity::Low).ip(ip.into())
    };
    let alice = || Actor::user("42").email("alice@example.com").name("Alice");
    let key =
        |id: &str| Credential { id: Some(id.to_owned()), scopes: vec!["read".to_owned()], ..Credential::default() };
    let request = |status, latency_us| Http {
        route: Some("/v1/pay/{id}".to_owned()),
        status: Some(status),
        latency_us: Some(latency_us),
        ..Http::default()
    };
    let context = |agent: &str| Context { user_agent: Some(agent.to_owned()), asn: Some(64500), ..Context::default() };
    let mut rejected = Event::new("access.denied").outcome(Outcome::Denied).severity(Severity::High);
    rejected.context = Some(context("curl/8"));
    let created = Event::new("token.created").severity(Severity::Medium).credential(key("tok_2"));
    let updated = Event::new("resource.updated").severity(Severity::Info).actor(Actor::service("batch"));
    vec![
        at(0, login(Outcome::Failure, [10, 0, 0, 1]).actor(alice()).reason("invalid_credentials")),
        at(1, login(Outcome::Failure, [10, 0, 0, 2]).actor(alice()).meta("endpoint", "/login").meta("try", 2)),
        at(1, login(Outcome::Success, [203, 0, 113, 9]).actor(alice()).session("s1").tag("web").tag("eu")),
        at(
            2,
            Event::new("token.authenticated").severity(Severity::Info).credential(key("tok_1")).http(request(200, 900)),
        ),
        at(3, rejected.actor(Actor::new("token", "42")).http(request(403, 100)).reason("insufficient_scope")),
        at(20, created.actor(alice()).target(Target::new("token", "tok_2")).target(Target::new("document", "7"))),
        at(30, updated.on_behalf_of(alice()).target(Target::new("document", "tok_2").attr("pages", 3)).tag("eu")),
        at(
            35,
            Event::new("resource.updated").tenant("acme").severity(Severity::Critical).http(request(500, 5_000_000)),
        ),
    ]
}
