//! What readers see: segments, then the tail.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    layout::{Day, Layout},
    marker::Retention,
};
use crate::{
    chunk::Chunk,
    column::Column,
    limits::CHUNK_ROWS,
    query::{Part, Snapshot},
    segment::Segment,
    source::Source,
    store::Ready,
};

/// The log as it stands. The committer adds at the end, the sealer replaces at the front; both hold the lock
/// around it for moments only.
#[derive(Debug, Default)]
pub(super) struct View {
    /// Oldest first, without gaps.
    pub(super) segments: Vec<Arc<Sealed>>,
    /// Oldest first; the last one grows, the others wait to be sealed.
    pub(super) tail: Vec<Generation>,
    /// Behind the last event that readers may see.
    pub(super) end_seq: u64,
    /// Why the log does not begin at event 0. Set by the sealer.
    pub(super) retention: Option<Arc<Retention>>,
}

/// A segment and what the sealer must know of it.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) segment: Arc<Segment>,
    pub(super) path: PathBuf,
    pub(super) day: String,
    pub(super) first_seq: u64,
    pub(super) end_seq: u64,
}

/// The events of one WAL file.
#[derive(Debug, Clone)]
pub(super) struct Generation {
    pub(super) first_seq: u64,
    /// Oldest first. Only the committer writes, and only to the last one of the last generation.
    pub(super) chunks: Vec<Arc<RwLock<Chunk>>>,
    /// Bytes of the WAL file.
    pub(super) bytes: u64,
}

impl View {
    pub(super) fn first_seq(&self) -> u64 {
        let sealed = self.segments.first().map(|sealed| sealed.first_seq);
        sealed.or(self.tail.first().map(|generation| generation.first_seq)).unwrap_or(self.end_seq)
    }

    /// Where the sealed events end.
    pub(super) fn sealed_end(&self) -> u64 {
        self.tail.first().map_or(self.end_seq, |generation| generation.first_seq)
    }

    /// The oldest WAL file that has ended.
    pub(super) fn unsealed(&self) -> Option<Generation> {
        let (_, ended) = self.tail.split_last()?;
        ended.first().cloned()
    }

    /// The file that some events are in, or the files that the first and the last are in.
    pub(super) fn files_of(&self, first_seq: u64, last_seq: u64, layout: &Layout) -> String {
        let file = |seq| {
            let sealed = self.segments.iter().find(|sealed| seq < sealed.end_seq);
            let generation = self.tail.iter().rev().find(|generation| generation.first_seq <= seq);
            let wal = || generation.map_or_else(|| layout.wal(), |tail| layout.wal_file(tail.first_seq));
            sealed.map_or_else(wal, |sealed| sealed.path.clone()).display().to_string()
        };
        let (first, last) = (file(first_seq), file(last_seq));
        if first == last { first } else { format!("{first} and {last}") }
    }

    pub(super) fn snapshot(&self, log_number: u32) -> Snapshot {
        let sealed = self.segments.iter().map(|sealed| Part::Fixed(Arc::clone(&sealed.segment) as _));
        let chunks = self.tail.iter().flat_map(|generation| &generation.chunks);
        let parts = sealed.chain(chunks.map(|chunk| Part::Growing(Arc::clone(chunk)))).collect();
        Snapshot { parts, end_seq: self.end_seq, log_number }
    }
}

impl Generation {
    /// One without events.
    pub(super) fn new(first_seq: u64, bytes: u64) -> Self {
        Self { first_seq, chunks: Vec::new(), bytes }
    }

    /// The UTC day that its segment will be of: that on which its latest event was recorded. `None` without events.
    pub(super) fn day(&self) -> Option<Day> {
        let latest = |chunk: &RwLock<Chunk>| {
            chunk.read().unwrap_or_else(PoisonError::into_inner).int_range(Column::RecordedAt).map(|(_, latest)| latest)
        };
        self.chunks.iter().filter_map(|chunk| latest(chunk)).max().map(Day::of_micros)
    }
}

/// Adds events to the growing generation. They are seen once `end_seq` says so, which is the last step.
pub(super) fn publish<'a>(view: &RwLock<View>, events: impl Iterator<Item = &'a Ready>, wal_bytes: u64) {
    let mut events = events.peekable();
    let mut end_seq = view.read().unwrap_or_else(PoisonError::into_inner).end_seq;
    while events.peek().is_some() {
        let growing = growing(view, end_seq);
        let mut chunk = growing.write().unwrap_or_else(PoisonError::into_inner);
        let room = CHUNK_ROWS.saturating_sub(chunk.rows());
        for event in events.by_ref().take(room as usize) {
            chunk.push(event.event());
            end_seq += 1;
        }
    }
    let mut view = view.write().unwrap_or_else(PoisonError::into_inner);
    view.end_seq = end_seq;
    if let Some(generation) = view.tail.last_mut() {
        generation.bytes = wal_bytes;
    }
}

/// The chunk that takes the next event.
fn growing(view: &RwLock<View>, end_seq: u64) -> Arc<RwLock<Chunk>> {
    let mut view = view.write().unwrap_or_else(PoisonError::into_inner);
    let chunks = view.tail.last_mut().map(|generation| &mut generation.chunks);
    let has_room =
        |chunk: &&Arc<RwLock<Chunk>>| chunk.read().unwrap_or_else(PoisonError::into_inner).rows() < CHUNK_ROWS;
    if let Some(chunk) = chunks.as_ref().and_then(|chunks| chunks.last()).filter(has_room) {
        return Arc::clone(chunk);
    }
    let chunk = Arc::new(RwLock::new(Chunk::new(end_seq)));
    chunks.into_iter().for_each(|chunks| chunks.push(Arc::clone(&chunk)));
    chunk
}
