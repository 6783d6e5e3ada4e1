//! Google Cloud Audit Logs.

use indelible_proof::{Actor, Changes, Event, Outcome, Target, action_of_product};
use serde_json::Value;

use super::{
    layout::{Layout, severity, word},
    naming,
    record::{Mapped, Record},
};

pub(super) const LAYOUT: Layout = Layout {
    product: "gcp-audit",
    id: &["insertId"],
    time: &["timestamp", "receiveTimestamp"],
    action: &["protoPayload.methodName", "methodName"],
    actor_id: &["protoPayload.authenticationInfo.principalEmail", "protoPayload.authenticationInfo.principalSubject"],
    actor_email: &["protoPayload.authenticationInfo.principalEmail"],
    ip: &["protoPayload.requestMetadata.callerIp"],
    user_agent: &["protoPayload.requestMetadata.callerSuppliedUserAgent"],
    correlation: &["operation.id"],
    request: &["protoPayload.requestMetadata.requestAttributes.id"],
    credential: &["protoPayload.authenticationInfo.serviceAccountKeyName"],
    credential_kind: "service_account_key",
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    let payload = record.at("protoPayload");
    let Some(method) = record.first(LAYOUT.action) else {
        // The same log holds load balancer requests, load lines and alerts; they are no audit records.
        return if record.has("logName")
            || record.has("insertId")
            || record.has("resource")
            || record.has("protoPayload")
        {
            Ok(None)
        } else {
            LAYOUT.read(record).map(Some)
        };
    };
    let mut event = LAYOUT.event(record, &method);
    let service = payload.text("serviceName").unwrap_or_default();
    event.action = action(&method);
    event.metadata.insert("gcp_service".to_owned(), service.into());
    let status = payload.number("status.code").unwrap_or(0);
    let refused = payload.list("authorizationInfo").any(|grant| grant.is("granted", "false"));
    event.outcome = Some(match status {
        7 | 16 => Outcome::Denied,
        0 if refused => Outcome::Denied,
        0 => Outcome::Success,
        _ => Outcome::Failure,
    });
    event.reason = match (event.outcome, status) {
        (Some(Outcome::Denied), _) => Some("policy_denied".to_owned()),
        (_, 0) => None,
        (_, code) => Some(format!("x_grpc_{code}")),
    };
    event.severity = record.text("severity").and_then(|word| severity(&word));
    if let Some(actor) = &mut event.actor {
        let is_service = actor
            .id
            .as_deref()
            .is_some_and(|id| id.contains("gserviceaccount.com") || id.starts_with("serviceAccount:"));
        actor.r#type = Some(if is_service { "service" } else { "user" }.to_owned());
    }
    for delegate in payload.list("authenticationInfo.serviceAccountDelegationInfo") {
        if let Some(id) = delegate.first(&["firstPartyPrincipal.principalEmail", "principalSubject"]) {
            event.on_behalf_of.push(Actor::service(id));
        }
    }
    event.targets = targets(record);
    changes(payload, &mut event);
    Ok(Some(event))
}

fn targets(record: Record<'_>) -> Vec<Target> {
    let kind = record.text("resource.type").map(|kind| word(&kind));
    let name =
        record.first(&["resource.labels.email_id", "resource.labels.bucket_name", "resource.labels.instance_id"]);
    let id = record.text("protoPayload.resourceName");
    let mut targets = vec![Target { r#type: kind, id: id.or_else(|| name.clone()), name, ..Target::default() }];
    if let Some(project) = record.text("resource.labels.project_id") {
        targets.push(Target::new("project", project));
    }
    targets
}

/// Old and new values where the service tells them, IAM bindings that were added and removed, or what was asked for.
fn changes(payload: Record<'_>, event: &mut Event) {
    let mut changes = Changes::default();
    for (old, new) in [
        ("response.operation.zoneContext.oldValue", "response.operation.zoneContext.newValue"),
        ("metadata.datasetChange.bindingDeltas.old", "metadata.datasetChange.bindingDeltas.new"),
    ] {
        changes.before.extend(payload.object(old).cloned().unwrap_or_default());
        changes.after.extend(payload.object(new).cloned().unwrap_or_default());
    }
    for delta in payload.list("serviceData.policyDelta.bindingDeltas") {
        let (Some(role), Some(member)) = (delta.text("role"), delta.text("member")) else { continue };
        let side = if delta.is("action", "REMOVE") { &mut changes.before } else { &mut changes.after };
        if let Value::Array(members) = side.entry(role).or_insert_with(|| Value::Array(Vec::new())) {
            members.push(Value::String(member));
        }
    }
    let asked = payload.object("request").filter(|_| changes.before.is_empty() && changes.after.is_empty());
    if let Some(asked) =
        asked.filter(|_| [".created", ".updated", ".granted"].iter().any(|verb| event.action.ends_with(verb)))
    {
        changes.after = asked
            .iter()
            .filter(|(key, _)| !key.starts_with('@'))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
    }
    event.changes = Some(changes);
}

/// By the whole name of the method, else by the words of its last part, where Google puts the verb.
fn action(method: &str) -> String {
    let last = method.rsplit('.').next().unwrap_or(method);
    let known = action_of_product("gcp", method).or_else(|| action_of_product("gcp", last));
    let known = known.or(match last {
        "CheckPolicy" | "connect" => Some("session.created"),
        "Encrypt" | "Decrypt" => Some("resource.read"),
        "setIamPolicy" | "SetIAMPolicy" | "setIamPermissions" => Some("permission.policy_updated"),
        _ => None,
    });
    known.map_or_else(|| naming::action("gcp-audit", last), str::to_owned)
}
