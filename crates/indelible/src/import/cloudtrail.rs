//! AWS CloudTrail: records, files of them, and the output of `lookup-events`.

use indelible_proof::{Actor, Event, Object, Outcome, Target, action_of_product};
use serde_json::Value;

use super::{
    layout::{Layout, reason, word},
    naming,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "cloudtrail",
    id: &["eventID", "EventId"],
    time: &["eventTime", "EventTime", "@timestamp", "p_event_time"],
    action: &["eventName", "EventName"],
    ip: &["sourceIPAddress"],
    user_agent: &["userAgent"],
    request: &["requestID"],
    correlation: &["sharedEventID"],
    credential: &["userIdentity.accessKeyId", "AccessKeyId"],
    credential_kind: "access_key",
    ..Layout::EMPTY
};

/// Takes the records out of a file's `Records` and out of the texts that a lookup wraps them in.
pub(super) fn split(value: Value) -> Vec<Value> {
    let Value::Object(mut object) = value else { return vec![value] };
    for wrapper in ["Records", "Events"] {
        if let Some(Value::Array(list)) = object.get_mut(wrapper) {
            return std::mem::take(list).into_iter().map(embedded).collect();
        }
    }
    vec![embedded(Value::Object(object))]
}

fn embedded(value: Value) -> Value {
    Record(&value).json("CloudTrailEvent").filter(Value::is_object).unwrap_or(value)
}

pub(super) fn map(record: Record<'_>) -> Mapped {
    let mut event = LAYOUT.read(record)?;
    let name = record.first(LAYOUT.action).unwrap_or_default();
    let service = record.first(&["eventSource", "EventSource"]).unwrap_or_default().replace(".amazonaws.com", "");
    event.action = action(&service, &name);
    event.metadata.insert("aws_service".to_owned(), service.clone().into());
    event.metadata.insert("aws_region".to_owned(), record.text("awsRegion").unwrap_or_default().into());
    event.tenant = None;
    who(record, &mut event);
    event.targets = targets(record);
    how_it_ended(record, &mut event);
    if let Some(after) = record.object("requestParameters").filter(|_| changes(&event.action)) {
        event.changes.get_or_insert_default().after = after.clone();
    }
    if event.action == "token.created" && service == "iam" {
        let id = record.text("responseElements.accessKey.accessKeyId");
        event.targets.extend(id.map(|id| Target::new("access_key", id)));
    }
    Ok(Some(event))
}

fn changes(action: &str) -> bool {
    action.ends_with(".created") || action.ends_with(".updated") || action.ends_with(".granted")
}

/// The caller; for an assumed role, whoever the session names, acting for the role.
fn who(record: Record<'_>, event: &mut Event) {
    let identity = record.at("userIdentity");
    let kind = identity.text("type").unwrap_or_default();
    let arn = identity.text("arn");
    let name = identity.first(&["userName", "sessionContext.sessionIssuer.userName"]);
    let id = arn
        .clone()
        .or_else(|| identity.first(&["principalId", "invokedBy", "accountId"]))
        .or_else(|| record.text("Username"));
    let service = matches!(kind.as_str(), "AWSService" | "AWSAccount") || identity.has("invokedBy") && arn.is_none();
    event.actor = (id.is_some() || name.is_some()).then(|| Actor {
        r#type: Some(if service { "service" } else { "user" }.to_owned()),
        id,
        name: name.or_else(|| record.text("Username")),
        email: identity.text("userName").filter(|name| name.contains('@')),
    });
    if kind == "AssumedRole" {
        // The last part of the ARN names the session: who took on the role.
        let session = arn.as_deref().and_then(|arn| arn.rsplit_once('/')).map(|(_, session)| session.to_owned());
        if let (Some(actor), Some(session)) = (&mut event.actor, session) {
            actor.email = Some(session.clone()).filter(|name| name.contains('@'));
            actor.name = Some(session);
        }
        event.session_id = identity.text("principalId");
    }
    if let Some(issuer) = identity.text("sessionContext.sessionIssuer.arn") {
        let name = identity.text("sessionContext.sessionIssuer.userName");
        event.on_behalf_of.push(Actor { name, ..Actor::service(issuer) });
    }
    if record.is("userIdentity.type", "Root") {
        event.actor.get_or_insert_default().name = Some("root".to_owned());
    }
}

