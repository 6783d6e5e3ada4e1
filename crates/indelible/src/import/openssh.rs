//! OpenSSH server log, as syslog writes it; also the log of the sshesame honeypot.

use indelible_proof::{Actor, Credential, Event, Outcome, Source, Target};

use serde_json::json;

use super::{
    Options, Problem,
    layout::credential,
    record::{Mapped, address},
    syslog::{self, Line},
    when,
};

pub(super) fn map(line: &str, options: &Options) -> Mapped {
    if let Some(event) = honeypot(line) {
        return Ok(event);
    }
    let Some(head) = syslog::parse(line, options) else {
        return Err(Problem::NotOfThisForm { expected: "a syslog line: time, host, program, message" });
    };
    if !head.program.starts_with("sshd") {
        return Ok(None);
    }
    let (message, count) = repeated(head.message);
    Ok(event(message).map(|event| complete(event, &head, count)))
}

/// `message repeated 3 times: [ Failed password for root from ...]`.
fn repeated(message: &str) -> (&str, Option<u64>) {
    let inner = || {
        let (count, rest) = message.strip_prefix("message repeated ")?.split_once(" times: [")?;
        Some((rest.trim_end_matches(']').trim(), count.parse().ok()))
    };
    inner().unwrap_or((message, None))
}

fn complete(mut event: Event, head: &Line<'_>, count: Option<u64>) -> Event {
    event.occurred_at = head.at;
    event.source =
        Some(Source { service: Some("openssh".to_owned()), host: Some(head.host.to_owned()), ..Source::default() });
    event.count = count.filter(|count| *count > 1);
    event.session_id = head.pid.map(|pid| format!("{}:{pid}", head.host));
    event.targets = vec![Target::new("host", head.host)];
    event
}

/// The event that a message tells of; most messages tell of none.
fn event(message: &str) -> Option<Event> {
    let message = message.strip_prefix("error: ").unwrap_or(message);
    accepted(message)
        .or_else(|| failed(message))
        .or_else(|| disconnected(message))
        .or_else(|| pam(message))
        .or_else(|| refused(message))
}

/// `Accepted publickey for alice from 192.0.2.1 port 22 ssh2: RSA SHA256:...`
fn accepted(message: &str) -> Option<Event> {
    let (method, rest) = message.strip_prefix("Accepted ")?.split_once(" for ")?;
    let (user, rest) = rest.split_once(" from ")?;
    let mut event = login("auth.login.succeeded", Outcome::Success, user, rest);
    let mut key = rest.split_once("ssh2: ").map_or("", |(_, key)| key).split(' ');
    event.credential = Some(Credential {
        kind: Some(method_kind(method)),
        r#type: key.next().filter(|kind| !kind.is_empty()).map(str::to_owned),
        id: key.next().map(str::to_owned),
        ..Credential::default()
    });
    Some(named(event, "accepted", message))
}

/// `Failed password for invalid user bob from 192.0.2.1 port 22 ssh2` and its relatives.
fn failed(message: &str) -> Option<Event> {
    let failure = |user, rest, reason: &str| login("auth.login.failed", Outcome::Failure, user, rest).reason(reason);
    if let Some(rest) = message.strip_prefix("Failed ") {
        let (method, rest) = rest.split_once(" for ")?;
        let (user, rest) = rest.split_once(" from ")?;
        let (user, reason) = known(user, "invalid_credentials");
        let credential = credential(method_kind(method), None);
        return Some(named(failure(user, rest, reason).credential(credential), "failed", message));
    }
    if let Some((user, rest)) = message
        .strip_prefix("Invalid user ")
        .or_else(|| message.strip_prefix("Illegal user "))
        .and_then(|rest| rest.rsplit_once("from "))
    {
        return Some(named(failure(user, rest, "unknown_user"), "invalid_user", message));
    }
    if let Some(rest) = message.strip_prefix("maximum authentication attempts exceeded for ") {
        let (user, rest) = rest.split_once(" from ")?;
        return Some(named(failure(known(user, "").0, rest, "x_too_many_attempts"), "too_many_attempts", message));
    }
    let (user, rest) = message.strip_prefix("User ")?.split_once(" from ")?;
    let (host, why) = rest.split_once(" not allowed because ")?;
    let mut event = login("auth.login.failed", Outcome::Denied, user, host).reason("policy_denied");
    event.metadata.insert("why".to_owned(), why.into());
    Some(named(event, "not_allowed", message))
}

/// `Connection closed by authenticating user root 192.0.2.1 port 22 [preauth]`: the client gave up, or was sent away.
fn disconnected(message: &str) -> Option<Event> {
    if let Some(rest) = message.strip_prefix("Disconnected from user ") {
        let (user, rest) = rest.split_once(' ')?;
        return Some(named(login("auth.logout", Outcome::Success, user, rest), "disconnected", message));
    }
    let rest = ["Connection closed by ", "Connection reset by ", "Disconnected from ", "Disconnecting "]
        .iter()
        .find_map(|head| message.strip_prefix(head))?;
    let (rest, reason) = match (rest.strip_prefix("authenticating user "), rest.strip_prefix("invalid user ")) {
        (Some(rest), _) => (rest, "x_disconnected"),
        (None, Some(rest)) => (rest, "unknown_user"),
        (None, None) => return None,
    };
    let (user, rest) = rest.split_once(' ').filter(|(user, _)| address(user).is_none()).unwrap_or(("", rest));
    let reason = if message.contains("Too many authentication failures") { "x_too_many_attempts" } else { reason };
    Some(named(
        login("auth.login.failed", Outcome::Failure, user, rest).reason(reason),
        "disconnected_while_authenticating",
        message,
    ))
}

