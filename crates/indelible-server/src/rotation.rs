//! The event that tells of a change of the log's signing key: `audit.log.key_rotated`.

use indelible::{Event, Outcome, Target};
use indelible_proof::rotation::Rotation;

/// The event, without who did it.
pub(crate) fn event(Rotation { at, old, new }: &Rotation) -> Event {
    Event::new("audit.log.key_rotated")
        .outcome(Outcome::Success)
        .target(Target::new("signing_key", format!("{:08x}", new.id())).name(new.name()))
        .meta("old_key", old.to_string())
        .meta("new_key", new.to_string())
        .meta("size", at.size())
}
