//! The recorder: takes events from the application, passes them through hooks and redaction, and hands them to
//! a store.

mod builder;
mod error;
mod gap;
mod pipeline;
mod queue;
mod stats;
mod submission;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use indelible_engine::store::{Durability as Acknowledged, Receipt, Store};
use indelible_proof::{Event, EventError, TENANT_DEFAULT};

pub use builder::{Builder, Decision, system_time};
pub use error::RecordError;
pub use stats::Stats;
pub use submission::Submission;

use pipeline::{Draft, Pipeline, Sent};
#[cfg(any(feature = "tokens", feature = "tower"))]
use queue::Waiting;
use queue::{Queue, Queued};
use worker::Worker;

/// When a call to record is answered, and so what the answer survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// After the store made the events durable: survives loss of power.
    #[default]
    Durable,
    /// After the store handed them to the operating system: survives the death of the process, not of the machine.
    Written,
    /// At once, from memory: survives nothing until the background thread has stored them, durably, some
    /// milliseconds later. What is lost on the way is counted in an `audit.gap` event.
    Queued,
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recording {
    /// The store has it.
    Stored(Receipt),
    /// A hook suppressed it; nothing was stored.
    Suppressed,
    /// It waits in the queue.
    Queued,
}

impl Recording {
    /// The receipt, when the event was stored.
    pub fn receipt(&self) -> Option<&Receipt> {
        match self {
            Self::Stored(receipt) => Some(receipt),
            Self::Suppressed | Self::Queued => None,
        }
    }
}

/// An event that [`Recorder::submit_valid`] left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its index among the events given.
    pub index: usize,
    /// What is wrong with it.
    pub error: EventError,
}

/// Records events: the one way into a store.
///
/// Each event gets the default `source` and `tenant`, passes the before hooks in their order, is redacted, completed
/// (`recorded_at`, and what it leaves out: `occurred_at`, `tenant`, `outcome`, `severity`), checked and handed to the
/// store. A batch is stored whole or not at all.
///
/// Clones share one recorder. When the last one is dropped, everything queued is stored first; see
/// [`Recorder::close`] for doing that at a chosen moment.
///
/// **Idempotency.** Within one tenant, an event whose `idempotency_key` was recorded in the last 24 hours is not
/// stored again: its receipt is that of the first one, with `duplicate` set. The store remembers the keys, so this
/// holds over restarts; to try again after an error or a timeout is always safe with a key.
///
/// **Hooks that panic.** A panic in a before hook refuses the call with [`RecordError::HookPanicked`]: nothing is
/// stored, because nobody knows what the hook meant to hide. A panic in any other hook changes nothing but
/// [`Stats::hook_panics`]. Neither ends the process, unless it is built to abort on panics.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pipeline: Arc<Pipeline>,
    queue: Arc<Queue>,
    /// Started by the first event that is queued.
    worker: OnceLock<Result<Worker, String>>,
    closed: AtomicBool,
}

