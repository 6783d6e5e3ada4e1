//! What follows a log.

use std::{error::Error, ops::Range};

use indelible_proof::Recorded;

/// Why a sink took nothing. It is shown to operators, so it must hold no secret.
pub type SinkError = Box<dyn Error + Send + Sync>;

/// Takes what a log has recorded somewhere else. It knows how far it is, so that nothing is lost in between: the cursor
/// belongs to what it delivers to, best into the same transaction, else into a [`CursorFile`](super::CursorFile).
pub trait Sink: Send + 'static {
    /// The sequence number of the first event that it does not have yet. Asked at the start and after each failure.
    fn next_seq(&mut self) -> Result<u64, SinkError>;

    /// Takes consecutive events, at least one, from `next_seq` on. Once it returns, they must be safe and
    /// [`Sink::next_seq`] stand behind them, whatever happens to the process. After an error the same events come again, after
    /// a pause; what had been taken of them comes a second time, unless `next_seq` tells otherwise.
    ///
    /// What will never be taken is no error: it is given back with a reason, and the others count as taken.
    fn deliver(&mut self, events: &[Recorded]) -> Result<Vec<Refused>, SinkError>;
}

/// Events that a sink will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Their sequence numbers.
    pub seqs: Range<u64>,
    /// Why.
    pub why: String,
}
