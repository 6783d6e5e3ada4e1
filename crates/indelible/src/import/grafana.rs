//! Grafana server log: sign-ins, logfmt or JSON.

use serde_json::Value;

use super::{
    Options, Problem,
    attempt::Attempt,
    logfmt,
    record::{Mapped, Record},
};

pub(super) fn map_text(line: &str, _: &Options) -> Mapped {
    let pairs = logfmt::parse(line);
    if !pairs.contains_key("msg") && !pairs.contains_key("logger") {
        return Err(Problem::NotOfThisForm { expected: "logger=... t=... level=... msg=\"...\"" });
    }
    map(Record(&Value::Object(pairs)))
}

pub(super) fn map(record: Record<'_>) -> Mapped {
    let message = record.text("msg").unwrap_or_default();
    let error = record.text("error").unwrap_or_default();
    let failed =
        message == "Invalid username or password" || (message == "Unauthorized" && error.contains("password-auth"));
    if !failed && message != "Successful Login" {
        return Ok(None);
    }
    let unknown = error.contains("user not found") || error.contains("no user found");
    let user = record.first(&["User", "uname"]).unwrap_or_default();
    let attempt = Attempt {
        product: "grafana",
        name: &message,
        at: record.time(&["t"]),
        user: &user,
        ip: record.ip(&["remote_addr"]),
        reason: failed.then_some(if unknown { "unknown_user" } else { "invalid_credentials" }),
    };
    let mut event = attempt.event();
    event.correlation_id = record.text("traceID");
    Ok(Some(event))
}
