//! Harbor core log: failed sign-ins.

use super::{
    Options, Problem,
    attempt::Attempt,
    record::{Mapped, address},
    syslog, when,
};

/// `... core[1]: 2023-05-16T12:11:39Z [ERROR] [...][client IP="192.0.2.1" requestID="..." user agent="..."]: failed to authenticate user:bob, error:...`
pub(super) fn map(line: &str, options: &Options) -> Mapped {
    let message = syslog::parse(line, options).map_or(line, |head| head.message);
    let Some(at) = message.split(' ').next().and_then(when::parse) else {
        return Err(Problem::NotOfThisForm { expected: "a line of Harbor's log" });
    };
    let between = |start: &str, end: &str| {
        message.split_once(start).and_then(|(_, rest)| rest.split_once(end)).map(|(inner, _)| inner)
    };
    const NAME: &str = "failed to authenticate user";
    if !message.contains(NAME) {
        return Ok(None);
    }
    let source = between("client IP=\"", "\"").unwrap_or_default();
    let attempt = Attempt {
        product: "harbor",
        name: NAME,
        at: Some(at),
        user: between("failed to authenticate user:", ",").unwrap_or_default(),
        ip: address(source),
        reason: Some("invalid_credentials"),
    };
    let mut event = attempt.event();
    let context = event.context.get_or_insert_default();
    context.forwarded_for = Some(source.to_owned()).filter(|list| list.contains(','));
    context.user_agent = between("user agent=\"", "\"").map(str::to_owned);
    event.request_id = between("requestID=\"", "\"").map(str::to_owned);
    Ok(Some(event))
}
