//! Vaultwarden log: failed sign-ins and second factors.

use super::{
    Options, Problem,
    attempt::Attempt,
    record::{Mapped, address},
    when,
};

/// `[2022-02-03 16:10:11.219][vaultwarden::api::identity][ERROR] Username or password is incorrect. Try again. IP: 192.0.2.1. Username: bob@example.com.`
pub(super) fn map(line: &str, _: &Options) -> Mapped {
    let Some((head, message)) = line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) else {
        return Err(Problem::NotOfThisForm { expected: "[time][module][level] message" });
    };
    let time = head.split(']').next().unwrap_or_default();
    let (action, reason) = if message.starts_with("Username or password is incorrect") {
        ("auth.login.failed", "invalid_credentials")
    } else if message.starts_with("Invalid admin token") {
        ("token.authentication_failed", "token_unknown")
    } else if message.starts_with("Invalid TOTP code") || head.contains("two_factor") {
        ("auth.mfa.failed", "mfa_failed")
    } else {
        return Ok(None);
    };
    // A numeric zone offset has no colon here.
    let at = when::parse(time);
    let after = |label: &str| {
        message.split_once(label).map_or("", |(_, rest)| rest.split(' ').next().unwrap_or(rest)).trim_end_matches('.')
    };
    let name = message.split(['.', '!']).next().unwrap_or(message);
    let attempt = Attempt {
        product: "vaultwarden",
        name,
        at,
        user: after("Username: "),
        ip: address(after("IP: ")),
        reason: Some(reason),
    };
    let mut event = attempt.event();
    event.action = action.to_owned();
    Ok(Some(event))
}
