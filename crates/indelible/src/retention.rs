//! Retention: what was recorded long enough ago is removed from the log, and the log tells of it.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use indelible::{Actor, Log, LogConfig, Recorder, retention::{Days, retain}, system_time};
//!
//! let log = Arc::new(Log::open(LogConfig::new("data", Arc::new(system_time)))?);
//! let recorder = Recorder::new(log.clone());
//! let keep: Days = "90".parse()?;
//! let by = |event: indelible::Event| event.actor(Actor::new("system", "nightly job"));
//! if let Some(expired) = retain(&log, &recorder, keep.before(system_time()), &[], &|_, _| (), by)? {
//!     println!("{} events removed", expired.events);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{fmt, num::NonZeroU32, str::FromStr};

use indelible_engine::log::{Expired, Log, Pass, RETENTION_APPLIED, RetainError};
use indelible_proof::{Event, Outcome, Target, Timestamp};

use crate::{limits::RETENTION_DAYS_MAX, recorder::Recorder};

const DAY_US: i64 = 24 * 3_600_000_000;

/// For how many days events are kept: 1 to 36,500. There is no 0, so that no mistake empties a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days(NonZeroU32);

/// Not a number of days.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no number of days to keep events for: give a whole number from 1 to {RETENTION_DAYS_MAX}")]
pub struct DaysError {
    given: String,
}

impl Days {
    /// So many days.
    pub fn new(days: u32) -> Result<Self, DaysError> {
        let sound = NonZeroU32::new(days).filter(|days| days.get() <= RETENTION_DAYS_MAX);
        sound.map(Self).ok_or_else(|| DaysError { given: days.to_string() })
    }

    /// How many.
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// What was recorded on a UTC day before that of this moment is not kept.
    pub fn before(self, now: Timestamp) -> Timestamp {
        Timestamp::saturating_from_micros(now.as_micros().saturating_sub(i64::from(self.get()) * DAY_US))
    }
}

/// Digits and nothing else.
impl FromStr for Days {
    type Err = DaysError;

    fn from_str(text: &str) -> Result<Self, DaysError> {
        let wrong = || DaysError { given: text.to_owned() };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let days = text.parse().ok().filter(|_| digits).ok_or_else(wrong)?;
        Self::new(days).map_err(|_| wrong())
    }
}

impl fmt::Display for Days {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.get();
        write!(out, "{days} {}", if days == 1 { "day" } else { "days" })
    }
}

/// Removes what a log need not keep, as [`Log::retain`] does, once the recorder, which has to write to that log, has
/// recorded it as `audit.retention.applied`. `by` says of that event who did it.
///
/// A before hook that suppresses the event stops the removal, too.
pub fn retain(
    log: &Log,
    recorder: &Recorder,
    before: Timestamp,
    sizes: &[u64],
    progress: &(dyn Fn(Pass, u64) + Sync),
    by: impl FnOnce(Event) -> Event,
) -> Result<Option<Expired>, RetainError> {
    log.retain(before, sizes, progress, |expired| {
        let recording = recorder.record(by(event(expired)))?;
        recording.receipt().map(|receipt| receipt.seq).ok_or_else(|| "a hook suppressed it".into())
    })
}

fn event(expired: &Expired) -> Event {
    let Expired { first_seq, events, segments, bytes, before } = *expired;
    Event::new(RETENTION_APPLIED)
        .outcome(Outcome::Success)
        .target(Target::new("audit_log", "events"))
        .meta("recorded_before", before.to_string())
        .meta("first_seq", first_seq)
        .meta("events", events)
        .meta("segments", segments)
        .meta("bytes", bytes)
}

#[cfg(test)]
mod tests;
