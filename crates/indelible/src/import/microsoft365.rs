//! Microsoft 365 unified audit log.

use indelible_proof::{Changes, Outcome, Target, action_of_product};

use super::{
    azure_ad,
    layout::{Layout, reason},
    naming,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "microsoft-365",
    id: &["Id", "OfficeId"],
    time: &["CreationTime", "TimeGenerated"],
    action: &["Operation"],
    actor_id: &["UserKey", "UserId"],
    actor_name: &["UserId"],
    actor_email: &["UserId"],
    target_type: &["ItemType", "Workload", "OfficeWorkload"],
    target_id: &["ObjectId", "OfficeObjectId", "MailboxOwnerUPN", "MailboxGuid"],
    target_name: &["SourceFileName", "MailboxOwnerUPN"],
    ip: &["ClientIP", "ClientIPAddress", "ActorIpAddress", "Client_IPAddress"],
    user_agent: &["UserAgent", "ClientInfoString"],
    session: &["SessionId", "AppAccessContext.AADSessionId"],
    correlation: &["CorrelationId", "InterSystemsId"],
    client_id: &["ApplicationId", "ClientAppId", "AppId"],
    client_name: &["ApplicationDisplayName"],
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    if record.has("title") && record.has("severity") {
        // An alert of Defender that travels with the log.
        return Ok(None);
    }
    let mut event = LAYOUT.read(record)?;
    let name = record.text("Operation").unwrap_or_default();
    let directory = action_of_product("entra", &name).map(str::to_owned);
    if let (true, Some(action)) = (record.is("Workload", "AzureActiveDirectory"), directory) {
        event.action = action;
    }
    // `ResultStatus` tells of the request, also where the sign-in failed.
    event.outcome = Some(match record.text("ResultStatus").as_deref() {
        _ if record.has("LogonError") => Outcome::Failure,
        Some("Failed" | "False" | "Failure") => Outcome::Failure,
        _ => naming::outcome(&name),
    });
    event.reason = record.text("LogonError").and_then(|error| match error.as_str() {
        "InvalidUserNameOrPassword" => Some("invalid_credentials".to_owned()),
        "UserAccountNotFound" => Some("unknown_user".to_owned()),
        error => reason(error),
    });
    if let Some(agent) = record.pair("ExtendedProperties", "UserAgent") {
        event.context.get_or_insert_default().user_agent = Some(agent);
    }
    if let Some(actor) =
        event.actor.as_mut().filter(|_| record.number("UserType").is_some_and(|kind| matches!(kind, 3..=5 | 8)))
    {
        actor.r#type = Some("service".to_owned());
    }
    if let Some(target) = record.text("TargetUserOrGroupName") {
        event.targets.push(Target::new("user", target));
    }
    let mut changes = Changes::default();
    azure_ad::modified(record, "ModifiedProperties", ["Name", "OldValue", "NewValue"], &mut changes);
    for parameter in record.list("Parameters") {
        let value = parameter.text("Name").zip(parameter.get("Value").cloned());
        changes.after.extend(value);
    }
    event.changes = Some(changes);
    Ok(Some(event))
}
