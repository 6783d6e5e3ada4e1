//! A second store as a sink.

use std::sync::Arc;

use indelible_engine::store::{Durability, Ready, Redacted, Store};
use indelible_proof::{Recorded, Timestamp};

use super::sink::{Refused, Sink, SinkError};

/// Copies a log into a second store, event for event: the same sequence numbers, times and contents, under the second
/// store's own tree and key. Nobody else may record into that store.
///
/// It needs no cursor, because the copy itself tells how far it is; so nothing is ever copied twice.
#[derive(Debug)]
pub struct Mirror(Arc<dyn Store>);

/// Why the copy would not be one.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The log no longer has what the copy lacks.
    #[error(
        "the copy ends at event {copy}, but event {log} is the next that the log still has: copy its data directory to begin with"
    )]
    Gap {
        /// The next event that the copy wants.
        copy: u64,
        /// The next event that there is.
        log: u64,
    },
    /// Somebody else recorded into the copy.
    #[error("event {log} of the log became event {copy} of the copy: nothing else may record into it")]
    Disturbed {
        /// The event.
        log: u64,
        /// Where it went.
        copy: u64,
    },
}

impl Mirror {
    /// Copies into a store, which is empty or an earlier copy of the same log.
    pub fn into(store: Arc<dyn Store>) -> Self {
        Self(store)
    }
}

impl Sink for Mirror {
    fn next_seq(&mut self) -> Result<u64, SinkError> {
        Ok(self.0.status().next_seq)
    }

    fn deliver(&mut self, events: &[Recorded]) -> Result<Vec<Refused>, SinkError> {
        let (copy, log) = (self.next_seq()?, events.first().map_or(0, |first| first.seq));
        if copy != log {
            return Err(MirrorError::Gap { copy, log }.into());
        }
        let ready = |recorded: &Recorded| {
            // It comes out of a log, so it went through redaction before.
            let redacted = Redacted::vouched(recorded.event.clone());
            Ready::new(redacted, recorded.event.recorded_at.unwrap_or(Timestamp::MIN))
        };
        let batch = events.iter().map(ready).collect::<Result<_, _>>()?;
        let receipts = self.0.append(batch, Durability::Durable)?.wait()?;
        match events.iter().zip(receipts).find(|(event, receipt)| event.seq != receipt.seq) {
            Some((event, receipt)) => Err(MirrorError::Disturbed { log: event.seq, copy: receipt.seq }.into()),
            None => Ok(Vec::new()),
        }
    }
}
