//! The marker of a retention: a checkpoint with one line more.

use indelible_proof::{
    Timestamp,
    checkpoint::Checkpoint,
    note::{Note, SigningKey},
};

/// The action of the event that tells of a retention.
pub const RETENTION_APPLIED: &str = "audit.retention.applied";
const HEADER: &str = "indelible/retention/v1";

/// What was removed from the beginning of a log, as the log has signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// The first event that is kept: all before it were removed.
    pub first_seq: u64,
    /// The event `audit.retention.applied` that tells of it.
    pub event: u64,
    /// When.
    pub at: Timestamp,
    /// The log at that moment, with that event.
    pub checkpoint: Checkpoint,
}

impl Retention {
    /// Signs the marker; `None` when the checkpoint does not cover the event.
    pub(super) fn sign(
        checkpoint: Checkpoint,
        key: &SigningKey,
        first_seq: u64,
        event: u64,
        at: Timestamp,
    ) -> Option<(Self, Note)> {
        let signed = checkpoint.extended(line(first_seq, event, at)).ok()?;
        let note = signed.sign(key);
        Some((Self::parse(signed)?, note))
    }

    pub(super) fn parse(checkpoint: Checkpoint) -> Option<Self> {
        let [stated] = checkpoint.extensions() else { return None };
        let mut words = stated.strip_prefix(HEADER)?.strip_prefix(' ')?.split(' ');
        let (first_seq, event) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let at = words.next()?.parse().ok()?;
        // In one spelling only, and nothing is removed that the checkpoint does not cover.
        let sound = line(first_seq, event, at) == *stated && first_seq <= event && event < checkpoint.size();
        sound.then_some(Self { first_seq, event, at, checkpoint })
    }
}

/// What the marker says that a checkpoint does not.
fn line(first_seq: u64, event: u64, at: Timestamp) -> String {
    format!("{HEADER} {first_seq} {event} {at}")
}
