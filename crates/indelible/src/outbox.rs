//! Audited if and only if the business change commits: an outbox in the database of the application.
//!
//! The application inserts an event into the table `indelible_outbox` in the transaction of the change that it tells of,
//! through whatever it talks to its database with. So both are committed, or neither. What was committed is then *drained*
//! into the log, by [`Drainer`] in the application or by `indelible outbox drain` beside it.
//!
//! **Exactly once.** An event is recorded durably and only then leaves the outbox, so a crash on either side can repeat it
//! but not lose it; and a repeated one is told by its idempotency key, which is a random number of its row: by the log for 24
//! hours, beyond that by looking for it. Because the key is random and not a count, neither a restored backup nor a copy of
//! the database can collide with what was recorded before.
//!
//! **In commit order.** Events of one target reach the log in the order in which their transactions were committed. SQLite has
//! one writer, so the order of ids is that order. How Postgres numbers them is told in its schema.
//!
//! **Nothing stands in the way.** An event that the log will never take is parked, with the reason, and the others go on.
//!
//! Several drainers of one outbox do no harm: each hands on, in order and in whole batches, what has not been settled, and
//! the log tells repeated events by their keys.

mod drain;
mod drainer;
#[cfg(feature = "outbox-postgres")]
mod postgres;
mod receiver;
#[cfg(feature = "outbox-sqlite")]
mod sqlite;
mod watch;

use std::{sync::mpsc::SyncSender, time::Duration};

use indelible_proof::{Event, EventError, Timestamp};
use serde::Serialize;

use crate::limits::OUTBOX_KEY_BYTES_MAX;

pub use drain::{Drained, drain};
pub use drainer::Drainer;
#[cfg(feature = "outbox-postgres")]
pub use postgres::Postgres;
pub use receiver::{ReceiveError, Receiver};
#[cfg(feature = "outbox-sqlite")]
pub use sqlite::Sqlite;
pub use watch::Watch;

/// A table of events that wait for the log.
pub trait Outbox: Send + Sync {
    /// The first events that are not settled, in order: as many as make a batch. They are as durable as their database can
    /// make them, whatever the one who committed them asked for.
    fn waiting(&self) -> Result<Vec<Row>, OutboxError>;

    /// Marks events as settled that the log has, or that it need not have; or deletes them.
    fn settle(&self, ids: &[i64]) -> Result<(), OutboxError>;

    /// Puts an event aside that the log will never take.
    fn park(&self, id: i64, problem: &str) -> Result<(), OutboxError>;

    /// Has the events that were put aside wait again, when what they lacked was mended. Gives how many there are; those that
    /// the log still does not take are put aside again.
    fn retry(&self) -> Result<u64, OutboxError>;

    /// How many events are in it.
    fn status(&self) -> Result<Status, OutboxError>;

    /// Rings, from now on, when events may have come. Gives the time after which to look all the same.
    fn ring(&self, bell: SyncSender<()>) -> Duration;
}

/// An event in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place in the order.
    pub id: i64,
    /// What no other row has, anywhere.
    pub key: String,
    /// When it was inserted; `None` when that cannot be read.
    pub created_at: Option<Timestamp>,
    /// The event as JSON, cut off where it is longer than the log takes.
    pub event: String,
}

impl Row {
    /// The key that the log knows the event by.
    fn idempotency_key(&self) -> String {
        format!("outbox:{}", self.key)
    }

    /// The event, which happened when it was inserted unless it says otherwise.
    fn event(&self) -> Result<Event, EventError> {
        let is_key_char = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !(1..=OUTBOX_KEY_BYTES_MAX).contains(&self.key.len()) || !self.key.bytes().all(is_key_char) {
            return Err(EventError::new("", "the key of the row is none: let the database make it"));
        }
        let mut event = Event::from_json(self.event.as_bytes())?;
        event.idempotency_key = Some(self.idempotency_key());
        event.occurred_at = event.occurred_at.or(self.created_at);
        Ok(event)
    }
}

/// What is in an outbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Events that wait for the log.
    pub waiting: u64,
    /// When the first of them was inserted.
    pub oldest: Option<Timestamp>,
    /// Events that the log will never take as they are.
    pub parked: u64,
    /// Events that the log has and that were kept.
    pub kept: u64,
    /// The last of those that were parked.
    pub problems: Vec<Parked>,
}

/// An event that was put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parked {
    /// Its id in the table.
    pub id: i64,
    /// When it was inserted.
    pub created_at: Option<Timestamp>,
    /// Why the log does not take it.
    pub problem: String,
}

/// Why events wait in the outbox. They are still there, and it is safe to try again.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The database failed.
    #[error("the database of the outbox failed: {cause}")]
    Database {
        /// Its words.
        cause: String,
    },
    /// The table is not there.
    #[error("the database has no outbox: apply the schema that `indelible outbox schema` prints")]
    Absent,
    /// Somebody else drains it.
    #[error("another drainer is at work on this outbox: let it, or stop it")]
    Taken,
    /// No triggers can be made as asked.
    #[error("no triggers were made: {cause}")]
    Watch {
        /// What is wrong.
        cause: String,
    },
    /// The log takes nothing now.
    #[error(transparent)]
    Receive(#[from] ReceiveError),
}
