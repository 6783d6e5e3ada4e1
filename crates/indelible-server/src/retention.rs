//! For how long events are kept: how it is configured, asked for and answered, the same for a data directory and a server.

use std::{fmt, str::FromStr};

use indelible::{
    Event, Recorder, Store, Timestamp,
    retention::{Days, DaysError, retain},
};
use indelible_engine::log::{Expired, Log, Pass, RetainError};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::clock;

/// Days for which `indelible retain` keeps events when nobody says how many.
pub(crate) const DAYS_DEFAULT: u32 = 90;

/// For how long a server keeps events: so many days, or `forever`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Keep(pub(crate) Option<Days>);

const FOREVER: &str = "forever";

impl FromStr for Keep {
    type Err = DaysError;

    fn from_str(text: &str) -> Result<Self, DaysError> {
        if text == FOREVER { Ok(Self(None)) } else { text.parse().map(|days| Self(Some(days))) }
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(days) => write!(out, "{}", days.get()),
            None => out.write_str(FOREVER),
        }
    }
}

impl Serialize for Keep {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(days) => out.serialize_u32(days.get()),
            None => out.serialize_str(FOREVER),
        }
    }
}

/// A number or a text, both as they stand.
impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Keep;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "a number of days or {FOREVER:?}")
            }

            fn visit_i64<E: de::Error>(self, days: i64) -> Result<Keep, E> {
                self.visit_str(&days.to_string())
            }

            fn visit_u64<E: de::Error>(self, days: u64) -> Result<Keep, E> {
                self.visit_str(&days.to_string())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Keep, E> {
                text.parse().map_err(E::custom)
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// What is asked for, also of a server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Asked {
    /// How many days are kept; `None` for those of the configuration, else 90.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) days: Option<u32>,
    /// Nothing is removed.
    pub(crate) dry_run: bool,
    /// Sizes of checkpoints that somebody keeps, which the log must be comparable with later.
    pub(crate) sizes: Vec<u64>,
}

/// What was removed, or would be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Retained {
    /// How many days are kept.
    pub(crate) days: u32,
    /// Nothing was removed.
    pub(crate) dry_run: bool,
    /// False when the server goes on removing.
    pub(crate) done: bool,
    /// The moment before which what goes was recorded.
    pub(crate) recorded_before: Timestamp,
    /// The first event that is kept.
    pub(crate) first_seq: u64,
    /// Events that go.
    pub(crate) events: u64,
    /// Segments that hold them.
    pub(crate) segments: u64,
    /// Bytes of these.
    pub(crate) bytes: u64,
}

impl Asked {
    /// How many days are kept.
    pub(crate) fn days(&self, configured: Keep) -> Result<Days, DaysError> {
        self.days.map(Days::new).or(configured.0.map(Ok)).unwrap_or_else(|| Days::new(DAYS_DEFAULT))
    }

    /// Does it. `by` says of the event that tells of it who did it.
    pub(crate) fn run(
        &self,
        log: &Log,
        recorder: &Recorder,
        days: Days,
        progress: &(dyn Fn(Pass, u64) + Sync),
        by: impl FnOnce(Event) -> Event,
    ) -> Result<Retained, RetainError> {
        let before = days.before(clock::now());
        let expired = if self.dry_run {
            log.expired(before)
        } else {
            retain(log, recorder, before, &self.sizes, progress, |event| by(event.meta("days", days.get())))?
        };
        let nothing = Expired { first_seq: log.status().first_seq, events: 0, segments: 0, bytes: 0, before };
        let Expired { first_seq, events, segments, bytes, before } = expired.unwrap_or(nothing);
        let (days, dry_run) = (days.get(), self.dry_run);
        Ok(Retained { days, dry_run, done: true, recorded_before: before, first_seq, events, segments, bytes })
    }
}

#[cfg(test)]
mod tests;
