//! The bounded queue between callers and the committer.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indelible_proof::LeafHash;

use super::{epochs::Epoch, layout::Day};
use crate::{
    limits::{BATCH_BYTES_MAX, BUSY_RETRY_MS, FRAME_EVENTS_MAX},
    store::{AppendError, Completion, Durability, Ready, Receipt},
};

/// A batch on its way to the committer.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) events: Vec<Hashed>,
    pub(super) durability: Durability,
    pub(super) completion: Completion,
    /// The epoch that the leaves were made with.
    pub(super) epoch: Arc<Epoch>,
    /// The log was searched for repeats up to here.
    pub(super) searched_to: u64,
    /// The latest day of the events' `recorded_at`; none when there are no events.
    pub(super) day: Option<Day>,
    /// Canonical bytes.
    pub(super) bytes: usize,
    /// What is to be done before anything else.
    pub(super) asks: Asks,
}

/// What a batch asks of the committer beside writing its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    Nothing,
    /// A new WAL file.
    NewFile,
    /// A new key that signs.
    NewKey,
}

/// An event with its leaf.
#[derive(Debug)]
pub(super) struct Hashed {
    pub(super) ready: Ready,
    pub(super) leaf: LeafHash,
    /// The receipt of the event that it repeats, if the caller's search found one.
    pub(super) repeats: Option<Receipt>,
}

/// What the committer finds in the queue.
#[derive(Debug)]
pub(super) enum Taken {
    Group(Vec<Waiting>),
    /// Nothing came for as long as it would wait.
    Nothing,
    /// Closed and empty.
    Closed,
}

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    events_max: usize,
    bytes_max: usize,
}

/// Owned by whoever holds the lock: callers add at the back, the committer takes from the front.
#[derive(Debug, Default)]
struct State {
    batches: VecDeque<Waiting>,
    events: usize,
    bytes: usize,
    closed: bool,
}

impl Queue {
    pub(super) fn new(events_max: usize, bytes_max: usize) -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), events_max, bytes_max }
    }

    /// Adds a batch; an empty queue takes any.
    pub(super) fn put(&self, batch: Waiting) -> Result<(), AppendError> {
        let mut state = self.lock();
        let full = state.events + batch.events.len() > self.events_max || state.bytes + batch.bytes > self.bytes_max;
        if state.closed {
            return Err(AppendError::Closed);
        }
        if full && state.events > 0 {
            return Err(AppendError::Busy { retry_after_ms: BUSY_RETRY_MS });
        }
        state.events += batch.events.len();
        state.bytes += batch.bytes;
        state.batches.push_back(batch);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits for batches, for a while or for ever, and takes as many as fit into one frame of one day.
    pub(super) fn take(&self, wait: Option<Duration>) -> Taken {
        let nothing = |state: &mut State| state.batches.is_empty() && !state.closed;
        let state = self.lock();
        let mut state = match wait {
            None => self.filled.wait_while(state, nothing).unwrap_or_else(PoisonError::into_inner),
            Some(wait) => {
                self.filled.wait_timeout_while(state, wait, nothing).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        match state.take_group() {
            group if !group.is_empty() => Taken::Group(group),
            _ if state.closed => Taken::Closed,
            _ => Taken::Nothing,
        }
    }

    /// Lets nothing in any more.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    /// Lets nothing in any more, and tells those who wait that nothing comes of it.
    pub(super) fn abandon(&self) {
        // Dropped without the lock: it wakes callers.
        let left = std::mem::replace(&mut *self.lock(), State { closed: true, ..State::default() });
        drop(left);
    }

    /// Events that wait.
    pub(super) fn events(&self) -> usize {
        self.lock().events
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_group(&mut self) -> Vec<Waiting> {
        let mut group: Vec<Waiting> = Vec::new();
        let (mut events, mut bytes) = (0, 0);
        while let Some(next) = self.batches.front() {
            events += next.events.len();
            bytes += next.bytes;
            let fits = events <= FRAME_EVENTS_MAX && bytes <= BATCH_BYTES_MAX;
            let joins = group.first().is_none_or(|first| fits && next.asks == Asks::Nothing && next.day <= first.day);
            if !joins {
                break;
            }
            self.events -= next.events.len();
            self.bytes -= next.bytes;
            group.extend(self.batches.pop_front());
        }
        group
    }
}
