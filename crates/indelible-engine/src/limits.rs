//! Every bound of the engine.

/// Rows of a block: what is decoded at once, and 16 Merkle tiles.
pub const BLOCK_ROWS: u32 = 4096;
/// Rows of a chunk of the tail: how much a reader may hold against the committer.
pub const CHUNK_ROWS: u32 = 4 * BLOCK_ROWS;
/// Events in one call of append.
pub const BATCH_EVENTS_MAX: usize = 10_000;
/// Rows of a page.
pub const PAGE_ROWS_MAX: u32 = 1000;
/// Rows of a page when the caller does not say.
pub const PAGE_ROWS_DEFAULT: u32 = 50;
/// Bytes of a filter line, and of each text of an aggregate.
pub const FILTER_BYTES_MAX: usize = 4096;
/// Conditions of a filter line.
pub const CLAUSES_MAX: usize = 64;
/// Values of one condition.
pub const VALUES_MAX: usize = 1000;
/// Names on a path inside a JSON column.
pub const PATH_NAMES_MAX: usize = 16;
/// Keys that an aggregate groups by.
pub const GROUP_BY_MAX: usize = 5;
/// Measures of an aggregate.
pub const MEASURES_MAX: usize = 16;
/// Groups that an aggregate returns when the caller does not say.
pub const AGGREGATE_ROWS_DEFAULT: u32 = 1000;
/// Groups that an aggregate returns at most.
pub const AGGREGATE_ROWS_MAX: u32 = 100_000;
/// Groups that an aggregate may form before `limit`.
pub const GROUPS_MAX: usize = 1_000_000;
/// Different (group, value) pairs that one `distinct` or percentile may gather.
pub const MEASURED_VALUES_MAX: usize = 8_000_000;
/// Bytes of texts that the groups, or one `distinct`, may gather.
pub const MEASURED_BYTES_MAX: usize = 256 << 20;
/// Events above which an aggregate uses a second thread.
pub const ONE_THREAD_ROWS_MAX: u64 = 200_000;
/// Time for which an idempotency key returns the first receipt, in microseconds.
pub const IDEMPOTENCY_US: i64 = 24 * 3_600_000_000;
/// Rows whose distinct terms are read at once to make their canonical bytes.
pub const CANONICAL_ROWS: u32 = 1 << 17;
/// Bytes that these terms, or the other values of a block, may take; if they would take more there are fewer rows at once.
pub const CANONICAL_BYTES_MAX: usize = 32 << 20;
/// Rows of a segment.
pub const SEGMENT_ROWS_MAX: u32 = 16 << 20;
/// Bytes of one text in a segment; those of a valid event are far shorter.
pub const TERM_BYTES_MAX: usize = 64 << 10;
/// Codes of one column in one block.
pub const BLOCK_CODES_MAX: usize = 4 << 20;
/// Bytes of one page of a segment, before compression.
pub const PAGE_BYTES_MAX: usize = 32 << 20;
/// Bytes of a segment's footer.
pub const FOOTER_BYTES_MAX: usize = 256 << 20;
/// Epochs of one segment.
pub const EPOCHS_MAX: usize = 4096;
/// Classes of a segment's roll-up. When there are more, or more than a sixteenth of the rows, a column that tells them
/// apart is left out.
pub const CLASSES_MAX: usize = 64 * 1024;
/// Rows of a segment from which on a term has a digest of its own. Rarer ones are scanned.
pub const BUSY_ROWS_MIN: u32 = 512;
/// Blocks of a stratum of a segment's rows, which has a digest of its own. What of a window of time is no whole stratum is
/// scanned.
pub const STRATUM_BLOCKS: u32 = 64;
/// Values of a facet that each class of a digest has counted, in every class: its most frequent ones. Where that is too
/// much they are halved, down to the smallest.
pub const FACET_VALUES: (usize, usize) = (256, 8);
/// Different values from which on an approximate answer goes on with a sketch, or rounded.
pub const APPROXIMATE_VALUES_MIN: usize = 1024;
/// Groups of a source that an approximate answer looks at, for each that it returns; and the least and the most.
pub const APPROXIMATE_GROUPS: (usize, usize, usize) = (8, 128, 8192);

const _: () = assert!(TERM_BYTES_MAX * 128 * 2 < PAGE_BYTES_MAX);
const _: () = assert!(FRAME_BYTES_MAX as u64 + 64 < WAL_FILE_BYTES_MAX / 2);
const _: () = assert!(CHUNK_ROWS.is_multiple_of(BLOCK_ROWS));

/// Canonical bytes in one call of append.
pub const BATCH_BYTES_MAX: usize = 64 << 20;
/// Events in one frame of the write-ahead log: what one commit takes, beginning with the longest waiting batch.
pub const FRAME_EVENTS_MAX: usize = 65_536;
/// Bytes of the payload of one frame: a commit's canonical bytes, and what tells the parts apart.
pub const FRAME_BYTES_MAX: usize = BATCH_BYTES_MAX + (4 << 20);
/// Bytes of a file of the write-ahead log that are read at start.
pub const WAL_FILE_BYTES_MAX: u64 = 2 << 30;

/// Events of a WAL file, and so of a segment before merging.
pub const SEAL_EVENTS: u64 = 1 << 20;
/// Bytes of a WAL file before it is sealed.
pub const SEAL_BYTES: u64 = 256 << 20;
/// Microseconds after which a WAL file with events is sealed.
pub const SEAL_AGE_US: i64 = 3_600_000_000;
/// Rows of a merged segment.
pub const MERGE_ROWS: u64 = 4 << 20;
/// Bytes of the segments that are merged into one: large events fill a segment before their number does.
pub const MERGE_BYTES: u64 = 1 << 30;
/// Neighbouring segments that are merged at once while their day goes on.
pub const MERGE_FAN_IN: usize = 4;
/// Events that may wait for the committer.
pub const QUEUE_EVENTS: usize = 100_000;
/// Canonical bytes that may wait for the committer.
pub const QUEUE_BYTES: usize = 128 << 20;
/// WAL files that may wait to be sealed: their events are in memory.
pub const UNSEALED_FILES_MAX: usize = 3;
/// Milliseconds between two looks at the age of a WAL file while nothing is recorded.
pub const IDLE_WAIT_MS: u64 = 60_000;
/// Milliseconds after which a log that a failed write has halted tries to write again.
pub const RESUME_WAIT_MS: u64 = 1_000;
/// Bytes for which a log that could not write makes sure that there is room, before it takes events again.
pub const RESUME_ROOM_BYTES: u64 = 1 << 20;
/// Milliseconds after which a caller that found the log busy may come again.
pub const BUSY_RETRY_MS: u64 = 50;
/// First and last wait of the sealer, in milliseconds, before it tries again what failed; doubled in between.
pub const SEAL_RETRY_MS: (u64, u64) = (1_000, 15_000);
/// Bytes of a log's name.
pub const LOG_NAME_BYTES_MAX: usize = 128;
