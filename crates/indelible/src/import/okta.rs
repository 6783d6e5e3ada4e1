//! Okta System Log, also as event hooks bring it: the same records under `data.events`.
//!
//! Source: <https://developer.okta.com/docs/concepts/event-hooks/>.

use indelible_proof::{Actor, OAuth, Target};
use serde_json::Value;

use super::{
    layout::{Layout, actor_type, credential, presented, word},
    record::{Mapped, Record, words},
    unwrap,
};

const LAYOUT: Layout = Layout {
    product: "okta",
    id: &["uuid"],
    time: &["published"],
    action: &["eventType"],
    outcome: &["outcome.result"],
    reason: &["outcome.reason"],
    actor_type: &["actor.type"],
    actor_id: &["actor.id"],
    actor_name: &["actor.displayName"],
    actor_email: &["actor.alternateId"],
    ip: &["client.ipAddress", "request.ipChain.0.ip"],
    user_agent: &["client.userAgent.rawUserAgent"],
    country: &["client.geographicalContext.country"],
    region: &["client.geographicalContext.state"],
    city: &["client.geographicalContext.city"],
    session: &["authenticationContext.externalSessionId"],
    request: &["debugContext.debugData.requestId"],
    correlation: &["transaction.id"],
    path: &["debugContext.debugData.requestUri"],
    ..Layout::EMPTY
};

/// The records in the envelope of an event hook.
pub(super) fn split(mut value: Value) -> Vec<Value> {
    match value.pointer_mut("/data/events").map(Value::take) {
        Some(Value::Array(events)) => events,
        _ => unwrap(value),
    }
}

pub(super) fn map(record: Record<'_>) -> Mapped {
    let mut event = LAYOUT.read(record)?;
    let name = record.text("eventType").unwrap_or_default();
    if record.is("outcome.result", "CHALLENGE") && event.action == "auth.login.succeeded" {
        event.action = "auth.mfa.challenged".to_owned();
    }
    event.targets = record.list("target").map(target).collect();
    if let Some(context) = &mut event.context {
        context.asn = record.number("securityContext.asNumber").and_then(|number| number.try_into().ok());
        context.device_id = record.text("device.id");
        let chain: Vec<String> = record.list("request.ipChain").filter_map(|hop| hop.text("ip")).collect();
        context.forwarded_for = (chain.len() > 1).then(|| chain.join(", "));
    }
    if let Some(id) = record.text("transaction.detail.requestApiTokenId") {
        event.credential = Some(credential("api_key", id));
    } else if let Some(kind) = record.text("authenticationContext.credentialType") {
        event.credential = Some(credential(word(&kind), None));
    }
    let debug = record.at("debugContext.debugData");
    if name.starts_with("app.oauth2") {
        let client = event.client.get_or_insert_default();
        client.id = record.first(&["client.id", "actor.id"]);
        client.name = record.text("actor.displayName");
        event.oauth = Some(OAuth {
            grant_type: debug.text("grantType"),
            response_type: debug.text("responseType"),
            scopes_requested: debug.text("requestedScopes").map(|list| words(&list)).unwrap_or_default(),
            scopes_granted: debug.text("grantedScopes").map(|list| words(&list)).unwrap_or_default(),
            redirect_uri: debug.text("redirectUri"),
            ..OAuth::default()
        });
        let grant = event.oauth.as_ref().and_then(|oauth| oauth.grant_type.as_deref());
        let presented = grant.and_then(presented).filter(|_| event.action.starts_with("oauth.token."));
        event.credential = presented.or(event.credential);
        // The client acts in the record; whose grant it is stands among the targets.
        if let Some(user) = record.list("target").find(|target| target.is("type", "User")) {
            event.actor = Some(Actor {
                r#type: Some("user".to_owned()),
                id: user.text("id"),
                name: user.text("displayName"),
                email: user.text("alternateId").filter(|text| text.contains('@')),
            });
        }
    }
    Ok(Some(event))
}

fn target(target: Record<'_>) -> Target {
    let kind = target.text("type").unwrap_or_default();
    Target {
        r#type: Some(match kind.as_str() {
            "code" => "authorization_code".to_owned(),
            kind if actor_type(kind) == "user" && kind.contains("User") => "user".to_owned(),
            kind => word(kind),
        }),
        id: target.first(&["id", "alternateId"]),
        name: target.first(&["displayName", "alternateId"]),
        // When a token ends.
        attrs: target.get("detailEntry.expires").map(|at| ("expires_at".to_owned(), at.clone())).into_iter().collect(),
    }
}
