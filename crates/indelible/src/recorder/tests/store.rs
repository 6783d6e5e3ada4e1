//! A store that does as the test says: it acknowledges, refuses, or keeps everybody waiting.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex},
};

use indelible_engine::{
    query::{Aggregate, Cancel, Page, Query, Table},
    source::ReadError,
    store::{AppendError, Durability, Pending, Ready, Receipt, Status, Store},
};
use indelible_proof::{Event, EventId, LeafHash, Recorded, Timestamp};

#[derive(Default)]
pub(super) struct TestStore {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    events: Vec<Event>,
    durabilities: Vec<Durability>,
    /// Errors for the next appends, in order.
    errors: VecDeque<AppendError>,
    /// Every append fails so.
    broken: Option<AppendError>,
    held: bool,
    /// Appends that reached the store, held or not.
    arrived: usize,
}

impl TestStore {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(super) fn events(&self) -> Vec<Event> {
        self.state.lock().unwrap().events.clone()
    }

    pub(super) fn actions(&self) -> Vec<String> {
        self.events().into_iter().map(|event| event.action).collect()
    }

    pub(super) fn durabilities(&self) -> Vec<Durability> {
        self.state.lock().unwrap().durabilities.clone()
    }

    pub(super) fn fail_next(&self, error: AppendError) {
        self.state.lock().unwrap().errors.push_back(error);
    }

    pub(super) fn fail_always(&self, error: Option<AppendError>) {
        self.state.lock().unwrap().broken = error;
    }

    /// Holds all appends until [`TestStore::release`].
    pub(super) fn hold(&self) {
        self.state.lock().unwrap().held = true;
    }

    pub(super) fn release(&self) {
        self.state.lock().unwrap().held = false;
        self.moved.notify_all();
    }

    /// Blocks until so many appends have come.
    pub(super) fn wait_for_appends(&self, appends: usize) {
        let state = self.state.lock().unwrap();
        drop(self.moved.wait_while(state, |state| state.arrived < appends).unwrap());
    }
}

impl Store for TestStore {
    fn append(&self, batch: Vec<Ready>, durability: Durability) -> Result<Pending, AppendError> {
        let mut state = self.state.lock().unwrap();
        state.arrived += 1;
        self.moved.notify_all();
        let mut state = self.moved.wait_while(state, |state| state.held).unwrap();
        if let Some(error) = state.errors.pop_front().or_else(|| state.broken.clone()) {
            return match error {
                // The two ways to fail: at once, and later.
                AppendError::Unavailable { .. } => Ok(Pending::completed(Err(error))),
                _ => Err(error),
            };
        }
        state.durabilities.push(durability);
        let receipts = batch.iter().map(|ready| {
            let event = ready.event();
            let known = event
                .idempotency_key
                .as_ref()
                .and_then(|key| state.events.iter().position(|known| known.idempotency_key.as_ref() == Some(key)));
            let seq = known.unwrap_or(state.events.len()) as u64;
            if known.is_none() {
                state.events.push(event.clone());
            }
            let id = EventId::new(event.recorded_at.unwrap_or(Timestamp::MIN), 0, seq);
            Receipt { id, seq, leaf: LeafHash([0; 32]), duplicate: known.is_some() }
        });
        let receipts = receipts.collect();
        Ok(Pending::completed(Ok(receipts)))
    }

    fn get(&self, _: Option<&str>, _: u64) -> Result<Option<Recorded>, ReadError> {
        Ok(None)
    }

    fn query(&self, _: &Query, _: &Cancel) -> Result<Page, ReadError> {
        Err(ReadError::Cancelled)
    }

    fn aggregate(&self, _: &Aggregate, _: &Cancel) -> Result<Table, ReadError> {
        Err(ReadError::Cancelled)
    }

    fn status(&self) -> Status {
        Status::default()
    }

    fn on_commit(&self, _: Box<dyn Fn(u64) -> bool + Send + Sync>) {}

    fn close(&self) {}
}
