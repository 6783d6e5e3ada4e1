//! An export with proof: events as JSON lines of which a receiver who has nothing but the log's public key can tell
//! that none was altered, and that none is missing.
//!
//! ```text
//! {"id": .., "seq": .., <the event's fields>, "leaf": <64 hex digits>,
//!     "salts": {"who": <32 hex digits>, "what": <32 hex digits>},          of the parts that are there
//!     "commitments": {"who": <64 hex digits>, "what": <64 hex digits>},    of the parts that were erased or withheld
//!     "skipped": [<64 hex digits>, ..]}                                    when events before this one are left out
//! ..
//! {"checkpoint": <signed note>, "skipped": [<64 hex digits>, ..]}          the last line
//! ```
//!
//! The lines stand in the order of `seq`. `skipped` holds the hashes of the largest complete nodes of the tree over the
//! events left out between the line before and this one, from left to right; the last line's cover the events from
//! there to the checkpoint's size. So the hashes of all lines, with what is skipped, make the root that the checkpoint
//! signs, in one pass and constant memory, and an export of one stretch of the log costs at most 128 hashes more than
//! its events. How many events are left out, and where, always shows.
//!
//! What is proven is the value of each field, not how it is spelt. `id` is not under the leaf: that it fits `seq` and
//! `recorded_at`, and that all ids bear the same log number, is checked.

mod line;
mod verifier;
mod writer;

use crate::checkpoint::CheckpointError;
use crate::cosignature::QuorumError;
use crate::error::EventError;
use crate::leaf::LeafHash;
use crate::limits;
use crate::tree::Hash;

pub use verifier::{ExportVerifier, ProvenExport};
pub use writer::{ExportWriteError, ExportWriter};

/// Why an export proves nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExportError {
    /// One line is wrong.
    #[error("line {line}{}: {problem}", of_event(*seq))]
    Line {
        /// The line, from 1.
        line: u64,
        /// The event on it, when that could be read.
        seq: Option<u64>,
        /// What is wrong with it.
        problem: LineError,
    },
    /// There is no checkpoint at the end.
    #[error("the export ends after line {lines} without a checkpoint: it was cut there, or was written without proof")]
    Cut {
        /// Lines that were read.
        lines: u64,
    },
    /// The checkpoint is not signed by the log.
    #[error("the checkpoint in the last line: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The witnesses asked for did not sign the checkpoint.
    #[error("the checkpoint in the last line: {0}")]
    Witnesses(#[from] QuorumError),
    /// Every line agrees with itself, and all together are not what the log signed.
    #[error(
        "the events do not hash to the root {root} that the log signed for its first {size} events: one of them was \
         altered together with its leaf, or the hashes of those left out were; compare the leaves with another export"
    )]
    Root {
        /// Events under the checkpoint.
        size: u64,
        /// The root that the log signed.
        root: Hash,
    },
}

/// What is wrong with one line of an export.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LineError {
    /// Longer than [`limits::EXPORT_LINE_BYTES_MAX`].
    #[error("has more than {} bytes", limits::EXPORT_LINE_BYTES_MAX)]
    TooLong,
    /// Not the JSON that stands in an export with proof.
    #[error("{0}")]
    Form(EventError),
    /// A gap in the sequence.
    #[error("{} missing before it", events(*from, *until))]
    Missing {
        /// The first that is missing.
        from: u64,
        /// The event after the last that is missing.
        until: u64,
    },
    /// The sequence goes back.
    #[error("it stands behind event {before}: the line was doubled, or lines were swapped")]
    Order {
        /// The event before.
        before: u64,
    },
    /// The id says another place, time or log than the event.
    #[error("its id does not fit its seq and recorded_at, or is of another log than the ids before: it was altered")]
    Id,
    /// The content is not what the leaf says.
    #[error("its content hashes to the leaf {computed}, and it bears {told}: one of the two was altered")]
    Leaf {
        /// The leaf that stands there.
        told: LeafHash,
        /// The leaf of the content.
        computed: LeafHash,
    },
    /// The hashes of what was left out are too few or too many.
    #[error(
        "it has {found} hashes of skipped events where {expected} are needed: a line before it is missing, or they were \
         altered"
    )]
    Skipped {
        /// Hashes that stand there.
        found: usize,
        /// Hashes that the gap needs.
        expected: usize,
    },
    /// The checkpoint is damaged.
    #[error("{0}")]
    Checkpoint(CheckpointError),
    /// The checkpoint is older than the export.
    #[error("the checkpoint covers {size} events, and the lines before it go up to event {last}")]
    Older {
        /// Events under the checkpoint.
        size: u64,
        /// The last event.
        last: u64,
    },
    /// Something follows the checkpoint.
    #[error("it stands behind the checkpoint, which ends an export")]
    BehindTheEnd,
}

fn events(from: u64, until: u64) -> String {
    if until - from == 1 { format!("event {from} is") } else { format!("the events {from} to {} are", until - 1) }
}

fn of_event(seq: Option<u64>) -> String {
    seq.map(|seq| format!(" (event {seq})")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
