//! Teleport audit events.

use indelible_proof::{Actor, Outcome, Target};

use super::{
    layout::{Layout, reason},
    naming,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "teleport",
    id: &["uid"],
    time: &["time", "p_event_time"],
    action: &["event"],
    actor_id: &["user", "identity.user"],
    actor_name: &["user", "identity.user"],
    actor_email: &["user"],
    target_type: &["server_id"],
    ip: &["addr.remote", "remote_addr", "identity.client_ip"],
    user_agent: &["user_agent"],
    session: &["sid", "session_id"],
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    let mut event = LAYOUT.read(record)?;
    let name = record.text("event").unwrap_or_default();
    let failed = record.is("success", "false")
        || record.text("code").is_some_and(|code| code.ends_with('E')) && record.has("error");
    event.outcome = Some(if failed { Outcome::Failure } else { naming::outcome(&name) });
    event.reason =
        record.text("error").filter(|_| failed).and_then(|error| reason(error.lines().next().unwrap_or_default()));
    if let Some(action) = action(&name) {
        event.action = action.to_owned();
    }
    event.targets.clear();
    for (kind, id, label) in [
        ("node", "server_id", "server_hostname"),
        ("database", "db_service", "db_name"),
        ("kubernetes", "kubernetes_cluster", "kubernetes_cluster"),
        ("role", "roles.0", "roles.0"),
    ] {
        if let Some(id) = record.text(id).filter(|_| kind != "role" || name.starts_with("access_request")) {
            event.targets.push(Target { name: record.text(label), ..Target::new(kind, id) });
        }
    }
    if let Some(named) = record.text("name") {
        event.targets.push(Target::new(name.split('.').next().unwrap_or("resource"), named));
    }
    if let Some(target) = record.first(&["target.user", "target.role", "target.login", "lock_target.user"]) {
        event.targets.push(Target::new("user", target));
    }
    if let Some(impersonator) = record.first(&["impersonator", "identity.impersonator"]) {
        event.on_behalf_of.push(Actor::user(impersonator));
    }
    if let Some(login) = record.text("login") {
        event.metadata.insert("login".to_owned(), login.into());
    }
    Ok(Some(event))
}

fn action(name: &str) -> Option<&'static str> {
    Some(match name {
        "user.login" => "auth.login.succeeded",
        "auth" => "auth.login.failed",
        "user.password_change" => "auth.password.changed",
        "user.create" => "account.created",
        "user.update" => "account.updated",
        "user.delete" => "account.deleted",
        "reset_password_token.create" => "auth.password.reset",
        "cert.create" | "bot.join" | "join_token.create" => "token.created",
        "cert.generation_mismatch" => "token.authentication_failed",
        "access_request.create" => "resource.requested",
        "access_request.review" | "access_request.update" => "resource.approved",
        "mfa.add" => "auth.mfa.enabled",
        "mfa.delete" => "auth.mfa.disabled",
        "mfa_auth_challenge.validate" => "auth.mfa.succeeded",
        "session.start" | "db.session.start" | "app.session.start" | "windows.desktop.session.start" => {
            "session.created"
        }
        "session.end" | "session.leave" | "db.session.end" | "app.session.end" | "windows.desktop.session.end" => {
            "session.expired"
        }
        "session.join" => "session.created",
        "session.rejected" => "access.denied",
        "lock.created" => "account.locked",
        "lock.deleted" => "account.unlocked",
        "session.command" | "exec" => "teleport.command_executed",
        "session.network" => "teleport.network_connected",
        "session.disk" => "teleport.file_opened",
        "session.data" | "session.upload" => "teleport.session_data",
        "db.session.query" | "app.session.request" | "kube.request" => "resource.read",
        "sftp" | "scp" => "resource.exported",
        "role.created" | "role.create" => "role.created",
        "role.updated" => "role.updated",
        "role.deleted" => "role.deleted",
        _ => return None,
    })
}
