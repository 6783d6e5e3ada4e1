//! Products that people work in: documents, messages, customers.

use indelible_proof::{Changes, Target};

use crate::import::{
    layout::{Layout, word},
    naming,
    record::{Mapped, Record},
};

pub(in crate::import) const ANTHROPIC: Layout = Layout {
    product: "anthropic",
    id: &["id"],
    time: &["created_at"],
    action: &["type"],
    actor_type: &["actor.type"],
    actor_id: &["actor.user_id", "actor.api_key_id", "actor.unauthenticated_email_address"],
    actor_name: &["actor.name"],
    actor_email: &["actor.email_address", "actor.unauthenticated_email_address"],
    target_type: &["target_type", "resource_type"],
    target_id: &[
        "target_id",
        "resource_id",
        "api_key_id",
        "service_key_id",
        "mcp_server_id",
        "claude_chat_id",
        "claude_artifact_id",
        "sso_connection_id",
        "deleted_user_id",
        "ip_restriction_id",
        "integration_type",
    ],
    target_name: &["name", "invited_email", "deleted_user_email", "claude_project_id"],
    ip: &["actor.ip_address"],
    user_agent: &["actor.user_agent"],
    credential: &["actor.api_key_id"],
    ..Layout::EMPTY
};

pub(in crate::import) const BOX: Layout = Layout {
    product: "box",
    id: &["event_id"],
    time: &["created_at", "p_event_time"],
    action: &["event_type"],
    actor_type: &["created_by.type"],
    actor_id: &["created_by.id"],
    actor_name: &["created_by.name"],
    actor_email: &["created_by.login"],
    target_type: &["source.type", "source.item_type"],
    target_id: &["source.id", "source.item_id"],
    target_name: &["source.name", "source.item_name"],
    ip: &["ip_address"],
    session: &["session_id"],
    ..Layout::EMPTY
};

pub(in crate::import) const DOCUSIGN: Layout = Layout {
    product: "docusign",
    time: &["generatedDateTime", "data.envelopeSummary.created"],
    action: &["event"],
    outcome: &["data.authenticationStatus"],
    reason: &["data.errorReason", "data.declineReason", "data.terminationReason"],
    actor_id: &["data.userId", "data.recipientId"],
    actor_name: &["data.name"],
    actor_email: &["data.email"],
    target_id: &["data.envelopeId", "data.templateId"],
    path: &["uri"],
    ..Layout::EMPTY
};

pub(in crate::import) const DROPBOX: Layout = Layout {
    product: "dropbox",
    time: &["timestamp"],
    action: &["event_type._tag", "event_type..tag"],
    actor_id: &["actor.user.account_id", "actor.admin.account_id", "actor.user.team_member_id", "actor.user.email"],
    actor_name: &["actor.user.display_name", "actor.admin.display_name"],
    actor_email: &["actor.user.email", "actor.admin.email"],
    target_type: &["assets.0..tag", "assets.0._tag", "context._tag"],
    target_id: &["assets.0.file_id", "assets.0.path.contextual", "details.app_info.app_id", "context.account_id"],
    target_name: &["assets.0.display_name", "details.app_info.display_name", "context.display_name"],
    before: &["details.previous_value"],
    after: &["details.new_value"],
    ip: &["origin.geo_location.ip_address"],
    country: &["origin.geo_location.country"],
    region: &["origin.geo_location.region"],
    city: &["origin.geo_location.city"],
    session: &["origin.access_method.end_user.session_id"],
    request: &["origin.access_method.request_id"],
    client_id: &["details.app_info.app_id"],
    client_name: &["details.app_info.display_name"],
    ..Layout::EMPTY
};

pub(in crate::import) fn asana(record: Record<'_>) -> Mapped {
    const ASANA: Layout = Layout {
        product: "asana",
        id: &["gid"],
        time: &["created_at"],
        action: &["event_type"],
        actor_type: &["actor.actor_type"],
        actor_id: &["actor.gid"],
        actor_name: &["actor.name"],
        actor_email: &["actor.email"],
        target_type: &["resource.resource_type"],
        target_id: &["resource.gid"],
        target_name: &["resource.name"],
        before: &["details.old_value"],
        after: &["details.new_value"],
        ip: &["context.client_ip_address"],
        user_agent: &["context.user_agent"],
        ..Layout::EMPTY
    };
    ASANA.read(record).map(Some)
}

