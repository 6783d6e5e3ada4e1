//! The event's id: a UUIDv7 (RFC 9562) that is computed from the event's place, so that it costs no storage
//! and a lookup by it needs no index.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::time::Timestamp;

/// Milliseconds of `recorded_at` (48 bits), version 7, the log's number (26 bits), the variant, seq (48 bits).
///
/// ```text
/// bits 127..80   unix_ts_ms      milliseconds of recorded_at
/// bits  79..76   ver             0111
/// bits  75..64   log number      its upper 12 bits
/// bits  63..62   var             10
/// bits  61..48   log number      its lower 14 bits
/// bits  47..0    seq
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(u128);

/// Why a text is no event id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an event id: expected a UUIDv7 such as 019386f0-4c00-7abc-8123-0000000004d2")]
pub struct EventIdError;

impl EventId {
    /// The largest sequence number that an id can carry.
    pub const SEQ_MAX: u64 = (1 << 48) - 1;
    /// The largest log number.
    pub const LOG_NUMBER_MAX: u32 = (1 << 26) - 1;

    /// The id of event `seq` of the log with this number. Numbers beyond their limit are cut to their lower bits.
    pub const fn new(recorded_at: Timestamp, log_number: u32, seq: u64) -> Self {
        let ms = (recorded_at.as_millis() as u128) & ((1 << 48) - 1);
        let log = (log_number & Self::LOG_NUMBER_MAX) as u128;
        Self(
            ms << 80
                | 0x7 << 76
                | (log >> 14) << 64
                | 0b10 << 62
                | (log & 0x3fff) << 48
                | (seq & Self::SEQ_MAX) as u128,
        )
    }

    /// The event's index in its log.
    pub const fn seq(self) -> u64 {
        (self.0 & Self::SEQ_MAX as u128) as u64
    }

    /// The number of the log that holds the event.
    pub const fn log_number(self) -> u32 {
        ((self.0 >> 64 & 0xfff) << 14 | (self.0 >> 48 & 0x3fff)) as u32
    }

    /// Milliseconds since 1970 of the event's `recorded_at`.
    pub const fn millis(self) -> i64 {
        (self.0 >> 80) as i64
    }
}

impl FromStr for EventId {
    type Err = EventIdError;

    fn from_str(text: &str) -> Result<Self, EventIdError> {
        let well_formed = text.len() == 36
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        if !well_formed {
            return Err(EventIdError);
        }
        let bits = u128::from_str_radix(&text.replace('-', ""), 16).map_err(|_| EventIdError)?;
        if bits >> 76 & 0xf != 7 || bits >> 62 & 0b11 != 0b10 { Err(EventIdError) } else { Ok(Self(bits)) }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 32];
        base16ct::lower::encode(&self.0.to_be_bytes(), &mut digits).map_err(|_| fmt::Error)?;
        let mut digits = digits.into_iter();
        let mut text = [b'-'; 36];
        for (at, place) in text.iter_mut().enumerate() {
            if !matches!(at, 8 | 13 | 18 | 23) {
                *place = digits.next().unwrap_or_default();
            }
        }
        out.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(input)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
