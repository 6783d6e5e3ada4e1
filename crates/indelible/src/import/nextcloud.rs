//! Nextcloud log: sign-ins and refused requests.

use indelible_proof::{Actor, Outcome};

use super::{
    Options,
    layout::Layout,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "nextcloud",
    time: &["time"],
    action: &["message"],
    ip: &["remoteAddr"],
    user_agent: &["userAgent"],
    request: &["reqId"],
    method: &["method"],
    path: &["url"],
    ..Layout::EMPTY
};

/// Lines of the web server beside it tell of no sign-in.
pub(super) fn map_text(_: &str, _: &Options) -> Mapped {
    Ok(None)
}

pub(super) fn map(record: Record<'_>) -> Mapped {
    let message = record.first(&["message", "Message"]).unwrap_or_default();
    let (name, action, outcome, reason) = if message.starts_with("Login failed") {
        ("Login failed", "auth.login.failed", Outcome::Failure, Some("invalid_credentials"))
    } else if message.starts_with("Login successful") {
        ("Login successful", "auth.login.succeeded", Outcome::Success, None)
    } else if message.starts_with("Logout occurred") {
        ("Logout occurred", "auth.logout", Outcome::Success, None)
    } else if message.starts_with("Bruteforce attempt") {
        ("Bruteforce attempt", "access.denied", Outcome::Denied, Some("rate_limited"))
    } else if message.starts_with("Trusted domain error") {
        ("Trusted domain error", "access.denied", Outcome::Denied, Some("domain_blocked"))
    } else if message.starts_with("Two-factor challenge failed") {
        ("Two-factor challenge failed", "auth.mfa.failed", Outcome::Failure, Some("mfa_failed"))
    } else {
        return Ok(None);
    };
    let mut event = LAYOUT.event(record, name);
    (event.action, event.outcome, event.reason) = (action.to_owned(), Some(outcome), reason.map(str::to_owned));
    let tried = message
        .split_once(": ")
        .and_then(|(_, rest)| rest.split_once(" (Remote IP"))
        .map(|(user, _)| user.trim_matches(['\'', '"']).to_owned());
    let user = record.text("user").filter(|user| user != "--").or(tried);
    event.actor = Some(user.map_or_else(Actor::anonymous, |user| Actor {
        email: Some(user.clone()).filter(|user| user.contains('@')),
        ..Actor::user(user.clone()).name(user)
    }));
    Ok(Some(event))
}
