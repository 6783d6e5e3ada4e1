//! Segments: sealed, immutable files of consecutive events, with their index and roll-ups inside.
//!
//! A segment is columns of blocks of 4,096 rows; docs/FORMAT.md has every byte. Whatever is read at once is a page
//! with a checksum of its own, so that a lookup reads and checks little. A reader gives an error on any bytes that
//! do not check out; it never panics and never gives another answer.

mod bits;
mod blobs;
mod block;
mod digests;
mod extents;
mod footer;
mod numbers;
mod page;
mod presence;
mod reader;
mod rollup;
mod terms;
mod verify;
mod wire;
mod writer;

use std::io;

use indelible_proof::Timestamp;

use crate::source::ReadError;

pub use self::{reader::Segment, writer::write};

/// From which event on an epoch key holds; the key itself is kept beside the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// The first event under the key.
    pub first_seq: u64,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentInfo {
    /// The first event's index in the log.
    pub first_seq: u64,
    /// How many events.
    pub rows: u32,
    /// Smallest and largest `recorded_at`.
    pub recorded_at: Option<(Timestamp, Timestamp)>,
    /// Smallest and largest `occurred_at`.
    pub occurred_at: Option<(Timestamp, Timestamp)>,
    /// Length of the file.
    pub bytes: u64,
}

/// Why no segment was written. What is in the file then is worth nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WriteError {
    /// No source holds an event.
    #[error("no events to write")]
    Empty,
    /// The sources do not follow each other.
    #[error("event {found} does not follow event {expected}: seal the events in the order of the log")]
    NotConsecutive {
        /// The event that must come next.
        expected: u64,
        /// The event that came.
        found: u64,
    },
    /// More events than a segment may have.
    #[error("{rows} events in one segment: write at most {rows_max}")]
    TooManyRows {
        /// Events given.
        rows: u32,
        /// Events allowed.
        rows_max: u32,
    },
    /// Something is larger than the format allows.
    #[error("a {what} of {bytes}: at most {bytes_max} are allowed")]
    TooLarge {
        /// What.
        what: &'static str,
        /// How large.
        bytes: u64,
        /// How large it may be.
        bytes_max: u64,
    },
    /// A source gave a code for which it has no term.
    #[error("{column}: a code without a term; run `indelible verify`")]
    UnknownCode {
        /// Path of the field.
        column: &'static str,
    },
    /// A source could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The disk refused.
    #[error("cannot write a segment: {problem}; free space or check the disk")]
    Io {
        /// The system's words.
        problem: String,
    },
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io { problem: error.to_string() }
    }
}

#[cfg(test)]
pub(crate) mod tests;
