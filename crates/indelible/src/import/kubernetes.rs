//! Kubernetes API server audit: native events, and the envelopes of GKE and AKS around them.

use indelible_proof::{Actor, Event, Http, Outcome, Target};

use super::{
    gcp_audit,
    layout::Layout,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "kubernetes",
    time: &["requestReceivedTimestamp", "stageTimestamp", "timestamp", "p_event_time"],
    action: &["verb"],
    ip: &["sourceIPs"],
    user_agent: &["userAgent"],
    request: &["auditID"],
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    if record.has("protoPayload") {
        let mapped = gcp_audit::map(record)?;
        return Ok(mapped.map(|event| from_gke(record, event)));
    }
    let inner = record.json("properties.log").or_else(|| record.json("log"));
    match &inner {
        Some(inner) => native(Record(inner)),
        None if !record.has("verb") && (record.has("category") || record.has("operationName")) => Ok(None),
        None => native(record),
    }
}

fn native(record: Record<'_>) -> Mapped {
    let verb = record.text("verb");
    let reference = record.at("objectRef");
    let resource = resource(reference);
    let mut event = match &verb {
        None if record.is("kind", "Event") => LAYOUT.event(record, "request"),
        _ => LAYOUT.read(record)?,
    };
    let verb = verb.unwrap_or_default();
    if !verb.is_empty() {
        event.metadata.insert("original_action".to_owned(), [verb.as_str(), &resource].join(" ").trim().into());
    }
    event.action = action(&verb, &resource, record);
    event.idempotency_key = record
        .text("auditID")
        .filter(|id| id.len() > 8)
        .map(|id| format!("{id}:{}", record.text("stage").unwrap_or_default()));
    let status = record.number("responseStatus.code").and_then(|code| code.try_into().ok());
    let decision = record.text("annotations.authorization.k8s.io/decision");
    event.outcome = Some(match (decision.as_deref(), status) {
        (Some("forbid"), _) | (_, Some(401 | 403)) => Outcome::Denied,
        (_, Some(400..)) => Outcome::Failure,
        (_, Some(_)) | (Some("allow"), None) => Outcome::Success,
        _ => Outcome::Unknown,
    });
    if event.outcome == Some(Outcome::Denied) {
        event.reason = Some("policy_denied".to_owned());
    }
    event.actor = record.text("user.username").map(|name| user(&name));
    if let Some(impersonated) = record.text("impersonatedUser.username") {
        event.on_behalf_of.push(user(&impersonated));
    }
    event.http = Some(Http { path: record.text("requestURI"), status, ..Http::default() });
    event.targets = vec![target(&resource, reference)];
    if matches!(verb.as_str(), "create" | "update" | "patch") {
        event.changes.get_or_insert_default().after = record.object("requestObject").cloned().unwrap_or_default();
    }
    Ok(Some(event))
}

/// `pods/exec`.
fn resource(reference: Record<'_>) -> String {
    let name = reference.text("resource").unwrap_or_default();
    reference.text("subresource").map_or(name.clone(), |part| format!("{name}/{part}"))
}

fn target(resource: &str, reference: Record<'_>) -> Target {
    let name = reference.text("name");
    let id = match (reference.text("namespace"), &name) {
        (Some(space), Some(name)) => Some(format!("{space}/{name}")),
        (Some(space), None) => Some(space),
        (None, name) => name.clone(),
    };
    Target { r#type: Some(resource.to_owned()), id, name, ..Target::default() }
}

fn user(name: &str) -> Actor {
    let kind = match name {
        "system:anonymous" => "anonymous",
        name if name.starts_with("system:serviceaccount:") => "service",
        name if name.starts_with("system:") => "system",
        _ => "user",
    };
    let actor = Actor::new(kind, name);
    if kind == "user" && name.contains('@') { actor.email(name) } else { actor }
}

fn action(verb: &str, resource: &str, record: Record<'_>) -> String {
    let named = match (resource, verb) {
        ("serviceaccounts/token", "create") => "token.created",
        ("tokenreviews", _) => "token.authenticated",
        ("selfsubjectaccessreviews" | "subjectaccessreviews" | "selfsubjectrulesreviews", _) => "resource.read",
        ("pods/exec" | "pods/attach" | "pods/portforward", _) => "session.created",
        ("secrets", "create") => "secret.created",
        ("secrets", "update" | "patch") => "secret.updated",
        ("secrets", "delete" | "deletecollection") => "secret.deleted",
        ("secrets", _) => "secret.read",
        ("rolebindings" | "clusterrolebindings", "create") => "permission.granted",
        ("rolebindings" | "clusterrolebindings", "delete") => "permission.revoked",
        ("rolebindings" | "clusterrolebindings", "update" | "patch") => "permission.updated",
        ("roles" | "clusterroles", "create") => "role.created",
        ("roles" | "clusterroles", "delete" | "deletecollection") => "role.deleted",
        ("roles" | "clusterroles", "update" | "patch") => "role.updated",
        ("serviceaccounts", "create") => "account.created",
        ("serviceaccounts", "delete") => "account.deleted",
        ("certificatesigningrequests/approval", _) => "resource.approved",
        ("", _) if record.is("verb", "impersonate") => "session.impersonation.started",
        (_, "create") => "resource.created",
        (_, "update" | "patch") => "resource.updated",
        (_, "delete" | "deletecollection") => "resource.deleted",
        (_, "impersonate") => "session.impersonation.started",
        (_, "") => "kubernetes.request",
        (_, "list" | "watch") => "resource.listed",
        _ => "resource.read",
    };
    named.to_owned()
}

/// GKE says resource and verb in the method: `io.k8s.core.v1.pods.exec.create`.
fn from_gke(record: Record<'_>, mut event: Event) -> Event {
    let method = record.text("protoPayload.methodName").unwrap_or_default();
    let parts: Vec<&str> = method.split('.').skip_while(|part| !is_version(part)).skip(1).collect();
    if let Some((verb, resource)) = parts.split_last().filter(|(_, resource)| !resource.is_empty()) {
        event.action = action(verb, &resource.join("/"), record);
    }
    if let Some(source) = &mut event.source {
        source.service = Some(LAYOUT.product.to_owned());
    }
    event
}

fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}