/// `pam_unix(sshd:auth): authentication failure; logname= ... rhost=192.0.2.1 user=root`
fn pam(message: &str) -> Option<Event> {
    let (module, rest) = message.split_once("): ")?;
    let service = module.strip_prefix("pam_")?.split_once('(')?.1;
    if !service.starts_with("sshd") {
        return None;
    }
    if rest.starts_with("authentication failure") {
        let pairs = super::logfmt::parse(rest);
        let part = |key: &str| pairs.get(key).and_then(|value| value.as_str()).unwrap_or_default();
        let event = login("auth.login.failed", Outcome::Failure, part("user"), part("rhost"));
        return Some(named(event.reason("invalid_credentials"), "authentication_failure", message));
    }
    let (action, rest) =
        match (rest.strip_prefix("session opened for user "), rest.strip_prefix("session closed for user ")) {
            (Some(rest), _) => ("session.created", rest),
            (None, Some(rest)) => ("auth.logout", rest),
            (None, None) => return None,
        };
    let user = rest.split(['(', ' ']).next().unwrap_or(rest);
    Some(named(login(action, Outcome::Success, user, ""), action, message))
}

/// Connections that never reached authentication because the server would not have them.
fn refused(message: &str) -> Option<Event> {
    if let Some(rest) = message.strip_prefix("refused connect from ") {
        let source = rest.rsplit_once('(').map_or(rest, |(_, address)| address.trim_end_matches(')'));
        return Some(named(
            login("access.denied", Outcome::Denied, "", source).reason("ip_blocked"),
            "refused_connect",
            message,
        ));
    }
    let source = message.strip_prefix("fatal: Timeout before authentication for ")?;
    let source = source.strip_prefix("connection from ").unwrap_or(source);
    Some(named(
        login("auth.login.failed", Outcome::Failure, "", source).reason("x_timeout"),
        "timeout_before_authentication",
        message,
    ))
}

fn known<'a>(user: &'a str, reason: &'static str) -> (&'a str, &'static str) {
    let unknown = user.strip_prefix("invalid user ").or_else(|| user.strip_prefix("illegal user "));
    unknown.map_or((user, reason), |user| (user, "unknown_user"))
}

/// An event of a user at an address, the first word of `from`.
fn login(action: &str, outcome: Outcome, user: &str, from: &str) -> Event {
    let mut event = Event::new(action).outcome(outcome);
    let user = user.trim();
    event.actor = Some(if user.is_empty() { Actor::anonymous() } else { Actor::user(user).name(user) });
    if let Some(ip) = from.split_whitespace().next().and_then(address) {
        event = event.ip(ip);
    }
    event
}

fn named(event: Event, name: &str, message: &str) -> Event {
    event.meta("original_action", name).meta("message", message)
}

fn method_kind(method: &str) -> String {
    match method.split('/').next().unwrap_or(method) {
        "publickey" => "ssh_key".to_owned(),
        other => other.to_owned(),
    }
}

/// `2022/05/06 05:10:03 [192.0.2.1:28696] authentication for user "admin" with password "..." accepted`; `Some(None)`
/// for the honeypot's other lines. The password that was tried is left out of the original.
fn honeypot(line: &str) -> Option<Option<Event>> {
    let (time, rest) = line.split_at_checked(19)?;
    let (source, message) = rest.strip_prefix(" [")?.split_once("] ")?;
    let at = when::parse(time)?;
    let read = || {
        let rest = message.strip_prefix("authentication for user \"")?;
        let (user, how) = rest.split_once('"')?;
        let (action, outcome) = if how.ends_with("accepted") {
            ("auth.login.succeeded", Outcome::Success)
        } else {
            ("auth.login.failed", Outcome::Failure)
        };
        let kind = ["password", "public key", "keyboard-interactive"].into_iter().find(|kind| how.contains(kind));
        let mut event = login(action, outcome, user, source).occurred_at(at).meta("original_action", "authentication");
        if outcome == Outcome::Failure {
            event.reason = Some("invalid_credentials".to_owned());
        }
        event.credential = kind.map(|kind| credential(kind.replace([' ', '-'], "_"), None));
        event.source = Some(Source { service: Some("sshesame".to_owned()), ..Source::default() });
        let kept = format!(
            "{time} [{source}] authentication for user \"{user}\" {}",
            how.rsplit(' ').next().unwrap_or_default()
        );
        Some(event.meta("original", json!({ "line": kept })))
    };
    Some(read())
}