pub(in crate::import) fn atlassian(record: Record<'_>) -> Mapped {
    const ATLASSIAN: Layout = Layout {
        product: "atlassian",
        id: &["id"],
        time: &["attributes.time", "attributes.processedAt"],
        action: &["attributes.action"],
        actor_id: &["attributes.actor.id"],
        actor_name: &["attributes.actor.name"],
        actor_email: &["attributes.actor.email"],
        ip: &["attributes.location.ip"],
        country: &["attributes.location.countryName"],
        city: &["attributes.location.city"],
        ..Layout::EMPTY
    };
    let mut event = ATLASSIAN.read(record)?;
    let parts = record.list("attributes.context").chain(record.list("attributes.container"));
    event.targets = parts
        .map(|part| Target {
            r#type: part.text("type").map(|kind| word(kind.trim_end_matches('s'))),
            id: part.first(&["id", "attributes.email"]),
            name: part.first(&["attributes.name", "attributes.siteName"]),
            ..Target::default()
        })
        .collect();
    Ok(Some(event))
}

pub(in crate::import) fn notion(record: Record<'_>) -> Mapped {
    const NOTION: Layout = Layout {
        product: "notion",
        id: &["id"],
        time: &["timestamp"],
        action: &["type"],
        actor_type: &["actor.type"],
        actor_id: &["actor.id"],
        actor_name: &["actor.person.name"],
        actor_email: &["actor.person.email"],
        target_type: &["details.target.type", "details.target.object"],
        target_id: &["details.target.page_id", "details.target.database_id", "details.target.id", "workspace_id"],
        target_name: &["details.target.name", "details.page_name"],
        ip: &["ip_address"],
        ..Layout::EMPTY
    };
    let inner = if record.has("event") { record.at("event") } else { record };
    let mut event = NOTION.read(inner)?;
    let details = inner.at("details");
    let mut changes = Changes::default();
    for (field, old, new) in [
        ("permission", "old_permission", "new_permission"),
        ("role", "old_role", "new_role"),
        ("state", "old_state", "state"),
        ("value", "old_value", "new_value"),
    ] {
        changes.before.extend(details.get(old).map(|value| (field.to_owned(), value.clone())));
        changes.after.extend(details.get(new).map(|value| (field.to_owned(), value.clone())));
    }
    event.changes = Some(changes);
    if let Some(id) = details.first(&["entity.id", "member.id"]) {
        event
            .targets
            .push(Target { name: details.first(&["entity.person.email", "entity.name"]), ..Target::new("user", id) });
    }
    Ok(Some(event))
}

pub(in crate::import) fn openai(record: Record<'_>) -> Mapped {
    const OPENAI: Layout = Layout {
        product: "openai",
        id: &["id"],
        time: &["effective_at"],
        action: &["type"],
        actor_id: &["actor.session.user.id", "actor.api_key.user.id", "actor.api_key.service_account.id"],
        actor_email: &["actor.session.user.email", "actor.api_key.user.email"],
        ip: &["actor.session.ip_address"],
        user_agent: &["actor.session.user_agent"],
        country: &["actor.session.ip_address_details.country"],
        region: &["actor.session.ip_address_details.region"],
        city: &["actor.session.ip_address_details.city"],
        credential: &["actor.api_key.id"],
        ..Layout::EMPTY
    };
    let mut event = OPENAI.read(record)?;
    let name = record.text("type").unwrap_or_default();
    // What a type is about stands under its name: `api_key.created` has `api_key_created` or `"api_key.created"`.
    let details =
        [name.clone(), name.replace('.', "_")].into_iter().find(|key| record.has(key)).map(|key| record.at(&key));
    if let Some(details) = details {
        let kind = name.rsplit_once('.').map_or(name.as_str(), |(kind, _)| kind).replace('.', "_");
        event.targets = details.text("id").map(|id| Target::new(kind, id)).into_iter().collect();
        event.targets.extend(
            details.text("principal_id").map(|id| Target::new(details.text("principal_type").unwrap_or_default(), id)),
        );
        let after = details.object("data").or_else(|| details.object("changes_requested"));
        event.changes = after.map(|after| Changes { after: after.clone(), ..Changes::default() });
        event.reason = details.text("error_code").as_deref().and_then(crate::import::layout::reason);
    }
    if record.has("actor.api_key.service_account") {
        event.actor.get_or_insert_default().r#type = Some("service".to_owned());
    }
    Ok(Some(event))
}

