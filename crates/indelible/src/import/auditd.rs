//! Linux audit log: the records of users signing in, of accounts, roles and commands run for another.

use indelible_proof::{Actor, Object, Outcome, Source, Target};
use serde_json::Value;

use super::{
    Options, Problem, logfmt,
    record::{Mapped, address},
    when,
};

/// `type=USER_AUTH msg=audit(1783414613.119:441): pid=1 uid=0 auid=0 msg='op=pubkey acct="root" addr=192.0.2.1 res=failed'`
pub(super) fn map(line: &str, _: &Options) -> Mapped {
    let form = Problem::NotOfThisForm { expected: "type=... msg=audit(time:serial): ..." };
    let at = line.find("type=").ok_or_else(|| form.clone())?;
    let (kind, rest) = line.get(at + 5..).unwrap_or_default().split_once(' ').ok_or_else(|| form.clone())?;
    let (stamp, rest) =
        rest.trim_start().strip_prefix("msg=audit(").and_then(|rest| rest.split_once("):")).ok_or(form)?;
    let Some(action) = action(kind) else { return Ok(None) };
    let (outer, inner) = rest.split_once("msg='").unwrap_or((rest, ""));
    let (inner, enriched) = inner.split_once('\'').unwrap_or((inner, rest));
    let (outer, inner, enriched) = (logfmt::parse(outer), logfmt::parse(inner), logfmt::parse(enriched));
    let given = |key: &str| text(&inner, key).or_else(|| text(&outer, key));

    let (time, serial) = stamp.split_once(':').unwrap_or((stamp, ""));
    let failed = given("res").is_some_and(|res| matches!(res, "failed" | "0"));
    let mut event =
        indelible_proof::Event::new(action).outcome(if failed { Outcome::Failure } else { Outcome::Success });
    event.occurred_at = when::parse(time);
    event.reason = (failed && action.starts_with("auth.")).then(|| "invalid_credentials".to_owned());
    event.source = Some(Source {
        service: Some("auditd".to_owned()),
        host: text(&outer, "node").map(str::to_owned),
        ..Source::default()
    });
    event.session_id = text(&outer, "ses").filter(|ses| *ses != "4294967295").map(str::to_owned);
    event.correlation_id = Some(stamp.to_owned());
    let account = given("acct").map(str::to_owned);
    let by_id = text(&outer, "auid").filter(|id| *id != "4294967295");
    let who = text(&enriched, "AUID").filter(|name| *name != "unset").or(by_id).or_else(|| text(&outer, "uid"));
    let signs_in = action.starts_with("auth.") || action.starts_with("session.");
    event.actor = match (signs_in, &account) {
        (true, Some(account)) => Some(Actor::user(account.clone()).name(account.clone())),
        _ => who.map(|who| Actor { name: text(&enriched, "AUID").map(str::to_owned), ..Actor::user(who) }),
    };
    if let (false, Some(account)) = (signs_in, account) {
        event.targets.push(Target::new("user", account));
    }
    event.targets.extend(
        given("cmd").map(|command| Target { name: Some(command.to_owned()), ..Target::new("command", command) }),
    );
    if let Some(ip) = given("addr").and_then(address) {
        event = event.ip(ip);
    }
    if let Some(program) = given("exe") {
        event.metadata.insert("exe".to_owned(), program.into());
    }
    event.metadata.insert("serial".to_owned(), serial.into());
    Ok(Some(event.meta("original_action", kind)))
}

fn text<'a>(pairs: &'a Object, key: &str) -> Option<&'a str> {
    pairs.get(key).and_then(Value::as_str).filter(|text| !matches!(*text, "" | "?"))
}

fn action(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "USER_AUTH" => "auth.login.succeeded",
        "USER_LOGIN" | "LOGIN" => "session.created",
        "USER_START" => "session.created",
        "USER_END" | "USER_LOGOUT" => "auth.logout",
        "USER_ERR" => "auth.login.failed",
        "ADD_USER" => "account.created",
        "DEL_USER" => "account.deleted",
        "USER_MGMT" | "ADD_GROUP" | "DEL_GROUP" | "GRP_MGMT" => "account.updated",
        "ACCT_LOCK" => "account.locked",
        "ACCT_UNLOCK" => "account.unlocked",
        "USER_CHAUTHTOK" | "GRP_CHAUTHTOK" => "auth.password.changed",
        "ROLE_ASSIGN" | "USER_ROLE_CHANGE" => "role.assigned",
        "ROLE_REMOVE" => "role.unassigned",
        "USER_CMD" => "auditd.command_executed",
        "USER_ACCT" => "access.granted",
        "USER_AVC" | "AVC" => "access.denied",
        _ => return None,
    })
}
