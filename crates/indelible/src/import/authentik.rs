//! authentik: events of its API and webhooks, and the same events in the server log.

use indelible_proof::{Actor, OAuth, Outcome, Target};

use super::{
    layout::{Layout, reason},
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "authentik",
    id: &["pk", "event_uuid"],
    time: &["created", "timestamp"],
    action: &["action"],
    actor_id: &["user.pk", "user.username", "context.username"],
    actor_name: &["user.username", "context.username"],
    actor_email: &["user.email"],
    ip: &["client_ip", "context.http_request.client_ip"],
    user_agent: &["context.http_request.user_agent", "user_agent"],
    country: &["context.geo.country"],
    city: &["context.geo.city"],
    request: &["context.http_request.request_id", "request_id"],
    method: &["context.http_request.method"],
    path: &["context.http_request.path"],
    client_id: &["context.authorized_application.pk"],
    client_name: &["context.authorized_application.name"],
    target_type: &["context.model.model_name"],
    target_id: &["context.model.pk"],
    target_name: &["context.model.name"],
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    // The server log has many lines besides; an event there is logged as created.
    if !record.has("action") && (record.has("level") || record.has("logger")) {
        return Ok(None);
    }
    let mut event = LAYOUT.read(record)?;
    let name = record.text("action").unwrap_or_default();
    if let Some((action, outcome)) = action(&name) {
        (event.action, event.outcome) = (action.to_owned(), Some(outcome));
    }
    if event.outcome == Some(Outcome::Failure) {
        event.reason = record
            .first(&["context.reason", "context.message"])
            .as_deref()
            .and_then(reason)
            .or(Some("invalid_credentials".to_owned()));
    }
    // Before the sign-in the user is anonymous; who tried stands in the context.
    let tried = record.first(&["context.username", "context.stage.username"]);
    let anonymous =
        event.actor.as_ref().and_then(|actor| actor.name.as_deref()).is_none_or(|name| name == "AnonymousUser");
    if let (Some(tried), true) = (tried, anonymous) {
        event.actor = Some(Actor::user(tried.clone()).name(tried));
    }
    if let Some(id) = record.text("context.impersonated_by.pk").or_else(|| record.text("user.on_behalf_of.pk")) {
        event.on_behalf_of.push(Actor {
            name: record.first(&["context.impersonated_by.username", "user.on_behalf_of.username"]),
            ..Actor::user(id)
        });
    }
    if name == "authorize_application" {
        event.oauth = Some(OAuth { scopes_granted: record.words("context.scopes"), ..OAuth::default() });
    }
    if let Some(id) = record.text("context.identifier") {
        event.targets.push(Target::new("token", id));
    }
    Ok(Some(event))
}

fn action(name: &str) -> Option<(&'static str, Outcome)> {
    use Outcome::{Denied, Failure, Success};
    Some(match name {
        "login" => ("auth.login.succeeded", Success),
        "login_failed" => ("auth.login.failed", Failure),
        "logout" => ("auth.logout", Success),
        "user_write" => ("account.updated", Success),
        "suspicious_request" => ("access.denied", Denied),
        "password_set" => ("auth.password.changed", Success),
        "secret_view" => ("token.revealed", Success),
        "secret_rotate" => ("token.rotated", Success),
        "invitation_used" => ("account.created", Success),
        "authorize_application" => ("oauth.authorization.granted", Success),
        "source_linked" => ("account.updated", Success),
        "impersonation_started" => ("session.impersonation.started", Success),
        "impersonation_ended" => ("session.impersonation.ended", Success),
        "flow_execution" | "policy_execution" => ("authentik.execution", Success),
        "policy_exception"
        | "property_mapping_exception"
        | "configuration_error"
        | "system_exception"
        | "system_task_exception" => ("authentik.error", Failure),
        "model_created" => ("resource.created", Success),
        "model_updated" => ("resource.updated", Success),
        "model_deleted" => ("resource.deleted", Success),
        "email_sent" => ("authentik.email_sent", Success),
        _ => return None,
    })
}
