//! From the outbox to the log.

use std::{
    collections::{HashMap, HashSet},
    ops::AddAssign,
    time::Duration,
};

use indelible_proof::{Event, EventError, Timestamp};

use super::{Outbox, OutboxError, Receiver, Row};
use crate::limits::{OUTBOX_PROBLEM_BYTES_MAX, OUTBOX_TRUSTED};

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
    let known = known(&rows, receiver, now)?;
    let (mut settled, mut parked) = (Vec::new(), Vec::new());
    let mut sent: Vec<(i64, Event)> = Vec::new();
    for row in &rows {
        match row.event() {
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

/// The keys of those events that the log has already, and may no longer know by their keys.
fn known(rows: &[Row], receiver: &dyn Receiver, now: Timestamp) -> Result<HashSet<String>, OutboxError> {
    let doubtful: Vec<String> = rows.iter().filter(|row| !is_young(row, now)).map(Row::idempotency_key).collect();
    if doubtful.is_empty() { Ok(HashSet::new()) } else { Ok(receiver.known(doubtful)?) }
}

/// Whether an event was inserted so lately that the log knows its key, if it has the event.
fn is_young(row: &Row, now: Timestamp) -> bool {
    let apart = row.created_at.map(|at| Duration::from_micros(now.as_micros().abs_diff(at.as_micros())));
    apart.is_some_and(|apart| apart < OUTBOX_TRUSTED)
}
