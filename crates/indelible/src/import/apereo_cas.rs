//! Apereo CAS audit log: one line an action, its fields parted by bars.

use indelible_proof::{Actor, Event, Outcome, Source, Target};

use super::{
    Options, Problem, naming,
    record::{Mapped, address},
    when,
};

/// `2021-10-11 09:01:35,116 INFO [...] - Mon Oct 11 09:01:35 CEST 2021|CAS|resource|AUTHENTICATION_FAILED|bob|client|server`
///
/// The log also has a form that takes several lines, `ACTION: ...` under `WHO: ...`; its lines are passed over.
pub(super) fn map(line: &str, _: &Options) -> Mapped {
    let fields: Vec<&str> = line.split('|').collect();
    let (server, client, who, action) = match fields.as_slice() {
        [.., action, who, client, server] if fields.len() >= 7 => (*server, *client, *who, *action),
        _ if line.contains("WHO:") || line.contains("ACTION:") || !line.contains('|') => return Ok(None),
        _ => return Err(Problem::NotOfThisForm { expected: "time|application|resource|ACTION|user|client|server" }),
    };
    let resource = fields.iter().skip(2).take(fields.len().saturating_sub(6)).copied().collect::<Vec<_>>().join("|");
    let (name, outcome) = meaning(action);
    let mut event =
        Event::new(name.map_or_else(|| naming::action("apereo_cas", action), str::to_owned)).outcome(outcome);
    event.source =
        Some(Source { service: Some("apereo-cas".to_owned()), host: Some(server.to_owned()), ..Source::default() });
    event.occurred_at = line.get(..23).and_then(when::parse);
    event.actor =
        Some(if who.is_empty() || who == "audit:unknown" { Actor::anonymous() } else { Actor::user(who).name(who) });
    if let Some(ip) = address(client) {
        event = event.ip(ip);
    }
    if outcome == Outcome::Failure {
        event.reason = Some("invalid_credentials".to_owned());
    }
    if action.contains("TICKET") {
        let ticket: String = resource.chars().take(12).collect();
        event.targets.push(Target::new("ticket", ticket));
    }
    Ok(Some(event.meta("original_action", action)))
}

fn meaning(action: &str) -> (Option<&'static str>, Outcome) {
    use Outcome::{Denied, Failure, Success};
    match action {
        "AUTHENTICATION_SUCCESS" => (Some("auth.login.succeeded"), Success),
        "AUTHENTICATION_FAILED" => (Some("auth.login.failed"), Failure),
        "TICKET_GRANTING_TICKET_CREATED" => (Some("session.created"), Success),
        "TICKET_GRANTING_TICKET_DESTROYED" | "TICKET_DESTROYED" => (Some("auth.logout"), Success),
        "SERVICE_TICKET_CREATED" | "PROXY_TICKET_CREATED" => (Some("token.created"), Success),
        "SERVICE_TICKET_VALIDATED" | "SERVICE_TICKET_VALIDATE_SUCCESS" => (Some("token.authenticated"), Success),
        "SERVICE_TICKET_VALIDATE_FAILED" => (Some("token.authentication_failed"), Failure),
        "SERVICE_ACCESS_ENFORCEMENT_TRIGGERED" => (Some("access.granted"), Success),
        "SERVICE_ACCESS_ENFORCEMENT_DENIED" => (Some("access.denied"), Denied),
        "CHANGE_PASSWORD_SUCCESS" => (Some("auth.password.changed"), Success),
        other => (None, naming::outcome(other)),
    }
}
