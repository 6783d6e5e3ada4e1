//! Moments: microseconds since 1970 in memory, RFC 3339 in UTC with six fraction digits in text.

use std::{fmt, str::FromStr};

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

    /// The text of [`Display`](fmt::Display), in ASCII.
    pub fn text(self) -> [u8; 27] {
        let (year, month, day) = date((self.0 / DAY_US) as u32);
        let second = (self.0 % DAY_US / 1_000_000) as u32;
        let mut text = *b"YYYY-MM-DDThh:mm:ss.uuuuuuZ";
        for (range, mut value) in [
            (0..4, year),
            (5..7, month),
            (8..10, day),
            (11..13, second / 3600),
            (14..16, second / 60 % 60),
            (17..19, second % 60),
            (20..26, (self.0 % 1_000_000) as u32),
        ] {
            for digit in text.get_mut(range).into_iter().flatten().rev() {
                *digit = b'0' + (value % 10) as u8;
                value /= 10;
            }
        }
        text
    }
}

const DAY_US: i64 = 86_400_000_000;

/// Year, month and day of a day since 1970.
///
/// Years are counted from March, so that a leap day is the last of its year, and days from March of the year 0: the days
/// before a year, and before a month, are then multiples rounded down.
fn date(days: u32) -> (u32, u32, u32) {
    const DAYS_TO_1970: u32 = 719_468;
    const DAYS_OF_400_YEARS: u32 = 146_097;
    let days = days + DAYS_TO_1970;
    let (cycle, day) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    // Without the leap days before it, a day is in the year that it would be in if all had 365.
    let year = (day - day / 1460 + day / 36_524 - day / (DAYS_OF_400_YEARS - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    // Months 10 and 11 are January and February of the next year.
    (400 * cycle + year + month / 10, (month + 2) % 12 + 1, day)
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
        out.write_str(std::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
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
