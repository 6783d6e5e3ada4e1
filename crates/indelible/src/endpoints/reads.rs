//! Who looks at what others did is itself in the log: `audit.log.read`, once a minute for each reader and each user
//! looked at, so that a page that asks every second does not flood it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use indelible_proof::{Event, Outcome, Target, Timestamp, limits::ID_BYTES_MAX};

use crate::{identity::Identity, limits, text::clipped};

const MINUTE_US: i64 = 60_000_000;

/// Tenant and id of a reader, and whose entries they read.
type Look = (String, String, Option<String>);

/// When each look was last told of, in microseconds.
#[derive(Default)]
pub(super) struct Reads(Mutex<HashMap<Look, i64>>);

impl Reads {
    /// The event that tells of a read; `None` when one within the last minute has told of it. `whose` is the user that
    /// was looked at, or nobody in particular.
    pub(super) fn note(&self, who: &Identity, tenant: &str, whose: Option<&str>, now: Timestamp) -> Option<Event> {
        let reader = who.actor().id.clone().unwrap_or_default();
        let whose = whose.map(|id| clipped(id, ID_BYTES_MAX)).filter(|id| !id.is_empty());
        let (key, now_us) = ((tenant.to_owned(), reader, whose.clone()), now.as_micros());
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(&key).is_some_and(|at_us| (0..MINUTE_US).contains(&(now_us - at_us))) {
            return None;
        }
        if told.len() >= limits::READS_MAX {
            // Rather twice than not at all.
            told.clear();
        }
        told.insert(key, now_us);
        let mut who = who.clone();
        who.fit();
        let target = whose.map_or_else(|| Target::new("audit_log", "list"), |id| Target::new("user", id));
        Some(Event {
            outcome: Some(Outcome::Success),
            actor: Some(who.actor().clone()),
            on_behalf_of: who.on_behalf_of(),
            session_id: who.session_id,
            credential: who.credential,
            tenant: who.tenant,
            targets: vec![target],
            ..Event::new("audit.log.read")
        })
    }
}

#[cfg(test)]
mod tests {
    use indelible_proof::Actor;

    use super::*;

    #[test]
    fn a_reader_is_told_of_once_a_minute_for_each_user_looked_at() {
        let reads = Reads::default();
        let start: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let is_told = |reader: &str, tenant: &str, whose: Option<&str>, later_s: i64| {
            let now = Timestamp::saturating_from_micros(start.as_micros() + later_s * 1_000_000);
            reads.note(&Identity::new(Actor::user(reader)), tenant, whose, now).is_some()
        };
        for (reader, tenant, whose, later_s, told) in [
            ("a", "t", None, 0, true),
            ("a", "t", None, 59, false),
            ("a", "t", Some("u1"), 59, true),
            ("b", "t", None, 59, true),
            ("a", "other", None, 59, true),
            ("a", "t", None, 60, true),
            ("a", "t", None, 0, true),
        ] {
            assert_eq!(is_told(reader, tenant, whose, later_s), told, "{reader} {tenant} {whose:?} {later_s}");
        }
        assert!((0..10_000).all(|nth| is_told("a", "t", Some(&format!("user {nth}")), 0)));
        assert!(reads.0.lock().unwrap().len() <= limits::READS_MAX);
    }
}
