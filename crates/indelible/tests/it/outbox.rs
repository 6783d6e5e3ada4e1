//! Outboxes in real databases, drained into real logs.

mod postgres;
mod postgres_triggers;
mod sqlite;
mod sqlite_triggers;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
    time::Duration,
};

use indelible::{
    Cancel, Filter, MemoryStore, Query, Recorded, Recorder, Store, Timestamp,
    outbox::{Outbox, OutboxError, Row, Status},
    system_time,
};

const HOUR_US: i64 = 3_600_000_000;

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

/// An outbox whose process is killed between the log's answer and the next step.
struct KilledBeforeSettling<'a, T>(&'a T);

impl<T: Outbox + Sync> Outbox for KilledBeforeSettling<'_, T> {
    fn waiting(&self) -> Result<Vec<Row>, OutboxError> {
        self.0.waiting()
    }

    fn settle(&self, _: &[i64]) -> Result<(), OutboxError> {
        Err(OutboxError::Database { cause: "killed".to_owned() })
    }

    fn park(&self, id: i64, problem: &str) -> Result<(), OutboxError> {
        self.0.park(id, problem)
    }

    fn retry(&self) -> Result<u64, OutboxError> {
        self.0.retry()
    }

    fn status(&self) -> Result<Status, OutboxError> {
        self.0.status()
    }

    fn ring(&self, bell: mpsc::SyncSender<()>) -> Duration {
        self.0.ring(bell)
    }
}

/// A recorder whose clock the test sets.
fn clocked() -> (Recorder, Arc<MemoryStore>, Arc<AtomicI64>) {
    let store = Arc::new(MemoryStore::default());
    let now = Arc::new(AtomicI64::new(system_time().as_micros()));
    let read = Arc::clone(&now);
    let clock = move || Timestamp::saturating_from_micros(read.load(Ordering::SeqCst));
    (Recorder::builder(store.clone()).clock(clock).build(), store, now)
}
