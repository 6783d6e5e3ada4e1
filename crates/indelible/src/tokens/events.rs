//! What the log is told: every event of tokens is made here.

use indelible_proof::{Event, Object, Target, Timestamp};
use serde_json::json;

use super::{Scope, model::Token};

/// What happened to a token, done by whoever the scope says.
pub(super) fn lifecycle(scope: &Scope, action: &str, token: &Token, now: Timestamp) -> Event {
    let mut event = Event::new(action).occurred_at(now).target(target(token)).target(owner(token));
    event.targets.extend(token.group.as_deref().map(group));
    by(scope, event)
}

/// An event with who did it, whose it is and where it came from.
pub(super) fn by(scope: &Scope, mut event: Event) -> Event {
    event.tenant = Some(scope.tenant.clone());
    event.actor.clone_from(&scope.actor);
    event.credential.clone_from(&scope.credential);
    event.context.clone_from(&scope.context);
    event.request_id.clone_from(&scope.request_id);
    event
}

/// A token as what something was done to.
pub(super) fn target(token: &Token) -> Target {
    let target = Target::new("token", &token.id).name(&token.name);
    target.attr("type", token.kind.as_str()).attr("environment", token.environment.as_str())
}

/// Whose it is, as what something was done to.
pub(super) fn owner(token: &Token) -> Target {
    Target::new(&token.owner.r#type, &token.owner.id)
}

/// A group as what something was done to.
pub(super) fn group(id: &str) -> Target {
    Target::new("token_group", id)
}

/// What a token may do, where, for how long.
pub(super) fn granted(token: &Token) -> Object {
    let granted = json!({
        "abilities": token.abilities,
        "expires_at": token.expires_at,
        "allowed_ips": token.allowed_ips,
        "allowed_domains": token.allowed_domains,
        "rate_limit": token.rate_limit,
        "context": token.context,
        "boundary": token.boundary,
    });
    let fields = if let serde_json::Value::Object(fields) = granted { fields } else { Object::new() };
    fields.into_iter().filter(|(_, value)| !value.is_null()).collect()
}
