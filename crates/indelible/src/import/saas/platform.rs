//! Products that others are built and run on: data, networks, secrets, security.

use indelible_proof::{Actor, Changes, Outcome};
use serde_json::Value;

use crate::import::{
    Problem,
    layout::{Layout, credential, outcome},
    naming,
    record::{Mapped, Record},
};

pub(in crate::import) const DOPPLER: Layout = Layout {
    product: "doppler",
    id: &["id"],
    time: &["createdAt"],
    action: &["type", "text"],
    actor_id: &["user.email", "user.username"],
    actor_name: &["user.name"],
    actor_email: &["user.email"],
    target_type: &["type"],
    target_id: &["metadata.configName", "metadata.projectId", "metadata.projectName"],
    target_name: &["metadata.projectName"],
    after: &["metadata.diff"],
    ..Layout::EMPTY
};

pub(in crate::import) const MONGODB: Layout = Layout {
    product: "mongodb-atlas",
    id: &["id"],
    time: &["created"],
    action: &["eventTypeName"],
    actor_id: &["userId", "publicKey", "apiKeyId"],
    actor_name: &["username"],
    actor_email: &["username"],
    target_id: &["targetUsername", "targetPublicKey", "whitelistEntry", "groupId", "orgId"],
    ip: &["remoteAddress"],
    after: &["currentValue"],
    credential: &["publicKey"],
    ..Layout::EMPTY
};

pub(in crate::import) const PANTHER: Layout = Layout {
    product: "panther",
    time: &["timestamp"],
    action: &["actionName"],
    outcome: &["actionResult"],
    reason: &["errors.0.message"],
    actor_type: &["actor.type"],
    actor_id: &["actor.id"],
    actor_name: &["actor.name"],
    actor_email: &["actor.attributes.email"],
    target_id: &["actionParams.dynamic.input.id", "actionParams.input.id"],
    target_name: &["actionParams.dynamic.input.name", "actionParams.dynamic.input.email"],
    after: &["actionParams.dynamic.input"],
    ip: &["sourceIP"],
    user_agent: &["userAgent"],
    ..Layout::EMPTY
};

pub(in crate::import) const TINES: Layout = Layout {
    product: "tines",
    id: &["id"],
    time: &["created_at"],
    action: &["operation_name"],
    actor_id: &["user_id"],
    actor_name: &["user_name"],
    actor_email: &["user_email"],
    target_id: &["inputs.id", "inputs.teamId", "inputs.storyId", "inputs.domainId"],
    target_name: &["inputs.name", "inputs.inputs.name"],
    after: &["inputs"],
    ip: &["request_ip"],
    user_agent: &["request_user_agent"],
    ..Layout::EMPTY
};

/// Audit log entries, firewall events; plain requests are none.
pub(in crate::import) fn cloudflare(record: Record<'_>) -> Mapped {
    const AUDIT: Layout = Layout {
        product: "cloudflare",
        id: &["id", "ID"],
        time: &["when", "When"],
        action: &["action.type", "ActionType"],
        outcome: &["action.result", "ActionResult"],
        actor_type: &["actor.type", "ActorType"],
        actor_id: &["actor.id", "ActorID"],
        actor_email: &["actor.email", "ActorEmail"],
        ip: &["actor.ip", "ActorIP"],
        target_type: &["resource.type", "ResourceType"],
        target_id: &["resource.id", "ResourceID"],
        before: &["oldValueJson", "OldValue"],
        after: &["newValueJson", "NewValue"],
        ..Layout::EMPTY
    };
    const FIREWALL: Layout = Layout {
        product: "cloudflare",
        id: &["RayID"],
        time: &["Datetime"],
        action: &["Action"],
        outcome: &["Action"],
        target_type: &["Kind"],
        target_id: &["RuleID"],
        ip: &["ClientIP"],
        user_agent: &["ClientRequestUserAgent"],
        country: &["ClientCountry"],
        request: &["RayID"],
        method: &["ClientRequestMethod"],
        path: &["ClientRequestPath"],
        status: &["EdgeResponseStatus"],
        ..Layout::EMPTY
    };
    if record.is("Kind", "firewall") {
        let mut event = FIREWALL.read(record)?;
        let blocked = event.outcome == Some(Outcome::Denied);
        event.action = if blocked { "access.denied" } else { "cloudflare.firewall_event" }.to_owned();
        event.reason = blocked.then(|| "policy_denied".to_owned());
        event.context.get_or_insert_default().asn =
            record.number("ClientASN").and_then(|number| number.try_into().ok());
        return Ok(Some(event));
    }
    if record.has("EdgeStartTimestamp") || record.has("ClientRequestHost") {
        return Ok(None);
    }
    AUDIT.read(record).map(Some)
}

