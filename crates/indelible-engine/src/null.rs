//! The store that keeps nothing: for measuring what comes before a store, and for switching the log off.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use indelible_proof::{Entry, EpochKey, EventId, Recorded, Timestamp};

use crate::{
    limits::BATCH_EVENTS_MAX,
    listeners::{Listener, Listeners},
    query::{Aggregate, Cancel, Page, Query, Snapshot, Table},
    source::ReadError,
    store::{AppendError, Durability, Pending, Ready, Receipt, Status, Store},
};

/// Takes every event, gives receipts, keeps nothing. Reads find an empty log, so of the conformance suite it passes
/// only what concerns receipts.
#[derive(Debug, Default)]
pub struct NullStore {
    next_seq: AtomicU64,
    closed: AtomicBool,
    /// Held from the moment a batch gets its numbers until the listeners know, so that they hear them in order.
    listeners: Mutex<Listeners>,
}

impl Store for NullStore {
    fn append(&self, batch: Vec<Ready>, _: Durability) -> Result<Pending, AppendError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(AppendError::Closed);
        }
        if batch.len() > BATCH_EVENTS_MAX {
            return Err(AppendError::TooLarge { events: batch.len(), events_max: BATCH_EVENTS_MAX });
        }
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let first = self.next_seq.fetch_add(batch.len() as u64, Ordering::Relaxed);
        let receipts = batch.iter().zip(first..).map(|(ready, seq)| {
            let id = EventId::new(ready.event.recorded_at.unwrap_or(Timestamp::MIN), 0, seq);
            // Nothing is kept that could be erased later, so the salts need no secret.
            let leaf = Entry::of(&ready.canonical, &EpochKey([0; 32])).leaf_hash();
            Receipt { id, seq, leaf, duplicate: false }
        });
        let receipts = receipts.collect();
        listeners.tell(first + batch.len() as u64);
        Ok(Pending::completed(Ok(receipts)))
    }

    fn get(&self, _: Option<&str>, _: u64) -> Result<Option<Recorded>, ReadError> {
        Ok(None)
    }

    fn query(&self, query: &Query, cancel: &Cancel) -> Result<Page, ReadError> {
        Snapshot::default().query(query, cancel)
    }

    fn aggregate(&self, aggregate: &Aggregate, cancel: &Cancel) -> Result<Table, ReadError> {
        Snapshot::default().aggregate(aggregate, cancel)
    }

    fn status(&self) -> Status {
        let next_seq = self.next_seq.load(Ordering::Relaxed);
        Status { next_seq, first_seq: next_seq, ..Status::default() }
    }

    fn on_commit(&self, listener: Listener) {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).add(listener);
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
