//! What a log is opened with, and why it may not open.

use std::{fmt, io, path::PathBuf, sync::Arc};

use indelible_proof::Timestamp;

use super::{epochs::EpochKeyError, tree::TreeError};
use crate::{
    fs::{Fs, RealFs},
    limits::{
        FRAME_EVENTS_MAX, MERGE_ROWS, QUEUE_BYTES, QUEUE_EVENTS, SEAL_AGE_US, SEAL_BYTES, SEAL_EVENTS,
        SEGMENT_ROWS_MAX, UNSEALED_FILES_MAX, WAL_FILE_BYTES_MAX,
    },
    source::ReadError,
    wal::WalError,
};

/// Tells the time: the log has no clock of its own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a log is opened with. [`LogConfig::new`] has the defaults.
#[derive(Clone)]
pub struct LogConfig {
    /// The data directory. Made if it is not there.
    pub path: PathBuf,
    /// Tells when a WAL file has become old.
    pub clock: Clock,
    /// The disk. Default: the operating system's.
    pub fs: Arc<dyn Fs>,
    /// The name of a log that is made; one that exists keeps its own. Default: `indelible`.
    pub name: String,
    /// Events after which a WAL file is sealed. Default: 1,048,576; at most what a segment holds, 16 Mi.
    pub seal_events: u64,
    /// Bytes after which a WAL file is sealed. Default: 256 MiB; at most 1 GiB, so that it can be read again.
    pub seal_bytes: u64,
    /// Microseconds after which a WAL file with events is sealed, by the next commit or, when none comes, within a minute.
    /// Default: an hour.
    pub seal_age_us: i64,
    /// Events that a merged segment has at most. Default: 4,194,304.
    pub merge_events: u64,
    /// Events that may wait to be written before callers are told to come back. Default: 100,000.
    pub queue_events: usize,
    /// Canonical bytes that may wait. Default: 128 MiB.
    pub queue_bytes: usize,
    /// WAL files that may wait to be sealed, their events in memory, before callers are told to come back. Default: 3;
    /// at least 1.
    pub unsealed_files_max: usize,
}

impl LogConfig {
    /// A log in a directory, with a clock and the defaults.
    pub fn new(path: impl Into<PathBuf>, clock: Clock) -> Self {
        Self {
            path: path.into(),
            clock,
            fs: Arc::new(RealFs),
            name: "indelible".to_owned(),
            seal_events: SEAL_EVENTS,
            seal_bytes: SEAL_BYTES,
            seal_age_us: SEAL_AGE_US,
            merge_events: MERGE_ROWS,
            queue_events: QUEUE_EVENTS,
            queue_bytes: QUEUE_BYTES,
            unsealed_files_max: UNSEALED_FILES_MAX,
        }
    }
}

impl LogConfig {
    /// Without values that would make files that cannot be sealed or read again.
    pub(super) fn within_limits(mut self) -> Self {
        let rows_max = u64::from(SEGMENT_ROWS_MAX);
        self.seal_events = self.seal_events.min(rows_max - FRAME_EVENTS_MAX as u64);
        self.seal_bytes = self.seal_bytes.min(WAL_FILE_BYTES_MAX / 2);
        self.merge_events = self.merge_events.min(rows_max);
        self.unsealed_files_max = self.unsealed_files_max.max(1);
        self
    }
}

impl fmt::Debug for LogConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("LogConfig").field("path", &self.path).field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a log does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another part of this one, has the log open.
    #[error(
        "{path}: another process has this log open; stop it first, or use its HTTP address: two writers would break \
         the log"
    )]
    Locked {
        /// The lock file.
        path: String,
    },
    /// The operating system refused.
    #[error("{path}: {problem}; check that the directory is there, writable and not full")]
    Io {
        /// File or directory.
        path: String,
        /// The system's words.
        problem: io::Error,
    },
    /// `log.toml` cannot be used.
    #[error("{path}: {problem}; restore this file from a copy: it says who the log is")]
    Identity {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// A file of the write-ahead log does not check out.
    #[error(transparent)]
    Wal(#[from] WalError),
    /// A segment does not check out.
    #[error(transparent)]
    Segment(#[from] ReadError),
    /// Events are missing between two files.
    #[error("{path}: begins at event {found}, but event {expected} comes next; restore the file between from a copy")]
    Gap {
        /// The file behind the gap.
        path: String,
        /// The event that must come next.
        expected: u64,
        /// The event that it begins with.
        found: u64,
    },
    /// Two files hold the same events, and neither holds all of the other's.
    #[error(
        "{path}: has events before {end_seq} that another file has too; move the file that does not belong here away"
    )]
    Overlap {
        /// The later file.
        path: String,
        /// Where the earlier file ends.
        end_seq: u64,
    },
    /// A new log cannot have this name.
    #[error("{name:?} cannot be the name of a log: {problem}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// The key that signs checkpoints, or what leads to it from earlier ones, cannot be used.
    #[error("{path}: {problem}; restore this file from a copy: the log's checkpoints are verified with it")]
    SigningKey {
        /// The file.
        path: String,
        /// What is wrong.
        problem: io::Error,
    },
    /// The tree cannot be made from what is there.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A checkpoint in the data directory is not one of this log.
    #[error("{path}: {problem}; restore this file from a copy")]
    Checkpoint {
        /// File.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// Fewer events are there than were signed.
    #[error(
        "{path}: signed for {signed} events, but only {found} are there: the end of the log was removed, or older files \
         were put in place of newer ones; restore the missing files from a copy"
    )]
    Shrunk {
        /// The checkpoint's file.
        path: String,
        /// Events under the checkpoint.
        signed: u64,
        /// Events that are there.
        found: u64,
    },
    /// The events are not those that were signed.
    #[error(
        "{path}: the first {size} events are not those that were signed: {place}; restore what was altered from a copy"
    )]
    Altered {
        /// The checkpoint's file.
        path: String,
        /// Events under the checkpoint.
        size: u64,
        /// Which of them, or what else, was altered, as far as the tree can tell.
        place: String,
    },
    /// What is there does not fit what was removed by retention, as the log has signed it.
    #[error(
        "{path}: {problem}; restore this from a copy: events were removed by retention, and it cannot be made again"
    )]
    Retention {
        /// File or directory.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// The epoch key of a WAL file is missing or damaged.
    #[error(transparent)]
    EpochKey(#[from] EpochKeyError),
}

/// What opening a log found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Events that were read from the write-ahead log.
    pub replayed_events: u64,
    /// Files of the write-ahead log that held them.
    pub wal_files: u64,
    /// The torn end that was cut: events in it were never acknowledged as durable.
    pub torn: Option<Torn>,
    /// Files that were removed: never completed, or replaced by others.
    pub removed: Vec<PathBuf>,
}

/// A torn end of the write-ahead log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The file.
    pub path: PathBuf,
    /// Where it was cut.
    pub offset: u64,
    /// Bytes that were cut.
    pub bytes: u64,
    /// What was wrong with them.
    pub problem: String,
}
