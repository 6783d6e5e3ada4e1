//! A server as the log that an outbox is drained into.

use std::collections::HashSet;

use indelible::{
    Event, EventError, Refusal,
    outbox::{ReceiveError, Receiver},
};

use crate::{
    cli::{
        error::Failure,
        question::PageOf,
        remote::{Rejected, Remote},
    },
    limits::KEYS_ASKED_AT_ONCE,
};

impl Receiver for Remote {
    fn known(&self, keys: Vec<String>) -> Result<HashSet<String>, ReceiveError> {
        let mut known = HashSet::new();
        for keys in keys.chunks(KEYS_ASKED_AT_ONCE) {
            let keys: Vec<String> = keys.iter().map(|key| format!("{key:?}")).collect();
            let filter = format!("idempotency_key:{}", keys.join(","));
            let limit = u32::try_from(keys.len()).unwrap_or(u32::MAX);
            let found = self.page(&PageOf { filter, limit, ..PageOf::default() }).map_err(|error| {
                let passes = matches!(error, Failure::Busy { .. });
                ReceiveError::new(error, passes)
            })?;
            known.extend(found.events.into_iter().filter_map(|recorded| recorded.event.idempotency_key));
        }
        Ok(known)
    }

    fn record(&self, events: Vec<Event>) -> Result<Vec<Refusal>, ReceiveError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let rejected = self.record_valid(&events).map_err(|error| {
            let passes = error.retry_after().is_some();
            ReceiveError::new(error, passes)
        })?;
        let refusal = |Rejected { line, field, detail }: Rejected| Refusal {
            index: line.saturating_sub(1),
            error: EventError::new(field, detail),
        };
        Ok(rejected.into_iter().map(refusal).collect())
    }
}
