//! Times to come, as they are written: `90d`, `2027-01-01T00:00:00Z` or `never`.

use std::{fmt, str::FromStr, time::Duration};

use indelible::{Timestamp, tokens::Entity};
use serde::{Deserialize, Serialize};

/// A length of time: a number and one of the units s, m, h, d and w.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Span(pub(crate) Duration);

/// When something ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Later {
    /// Not by itself.
    Never,
    /// At a moment.
    At(Timestamp),
    /// After a time.
    After(Span),
}

const UNITS: [(char, u64); 5] = [('w', 7 * 86_400), ('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

impl Span {
    /// The moment so long before another.
    pub(crate) fn before(self, at: Timestamp) -> Timestamp {
        let us = i64::try_from(self.0.as_micros()).unwrap_or(i64::MAX);
        Timestamp::saturating_from_micros(at.as_micros().saturating_sub(us))
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = UNITS.iter().find_map(|(unit, seconds)| {
            let number = text.strip_suffix(*unit)?;
            let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            number.parse::<u64>().ok().filter(|_| digits)?.checked_mul(*seconds)
        });
        let seconds = seconds.ok_or_else(|| "write a number and a unit: 90s, 30m, 12h, 90d or 2w".to_owned())?;
        Ok(Self(Duration::from_secs(seconds)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let whole = UNITS.iter().find(|(_, unit)| seconds > 0 && seconds.is_multiple_of(*unit));
        let (unit, length) = whole.copied().unwrap_or(('s', 1));
        write!(out, "{}{unit}", seconds / length)
    }
}

impl FromStr for Later {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse(), text.parse()) {
            ("never", ..) => Ok(Self::Never),
            (_, Ok(span), _) => Ok(Self::After(span)),
            (_, _, Ok(at)) => Ok(Self::At(at)),
            _ => Err("write a time such as 90d or 12h, a moment such as 2027-01-01T00:00:00Z, or never".to_owned()),
        }
    }
}

impl fmt::Display for Later {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => out.write_str("never"),
            Self::At(at) => at.fmt(out),
            Self::After(span) => span.fmt(out),
        }
    }
}

/// In JSON a text, as it is typed.
macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    )*};
}

as_text! { Span Later }

/// Somebody or something as it is typed: `user:42`.
pub(crate) fn named(text: &str) -> Result<Entity, String> {
    let parts = text.split_once(':').filter(|(kind, id)| !kind.is_empty() && !id.is_empty());
    let (kind, id) = parts.ok_or_else(|| "write its type and its id, such as user:42".to_owned())?;
    Ok(Entity::new(kind, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for text in ["90s", "30m", "12h", "90d", "2w", "never", "2027-01-01T00:00:00.000000Z", "0s"] {
            assert_eq!(text.parse::<Later>().unwrap().to_string(), text);
        }
        assert_eq!("7200s".parse::<Span>().unwrap().to_string(), "2h");
        for text in ["", "d", "-1d", "+1d", "1.5h", "abc", "90", "90 d", "99999999999999999999d", "Never"] {
            assert!(text.parse::<Later>().is_err(), "{text}");
        }
    }

    #[test]
    fn somebody_has_a_type_and_an_id() {
        assert_eq!(named("user:a:b"), Ok(Entity::user("a:b")));
        assert!(named("42").is_err() && named(":42").is_err() && named("user:").is_err());
    }
}