pub(in crate::import) fn databricks(record: Record<'_>) -> Mapped {
    const DATABRICKS: Layout = Layout {
        product: "databricks",
        time: &["timestamp"],
        action: &["actionName"],
        outcome: &["response.statusCode"],
        reason: &["response.errorMessage"],
        actor_id: &["userIdentity.email", "userIdentity.subjectName", "requestParams.user"],
        actor_email: &["userIdentity.email", "requestParams.user"],
        target_type: &["serviceName"],
        target_id: &[
            "requestParams.full_name_arg",
            "requestParams.targetUserName",
            "requestParams.targetUserId",
            "requestParams.targetGroupName",
            "requestParams.tokenId",
            "requestParams.tokenHash",
            "requestParams.name",
            "requestParams.path",
            "requestParams.key",
            "requestParams.workspaceConfKeys",
        ],
        target_name: &["requestParams.targetUserName", "requestParams.targetGroupName", "requestParams.name"],
        ip: &["sourceIPAddress"],
        user_agent: &["userAgent"],
        session: &["sessionId"],
        request: &["requestId"],
        after: &["requestParams"],
        status: &["response.statusCode"],
        ..Layout::EMPTY
    };
    let mut event = DATABRICKS.read(record)?;
    let (service, name) =
        (record.text("serviceName").unwrap_or_default(), record.text("actionName").unwrap_or_default());
    event.metadata.insert("original_action".to_owned(), format!("{service}.{name}").into());
    if let Some(action) = databricks_action(&service, &name) {
        event.action = action.to_owned();
    }
    if name == "IpAccessDenied" {
        (event.outcome, event.reason) = (Some(Outcome::Denied), Some("ip_blocked".to_owned()));
    }
    if !event.action.ends_with("created") && !event.action.ends_with("updated") && !event.action.ends_with("granted") {
        event.changes = None;
    }
    if event.actor.as_ref().is_some_and(|actor| actor.email.is_none()) {
        event.actor.get_or_insert_default().r#type = Some("service".to_owned());
    }
    Ok(Some(event))
}

fn databricks_action(service: &str, name: &str) -> Option<&'static str> {
    Some(match (service, name) {
        (_, "tokenLogin") => "token.authenticated",
        ("accounts", "create" | "add") => "account.created",
        ("accounts", "delete") => "account.deleted",
        ("accounts", "update") => "account.updated",
        ("ssoConfigBackend", "create") => "auth.provider.created",
        ("ssoConfigBackend", "update") => "auth.provider.updated",
        (
            _,
            "generateTemporaryPathCredential"
            | "generateTemporaryTableCredential"
            | "generateTemporaryVolumeCredential",
        ) => "token.derived",
        ("unityCatalog", "getStorageCredential") => "resource.read",
        (_, "executeCommand") => "databricks.command_executed",
        _ => return None,
    })
}

/// The access audit; the logs of JFrog's services are none.
pub(in crate::import) fn jfrog(record: Record<'_>) -> Mapped {
    const JFROG: Layout = Layout {
        product: "jfrog",
        time: &["log_timestamp", "timestamp"],
        action: &["event", "action_response"],
        actor_id: &["logged_principal", "username", "user", "user_name"],
        target_type: &["event"],
        target_id: &["entity_name"],
        ip: &["ip_address", "user_ip", "ip"],
        request: &["trace_id", "token_id"],
        ..Layout::EMPTY
    };
    let inner = if record.get("message").is_some_and(Value::is_object) { record.at("message") } else { record };
    let Some(name) = inner.first(JFROG.action) else {
        let of_jfrog =
            record.text("log_source").or_else(|| record.text("service")).is_some_and(|source| source.contains("jfrog"));
        return if of_jfrog { Ok(None) } else { Err(Problem::FieldMissing { field: "event" }) };
    };
    let kind = inner.text("event_type").unwrap_or_default();
    let full = format!("{name} {kind}");
    let mut event = JFROG.event(inner, full.trim());
    let verb = match kind.as_str() {
        "C" => "created",
        "D" => "deleted",
        "U" => "updated",
        _ => "read",
    };
    event.action = match name.as_str() {
        "TKN" => format!("token.{}", if verb == "deleted" { "revoked" } else { verb }),
        "USR" => format!("account.{verb}"),
        "PRM" | "PERM" => format!("permission.{verb}"),
        "GRP" => format!("resource.{verb}"),
        response => match response.split_once(' ') {
            Some(("ACCEPTED" | "DENIED", "LOGIN")) => "auth.login.succeeded".to_owned(),
            Some(("ACCEPTED" | "DENIED", "DEPLOY")) => "resource.created".to_owned(),
            Some(("ACCEPTED" | "DENIED", done)) => naming::action("jfrog", done),
            _ => naming::action("jfrog", response),
        },
    };
    event.outcome = Some(if name.starts_with("DENIED") { Outcome::Denied } else { Outcome::Success });
    if let Some(changed) = inner.json("data_changed") {
        let changed = Record(&changed);
        event.changes = Some(Changes {
            before: changed.object("removed").cloned().unwrap_or_default(),
            after: changed.object("added").or_else(|| changed.object("changed")).cloned().unwrap_or_default(),
        });
    }
    Ok(Some(event))
}

