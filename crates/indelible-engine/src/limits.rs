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

const _: () = assert!(CHUNK_ROWS.is_multiple_of(BLOCK_ROWS));
