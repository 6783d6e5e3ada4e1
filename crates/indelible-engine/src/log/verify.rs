//! Verifying: everything is read again, and every leaf is made again from the event as it is read now.

use std::sync::Arc;

use indelible_proof::{Canonical, Entry, EpochKey, LeafHash};

use super::{Log, epochs, view::Sealed};
use crate::{
    limits::BLOCK_ROWS,
    query::Part,
    source::{self, ReadError, Source},
};

/// What was verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// Segments whose every checksum, code and order holds.
    pub segments: u64,
    /// Bytes of their files and of the write-ahead log. Opening the log has checked the latter.
    pub bytes: u64,
    /// Events that were decoded.
    pub events: u64,
}

/// What does not check out.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A file cannot be read, or holds other bytes than were written.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Without its key the leaves of an epoch cannot be made.
    #[error("the epoch key of event {seq}: {problem}; restore this key from a copy")]
    EpochKey {
        /// The first event under the key.
        seq: u64,
        /// The system's words.
        problem: std::io::Error,
    },
}

impl Log {
    /// Verifies the log as it stands: segments first, then the tail. `leaf` is given the leaf of every event, in the
    /// order of the log, and so sees how far the work is.
    pub fn verify(&self, leaf: &mut dyn FnMut(u64, &LeafHash)) -> Result<Verified, VerifyError> {
        let (segments, snapshot, bytes) = {
            let view = self.shared.view();
            let sealed: u64 = view.segments.iter().map(|sealed| sealed.segment.bytes()).sum();
            let tail: u64 = view.tail.iter().map(|generation| generation.bytes).sum();
            (view.segments.clone(), view.snapshot(self.shared.identity.number), sealed + tail)
        };
        let mut verified = Verified { segments: segments.len() as u64, bytes, events: 0 };
        let mut parts = snapshot.parts.iter();
        for (Sealed { segment, .. }, part) in segments.iter().map(Arc::as_ref).zip(&mut parts) {
            segment.verify()?;
            verified.events += self.make_leaves(part, snapshot.end_seq, leaf)?;
        }
        for part in parts {
            verified.events += self.make_leaves(part, snapshot.end_seq, leaf)?;
        }
        Ok(verified)
    }

    /// Makes the leaves of a part's events before `end_seq`; gives how many there are.
    fn make_leaves(&self, part: &Part, end_seq: u64, leaf: &mut dyn FnMut(u64, &LeafHash)) -> Result<u64, VerifyError> {
        let (first_seq, part_end) = part.read(|source| (source.first_seq(), end_of(source)));
        let end_seq = part_end.min(end_seq);
        let mut starts = self.shared.epochs.within(first_seq, end_seq).into_iter().peekable();
        while let Some(epoch_seq) = starts.next() {
            let key = epochs::load(&*self.shared.config.fs, &self.shared.layout, epoch_seq)
                .map_err(|problem| VerifyError::EpochKey { seq: epoch_seq, problem })?
                .key;
            let (from, to) = (epoch_seq.max(first_seq), starts.peek().copied().unwrap_or(end_seq));
            let rows = (from - first_seq) as u32..(to - first_seq) as u32;
            for rows in by_block(rows) {
                part.read(|source| leaves(source, &rows, &key, leaf))?;
            }
        }
        Ok(end_seq.saturating_sub(first_seq))
    }
}

fn end_of(source: &dyn Source) -> u64 {
    source.first_seq() + u64::from(source.rows())
}

/// Rows, cut where blocks end, so that each is read once and few events are in memory.
fn by_block(rows: std::ops::Range<u32>) -> impl Iterator<Item = Vec<u32>> {
    let (mut from, end) = (rows.start, rows.end);
    std::iter::from_fn(move || {
        let to = (from / BLOCK_ROWS).saturating_add(1).saturating_mul(BLOCK_ROWS).min(end);
        let block: Vec<u32> = (from..to).collect();
        from = to.max(from);
        (!block.is_empty()).then_some(block)
    })
}

fn leaves(
    source: &dyn Source,
    rows: &[u32],
    key: &EpochKey,
    leaf: &mut dyn FnMut(u64, &LeafHash),
) -> Result<(), ReadError> {
    for (&row, event) in rows.iter().zip(source::events(source, rows)?) {
        leaf(source.first_seq() + u64::from(row), &Entry::of(&Canonical::of(&event), key).leaf_hash());
    }
    Ok(())
}
