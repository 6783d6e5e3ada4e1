//! The one place that reads the time of day.

use std::time::SystemTime;

use indelible_proof::Timestamp;

/// The present moment; a clock set before 1970 reads as 1970.
pub(crate) fn now() -> Timestamp {
    of(SystemTime::now())
}

/// A moment of the system's clock; what is before 1970 reads as 1970.
pub(crate) fn of(at: SystemTime) -> Timestamp {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::saturating_from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
