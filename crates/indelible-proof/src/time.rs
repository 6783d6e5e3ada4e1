//! Moments: microseconds since 1970 in memory, RFC 3339 in UTC with six fraction digits in text.

use std::{fmt, str::FromStr};

use jiff::fmt::temporal::DateTimePrinter;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment in UTC, in microseconds since 1970-01-01T00:00:00Z, from then to the end of the year 9999.
///
/// Text may carry any offset and any number of fraction digits; it is turned to UTC and cut to microseconds.
///
/// ```
/// use indelible_proof::Timestamp;
///
/// let at: Timestamp = "2026-11-20T13:00:00.5+01:00".parse()?;
/// assert_eq!(at.to_string(), "2026-11-20T12:00:00.500000Z");
/// # Ok::<(), indelible_proof::TimestampError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// Why a text or number is no [`Timestamp`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a time between 1970 and 9999: write RFC 3339, for example 2026-11-20T12:00:00Z")]
pub struct TimestampError;

const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

impl Timestamp {
    /// The first moment, 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// The last moment, 9999-12-30T22:00:00Z, where the calendar of `jiff` ends.
    pub const MAX: Self = Self(253_402_207_200_000_000);

    /// From microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Result<Self, TimestampError> {
        if micros < Self::MIN.0 || micros > Self::MAX.0 { Err(TimestampError) } else { Ok(Self(micros)) }
    }

    /// From microseconds since 1970; what lies outside the range becomes the nearest moment inside it.
    pub fn saturating_from_micros(micros: i64) -> Self {
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970.
    pub const fn as_millis(self) -> i64 {
        self.0 / 1000
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let at: jiff::Timestamp = text.parse().map_err(|_| TimestampError)?;
        Self::from_micros(at.as_microsecond())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = jiff::Timestamp::from_microsecond(self.0).map_err(|_| fmt::Error)?;
        PRINTER.print_timestamp(&at, jiff::fmt::StdFmtWrite(out)).map_err(|_| fmt::Error)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Timestamp;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a time in RFC 3339, for example \"2026-11-20T12:00:00Z\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(E::custom)
            }
        }
        input.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests;