/// Login history and query history; other views of the account are no events.
pub(in crate::import) fn snowflake(record: Record<'_>) -> Mapped {
    const LOGIN: Layout = Layout {
        product: "snowflake",
        id: &["EVENT_ID"],
        time: &["EVENT_TIMESTAMP"],
        action: &["EVENT_TYPE"],
        outcome: &["IS_SUCCESS"],
        reason: &["ERROR_MESSAGE"],
        actor_id: &["USER_NAME"],
        actor_name: &["USER_NAME"],
        actor_email: &["USER_NAME"],
        ip: &["CLIENT_IP"],
        user_agent: &["REPORTED_CLIENT_TYPE"],
        ..Layout::EMPTY
    };
    const QUERY: Layout = Layout {
        product: "snowflake",
        id: &["QUERY_ID"],
        time: &["START_TIME", "p_event_time"],
        action: &["QUERY_TYPE"],
        outcome: &["EXECUTION_STATUS"],
        reason: &["ERROR_MESSAGE"],
        actor_id: &["USER_NAME"],
        actor_name: &["USER_NAME"],
        target_type: &["DATABASE_NAME"],
        target_id: &["DATABASE_NAME", "WAREHOUSE_NAME"],
        session: &["SESSION_ID"],
        ..Layout::EMPTY
    };
    if record.has("EVENT_TYPE") {
        let mut event = LOGIN.read(record)?;
        event.action =
            if record.is("EVENT_TYPE", "LOGOUT") { "auth.logout" } else { "auth.login.succeeded" }.to_owned();
        let factor = record.text("FIRST_AUTHENTICATION_FACTOR");
        event.credential = factor.map(|factor| credential(factor.to_ascii_lowercase(), None));
        return Ok(Some(event));
    }
    if record.has("QUERY_TYPE") {
        return QUERY.read(record).map(Some);
    }
    if record.has("GRANTED_TO") {
        const GRANT: Layout = Layout {
            product: "snowflake",
            time: &["CREATED_ON"],
            actor_id: &["GRANTED_BY"],
            target_type: &["GRANTED_TO"],
            target_id: &["GRANTEE_NAME"],
            target_name: &["ROLE", "NAME"],
            ..Layout::EMPTY
        };
        return Ok(Some(GRANT.event(record, "grant role")));
    }
    let is_view = record.has("TRANSFER_TYPE") || record.has("CREATED_ON") || record.has("USER_NAME");
    if is_view { Ok(None) } else { Err(Problem::FieldMissing { field: "EVENT_TYPE" }) }
}

pub(in crate::import) fn snyk(record: Record<'_>) -> Mapped {
    const SNYK: Layout = Layout {
        product: "snyk",
        time: &["created"],
        action: &["event"],
        actor_id: &["userId", "user_id"],
        target_id: &[
            "content.userPublicId",
            "content.serviceAccountPublicId",
            "content.projectPublicId",
            "content.publicId",
            "projectId",
            "orgId",
            "groupId",
        ],
        target_name: &["content.name", "content.orgName", "content.email"],
        before: &["content.before"],
        after: &["content.after"],
        ..Layout::EMPTY
    };
    SNYK.read(record).map(Some)
}

