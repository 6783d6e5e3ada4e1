//! Turns the events of a file into chunks again, on all cores.

use indelible_proof::{Canonical, Entry, EpochKey, EventError, Salter, tree::Hash};

use super::record::Parts;
use crate::{chunk::Chunk, limits::CHUNK_ROWS, parallel};

/// Consecutive events that were read again.
pub(crate) struct Replayed {
    pub(crate) chunk: Chunk,
    pub(crate) leaves: Vec<Hash>,
}

/// The chunks of consecutive events, with the events' leaves; on failure the index of an event that cannot be read, and
/// why.
pub(crate) fn replay(first_seq: u64, events: &[Parts<'_>], key: &EpochKey) -> Result<Vec<Replayed>, (u64, EventError)> {
    let jobs: Vec<&[Parts<'_>]> = events.chunks(CHUNK_ROWS as usize).collect();
    let salter = key.salter();
    parallel::in_order(jobs.len(), |nth| {
        let job = jobs.get(nth).copied().unwrap_or_default();
        chunk_of(first_seq + nth as u64 * u64::from(CHUNK_ROWS), job, &salter)
    })
}

fn chunk_of(first_seq: u64, events: &[Parts<'_>], salter: &Salter) -> Result<Replayed, (u64, EventError)> {
    let mut chunk = Chunk::new(first_seq);
    let mut leaves = Vec::with_capacity(events.len());
    for (seq, &Parts { record, who, what }) in (first_seq..).zip(events) {
        chunk.push(&Canonical::from_parts(record, who, what).map_err(|error| (seq, error))?);
        leaves.push(Entry::of_parts(record, who, what, salter).leaf_hash().into());
    }
    Ok(Replayed { chunk, leaves })
}
