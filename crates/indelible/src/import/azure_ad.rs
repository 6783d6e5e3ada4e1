//! Microsoft Entra ID (sign-ins, directory audit), Azure activity log, and Intune, whose records share a form.

use indelible_proof::{Changes, Event, Outcome, Target, action_of_product};
use serde_json::Value;

use super::{
    layout::{Layout, outcome, reason, word},
    naming,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "azure-ad",
    id: &["properties.id", "Id", "event_data_id", "eventDataId"],
    time: &[
        "time",
        "TimeGenerated",
        "ActivityDateTime",
        "properties.createdDateTime",
        "event_timestamp",
        "eventTimestamp",
        "submission_timestamp",
        "p_event_time",
    ],
    action: &[
        "operationName",
        "OperationName",
        "operation_name.value",
        "operation_name",
        "authorization.action",
        "properties.activityDisplayName",
        "ActivityDisplayName",
        "category",
        "operationName.value",
    ],
    severity: &[],
    actor_id: &[
        "properties.userId",
        "properties.initiatedBy.user.id",
        "properties.initiatedBy.app.servicePrincipalId",
        "properties.servicePrincipalId",
        "identity.claims.appid",
        "identity.claims.name",
        "caller",
        "UserId",
    ],
    actor_name: &[
        "properties.userDisplayName",
        "properties.initiatedBy.user.displayName",
        "properties.initiatedBy.app.displayName",
        "properties.servicePrincipalName",
        "properties.userPrincipalName",
        "properties.initiatedBy.user.userPrincipalName",
        "caller",
        "InitiatingUserOrApp",
    ],
    actor_email: &[
        "properties.userPrincipalName",
        "properties.initiatedBy.user.userPrincipalName",
        "caller",
        "identity.claims.upn",
        "identity.claims.name",
        "InitiatingUserOrApp",
        "UserPrincipalName",
    ],
    ip: &[
        "callerIpAddress",
        "properties.ipAddress",
        "IPAddress",
        "properties.initiatedBy.user.ipAddress",
        "http_request.client_ip_address",
        "claims.ipaddr",
    ],
    user_agent: &["properties.userAgent", "UserAgent", "properties.userAgentHeader", "userAgentHeader"],
    country: &["properties.location.countryOrRegion", "location.countryOrRegion"],
    region: &["properties.location.state"],
    city: &["properties.location.city"],
    session: &["properties.sessionId"],
    request: &["properties.requestId", "properties.id", "operation_id"],
    correlation: &["correlationId", "CorrelationId", "correlation_id"],
    credential: &["properties.servicePrincipalCredentialKeyId", "properties.uniqueTokenIdentifier"],
    credential_kind: "access_token",
    client_id: &["properties.appId", "identity.claims.appid", "claims.appid"],
    client_name: &["properties.appDisplayName"],
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    let mut event = LAYOUT.read(record)?;
    let name = record.first(LAYOUT.action).unwrap_or_default();
    let category = record.first(&["category", "Category", "category.value"]).unwrap_or_default();
    if category.ends_with("SignInLogs") {
        sign_in(record, &category, &mut event);
    } else if name.contains('/') {
        activity(record, &name, &mut event);
    } else {
        directory(record, &name, &mut event);
    }
    if let Some(context) = &mut event.context {
        context.asn = record.number("properties.autonomousSystemNumber").and_then(|number| number.try_into().ok());
        context.device_id = record.text("properties.deviceDetail.deviceId");
    }
    Ok(Some(event))
}

fn sign_in(record: Record<'_>, category: &str, event: &mut Event) {
    let properties = record.at("properties");
    event.action = "auth.login.succeeded".to_owned();
    event.metadata.insert("original_action".to_owned(), category.into());
    let code = properties.first(&["status.errorCode", "errorCode"]).or_else(|| record.text("resultType"));
    event.outcome = Some(match code.as_deref() {
        None => Outcome::Unknown,
        Some("0") => Outcome::Success,
        Some("53003" | "530034" | "50105" | "53000" | "53001") => Outcome::Denied,
        Some(code) if code.parse::<u64>().is_ok() => Outcome::Failure,
        Some(word) => outcome(word),
    });
    event.reason = code.as_deref().and_then(sign_in_reason).map(str::to_owned).or_else(|| {
        let code = code?;
        code.parse::<u64>().is_ok().then(|| format!("x_aadsts{code}"))
    });
    let service = category.contains("ServicePrincipal") || category.contains("ManagedIdentity");
    if let (true, Some(actor)) = (service, &mut event.actor) {
        actor.r#type = Some("service".to_owned());
    }
    let name = properties.text("resourceDisplayName");
    event.targets = vec![Target {
        r#type: name.as_ref().map(|_| "application".to_owned()),
        id: properties.text("resourceId"),
        name,
        ..Target::default()
    }];
}

