//! From the outbox to the log.

use std::{
    collections::{HashMap, HashSet},
    ops::AddAssign,
    time::Duration,
};

use indelible_proof::{Event, EventError, Timestamp};

use super::{Outbox, OutboxError, Receiver, Row};
use crate::limits::{OUTBOX_KEY_TRUSTED, OUTBOX_PROBLEM_BYTES_MAX};

/// What became of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drained {
    /// Events that the log has now.
    pub settled: u64,
    /// Events that it will never take, put aside.
    pub parked: u64,
}

impl AddAssign for Drained {
    fn add_assign(&mut self, other: Self) {
        self.settled += other.settled;
        self.parked += other.parked;
    }
}

/// Hands everything that waits to the log, in order. Returns when nothing waits.
///
/// After an error what was not settled waits still: try again.
pub fn drain(outbox: &dyn Outbox, receiver: &dyn Receiver, now: Timestamp) -> Result<Drained, OutboxError> {
    let mut all = Drained::default();
    loop {
        let drained = drain_batch(outbox, receiver, now)?;
        if drained == Drained::default() {
            return Ok(all);
        }
        all += drained;
    }
}

/// The same for one batch.
pub(super) fn drain_batch(
    outbox: &dyn Outbox,
    receiver: &dyn Receiver,
    now: Timestamp,
) -> Result<Drained, OutboxError> {
    let rows = outbox.waiting()?;
    let events: Vec<Result<Event, EventError>> = rows.iter().map(Row::event).collect();
    let sound = rows.iter().zip(&events).filter_map(|(row, event)| Some((row, event.as_ref().ok()?)));
    let doubtful = sound.filter(|(row, event)| !is_young(row, event, now));
    let doubtful: Vec<String> = doubtful.map(|(row, _)| row.idempotency_key()).collect();
    let known = if doubtful.is_empty() { HashSet::new() } else { receiver.known(doubtful)? };
    let (mut settled, mut parked) = (Vec::new(), Vec::new());
    let mut sent: Vec<(i64, Event)> = Vec::new();
    for (row, event) in rows.iter().zip(events) {
        match event {
            _ if known.contains(&row.idempotency_key()) => settled.push(row.id),
            Ok(event) => sent.push((row.id, event)),
            Err(error) => parked.push((row.id, error)),
        }
    }
    let (ids, events): (Vec<i64>, Vec<Event>) = sent.into_iter().unzip();
    let refusals = receiver.record(events)?;
    let mut refusals: HashMap<usize, EventError> =
        refusals.into_iter().map(|refusal| (refusal.index, refusal.error)).collect();
    for (index, id) in ids.into_iter().enumerate() {
        match refusals.remove(&index) {
            Some(error) => parked.push((id, error)),
            None => settled.push(id),
        }
    }
    outbox.settle(&settled)?;
    for (id, error) in &parked {
        let problem = error.to_string();
        let end = problem.floor_char_boundary(OUTBOX_PROBLEM_BYTES_MAX);
        outbox.park(*id, problem.get(..end).unwrap_or_default())?;
    }
    Ok(Drained { settled: settled.len() as u64, parked: parked.len() as u64 })
}

/// Whether an event was inserted so lately that the log knows its key, if it has the event: by the clock of the database, and
/// by that of whoever made the event, in case one of them is wrong.
fn is_young(row: &Row, event: &Event, now: Timestamp) -> bool {
    let is_near = |at: Timestamp| Duration::from_micros(now.as_micros().abs_diff(at.as_micros())) < OUTBOX_KEY_TRUSTED;
    row.created_at.is_some_and(is_near) && event.occurred_at.is_none_or(is_near)
}
