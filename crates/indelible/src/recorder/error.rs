//! Why a call to record failed.

use indelible_engine::store::AppendError;
use indelible_proof::EventError;

/// Why events were not recorded. Nothing of the call was stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecordError {
    /// An event breaks a rule of the format.
    #[error("event {index}: {error}")]
    Invalid {
        /// Its index among the events given.
        index: usize,
        /// The field, and what is wrong with it.
        error: EventError,
    },
    /// The store does not take the batch, or could not write it.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// A before hook panicked.
    #[error("event {index}: a before hook panicked ({cause}): nothing was recorded; mend the hook")]
    HookPanicked {
        /// The index of the event that it was called for.
        index: usize,
        /// The panic's message.
        cause: String,
    },
    /// The queue is full.
    #[error(
        "{lost} events lost: the queue of {events_max} is full; an audit.gap event will tell. Record with `durable` to \
         wait for the store instead, or allow a longer queue"
    )]
    QueueFull {
        /// Events of this call, all lost.
        lost: usize,
        /// How many events the queue holds.
        events_max: usize,
    },
    /// The thread that writes queued events could not be started.
    #[error("cannot start the thread that writes queued events: {cause}; record with `durable`, or raise the limit")]
    NoThread {
        /// The system's words.
        cause: String,
    },
    /// The store acknowledged the batch without a receipt for every event.
    #[error("the store gave fewer receipts than it was given events: its `append` breaks the contract")]
    ReceiptMissing,
    /// The recorder was closed.
    #[error("the recorder is closed")]
    Closed,
}
