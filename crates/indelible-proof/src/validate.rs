//! The limits of an event.

use crate::{error::EventError, event::Event, time::Timestamp, vocabulary};

impl Event {
    /// Fills in what the producer may leave out.
    pub fn complete(&mut self, now: Timestamp) {
        self.recorded_at = Some(now);
        self.occurred_at.get_or_insert(now);
        self.tenant.get_or_insert_with(|| "default".to_owned());
        let outcome = vocabulary::outcome_of(&self.action);
        self.outcome.get_or_insert(outcome);
        let severity = vocabulary::severity_of(self);
        self.severity.get_or_insert(severity);
    }

    /// Checks every limit; the error names the field.
    pub fn validate(&self) -> Result<(), EventError> {
        if self.action.is_empty() {
            return Err(EventError::new("action", "is required, for example \"token.revoked\""));
        }
        Ok(())
    }
}
