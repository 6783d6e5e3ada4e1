//! The crate seen from outside.

// Helpers of tests are tests too.
#![allow(clippy::unwrap_used)]

mod parquet;
