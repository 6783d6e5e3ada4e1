//! The limits of an event.

use crate::{error::EventError, event::Event};

impl Event {
    /// Checks every limit; the error names the field.
    pub fn validate(&self) -> Result<(), EventError> {
        if self.action.is_empty() {
            return Err(EventError::new("action", "is required, for example \"token.revoked\""));
        }
        Ok(())
    }
}
