//! The store: where events are appended, kept and asked for.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use indelible_proof::{Canonical, Event, EventError, EventId, LeafHash, Recorded, Timestamp};

use crate::{
    query::{Aggregate, Cancel, Page, Query, Table},
    source::ReadError,
};

/// An event from which everything secret has been removed; only this can be appended.
///
/// The `Recorder` of the crate `indelible` makes these by its redaction rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Redacted(Box<Event>);

impl Redacted {
    /// Takes the caller's word that the event holds no secret. For redaction itself, and for tests of stores.
    pub fn vouched(event: Event) -> Self {
        Self(Box::new(event))
    }

    /// The event.
    pub fn event(&self) -> &Event {
        &self.0
    }
}

/// An event that is complete, checked and encoded: ready to be hashed and appended.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The event, with everything but its place in the log. Shared: whoever may have to append it again keeps a clone.
    pub(crate) event: Arc<Event>,
    /// Its canonical bytes.
    pub(crate) canonical: Canonical,
}

impl Ready {
    /// Completes an event with the time of its intake, checks it and encodes it.
    pub fn new(redacted: Redacted, now: Timestamp) -> Result<Self, EventError> {
        let mut event = redacted.0;
        event.complete(now);
        let canonical = Canonical::checked(&event)?;
        Ok(Self { event: event.into(), canonical })
    }

    /// The complete event.
    pub fn event(&self) -> &Event {
        &self.event
    }
}

/// When an append is acknowledged, and so what an acknowledgement survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// After fdatasync returned: survives loss of power.
    #[default]
    Durable,
    /// After the bytes were handed to the operating system: survives the death of the process, not of the machine.
    Written,
}

/// Proof of having been recorded. For [`Durability::Durable`] it exists only after the fsync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The event's id.
    pub id: EventId,
    /// The event's index in the log.
    pub seq: u64,
    /// The event's leaf in the Merkle tree.
    pub leaf: LeafHash,
    /// An event with the same idempotency key was recorded before: this is its receipt, nothing was stored.
    pub duplicate: bool,
}

/// Why an append stored nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// The queue of the log is full.
    #[error("the log is busy: retry after {retry_after_ms} ms")]
    Busy {
        /// Milliseconds to wait before trying again.
        retry_after_ms: u64,
    },
    /// More events than one batch may have.
    #[error("{events} events in one batch: send at most {events_max}")]
    TooLarge {
        /// Events given.
        events: usize,
        /// Events allowed.
        events_max: usize,
    },
    /// More bytes than one batch may have.
    #[error("{bytes} bytes of events in one batch: send at most {bytes_max}")]
    TooManyBytes {
        /// Canonical bytes given.
        bytes: usize,
        /// Bytes allowed.
        bytes_max: usize,
    },
    /// A write failed and so did what must follow it. The log takes nothing until it can write again, which it tries every
    /// second.
    #[error(
        "the log cannot write ({cause}); it goes on by itself when it can: check the disk, its room and permissions"
    )]
    Halted {
        /// What failed.
        cause: String,
    },
    /// The log was stopped, because it would do harm to go on. It takes nothing more.
    #[error("{cause}")]
    Stopped {
        /// Why, and what to do.
        cause: String,
    },
    /// It failed and left nothing behind; a later try may succeed.
    #[error("cannot write: {cause}")]
    Unavailable {
        /// What failed.
        cause: String,
    },
    /// The log is shut down.
    #[error("the log is closed")]
    Closed,
}

/// The state of a store, for health checks and metrics.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Status {
    /// The next event's index: how many events were ever recorded.
    pub next_seq: u64,
    /// The first event that is still there.
    pub first_seq: u64,
    /// Events not sealed yet.
    pub tail_events: u64,
    /// Sealed segments.
    pub segments: u64,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Events waiting to be written.
    pub queued_events: u64,
    /// fsyncs done.
    pub fsyncs: u64,
    /// Seals and merges done.
    pub seals: u64,
    /// Why the log takes no events, when it takes none; unless it was stopped it goes on by itself when it can.
    pub halted: Option<String>,
    /// Why the last seal or merge failed, when it did; it is tried again.
    pub seal_error: Option<String>,
}

/// Where events live: the local log, memory, nothing, or your own.
///
/// Every store must pass the conformance suite.
pub trait Store: Send + Sync + 'static {
    /// Appends a batch, all or nothing, in order. Returns at once; the receipts come through the [`Pending`].
    fn append(&self, batch: Vec<Ready>, durability: Durability) -> Result<Pending, AppendError>;

    /// The event at an index; `None` when there is none, or when it belongs to another tenant than asked for.
    fn get(&self, tenant: Option<&str>, seq: u64) -> Result<Option<Recorded>, ReadError>;

    /// A page of events. When the caller cancels, the answer is [`ReadError::Cancelled`], soon.
    fn query(&self, query: &Query, cancel: &Cancel) -> Result<Page, ReadError>;

    /// Groups and measures; cancelled as a page is.
    fn aggregate(&self, aggregate: &Aggregate, cancel: &Cancel) -> Result<Table, ReadError>;

    /// The store's state.
    fn status(&self) -> Status;

    /// Registers a listener that is told the next sequence number after each commit is readable.
    /// It is called on the committing thread: it must return at once. When it returns false it is dropped.
    fn on_commit(&self, listener: Box<dyn Fn(u64) -> bool + Send + Sync>);

    /// Stops taking events, writes what was taken, and returns when it is safe.
    fn close(&self);
}

impl fmt::Debug for dyn Store {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Store(next_seq: {})", self.status().next_seq)
    }
}

/// The receipts to come of an append: wait for them on a thread, or await them.
#[derive(Debug)]
pub struct Pending(Arc<Slot>);

#[derive(Debug, Default)]
struct Slot {
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Debug, Default)]
struct State {
    done: Option<Result<Vec<Receipt>, AppendError>>,
    waker: Option<Waker>,
}

impl Pending {
    /// A pending append and the means to complete it.
    pub fn new() -> (Self, Completion) {
        let slot = Arc::new(Slot::default());
        (Self(Arc::clone(&slot)), Completion(Some(slot)))
    }

    /// One that is complete already.
    pub fn completed(result: Result<Vec<Receipt>, AppendError>) -> Self {
        let (pending, completion) = Self::new();
        completion.complete(result);
        pending
    }

    /// Blocks until the receipts are there.
    pub fn wait(self) -> Result<Vec<Receipt>, AppendError> {
        let mut state = self.0.lock();
        loop {
            if let Some(done) = state.done.take() {
                return done;
            }
            state = self.0.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Future for Pending {
    type Output = Result<Vec<Receipt>, AppendError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock();
        match state.done.take() {
            Some(done) => Poll::Ready(done),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// The other end of a [`Pending`]. Dropping it without completing reports [`AppendError::Closed`].
#[derive(Debug)]
pub struct Completion(Option<Arc<Slot>>);

impl Completion {
    /// Gives the result to whoever waits.
    pub fn complete(mut self, result: Result<Vec<Receipt>, AppendError>) {
        if let Some(slot) = self.0.take() {
            slot.complete(result);
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            slot.complete(Err(AppendError::Closed));
        }
    }
}

impl Slot {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn complete(&self, result: Result<Vec<Receipt>, AppendError>) {
        let mut state = self.lock();
        state.done = Some(result);
        let waker = state.waker.take();
        drop(state);
        self.ready.notify_all();
        waker.into_iter().for_each(Waker::wake);
    }
}
