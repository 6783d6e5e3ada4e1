//! What the log is told of API keys.

use indelible::Event;
use indelible_proof::{Target, Timestamp};

use super::{Ability, ApiKey, Reach};

/// The event of what was done to a key, but for who did it. `once` is a text of this event alone, which nobody guesses: with
/// its idempotency key nobody else's event can stand in its place.
pub(super) fn event(action: &str, key: &ApiKey, at: Timestamp, once: String) -> Event {
    let abilities: Vec<&str> = key.abilities.iter().copied().map(Ability::as_str).collect();
    let event = Event::new(action)
        .occurred_at(at)
        .target(Target::new("api_key", key.id.clone()).name(key.name.clone()))
        .meta("abilities", abilities)
        .meta("tenant", String::from(key.tenant.clone()))
        .idempotency_key(once);
    let event = match key.expires_at {
        Some(end) => event.meta("expires_at", end.to_string()),
        None => event,
    };
    match &key.tenant {
        Reach::Tenant(tenant) => event.tenant(tenant.clone()),
        Reach::All => event,
    }
}
