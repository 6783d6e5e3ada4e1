//! Outboxes in real databases, drained into real logs.

mod sqlite;
mod sqlite_triggers;

use std::sync::Arc;

use indelible::{Cancel, Filter, MemoryStore, Query, Recorded, Recorder, Store};

fn recorder() -> (Recorder, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::default());
    (Recorder::new(store.clone()), store)
}

/// Everything in a store, oldest first.
fn all(store: &dyn Store) -> Vec<Recorded> {
    let mut query = Query::newest(Filter::default());
    query.order = indelible::engine::query::Order::OldestFirst;
    query.limit = 1000;
    let mut events = Vec::new();
    loop {
        let page = store.query(&query, &Cancel::default()).unwrap();
        events.extend(page.events);
        query.after = page.next;
        if query.after.is_none() {
            return events;
        }
    }
}

/// A field of the metadata of each event, as it was numbered by those who made them.
fn numbers(store: &dyn Store) -> Vec<i64> {
    all(store).iter().map(|recorded| recorded.event.metadata["n"].as_i64().unwrap()).collect()
}
