//! Bitbucket Data Center audit log: eight fields parted by bars.

use indelible_proof::{Actor, Event, Outcome, Source, Target};
use serde_json::Value;

use super::{
    Options, Problem, naming,
    record::{Mapped, Record, address},
    when,
};

/// `address | event | user | milliseconds | entity | details | request | session`
pub(super) fn map(line: &str, _: &Options) -> Mapped {
    let fields: Vec<&str> = line.split(" | ").map(str::trim).collect();
    let [addresses, name, user, time, entity, details @ .., request, session] = fields.as_slice() else {
        return Err(Problem::NotOfThisForm {
            expected: "address | event | user | time | entity | details | request | session",
        });
    };
    let set = |text: &str| Some(text.to_owned()).filter(|text| !matches!(text.as_str(), "" | "-"));
    let name_only = name.trim_end_matches("Event");
    let mut event = Event::new(naming::action("bitbucket", name_only)).outcome(naming::outcome(name_only));
    if event.outcome == Some(Outcome::Success) && name_only == "UserLoggedIn" {
        event.action = "auth.login.succeeded".to_owned();
    }
    event.source = Some(Source { service: Some("bitbucket".to_owned()), ..Source::default() });
    event.occurred_at = when::parse(time);
    event.actor = Some(set(user).map_or_else(Actor::anonymous, |user| Actor::user(user.clone()).name(user)));
    event.request_id = set(request);
    event.session_id = set(session);
    if let Some(ip) = address(addresses) {
        event = event.ip(ip);
        event.context.get_or_insert_default().forwarded_for = set(addresses).filter(|list| list.contains(','));
    }
    event.targets.extend(set(entity).map(|entity| Target::new("entity", entity)));
    let details: Value = serde_json::from_str(&details.join(" | ")).unwrap_or_default();
    if let Value::Object(after) = &details {
        event.targets.extend(
            Record(&details)
                .text("id")
                .map(|id| Target { name: Record(&details).first(&["name", "value"]), ..Target::new("item", id) }),
        );
        event.changes.get_or_insert_default().after = after.clone();
    }
    Ok(Some(event.meta("original_action", *name)))
}
