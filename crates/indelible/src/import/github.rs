//! GitHub: entries of the audit log, and webhook payloads.

use indelible_proof::{Actor, Changes, Event, OAuth, Object, Outcome, Target, action_of_product};
use serde_json::Value;

use super::{
    layout::{Layout, word},
    record::{Mapped, Record},
};

const AUDIT: Layout = Layout {
    product: "github",
    id: &["_document_id"],
    time: &["@timestamp", "created_at", "at_sign_timestamp", "p_event_time"],
    action: &["action"],
    actor_id: &["actor_id", "actor"],
    actor_name: &["actor"],
    ip: &["actor_ip"],
    user_agent: &["user_agent"],
    country: &["actor_location.country_code"],
    session: &["session_id"],
    request: &["request_id"],
    credential: &["token_id", "credential_id", "hashed_token"],
    client_id: &["oauth_application_id", "application_client_id"],
    client_name: &["oauth_application_name", "oauth_application"],
    method: &["request_method"],
    ..Layout::EMPTY
};

const WEBHOOK: Layout = Layout {
    product: "github",
    actor_type: &["sender.type"],
    actor_id: &["sender.id", "sender.login"],
    actor_name: &["sender.login"],
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    // The first delivery of a webhook tells that there is one.
    if record.has("zen") && record.has("hook_id") {
        return Ok(None);
    }
    if record.get("sender").is_some_and(Value::is_object) || !record.has("action") && record.has("repository.id") {
        return Ok(Some(webhook(record)));
    }
    if record.get("action").is_none() && record.has("security_advisory") {
        return Ok(None);
    }
    audit(record).map(Some)
}