fn how_it_ended(record: Record<'_>, event: &mut Event) {
    let code = record.first(&["errorCode", "errorMessage"]);
    let sign_in = record.first(&[
        "responseElements.ConsoleLogin",
        "responseElements.CheckMfa",
        "responseElements.PasswordUpdated",
        "serviceEventDetails.UserAuthentication",
    ]);
    event.outcome = Some(match (&code, sign_in.as_deref()) {
        (Some(code), _)
            if ["AccessDenied", "Unauthorized", "Forbidden", "Blocked"].iter().any(|word| code.contains(word)) =>
        {
            Outcome::Denied
        }
        (Some(_), _) | (None, Some("Failure")) => Outcome::Failure,
        _ => Outcome::Success,
    });
    event.reason = code.as_deref().and_then(|code| match code {
        "No username found in supplied account" => Some("unknown_user".to_owned()),
        "Failed authentication" => Some("invalid_credentials".to_owned()),
        code if code.contains("AccessDenied") || code.contains("UnauthorizedOperation") => {
            Some("policy_denied".to_owned())
        }
        code => reason(code),
    });
}

fn targets(record: Record<'_>) -> Vec<Target> {
    let mut targets: Vec<Target> = record
        .list("resources")
        .filter_map(|resource| {
            let id = resource.first(&["ARN", "arn", "ResourceName"])?;
            let kind = resource.first(&["type", "ResourceType"]).unwrap_or_default();
            Some(Target { r#type: Some(word(kind.trim_start_matches("AWS::"))), id: Some(id), ..Target::default() })
        })
        .collect();
    let parameters = record.object("requestParameters");
    for (key, value) in parameters.into_iter().flatten() {
        let named = ["Name", "Id", "Arn", "ARN", "Identifier"].iter().find_map(|suffix| key.strip_suffix(suffix));
        let Some(id) = value.as_str().filter(|text| !text.is_empty()) else { continue };
        let kind = match named {
            Some(kind) if !kind.is_empty() => word(kind),
            // Whom a token is for that has no role: `GetFederationToken`.
            None if key == "name" => "name".to_owned(),
            _ => continue,
        };
        targets.push(Target::new(kind, id));
    }
    targets.extend(items(parameters, "instancesSet", "instanceId", "instance"));
    targets
}

/// EC2 wraps its lists: `{"instancesSet": {"items": [{"instanceId": "i-1"}]}}`.
fn items(parameters: Option<&Object>, set: &str, field: &str, kind: &str) -> Vec<Target> {
    let Some(set) = parameters.and_then(|parameters| parameters.get(set)) else { return Vec::new() };
    Record(set).list("items").filter_map(|item| Some(Target::new(kind, item.text(field)?))).collect()
}

fn action(service: &str, name: &str) -> String {
    let plain = name.trim_end_matches("v2").trim_end_matches(|letter: char| letter.is_ascii_digit());
    let known = action_of_product("aws", name).or_else(|| action_of_product("aws", plain));
    match (service, known) {
        // The same words mean something else outside of identity services.
        ("sso" | "sso-oauth" | "iam" | "sts" | "signin" | "organizations", Some(known)) => known.to_owned(),
        (_, Some(known)) if !known.starts_with("oauth.") && !known.starts_with("auth.login") => known.to_owned(),
        ("lambda", None) if plain == "AddPermission" => "permission.granted".to_owned(),
        _ => by_verb(service, plain),
    }
}

fn by_verb(service: &str, name: &str) -> String {
    let words = naming::words(name);
    let verb = match words.first().map_or("", String::as_str) {
        "create" | "run" | "put" if name == "PutObject" => "created",
        "create" | "run" | "copy" | "import" | "register" | "request" | "allocate" | "issue" | "upload" | "publish" => {
            "created"
        }
        "delete" | "terminate" | "deregister" | "release" | "leave" | "schedule"
            if !name.starts_with("ScheduleRun") =>
        {
            "deleted"
        }
        "get" | "describe" | "list" | "head" | "lookup" | "batch" | "search" | "query" | "scan" | "select" | "view"
        | "decrypt" | "simulate" | "filter" => "read",
        "enable" => "enabled",
        "disable" => "disabled",
        "download" | "export" => "exported",
        "update" | "modify" | "put" | "attach" | "detach" | "set" | "start" | "stop" | "reboot" | "associate"
        | "disassociate" | "add" | "remove" | "tag" | "untag" | "change" | "replace" | "restore" | "failover"
        | "reset" | "assign" | "unassign" => "updated",
        _ => return naming::own(service, &words),
    };
    format!("resource.{verb}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_without_a_verb_of_ours_keeps_its_own_name() {
        assert_eq!(action("ssm", "SendCommand"), "ssm.send_command");
        assert_eq!(action("lambda", "AddPermission20150331v2"), "permission.granted");
        assert_eq!(action("s3", "PutObject"), "resource.created");
    }
}