pub(in crate::import) fn sym(record: Record<'_>) -> Mapped {
    const SYM: Layout = Layout {
        product: "sym",
        id: &["event.srn", "id"],
        time: &["timestamp", "event.timestamp"],
        action: &["event.type", "type"],
        actor_id: &["actor.user"],
        actor_name: &["actor.name"],
        actor_email: &["actor.username", "actor.identity.email"],
        target_id: &["fields.target.srn", "state.target.srn", "run.srn"],
        target_name: &["fields.target.label", "state.target.label", "fields.target.name"],
        reason: &[],
        ..Layout::EMPTY
    };
    let mut event = SYM.read(record)?;
    let name = record.first(SYM.action).unwrap_or_default();
    event.action = match name.as_str() {
        "prompt" | "request" => "resource.requested",
        "approve" => "resource.approved",
        "deny" => "resource.denied",
        "escalate" => "permission.granted",
        "deescalate" | "revoke" => "permission.revoked",
        _ => return Ok(Some(event)),
    }
    .to_owned();
    if let Some(requester) =
        record.first(&["run.actors.request.username"]).filter(|_| !matches!(name.as_str(), "prompt" | "request"))
    {
        event.on_behalf_of.push(Actor::user(requester));
    }
    Ok(Some(event))
}

pub(in crate::import) fn tailscale(record: Record<'_>) -> Mapped {
    const TAILSCALE: Layout = Layout {
        product: "tailscale",
        time: &["eventTime", "fields.recorded", "time", "p_event_time"],
        action: &["action"],
        actor_type: &["actor.type"],
        actor_id: &["actor.id"],
        actor_name: &["actor.displayName"],
        actor_email: &["actor.loginName"],
        target_type: &["target.type"],
        target_id: &["target.id"],
        target_name: &["target.name"],
        before: &["old"],
        after: &["new"],
        correlation: &["eventGroupID"],
        ..Layout::EMPTY
    };
    if record.has("virtualTraffic") || record.has("physicalTraffic") {
        return Ok(None);
    }
    let inner = if record.has("event") { record.at("event") } else { record };
    let mut event = TAILSCALE.read(inner)?;
    event.occurred_at = event.occurred_at.or_else(|| record.time(TAILSCALE.time));
    let part = |path: &str| inner.text(path).unwrap_or_default();
    let name = [part("action"), part("target.type"), part("target.property")].join(" ");
    event.metadata.insert("original_action".to_owned(), name.trim().into());
    event.action = match (part("action").as_str(), part("target.type").as_str()) {
        ("CREATE", "API_KEY" | "AUTH_KEY") => "token.created".to_owned(),
        ("CREATE", "OAUTH_CLIENT") => "oauth.client.created".to_owned(),
        ("REVOKE" | "DELETE", "API_KEY" | "AUTH_KEY") => "token.revoked".to_owned(),
        ("LOGIN", _) => "auth.login.succeeded".to_owned(),
        ("LOGOUT", _) => "auth.logout".to_owned(),
        (verb, "USER") => naming::action("tailscale", &format!("{verb} user")),
        (verb, _) => naming::action("tailscale", &format!("{verb} item")),
    };
    Ok(Some(event))
}

/// The audit log; issues and detections are none.
pub(in crate::import) fn wiz(record: Record<'_>) -> Mapped {
    const WIZ: Layout = Layout {
        product: "wiz",
        id: &["id"],
        time: &["timestamp"],
        action: &["action"],
        outcome: &["status"],
        actor_id: &["user.id", "serviceAccount.id"],
        actor_name: &["user.name", "serviceAccount.name"],
        actor_email: &["user.name"],
        target_id: &["actionParameters.input.id", "actionParameters.input.patch.id", "actionParameters.ID"],
        target_name: &["actionParameters.input.name", "actionParameters.input.email"],
        after: &["actionParameters.input"],
        ip: &["sourceIP"],
        user_agent: &["userAgent"],
        request: &["requestId"],
        ..Layout::EMPTY
    };
    if !record.has("action")
        && record.has("id")
        && ["severity", "createdAt", "sourceRule", "ruleId", "threatId", "trigger"]
            .iter()
            .any(|field| record.has(field))
    {
        return Ok(None);
    }
    let mut event = WIZ.read(record)?;
    if record.has("serviceAccount.id") && !record.has("user.id") {
        event.actor.get_or_insert_default().r#type = Some("service".to_owned());
    }
    event.outcome = record.text("status").map(|status| outcome(&status)).or(event.outcome);
    if record.is("action", "RotateServiceAccountSecret") {
        event.action = "token.rotated".to_owned();
    }
    if record.is("action", "Login") {
        event.action = "auth.login.succeeded".to_owned();
    }
    Ok(Some(event))
}
