//! Gitea log: failed sign-ins.

use super::{
    Options, Problem,
    attempt::Attempt,
    record::{Mapped, address},
    when,
};

/// `2022/03/01 12:57:58 ...auth.go:200:SignInPost() [I] Failed authentication attempt for bob from 192.0.2.1:39522: user does not exist`
pub(super) fn map(line: &str, _: &Options) -> Mapped {
    let Some(at) = line.get(..19).and_then(when::parse) else {
        return Err(Problem::NotOfThisForm { expected: "a line of Gitea's log: date, time, place, level, message" });
    };
    const NAME: &str = "Failed authentication attempt";
    let read = || {
        let (_, rest) = line.split_once(NAME)?;
        let (user, rest) = rest.strip_prefix(" for ")?.split_once(" from ")?;
        let (source, why) = rest.split_once(": ").unwrap_or((rest, ""));
        let unknown = why.contains("not exist");
        Some(Attempt {
            product: "gitea",
            name: NAME,
            at: Some(at),
            user,
            ip: address(source),
            reason: Some(if unknown { "unknown_user" } else { "invalid_credentials" }),
        })
    };
    Ok(read().map(Attempt::event))
}
