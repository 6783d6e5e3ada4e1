//! Which format a file has, by its first lines.

use serde_json::Value;

use super::{Format, Options, record::Record, syslog};

/// The format of a file whose beginning this is, or `None` where nothing tells.
///
/// A few KiB are enough, cut at any place. JSON is told by the fields that only one product uses together, text by the
/// form of its lines.
pub fn detect(first_lines: &str) -> Option<Format> {
    let text = first_lines.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with(['{', '[']) {
        return text.lines().take(LINES_MAX).find_map(of_line);
    }
    let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let whole = values.map_while(Result::ok).take(LINES_MAX).find_map(|value| of_json(&value));
    whole.or_else(|| text.lines().take(LINES_MAX).find_map(of_line)).or_else(|| of_cut(text))
}

const LINES_MAX: usize = 50;

/// A document that is cut somewhere: by the names of the fields that are left, wherever they stand.
fn of_cut(text: &str) -> Option<Format> {
    let names: Vec<&str> = text.split('"').collect();
    let is_name = |name: &str| {
        names.windows(2).any(|pair| matches!(pair, [a, b] if *a == name && b.trim_start().starts_with(':')))
    };
    let fits = |(_, fields): &&(Format, &[&str])| fields.iter().all(|field| field.split('.').all(is_name));
    MARKS.iter().find(fits).map(|(format, _)| *format)
}

fn first_value(text: &str) -> Option<Value> {
    serde_json::Deserializer::from_str(text).into_iter::<Value>().next()?.ok()
}

/// Fields that a record of the format has, all of them. The first format that fits is taken.
const MARKS: &[(Format, &[&str])] = &[
    (Format::Ocsf, &["class_uid", "metadata"]),
    (Format::Okta, &["eventType", "published"]),
    (Format::Okta, &["eventTypeVersion", "data.events"]),
    (Format::SecurityEvents, &["iss", "jti", "events"]),
    (Format::Zitadel, &["aggregateID", "event_type"]),
    (Format::Zitadel, &["fullMethod", "instanceID"]),
    (Format::Hydra, &["session", "request.client_id"]),
    (Format::Kratos, &["flow.id", "request_url"]),
    (Format::Auth0, &["data.type", "log_id"]),
    (Format::Auth0, &["type", "date", "log_id"]),
    (Format::Cloudtrail, &["eventSource", "eventName"]),
    (Format::Cloudtrail, &["CloudTrailEvent"]),
    (Format::Kubernetes, &["auditID", "verb"]),
    (Format::Kubernetes, &["verb", "objectRef"]),
    (Format::GcpAudit, &["protoPayload"]),
    (Format::GoogleWorkspace, &["id.applicationName"]),
    (Format::Intune, &["properties.AuditEventId"]),
    (Format::AzureAd, &["AADTenantId", "OperationName"]),
    (Format::AzureAd, &["operationName", "category"]),
    (Format::AzureAd, &["operationName", "resourceId"]),
    (Format::AzureAd, &["correlation_id", "operation_name"]),
    (Format::Microsoft365, &["Operation", "CreationTime"]),
    (Format::Microsoft365, &["Operation", "Workload"]),
    (Format::Microsoft365, &["Operation", "OfficeWorkload"]),
    (Format::Keycloak, &["realmId", "type"]),
    (Format::Keycloak, &["realmId", "operationType"]),
    (Format::Keycloak, &["authDetails", "type"]),
    (Format::Duo, &["isotimestamp", "action"]),
    (Format::Duo, &["event_type", "factor", "result"]),
    (Format::Onelogin, &["event_type_id"]),
    (Format::Onepassword, &["target_user.uuid", "category"]),
    (Format::Onepassword, &["item_uuid", "vault_uuid"]),
    (Format::Slack, &["entity.type", "date_create", "action"]),
    (Format::Slack, &["entity.type", "actor.user", "action"]),
    (Format::Teleport, &["event", "code", "uid"]),
    (Format::Teleport, &["event", "code", "cluster_name"]),
    (Format::Authelia, &["msg", "remote_ip", "level"]),
    (Format::Authentik, &["action", "client_ip", "user.username"]),
    (Format::Authentik, &["context.auth_method"]),
    (Format::Authentik, &["action", "client_ip", "context"]),
    (Format::Gitlab, &["path", "controller", "ua"]),
    (Format::Gitlab, &["author_id", "entity_type"]),
    (Format::Nextcloud, &["reqId", "remoteAddr"]),
    (Format::Grafana, &["logger", "msg", "t"]),
    (Format::Openai, &["effective_at", "type"]),
    (Format::Anthropic, &["organization_id", "actor.type", "type", "created_at"]),
    (Format::Asana, &["gid", "event_type"]),
    (Format::Atlassian, &["attributes.action"]),
    (Format::Databricks, &["serviceName", "actionName"]),
    (Format::Docusign, &["generatedDateTime", "event"]),
    (Format::Dropbox, &["event_type", "involve_non_team_member"]),
    (Format::Mongodb, &["eventTypeName"]),
    (Format::Notion, &["event.workspace_id", "event.type"]),
    (Format::Panther, &["actionName", "actionResult"]),
    (Format::Salesforce, &["EVENT_TYPE", "ORGANIZATION_ID"]),
    (Format::Snowflake, &["EVENT_TYPE", "IS_SUCCESS"]),
    (Format::Snowflake, &["QUERY_TYPE"]),
    (Format::Snyk, &["groupId", "event"]),
    (Format::Snyk, &["orgId", "event", "content"]),
    (Format::Tailscale, &["eventGroupID", "actor"]),
    (Format::Tailscale, &["event.eventGroupID"]),
    (Format::Tines, &["operation_name", "tenant_id"]),
    (Format::Wiz, &["actionParameters", "status"]),
    (Format::Zendesk, &["source_type", "action", "actor_id"]),
    (Format::Zoom, &["category_type", "operator"]),
    (Format::Cloudflare, &["RayID", "ClientIP"]),
    (Format::Box, &["event_type", "created_by"]),
    (Format::Doppler, &["ddsource", "title", "createdAt"]),
    (Format::Jfrog, &["log_source", "log_timestamp"]),
    (Format::Sym, &["run.srn"]),
    (Format::Github, &["sender.login"]),
    (Format::Jfrog, &["message.logged_principal"]),
    (Format::Gitlab, &["detail.custom_message"]),
    (Format::Snowflake, &["QUERY_TEXT"]),
    (Format::Kubernetes, &["auditID", "apiVersion"]),
    (Format::Github, &["action", "actor", "@timestamp"]),
    (Format::Github, &["action", "actor", "org"]),
    (Format::Github, &["action", "actor", "created_at"]),
];

