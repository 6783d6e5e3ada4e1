//! Idempotency keys: finds the event that was recorded with a key before.
//!
//! The keys are in the events, so that this survives a restart without a table of its own.

use indelible_proof::{Event, Timestamp};

use crate::{
    column::Column,
    limits::{BLOCK_ROWS, IDEMPOTENCY_US},
    query::{Part, Snapshot},
    source::{CodeBlock, ReadError, Source, events},
    store::Ready,
};

/// The parts of a log that may hold a key that still counts.
#[derive(Debug)]
pub(super) struct Repeats {
    /// Oldest first.
    parts: Vec<Part>,
    end_seq: u64,
}

/// What makes two events the same: tenant and key.
pub(super) fn identity(ready: &Ready) -> Option<(&str, &str)> {
    let event = ready.event();
    Some((event.tenant.as_deref().unwrap_or_default(), event.idempotency_key.as_deref()?))
}

/// When an event was recorded.
pub(super) fn recorded_at(event: &Event) -> Timestamp {
    event.recorded_at.unwrap_or(Timestamp::MIN)
}

impl Repeats {
    /// Those parts that end behind `searched_to` and hold an event of the last 24 hours before `oldest`.
    pub(super) fn new(snapshot: Snapshot, searched_to: u64, oldest: Timestamp) -> Self {
        let since = oldest.as_micros() - IDEMPOTENCY_US;
        let mut parts = snapshot.parts;
        parts.retain(|part| {
            part.read(|source| {
                source.first_seq() + u64::from(source.rows()) > searched_to
                    && source.term_count(Column::IdempotencyKey) > 0
                    && source.int_range(Column::RecordedAt).is_some_and(|(_, latest)| latest > since)
            })
        });
        Self { parts, end_seq: snapshot.end_seq }
    }

    /// The latest event with this tenant and key that is at most 24 hours older, and its place.
    pub(super) fn find(&self, tenant: &str, key: &str, now: Timestamp) -> Result<Option<(u64, Event)>, ReadError> {
        for part in self.parts.iter().rev() {
            if let Some(found) = part.read(|source| self.find_in(source, tenant, key, now))? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn find_in(
        &self,
        source: &dyn Source,
        tenant: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<(u64, Event)>, ReadError> {
        let Some(key) = source.find_term(Column::IdempotencyKey, key)? else { return Ok(None) };
        let Some(tenant) = source.find_term(Column::Tenant, tenant)? else { return Ok(None) };
        let posting = source.posting(Column::IdempotencyKey, key)?;
        let blocks = posting.map_or_else(|| (0..source.blocks()).collect(), |posting| posting.blocks);
        let since = now.as_micros() - IDEMPOTENCY_US;
        let (mut keys, mut tenants, mut times) = (CodeBlock::default(), CodeBlock::default(), Vec::new());
        for block in blocks.into_iter().rev() {
            source.codes(Column::IdempotencyKey, block, &mut keys)?;
            source.codes(Column::Tenant, block, &mut tenants)?;
            source.ints(Column::RecordedAt, block, &mut times)?;
            let row = (0..source.block_rows(block) as usize).rev().find(|&row| {
                keys.of(row) == [key] && tenants.of(row) == [tenant] && times.get(row).is_some_and(|&at| at > since)
            });
            let Some(row) = row else { continue };
            let row = block * BLOCK_ROWS + row as u32;
            let seq = source.first_seq() + u64::from(row);
            if seq < self.end_seq {
                return Ok(events(source, &[row])?.pop().map(|event| (seq, event)));
            }
        }
        Ok(None)
    }
}
