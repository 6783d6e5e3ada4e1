//! Other homes and shapes of recorded events, each behind a feature of its name.

#[cfg(feature = "parquet")]
pub mod parquet;
