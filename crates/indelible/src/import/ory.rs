//! Ory Hydra's token hook, and webhooks of Ory Kratos.
//!
//! Hydra asks its hook before each token that it gives out (`oauth2.token_hook`); the event therefore tells of a grant
//! that nothing but another hook can still stop. The body of a webhook of Kratos is what the operator's template makes
//! of `ctx`: docs/WEBHOOKS.md has the one that this reads. It names the event as Kratos itself does, or leaves that to
//! the address of the flow.
//!
//! Source: `oauth2/token_hook.go` of github.com/ory/hydra; `selfservice/hook/web_hook.go` and `x/events/events.go` of
//! github.com/ory/kratos.

use indelible_proof::{Actor, Changes, Client, Event, OAuth, Outcome};

use super::{
    Problem,
    layout::{Layout, credential, presented, reason},
    limits,
    record::{Mapped, Record},
};
use crate::oauth::Grant;

const HYDRA: Layout = Layout { product: "hydra", action: &["request.client_id", "client_id"], ..Layout::EMPTY };

pub(super) fn hydra(record: Record<'_>) -> Mapped {
    // The hook for refreshed tokens alone, which came first, has the request at the top.
    let (request, old) = if record.has("request") { (record.at("request"), false) } else { (record, true) };
    let Some(client) = request.text("client_id") else {
        return Err(Problem::FieldMissing { field: "request.client_id" });
    };
    let grant = request.words("grant_types").into_iter().next();
    let grant = grant.unwrap_or_else(|| if old { "refresh_token" } else { "authorization_code" }.to_owned());
    let mut event = HYDRA.event(record, &grant);
    event.action = Grant::of(&grant).map_or("oauth.token.issued", |grant| grant.action).to_owned();
    event.outcome = Some(Outcome::Success);
    let session = record.at("session");
    let claims = session.at("id_token.id_token_claims");
    let subject = session.text("id_token.subject").or_else(|| claims.text("sub")).or_else(|| record.text("subject"));
    event.actor = Some(match subject.filter(|subject| *subject != client) {
        Some(user) => Actor { name: session.text("id_token.username"), ..Actor::user(user) },
        None => Actor::new("client", client.clone()),
    });
    event.client = Some(Client { id: Some(client), name: request.text("client.client_name") });
    event.credential = presented(&grant);
    let scopes = |path| request.words(path);
    event.oauth = Some(OAuth {
        scopes_requested: scopes("requested_scopes"),
        scopes_granted: scopes("granted_scopes"),
        audience: scopes("granted_audience").into_iter().next(),
        issuer: claims.text("iss"),
        // Later versions put the whole flow into the challenge, sealed: too long to be a name.
        token_family: session.text("consent_challenge").filter(|id| id.len() <= limits::WORD_BYTES_MAX),
        grant_type: Some(grant),
        ..OAuth::default()
    });
    Ok(Some(event))
}

const KRATOS: Layout = Layout {
    product: "kratos",
    time: &["occurred_at", "session.authenticated_at", "identity.updated_at"],
    action: &["event"],
    actor_id: &["identity.id", "session.identity.id"],
    actor_name: &["identity.traits.username", "identity.traits.name"],
    actor_email: &["identity.traits.email"],
    target_type: &["identity.schema_id"],
    target_id: &["identity.id"],
    ip: &["request_headers.True-Client-Ip", "session.devices.0.ip_address"],
    user_agent: &["request_headers.User-Agent", "session.devices.0.user_agent"],
    session: &["session.id"],
    correlation: &["flow.id"],
    client_id: &["flow.oauth2_login_request.client.client_id"],
    method: &["request_method"],
    ..Layout::EMPTY
};

pub(super) fn kratos(record: Record<'_>) -> Mapped {
    let url = record.text("request_url").unwrap_or_default();
    let Some(name) = record.text("event").or_else(|| of_flow(&url)) else {
        return Err(Problem::FieldMissing { field: "event" });
    };
    let mut event = KRATOS.event(record, &name);
    // Headers are lists; of each the first counts.
    if let Some(context) = &mut event.context {
        let header = |name: &str| record.words(&format!("request_headers.{name}"));
        context.ip = record.ip(KRATOS.ip);
        context.user_agent =
            Some(header("User-Agent").join(" ")).filter(|agent| !agent.is_empty()).or(context.user_agent.take());
    }
    let failed = name.ends_with("Failed");
    event.outcome = Some(if failed { Outcome::Failure } else { Outcome::Success });
    event.reason = record.text("reason").as_deref().and_then(reason).filter(|_| failed);
    event.credential = record.first(&["flow.active", "method"]).map(|method| credential(method, None));
    let path = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    event.http.get_or_insert_default().path =
        path.find('/').and_then(|at| path.get(at..)?.split('?').next()).map(str::to_owned);
    changed(record, &mut event);
    Ok(Some(event))
}

/// The identity that a flow made or changed.
fn changed(record: Record<'_>, event: &mut Event) {
    let about_account = event.action.starts_with("account.");
    if !about_account {
        event.targets.clear();
        return;
    }
    if let Some(target) = event.targets.first_mut() {
        target.r#type = Some("user".to_owned());
    }
    event.changes =
        record.object("identity.traits").map(|traits| Changes { after: traits.clone(), ..Changes::default() });
}

/// Which flow has ended, by its address; its template has a name only for what is sent when it failed.
fn of_flow(url: &str) -> Option<String> {
    let (_, flow) = url.split_once("/self-service/")?;
    let event = match flow.split(['/', '?']).next()? {
        "login" => "LoginSucceeded",
        "registration" => "RegistrationSucceeded",
        "settings" => "SettingsSucceeded",
        "recovery" => "RecoverySucceeded",
        "verification" => "VerificationSucceeded",
        _ => return None,
    };
    Some(event.to_owned())
}