/// Codes of <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>.
fn sign_in_reason(code: &str) -> Option<&'static str> {
    Some(match code {
        "50126" | "50056" | "50064" => "invalid_credentials",
        "50034" | "50020" | "51004" => "unknown_user",
        "50053" => "account_locked",
        "50057" => "account_disabled",
        "50074" | "50076" | "50079" | "50072" => "mfa_required",
        "500121" | "50158" => "mfa_failed",
        "53003" | "530034" | "53000" | "53001" | "50105" => "policy_denied",
        "70008" | "700082" | "50173" => "token_expired",
        "7000215" | "7000222" | "700016" => "invalid_client",
        "65001" => "x_consent_required",
        _ => return None,
    })
}

/// A resource operation of Azure: `Microsoft.Compute/disks/delete`.
fn activity(record: Record<'_>, name: &str, event: &mut Event) {
    let told = record.first(&["resultType", "status.value", "properties.statusCode", "resultSignature"]);
    event.outcome = Some(told.map_or(Outcome::Success, |text| outcome(&text)));
    event.action = activity_action(name);
    event.reason = record
        .text("resultDescription")
        .or_else(|| record.text("properties.statusMessage"))
        .as_deref()
        .and_then(reason);
    let id = record.first(&["resourceId", "authorization.scope", "resource_id"]);
    let kind = name.rsplit_once('/').map_or(name, |(kind, _)| kind).trim_end_matches("/action");
    let short = id.as_deref().and_then(|id| id.rsplit('/').next()).map(str::to_owned);
    event.targets = vec![Target { r#type: Some(kind.to_ascii_lowercase()), id, name: short, ..Target::default() }];
    let after = record.json("properties.requestbody").or_else(|| record.json("properties.requestBody"));
    if let Some(Value::Object(after)) = after {
        event.changes.get_or_insert_default().after = after;
    }
}

fn activity_action(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let has = |part: &str| lower.contains(part);
    let verb = lower.rsplit('/').next().unwrap_or_default();
    if has("roleassignments") {
        return if verb == "delete" { "role.unassigned" } else { "role.assigned" }.to_owned();
    }
    if has("elevateaccess") {
        return "permission.granted".to_owned();
    }
    if has("regeneratekey") || has("rotate") {
        return "token.rotated".to_owned();
    }
    if has("listkeys") || has("listadminkeys") || has("listclusteradmincredential") || has("getsecret") {
        return "token.revealed".to_owned();
    }
    if has("roledefinitions") {
        return if verb == "delete" { "role.deleted" } else { "role.updated" }.to_owned();
    }
    let verb = match verb {
        "delete" => "deleted",
        "read" => "read",
        "write" => "updated",
        _ => {
            let command = lower.trim_end_matches("/action").rsplit('/').next().unwrap_or_default().to_owned();
            let known = [
                ("list", "read"),
                ("get", "read"),
                ("delete", "deleted"),
                ("purge", "deleted"),
                ("create", "created"),
                ("export", "exported"),
                ("download", "exported"),
                ("audit", "read"),
                ("backup", "exported"),
            ];
            known.iter().find(|(head, _)| command.starts_with(head)).map_or("updated", |(_, verb)| *verb)
        }
    };
    format!("resource.{verb}")
}

/// A change in the directory, with the properties that it modified.
fn directory(record: Record<'_>, name: &str, event: &mut Event) {
    let told = record
        .first(&["properties.result", "Result", "resultType", "resultSignature", "properties.statusCode"])
        .filter(|text| text != "None");
    event.outcome = Some(told.map_or_else(|| naming::outcome(name), |text| outcome(&text)));
    event.reason = record.first(&["properties.resultReason", "ResultReason"]).as_deref().and_then(reason);
    event.action = directory_action(name);
    if let Some(who) = record.json("InitiatedBy") {
        let (user, app) = (Record(&who).at("user"), Record(&who).at("app"));
        let actor = event.actor.get_or_insert_default();
        actor.id = user.text("id").or_else(|| app.first(&["servicePrincipalId", "appId"]));
        actor.name = user.text("displayName").or_else(|| app.text("displayName")).or(actor.name.take());
        actor.email = user.text("userPrincipalName");
        actor.r#type = Some(if user.has("id") || app.0.is_null() { "user" } else { "service" }.to_owned());
        event.context.get_or_insert_default().ip = user.ip(&["ipAddress"]);
    } else if record.has("properties.initiatedBy.app") && !record.has("properties.initiatedBy.user") {
        event.actor.get_or_insert_default().r#type = Some("service".to_owned());
    }
    let list = record.json("TargetResources").or_else(|| record.json("properties.targetResources")).unwrap_or_default();
    let mut changes = Changes::default();
    event.targets.clear();
    for target in list.as_array().into_iter().flatten().map(Record) {
        event.targets.push(Target {
            r#type: target.text("type").map(|kind| word(&kind)),
            id: target.text("id"),
            name: target.first(&["displayName", "userPrincipalName"]),
            ..Target::default()
        });
        modified(target, "modifiedProperties", ["displayName", "oldValue", "newValue"], &mut changes);
    }
    event.changes = Some(changes);
}

/// `[{"displayName": ..., "oldValue": ..., "newValue": ...}]`; the values are JSON as text.
pub(super) fn modified(record: Record<'_>, list: &str, [name, old, new]: [&str; 3], changes: &mut Changes) {
    for property in record.list(list) {
        let Some(field) = property.text(name).filter(|field| field != "Included Updated Properties") else { continue };
        let value = |path: &str| {
            property.json(path).or_else(|| property.text(path).map(Value::String)).filter(|value| !value.is_null())
        };
        changes.before.extend(value(old).map(|value| (field.clone(), value)));
        changes.after.extend(value(new).map(|value| (field.clone(), value)));
    }
}

/// The table's names, which Microsoft writes with and without a stop, and with details behind them.
fn directory_action(name: &str) -> String {
    let heads = name.match_indices(" (").map(|(at, _)| at).chain([name.len()]);
    let known =
        heads.filter_map(|at| name.get(..at)).find_map(|head| action_of_product("entra", head.trim_end_matches('.')));
    let known =
        known.or_else(|| name.starts_with("Add member to role in PIM requested").then_some("resource.requested"));
    let known =
        known.or_else(|| name.starts_with("User has elevated their access").then_some("permission.admin_granted"));
    known.map_or_else(|| naming::action("azure-ad", name), str::to_owned)
}

/// Intune's audit and operational logs.
pub(super) fn intune(record: Record<'_>) -> Mapped {
    const INTUNE: Layout = Layout {
        product: "intune",
        id: &["properties.AuditEventId"],
        time: &["time", "properties.ActivityDate"],
        action: &["operationName", "properties.ActivityType"],
        outcome: &["resultType", "properties.ActivityResultStatus"],
        actor_id: &["properties.Actor.ObjectId"],
        actor_name: &["properties.Actor.UPN", "identity"],
        actor_email: &["properties.Actor.UPN", "identity"],
        client_id: &["properties.Actor.Application"],
        client_name: &["properties.Actor.ApplicationName"],
        correlation: &["correlationId"],
        target_id: &["properties.TargetObjectIds.0", "properties.IntuneDeviceId"],
        target_name: &["properties.TargetDisplayNames.0", "properties.DeviceName"],
        ..Layout::EMPTY
    };
    let mut event = INTUNE.read(record)?;
    let mut changes = Changes::default();
    for target in record.list("properties.Targets") {
        modified(target, "ModifiedProperties", ["Name", "Old", "New"], &mut changes);
    }
    event.changes = Some(changes);
    Ok(Some(event))
}
