//! OCSF events of the classes that tell of identities, access and resources.

use indelible_proof::{Outcome, Target};

use super::{
    layout::{Layout, severity, word},
    naming,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "ocsf",
    id: &["metadata.uid"],
    time: &["time", "time_dt"],
    action: &["api.operation", "activity_name", "type_name", "class_name"],
    outcome: &["status"],
    reason: &["status_detail", "api.response.error", "status_code"],
    actor_type: &["actor.user.type"],
    actor_id: &["actor.user.uuid", "actor.user.uid", "actor.user.name", "user.uid"],
    actor_name: &["actor.user.name", "user.name"],
    actor_email: &["actor.user.email_addr", "user.email_addr"],
    ip: &["src_endpoint.ip"],
    user_agent: &["http_request.user_agent"],
    country: &["src_endpoint.location.country"],
    region: &["src_endpoint.location.region"],
    city: &["src_endpoint.location.city"],
    session: &["actor.session.uid", "session.uid"],
    request: &["api.request.uid", "http_request.uid"],
    correlation: &["metadata.correlation_uid"],
    credential: &["actor.user.credential_uid"],
    credential_kind: "access_key",
    method: &["http_request.http_method"],
    path: &["http_request.url.path"],
    status: &["http_response.code"],
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    if !record.has("class_uid") {
        return Err(super::Problem::FieldMissing { field: "class_uid" });
    }
    let mut event = LAYOUT.read(record)?;
    let name = record.first(LAYOUT.action).unwrap_or_default();
    event.outcome = Some(match record.number("status_id") {
        Some(1) => Outcome::Success,
        Some(2) if denied(record) => Outcome::Denied,
        Some(2) => Outcome::Failure,
        _ => event.outcome.unwrap_or(Outcome::Unknown),
    });
    event.severity = record.text("severity").and_then(|word| severity(&word));
    event.action = action(record, &name);
    if let Some(source) = &mut event.source {
        source.service = record
            .first(&["metadata.product.name", "api.service.name"])
            .map(|name| word(&name))
            .or(source.service.take());
    }
    event.targets.extend(record.text("user.name").map(|name| Target {
        name: Some(name.clone()),
        ..Target::new("user", record.text("user.uid").unwrap_or(name))
    }));
    event.targets.extend(record.list("resources").filter_map(|resource| {
        let id = resource.first(&["uid", "name"])?;
        Some(Target {
            name: resource.text("name"),
            ..Target::new(resource.text("type").map_or_else(|| "resource".to_owned(), |kind| word(&kind)), id)
        })
    }));
    Ok(Some(event))
}

fn denied(record: Record<'_>) -> bool {
    let told = record.first(&["api.response.error", "status_detail"]).unwrap_or_default();
    told.contains("Denied") || told.contains("Unauthorized") || record.number("disposition_id") == Some(2)
}

fn action(record: Record<'_>, name: &str) -> String {
    let class = record.number("class_uid").unwrap_or(0);
    let activity = record.number("activity_id").unwrap_or(0);
    let known = match (class, activity) {
        (3002, 1) => "auth.login.succeeded",
        (3002, 2) => "auth.logout",
        (3002, 3) => "token.created",
        (3002, 4) => "oauth.token.issued",
        (3001, 1) => "account.created",
        (3001, 2) => "account.enabled",
        (3001, 3) => "auth.password.changed",
        (3001, 4) => "auth.password.reset",
        (3001, 5) => "account.disabled",
        (3001, 6) => "account.deleted",
        (3001, 7) => "permission.granted",
        (3001, 8) => "permission.revoked",
        (3001, 9) => "account.locked",
        (3001, 10) => "auth.mfa.enabled",
        (3001, 11) => "auth.mfa.disabled",
        (3005, 1) => "permission.granted",
        (3005, 2) => "permission.revoked",
        (3006, 3) => "permission.granted",
        (3006, 4) => "permission.revoked",
        (6003 | 3004, 1) => "resource.created",
        (6003 | 3004, 2) => "resource.read",
        (6003 | 3004, 3) => "resource.updated",
        (6003 | 3004, 4) => "resource.deleted",
        _ => return naming::action("ocsf", name),
    };
    known.to_owned()
}
