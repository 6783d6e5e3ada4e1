//! Where events of an outbox go.

use std::collections::HashSet;

use indelible_engine::{
    column::Column,
    query::{Cancel, Clause, Field, Filter, Match, Query, Test},
    store::AppendError,
};
use indelible_proof::{Event, EventError};

use crate::{Durability, RecordError, Recorder, Refusal};

/// What records the events of an outbox: a [`Recorder`], or a client of a server.
pub trait Receiver {
    /// Which of these idempotency keys events in the log have, however long ago they were recorded.
    fn known(&self, keys: Vec<String>) -> Result<HashSet<String>, ReceiveError>;

    /// Records events durably and in order, and tells which it will never take. An error means that some may be recorded
    /// and some not: the same events can be given again.
    fn record(&self, events: Vec<Event>) -> Result<Vec<Refusal>, ReceiveError>;
}

/// Why a log takes nothing now.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{cause}")]
pub struct ReceiveError {
    cause: String,
    passes: bool,
}

impl ReceiveError {
    /// In the words of the log, or of the way to it. `passes` tells that it may take events again by itself, and soon.
    #[expect(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
    pub fn new(cause: impl ToString, passes: bool) -> Self {
        Self { cause: cause.to_string(), passes }
    }

    /// Whether it may pass by itself, and soon.
    pub fn passes(&self) -> bool {
        self.passes
    }
}

impl Receiver for Recorder {
    fn known(&self, keys: Vec<String>) -> Result<HashSet<String>, ReceiveError> {
        let limit = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        let matches = keys.into_iter().map(Match::Is).collect();
        let test = Test::Field(Field::Column(Column::IdempotencyKey), matches);
        // In any tenant: a hook may have moved an event.
        let filter = Filter { clauses: vec![Clause { negated: false, test }], ..Filter::default() };
        let query = Query { limit, ..Query::newest(filter) };
        let page = self.store().query(&query, &Cancel::default()).map_err(|error| ReceiveError::new(error, false))?;
        Ok(page.events.into_iter().filter_map(|recorded| recorded.event.idempotency_key).collect())
    }

    fn record(&self, events: Vec<Event>) -> Result<Vec<Refusal>, ReceiveError> {
        // With the place that each had in the beginning.
        let mut events: Vec<(usize, Event)> = events.into_iter().enumerate().collect();
        let mut refused = Vec::new();
        loop {
            let batch = events.iter().map(|(_, event)| event.clone()).collect();
            let submitted = self.submit_valid(batch, Durability::Durable);
            match submitted.and_then(|(submission, refusals)| submission.wait().map(|_| refusals)) {
                Ok(refusals) => {
                    let invalid = refusals.into_iter().filter_map(|Refusal { index, error }| {
                        events.get(index).map(|(index, _)| Refusal { index: *index, error })
                    });
                    refused.extend(invalid);
                    return Ok(refused);
                }
                // It would panic again: the event needs somebody who looks at it, and the others go on.
                Err(RecordError::HookPanicked { index, cause }) if index < events.len() => {
                    let (index, _) = events.remove(index);
                    let error = EventError::new("", format!("a before hook of the recorder panicked: {cause}"));
                    refused.push(Refusal { index, error });
                }
                Err(error) => {
                    let passes = matches!(error, RecordError::Append(AppendError::Busy { .. }));
                    return Err(ReceiveError::new(error, passes));
                }
            }
        }
    }
}
