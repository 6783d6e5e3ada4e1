//! Proxmox VE and Proxmox Backup Server: authentication.

use super::{
    Options, Problem,
    attempt::Attempt,
    logfmt,
    record::{Mapped, address},
    syslog, when,
};

/// `Jan  4 17:34:01 host pvedaemon[1]: authentication failure; rhost=192.0.2.1 user=bob@pam msg=no such user`, or with only a
/// time in front.
pub(super) fn map(line: &str, options: &Options) -> Mapped {
    let bare = line.split_once(": ").and_then(|(time, message)| Some((when::parse(time)?, message)));
    let (at, message) = match (bare, syslog::parse(line, options)) {
        (Some((at, message)), _) => (Some(at), message),
        (None, Some(head)) => (head.at, head.message),
        (None, None) => return Err(Problem::NotOfThisForm { expected: "a syslog line, or a time and a message" }),
    };
    let attempt = Attempt { product: "proxmox", at, ..Attempt::default() };
    if let Some((_, user)) = message.split_once("successful auth for user '") {
        let user = user.split('\'').next().unwrap_or_default();
        return Ok(Some(Attempt { name: "successful auth", user, ..attempt }.event()));
    }
    let Some((_, rest)) = message.split_once("authentication failure;") else { return Ok(None) };
    let (pairs, why) = rest.split_once("msg=").unwrap_or((rest, ""));
    let pairs = logfmt::parse(pairs);
    let part = |key: &str| pairs.get(key).and_then(|value| value.as_str()).unwrap_or_default();
    let reason = if why.contains("no such user") {
        "unknown_user"
    } else if why.contains("disabled") {
        "account_disabled"
    } else {
        "invalid_credentials"
    };
    let mut event = Attempt {
        name: "authentication failure",
        user: part("user"),
        ip: address(part("rhost")),
        reason: Some(reason),
        ..attempt
    }
    .event();
    if let Some(actor) = &mut event.actor {
        // `root@pam` is a user of a realm, not an address.
        actor.email = None;
    }
    Ok(Some(event))
}