fn of_json(value: &Value) -> Option<Format> {
    match value {
        Value::Array(list) => return list.iter().take(4).find_map(of_json),
        Value::Object(_) => {}
        _ => return None,
    }
    let record = Record(value);
    let fits = |(_, fields): &&(Format, &[&str])| fields.iter().all(|field| record.has(field));
    if let Some((format, _)) = MARKS.iter().find(fits) {
        return Some(*format);
    }
    let action = record.text("action").unwrap_or_default();
    let dotted = action.contains('.')
        && action.split('.').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
    if dotted
        && (record.has("outcome") || record.has("occurred_at") || record.has("actor.type") || record.has("actor.id"))
    {
        return Some(Format::Indelible);
    }
    if record.has("Records") {
        return Some(Format::Cloudtrail);
    }
    let wrapped = ["Events", "items", "entries", "records", "value", "logs", "results", "data"];
    wrapped.into_iter().find_map(|key| of_json(record.get(key).filter(|value| value.is_array())?))
}

fn of_line(line: &str) -> Option<Format> {
    let has = |part: &str| line.contains(part);
    if line.starts_with('{') {
        return of_json(&first_value(line)?);
    }
    if has("authentication for user \"") && has("] ") {
        return Some(Format::Openssh);
    }
    if has("org.apereo.inspektr") || has("|CAS|") {
        return Some(Format::ApereoCas);
    }
    if has("[org.keycloak.events]") || (has("realmId=") && has("type=")) {
        return Some(Format::Keycloak);
    }
    if has("type=") && has("msg=audit(") {
        return Some(Format::Auditd);
    }
    if has("[vaultwarden::") {
        return Some(Format::Vaultwarden);
    }
    if has("level=") && has("msg=") {
        return Some(if has("logger=") { Format::Grafana } else { Format::Authelia });
    }
    if has("routers/") && has("auth.go") || has("SignInPost()") {
        return Some(Format::Gitea);
    }
    if has("/server/middleware/security/") {
        return Some(Format::Harbor);
    }
    if has("authentication failure; rhost=") && !has("sshd") || has("pvedaemon[") {
        return Some(Format::Proxmox);
    }
    if line.matches(" | ").count() == 7 {
        return Some(Format::Bitbucket);
    }
    let head = syslog::parse(line, &Options::default())?;
    head.program.starts_with("sshd").then_some(Format::Openssh)
}
