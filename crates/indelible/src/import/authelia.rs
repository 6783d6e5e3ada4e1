//! Authelia: authentication attempts of the server log, logfmt or JSON.

use indelible_proof::{Actor, Outcome};
use serde_json::Value;

use super::{
    Options, Problem,
    layout::{Layout, reason},
    logfmt,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "authelia",
    time: &["time"],
    action: &["msg"],
    ip: &["remote_ip"],
    method: &["method"],
    path: &["path"],
    ..Layout::EMPTY
};

pub(super) fn map_text(line: &str, _: &Options) -> Mapped {
    let pairs = logfmt::parse(line);
    if !pairs.contains_key("level") {
        return Err(Problem::NotOfThisForm { expected: "time=\"...\" level=... msg=\"...\"" });
    }
    map(Record(&Value::Object(pairs)))
}

pub(super) fn map(record: Record<'_>) -> Mapped {
    let mut event = LAYOUT.read(record)?;
    let message = record.text("msg").unwrap_or_default();
    let Some((outcome, factor, rest)) = attempt(&message) else { return Ok(None) };
    let mfa = factor != "1FA";
    event.action = if mfa { "auth.mfa.succeeded" } else { "auth.login.succeeded" }.to_owned();
    event.outcome = Some(outcome);
    let mut quoted = rest.split('\'');
    let user = quoted.nth(1).unwrap_or_default();
    event.actor = Some(if user.is_empty() { Actor::anonymous() } else { Actor::user(user).name(user) });
    if let (true, Some(actor)) = (user.contains('@'), &mut event.actor) {
        actor.email = Some(user.to_owned());
    }
    let why = quoted.next().unwrap_or_default().trim_start_matches(": ").to_owned();
    let why = record.text("error").unwrap_or(why);
    event.reason = Some(match (mfa, reason(&why)) {
        (true, _) => "mfa_failed".to_owned(),
        (false, Some(why)) if why == "unknown_user" => why,
        _ => "invalid_credentials".to_owned(),
    });
    event.metadata.insert("factor".to_owned(), factor.into());
    // Without the user that the message names.
    event.metadata.insert("original_action".to_owned(), message.split('\'').next().unwrap_or_default().trim().into());
    Ok(Some(event))
}

/// `Unsuccessful TOTP authentication attempt by user 'alice'`: the outcome, the factor and what follows.
fn attempt(message: &str) -> Option<(Outcome, &str, &str)> {
    if let Some(rest) = message.strip_prefix("Error occurred getting details for user with username input ") {
        return Some((Outcome::Failure, "1FA", rest));
    }
    let (how, rest) = message.split_once(' ')?;
    let outcome = match how {
        "Successful" => Outcome::Success,
        "Unsuccessful" => Outcome::Failure,
        _ => return None,
    };
    let (factor, rest) = rest.split_once(" authentication attempt ")?;
    Some((outcome, factor, rest))
}
