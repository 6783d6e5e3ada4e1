//! The audit log itself: write-ahead log, sealed segments, queries.
//!
//! Synchronous; knows no HTTP and no async runtime.

pub mod canonical_rows;
pub mod chunk;
pub mod code_set;
pub mod column;
pub mod conformance;
pub mod fs;
pub mod histogram;
pub mod limits;
mod listeners;
pub mod log;
pub mod memory;
pub mod null;
mod parallel;
pub mod query;
pub mod rollup;
pub mod segment;
pub mod sketch;
pub mod source;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod wal;
