//! The log on a real disk.

// In a test a failed unwrap is the report.
#![allow(clippy::unwrap_used)]

mod clock;
mod format;
mod kill;
mod log;
mod scenario;
mod tamper;
