//! Zitadel: the events and calls that Actions v2 sends to a target of the type webhook.
//!
//! Source: <https://zitadel.com/docs/guides/integrate/actions/testing-event> and `.../testing-request` for the
//! envelopes, `ContextInfoEvent` of github.com/zitadel/zitadel for the names of their fields.

use indelible_proof::{Actor, OAuth, Outcome, Target};

use super::{
    layout::{Layout, credential},
    naming,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "zitadel",
    time: &["created_at"],
    action: &["event_type", "fullMethod"],
    reason: &["event_payload.reason"],
    actor_id: &["userID"],
    target_type: &["aggregateType"],
    target_id: &["aggregateID"],
    target_name: &["event_payload.userName", "event_payload.name"],
    ip: &["event_payload.browserInfo.remoteIP", "event_payload.user_agent.ip"],
    user_agent: &["event_payload.browserInfo.userAgent", "event_payload.user_agent.description"],
    session: &["event_payload.sessionID"],
    client_id: &["event_payload.clientID", "event_payload.client_id", "event_payload.applicationId"],
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    if let (Some(method), false) = (record.text("fullMethod"), record.has("event_type")) {
        return Ok(Some(call(record, &method)));
    }
    let mut event = LAYOUT.read(record)?;
    let name = record.text("event_type").unwrap_or_default();
    // Steps of a flow that are no grant and no refusal keep a name of their own.
    if event.action.starts_with("resource.") && (name.starts_with("auth_request.") || name.starts_with("session.")) {
        event.action = naming::own("zitadel", &naming::words(&name));
    }
    let aggregate = ["instanceID", "aggregateType", "aggregateID", "sequence"].map(|field| record.text(field));
    if let [instance, Some(kind), Some(id), Some(sequence)] = aggregate {
        event.idempotency_key = Some(format!("{}:{kind}:{id}:{sequence}", instance.unwrap_or_default()));
    }
    let given = record.at("event_payload");
    let of_user = record.is("aggregateType", "user");
    // A sign-in is checked by the login's own account; who signs in is the user that the event belongs to.
    if of_user && (event.action.starts_with("auth.login.") || event.action.starts_with("auth.mfa.")) {
        event.actor = record.text("aggregateID").map(Actor::user);
    }
    match record.text("aggregateType").as_deref() {
        Some("session") => event.session_id = record.text("aggregateID"),
        Some("oidc_session") => oidc(record, given, &name, &mut event),
        Some("auth_request") => event.oauth = Some(authorization(given)),
        _ => {}
    }
    if let Some(user) = given.first(&["userID", "userId", "user_id"]).filter(|_| !of_user) {
        if name.starts_with("oidc_session.") || name.starts_with("session.") {
            event.actor = Some(Actor::user(user));
        } else {
            event.targets.push(Target::new("user", user));
        }
    }
    if (name.ends_with(".changed") || name.ends_with(".added") || name.ends_with(".set"))
        && let Some(after) = record.object("event_payload")
    {
        event.changes.get_or_insert_default().after = after.clone();
    }
    Ok(Some(event))
}

/// A token of an OpenID Connect session, which is what one authorization led to.
fn oidc(record: Record<'_>, given: Record<'_>, name: &str, event: &mut indelible_proof::Event) {
    let family = record.text("aggregateID");
    let kind = if name.contains("refresh_token") { "refresh_token" } else { "access_token" };
    if let Some(id) = given.text("id").filter(|_| name.contains("_token.")) {
        event.targets = vec![Target::new(kind, id)];
    }
    if name.ends_with("refresh_token.renewed") {
        event.credential = Some(credential("refresh_token", None));
    } else if let Some(token) = given.text("actor.token_id") {
        event.credential = Some(credential("access_token", token));
    }
    event.on_behalf_of.extend(given.text("actor.user_id").map(Actor::user));
    event.oauth = Some(OAuth { scopes_granted: given.words("scope"), token_family: family, ..authorization(given) });
}

fn authorization(given: Record<'_>) -> OAuth {
    OAuth {
        response_type: given.text("response_type").filter(|kind| kind.parse::<u8>().is_err()),
        scopes_requested: given.words("scope"),
        redirect_uri: given.first(&["redirect_uri", "redirectURI"]),
        issuer: given.text("issuer"),
        audience: given.words("audience").into_iter().next(),
        ..OAuth::default()
    }
}

/// A call of the API, before it runs or with its response.
fn call(record: Record<'_>, method: &str) -> indelible_proof::Event {
    let mut event = LAYOUT.event(record, method);
    let verb = method.rsplit('/').next().unwrap_or(method);
    event.action = naming::action("zitadel", verb);
    event.outcome = Some(if record.has("response") { Outcome::Success } else { Outcome::Unknown });
    event.targets = [("user", "request.userId"), ("project", "projectID"), ("organization", "orgID")]
        .into_iter()
        .filter_map(|(kind, path)| Some(Target::new(kind, record.text(path)?)))
        .collect();
    event.changes.get_or_insert_default().after = record.object("request").cloned().unwrap_or_default();
    event
}