impl Recorder {
    /// A recorder without hooks, with the default redaction.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self::builder(store).build()
    }

    /// For choosing hooks, redaction and defaults.
    pub fn builder(store: Arc<dyn Store>) -> Builder {
        Builder::new(store)
    }

    /// Records one event durably; blocks until the store has acknowledged it.
    ///
    /// The answer is [`Recording::Stored`] unless a before hook suppressed the event.
    ///
    /// An event with an `idempotency_key` that was recorded within the last 24 hours gives the first receipt again.
    pub fn record(&self, event: Event) -> Result<Recording, RecordError> {
        let mut recordings = self.record_all(vec![event], Durability::Durable)?;
        recordings.pop().ok_or(RecordError::ReceiptMissing)
    }

    /// Records a batch, all or nothing; blocks until it is as durable as asked for. Answers in the order of events.
    pub fn record_all(&self, events: Vec<Event>, durability: Durability) -> Result<Vec<Recording>, RecordError> {
        self.submit(events, durability)?.wait()
    }

    /// Hands a batch to the store, all or nothing, without waiting: await the [`Submission`], or wait for it later.
    ///
    /// An error that comes at once means that nothing was stored: an event is invalid, a hook panicked, or the store
    /// does not take the batch now.
    pub fn submit(&self, events: Vec<Event>, durability: Durability) -> Result<Submission, RecordError> {
        self.check_open()?;
        let acknowledged = match durability {
            Durability::Durable => Acknowledged::Durable,
            Durability::Written => Acknowledged::Written,
            Durability::Queued => return self.submit_queued(events),
        };
        let draft = self.0.pipeline.draft(events)?;
        self.send(draft, acknowledged)
    }

    /// Hands the valid events of a batch to the store and tells which were not: for imports that go on over bad lines.
    ///
    /// The valid ones are still stored all or nothing, and the answers are theirs alone, in order. Validity is decided
    /// now, so `queued` is not offered: such a batch is [`Durability::Written`].
    pub fn submit_valid(
        &self,
        events: Vec<Event>,
        durability: Durability,
    ) -> Result<(Submission, Vec<Refusal>), RecordError> {
        self.check_open()?;
        let acknowledged = match durability {
            Durability::Durable => Acknowledged::Durable,
            Durability::Written | Durability::Queued => Acknowledged::Written,
        };
        let (draft, refusals) = self.0.pipeline.draft_valid(events)?;
        Ok((self.send(draft, acknowledged)?, refusals))
    }

    /// Queues one event and returns at once; hooks, redaction, checks and writing happen on a background thread.
    ///
    /// When the queue is full the event is lost: the call says so, and an `audit.gap` event will tell how many were
    /// lost, since when and why. The same holds for queued events that turn out to be invalid or cannot be written.
    pub fn queue(&self, event: Event) -> Result<(), RecordError> {
        self.check_open()?;
        self.start_worker()?;
        self.0.queue.push(Queued::new(event, self.0.pipeline.now())).map_err(|error| self.not_queued(error))
    }

    /// Queues an event that is yet to be made: the background thread does that too. `make` must not panic.
    #[cfg(any(feature = "tokens", feature = "tower"))]
    pub(crate) fn queue_unmade(&self, make: Box<dyn FnOnce() -> Event + Send>) -> Result<(), RecordError> {
        self.check_open()?;
        self.start_worker()?;
        let queued = Queued { what: Waiting::Unmade(make), at: self.0.pipeline.now() };
        self.0.queue.push(queued).map_err(|error| self.not_queued(error))
    }

    /// Blocks until everything that was queued before this call is stored, or given up and counted as lost.
    ///
    /// Not to be called from a hook: hooks of queued events run on the thread that would do the work.
    pub fn flush(&self) {
        self.0.queue.flush();
    }

    /// Takes no more events, stores everything queued, and returns when that is done. The store stays open.
    ///
    /// Not to be called from a hook.
    pub fn close(&self) {
        self.0.close();
    }

    /// What the recorder has done so far.
    pub fn stats(&self) -> Stats {
        let mut stats = self.0.pipeline.stats.read();
        stats.queued = self.0.queue.waiting();
        stats
    }

    /// The store below, for reading.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.pipeline.store
    }

    /// The tenant of events that name none.
    pub fn tenant(&self) -> &str {
        self.0.pipeline.tenant.as_deref().unwrap_or(TENANT_DEFAULT)
    }

    /// What its events go through on their way to the store.
    #[cfg(feature = "tower")]
    pub(crate) fn redaction(&self) -> &crate::Redaction {
        &self.0.pipeline.redaction
    }

    fn check_open(&self) -> Result<(), RecordError> {
        if self.0.closed.load(Ordering::Acquire) { Err(RecordError::Closed) } else { Ok(()) }
    }

    fn start_worker(&self) -> Result<(), RecordError> {
        let start = || Worker::start(Arc::clone(&self.0.queue), Arc::clone(&self.0.pipeline));
        match self.0.worker.get_or_init(start) {
            Ok(_) => Ok(()),
            Err(cause) => Err(RecordError::NoThread { cause: cause.clone() }),
        }
    }

    fn submit_queued(&self, events: Vec<Event>) -> Result<Submission, RecordError> {
        self.start_worker()?;
        let recordings = vec![Recording::Queued; events.len()];
        let now = self.0.pipeline.now();
        let queued = events.into_iter().map(|event| Queued::new(event, now)).collect();
        self.0.queue.push_all(queued).map_err(|error| self.not_queued(error))?;
        Ok(Submission::answered(recordings))
    }

    fn not_queued(&self, error: RecordError) -> RecordError {
        if let RecordError::QueueFull { lost, .. } = error {
            self.0.pipeline.lost(&error, lost, &[]);
        }
        error
    }

    fn send(&self, draft: Draft, acknowledged: Acknowledged) -> Result<Submission, RecordError> {
        Ok(Submission::new(self.clone(), self.0.pipeline.send(draft, acknowledged)?))
    }

    /// Lets the background thread wait for an append whose submitter went away; without one, waits here.
    fn adopt(&self, sent: Sent) {
        let left = if self.start_worker().is_ok() { self.0.queue.adopt(sent) } else { Some(sent) };
        if let Some(sent) = left {
            // Nobody is there to be answered; waiting serves hooks and counts.
            drop(sent.wait(&self.0.pipeline));
        }
    }
}

impl Shared {
    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.queue.close();
        if let Some(Ok(worker)) = self.worker.get() {
            worker.join();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.close();
    }
}
