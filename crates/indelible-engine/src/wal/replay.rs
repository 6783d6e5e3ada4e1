//! Turns the events of a file into chunks again, on all cores.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use indelible_proof::{Canonical, Entry, EpochKey, EventError, tree::Hash};

use super::record::Parts;
use crate::{chunk::Chunk, limits::CHUNK_ROWS};

/// Consecutive events that were read again.
pub(crate) struct Replayed {
    pub(crate) chunk: Chunk,
    pub(crate) leaves: Vec<Hash>,
}

/// The chunks of consecutive events, with the events' leaves; on failure the index of an event that cannot be read, and
/// why.
pub(crate) fn replay(first_seq: u64, events: &[Parts<'_>], key: &EpochKey) -> Result<Vec<Replayed>, (u64, EventError)> {
    let jobs: Vec<&[Parts<'_>]> = events.chunks(CHUNK_ROWS as usize).collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(jobs.len()));
    let work = || {
        loop {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(nth) else { return };
            let chunk = chunk_of(first_seq + nth as u64 * u64::from(CHUNK_ROWS), job, key);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((nth, chunk));
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    std::thread::scope(|scope| {
        (1..workers).for_each(|_| drop(scope.spawn(work)));
        work();
    });
    let mut chunks = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    chunks.sort_unstable_by_key(|&(nth, _)| nth);
    chunks.into_iter().map(|(_, chunk)| chunk).collect()
}

fn chunk_of(first_seq: u64, events: &[Parts<'_>], key: &EpochKey) -> Result<Replayed, (u64, EventError)> {
    let mut chunk = Chunk::new(first_seq);
    let mut leaves = Vec::with_capacity(events.len());
    for (seq, &Parts { record, who, what }) in (first_seq..).zip(events) {
        chunk.push(&Canonical::from_parts(record, who, what).map_err(|error| (seq, error))?);
        leaves.push(Entry::of_parts(record, who, what, key).leaf_hash().into());
    }
    Ok(Replayed { chunk, leaves })
}
