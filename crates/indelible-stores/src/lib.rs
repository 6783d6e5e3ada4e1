//! Other homes and shapes of recorded events, each behind a feature of its name.

#[cfg(feature = "cloudwatch")]
pub mod cloudwatch;
#[cfg(feature = "parquet")]
pub mod parquet;
