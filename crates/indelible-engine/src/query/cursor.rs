//! Cursors as text.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::model::Cursor;

/// Why a text is no [`Cursor`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor: give back `next` of the page before as it came")]
pub struct CursorError;

/// The first letter is the version of what follows.
const VERSION: char = 'a';

impl fmt::Display for Cursor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{VERSION}{:x}", self.seq)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let hex = text.strip_prefix(VERSION).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let seq = hex.and_then(|hex| u64::from_str_radix(hex, 16).ok()).ok_or(CursorError)?;
        Ok(Self { seq })
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(input)?.parse().map_err(de::Error::custom)
    }
}