fn audit(record: Record<'_>) -> Result<Event, super::Problem> {
    let mut event = AUDIT.read(record)?;
    if let Some(actor) = event.actor.as_mut().filter(|actor| {
        record.is("actor_is_bot", "true") || actor.name.as_deref().is_some_and(|n| n.ends_with("[bot]"))
    }) {
        actor.r#type = Some("service".to_owned());
    }
    if let (Some(credential), Some(kind)) = (&mut event.credential, record.text("programmatic_access_type")) {
        credential.kind = Some(word(&kind));
        credential.scopes = record.words("token_scopes");
    }
    if event.action.starts_with("oauth.") {
        event.oauth = Some(OAuth { scopes_granted: record.words("token_scopes"), ..OAuth::default() });
    }
    event.targets =
        ["user", "team", "repo", "repository", "org", "business", "integration", "hook_id", "deploy_key_fingerprint"]
            .into_iter()
            .filter_map(|key| {
                let id = record.text(&format!("{key}_id")).or_else(|| record.text(key))?;
                let kind = key.trim_end_matches("_id").replace("repository", "repo");
                Some(Target { r#type: Some(kind), id: Some(id), name: record.text(key), ..Target::default() })
            })
            .collect();
    event.changes = Some(audit_changes(record));
    Ok(event)
}

/// Pairs such as `old_permission` and `permission`, `previous_visibility` and `visibility`.
fn audit_changes(record: Record<'_>) -> Changes {
    let mut changes = Changes::default();
    for (key, value) in record.0.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        let Some(field) = key.strip_prefix("old_").or_else(|| key.strip_prefix("previous_")) else { continue };
        changes.before.insert(field.to_owned(), value.clone());
        let new = [field.to_owned(), format!("new_{field}")].into_iter().find_map(|name| record.get(&name));
        changes.after.extend(new.map(|new| (field.to_owned(), new.clone())));
    }
    changes
}

/// The events of webhooks by the key under which the payload holds its subject, the first that occurs.
const SUBJECTS: &[(&str, &str)] = &[
    ("rule", "branch_protection_rule"),
    ("alert", "alert"),
    ("key", "deploy_key"),
    ("workflow_job_run", "deployment_review"),
    ("workflow_run", "workflow_run"),
    ("forkee", "fork"),
    ("repositories_added", "installation_repositories"),
    ("label", "label"),
    ("issue", "issue"),
    ("pull_request", "pull_request"),
    ("marketplace_purchase", "marketplace_purchase"),
    ("blocked_user", "org_block"),
    ("scope", "membership"),
    ("membership", "organization"),
    ("invitation", "organization"),
    ("team", "team"),
    ("member", "member"),
    ("hook", "hook"),
    ("milestone", "milestone"),
    ("package", "package"),
    ("registry_package", "package"),
    ("project", "project"),
    ("release", "release"),
    ("security_advisory", "security_advisory"),
    ("sponsorship", "sponsorship"),
    ("starred_at", "star"),
    ("ref_type", "git_ref"),
    ("repositories", "installation"),
    ("repository", "repository"),
    ("installation", "installation"),
    ("organization", "organization"),
];

fn webhook(record: Record<'_>) -> Event {
    let authorization = record.is("action", "revoked") && !record.has("repository");
    let found = SUBJECTS.iter().find(|(key, _)| record.has(key));
    let (key, kind) = match found {
        _ if authorization => ("sender", "github_app_authorization"),
        Some((key, kind)) => (*key, *kind),
        None => ("sender", "user"),
    };
    let verb =
        record.text("action").unwrap_or_else(|| if kind == "git_ref" { git_verb(record) } else { kind }.to_owned());
    let name = format!("{kind}.{verb}");
    let mut event = WEBHOOK.event(record, &name);
    event.action = action_of_product("github", &name).unwrap_or_else(|| webhook_action(kind, &verb)).to_owned();
    event.outcome = Some(Outcome::Success);
    let subject = record.at(key);
    event.occurred_at =
        subject.time(&["updated_at", "created_at", "published_at"]).or_else(|| record.time(&["starred_at"]));
    event.targets.clear();
    if key != "sender" && !subject.0.is_array() {
        let name = subject.first(&["full_name", "name", "title", "login", "tag_name"]).or_else(|| record.text("ref"));
        event.targets.push(Target {
            r#type: Some(kind.to_owned()),
            id: subject.first(&["id", "number", "node_id"]),
            name,
            ..Target::default()
        });
    }
    for person in ["member", "assignee", "blocked_user", "membership.user", "user"] {
        let known = event.targets.first().and_then(|target| target.id.clone());
        if let Some(id) = record.text(&format!("{person}.id")).filter(|id| known.as_ref() != Some(id)) {
            event.targets.push(Target { name: record.text(&format!("{person}.login")), ..Target::new("user", id) });
        }
    }
    for (key, kind, name) in [
        ("repository", "repository", "full_name"),
        ("organization", "organization", "login"),
        ("installation", "installation", "app_slug"),
    ] {
        if let Some(id) = record.text(&format!("{key}.id")) {
            event.targets.push(Target { name: record.text(&format!("{key}.{name}")), ..Target::new(kind, id) });
        }
    }
    if let Some(id) = record.first(&["installation.client_id", "installation.app_id"]) {
        event.client = Some(indelible_proof::Client { id: Some(id), name: record.text("installation.app_slug") });
    }
    if let Some(requester) = record.text("requester.id") {
        event.on_behalf_of.push(Actor { name: record.text("requester.login"), ..Actor::user(requester) });
    }
    event.changes = record.object("changes").map(|changes| webhook_changes(changes, record, subject));
    event
}

fn git_verb(record: Record<'_>) -> &'static str {
    if record.has("master_branch") { "created" } else { "deleted" }
}

/// `{"name": {"from": "old"}}`, beside the subject with its new values.
fn webhook_changes(changes: &Object, record: Record<'_>, subject: Record<'_>) -> Changes {
    let mut sides = Changes::default();
    for (field, change) in changes {
        let from = Record(change);
        let nested = from.0.as_object().and_then(|object| object.iter().find(|(_, value)| value.get("from").is_some()));
        let (field, from) = match (from.0.get("from"), nested) {
            (Some(old), _) => (field.as_str(), old),
            (None, Some((inner, value))) => (inner.as_str(), value.get("from").unwrap_or(&Value::Null)),
            (None, None) => (field.as_str(), change),
        };
        let name = field.strip_prefix("old_").unwrap_or(field);
        sides.before.insert(name.to_owned(), from.clone());
        let to = change.get("to").or_else(|| subject.get(name)).or_else(|| record.get(&format!("repository.{name}")));
        sides.after.extend(to.map(|to| (name.to_owned(), to.clone())));
    }
    sides
}

fn webhook_action(kind: &str, verb: &str) -> &'static str {
    match (kind, verb) {
        (_, "opened" | "create" | "created" | "purchased" | "published") | ("fork" | "repository", "fork") => {
            "resource.created"
        }
        (_, "deleted" | "unpublished") => "resource.deleted",
        ("deployment_review", "requested") => "resource.requested",
        ("installation_repositories", _) => "permission.updated",
        ("team", "team") => "permission.granted",
        _ => "resource.updated",
    }
}
