//! From the database of tokens to the log: each event that was committed gets there once, whatever happens in between.
//!
//! An event is committed together with the change that it tells of, recorded durably, and only then forgotten here. So
//! a crash can repeat an event but not lose it; and a repeated one is told by its idempotency key: by the log for the
//! last 24 hours, beyond that by looking for it.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indelible_engine::{
    column::Column,
    query::{Cancel, Clause, Field, Filter, Match, Query, Test},
    source::ReadError,
};
use indelible_proof::{Event, Timestamp};

use super::state::{PendingEvent, State, StateError};
use crate::{
    Durability, RecordError, Recorder,
    limits::{OUTBOX_BATCH, OUTBOX_KEY_TRUSTED},
};

/// Why events wait in the outbox; they are tried again.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutboxError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Hands events on, one batch at a time: whoever comes meanwhile waits, and mostly finds theirs done.
#[derive(Debug, Default)]
pub(super) struct Outbox(Mutex<()>);

impl Outbox {
    /// Hands the log everything that was committed, in order. Events that the log refuses for good do not keep others
    /// waiting; the first error is the answer.
    pub(super) fn drain(&self, state: &dyn State, recorder: &Recorder, now: Timestamp) -> Result<(), OutboxError> {
        let _one_at_a_time = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut last, mut refused) = (0, None);
        loop {
            let batch = state.pending(last, OUTBOX_BATCH)?;
            let Some(newest) = batch.last() else { return refused.map_or(Ok(()), Err) };
            last = newest.id;
            if let Err(error) = hand_on(&batch, state, recorder, now) {
                if !matches!(error, OutboxError::Record(RecordError::Invalid { .. } | RecordError::HookPanicked { .. }))
                {
                    return Err(error);
                }
                for one in &batch {
                    refused = hand_on(std::slice::from_ref(one), state, recorder, now).err().or(refused);
                }
            }
        }
    }
}

fn hand_on(batch: &[PendingEvent], state: &dyn State, recorder: &Recorder, now: Timestamp) -> Result<(), OutboxError> {
    let mut events = Vec::with_capacity(batch.len());
    for PendingEvent { event, .. } in batch {
        if is_young(event, now) || !is_recorded(event, recorder)? {
            events.push(event.clone());
        }
    }
    recorder.record_all(events, Durability::Durable)?;
    Ok(state.settle(&batch.iter().map(|pending| pending.id).collect::<Vec<_>>())?)
}

/// Whether the log is sure to know the event's key, if it has the event.
fn is_young(event: &Event, now: Timestamp) -> bool {
    let age = event.occurred_at.and_then(|at| u64::try_from(now.as_micros() - at.as_micros()).ok());
    age.is_some_and(|age| Duration::from_micros(age) < OUTBOX_KEY_TRUSTED)
}

fn is_recorded(event: &Event, recorder: &Recorder) -> Result<bool, ReadError> {
    let Some(key) = &event.idempotency_key else { return Ok(false) };
    // In any tenant: a hook may have moved it.
    let test = Test::Field(Field::Column(Column::IdempotencyKey), vec![Match::Is(key.clone())]);
    let filter = Filter { clauses: vec![Clause { negated: false, test }], ..Filter::default() };
    let query = Query { limit: 1, ..Query::newest(filter) };
    Ok(!recorder.store().query(&query, &Cancel::default())?.events.is_empty())
}