pub(in crate::import) fn salesforce(record: Record<'_>) -> Mapped {
    const SALESFORCE: Layout = Layout {
        product: "salesforce",
        id: &["EventIdentifier", "EVENT_IDENTIFIER"],
        time: &["TIMESTAMP_DERIVED", "TIMESTAMP", "EventDate"],
        action: &["EVENT_TYPE", "EventType"],
        outcome: &["LOGIN_STATUS", "STATUS"],
        reason: &["LOGIN_STATUS", "ERROR_MESSAGE", "FAILURE_REASON"],
        actor_id: &["USER_ID_DERIVED", "USER_ID"],
        actor_name: &["USER_NAME", "USERNAME"],
        actor_email: &["USER_NAME", "USERNAME"],
        target_type: &["ENTITY_NAME"],
        target_id: &["URI", "JOB_ID", "CONNECTED_APP_ID"],
        target_name: &["CONNECTED_APP_NAME"],
        ip: &["SOURCE_IP", "CLIENT_IP"],
        user_agent: &["BROWSER_TYPE", "USER_AGENT"],
        session: &["SESSION_KEY"],
        request: &["REQUEST_ID"],
        client_id: &["CLIENT_ID", "CONNECTED_APP_ID"],
        client_name: &["CONNECTED_APP_NAME"],
        ..Layout::EMPTY
    };
    let mut event = SALESFORCE.read(record)?;
    if record
        .first(SALESFORCE.action)
        .is_some_and(|name| matches!(name.as_str(), "API" | "RestApi" | "ApiTotalUsage" | "URI"))
    {
        event.action = "resource.read".to_owned();
    }
    if let Some(delegated) = record.first(&["DELEGATED_USER_ID", "TARGET_USER_ID"]) {
        event.targets.push(Target {
            name: record.first(&["DELEGATED_USER_NAME", "TARGET_USER_NAME"]),
            ..Target::new("user", delegated)
        });
    }
    Ok(Some(event))
}

pub(in crate::import) fn zendesk(record: Record<'_>) -> Mapped {
    const ZENDESK: Layout = Layout {
        product: "zendesk",
        id: &["id"],
        time: &["created_at"],
        action: &["action"],
        actor_id: &["actor_id"],
        actor_name: &["actor_name"],
        target_type: &["source_type"],
        target_id: &["source_id"],
        target_name: &["source_label"],
        ip: &["ip_address"],
        ..Layout::EMPTY
    };
    let mut event = ZENDESK.read(record)?;
    let (kind, verb) = (record.text("source_type").unwrap_or_default(), record.text("action").unwrap_or_default());
    let name = format!("{kind}.{verb}");
    event.action = match (kind.as_str(), verb.as_str(), record.text("change_description").as_deref()) {
        ("user_setting", _, Some("Suspended")) => "account.disabled".to_owned(),
        ("user_setting", _, Some("Unsuspended")) => "account.enabled".to_owned(),
        ("user", "login", _) => "auth.login.succeeded".to_owned(),
        _ => naming::action("zendesk", &name),
    };
    event.metadata.insert("original_action".to_owned(), name.into());
    event.changes = record.text("change_description").and_then(|text| from_to(&text));
    Ok(Some(event))
}

/// `role changed from agent to admin`.
fn from_to(text: &str) -> Option<Changes> {
    let (field, rest) = text.lines().next()?.split_once(" changed from ").or_else(|| text.split_once(": from "))?;
    let (old, new) = rest.split_once(" to ")?;
    let field = field.rsplit(" - ").next().unwrap_or(field).trim();
    let mut changes = Changes::default();
    changes.before.insert(field.to_owned(), old.trim().into());
    changes.after.insert(field.to_owned(), new.trim().into());
    Some(changes)
}

pub(in crate::import) fn zoom(record: Record<'_>) -> Mapped {
    const ZOOM: Layout = Layout {
        product: "zoom",
        time: &["time", "p_event_time"],
        action: &["action"],
        actor_id: &["operator"],
        actor_email: &["operator"],
        target_type: &["category_type"],
        target_id: &["category_type"],
        ..Layout::EMPTY
    };
    let mut event = ZOOM.read(record)?;
    let name =
        format!("{} {}", record.text("action").unwrap_or_default(), record.text("category_type").unwrap_or_default());
    event.action = naming::action("zoom", &name);
    event.metadata.insert("original_action".to_owned(), name.into());
    event.changes = record.text("operation_detail").and_then(|text| from_to(&text));
    Ok(Some(event))
}
